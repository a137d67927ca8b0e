//! The engine: what is open while the program runs, and what its parts do together. The use cases stand in
//! `api`; surfaces hold a handle and call those.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use proxydeck_domain::{Account, Attempt, Endpoint, FAILED_AFTER, Proxy, Reason, Secret, Standing, UnixMs};
use proxydeck_geo::Geo;
use proxydeck_store::{
    CatalogueSource, CheckKind, Identity, NewCheck, NewVisit, ProxyRow, SealedAccount, Store, StoreError,
};
use proxydeck_vault::{KeyHome, KeyPlace, Sealed, Vault, VaultError};
use proxydeck_wire::download::{DownloadOptions, Downloader};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::api::ApiError;
use crate::api::check::resolve_rule;
use crate::api::dto::{
    CollectProgressDto, ErrorCode, EventDto, FilterDto, NoticeCode, NoticeDto, ProgressDto, WhichDto,
};
use crate::check::{CheckDone, Job, now_ms};
use crate::collect;
use crate::escape::escape;
use crate::events::Events;
use crate::folder::{DataFolder, FolderLock};
use crate::import::Imports;
use crate::location;
use crate::pool::{Pool, Record, days_between};
use crate::settings::{self, Settings, SettingsFile, Unusable};
use crate::tags;
use crate::undo::Undos;
use crate::view::{self, Views};

/// Proxies whose accounts are fetched at once.
const ACCOUNTS_AT_ONCE: usize = 1000;
/// Notices that are kept for a window that opens later; there is one of a kind, or a handful.
const MAX_NOTICES: usize = 32;
/// The variable that keeps the data key out of the operating system's keyring when it is `off`.
const KEYRING_VARIABLE: &str = "PROXYDECK_KEYRING";

/// What an engine may do with its data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything. Only one process at a time has this.
    Write,
    /// Look. Any number of processes may, also while one writes.
    Read,
}

/// How an engine is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What it may do.
    pub access: Access,
    /// The data folder; none for that of the environment, or the platform's.
    pub data_dir: Option<PathBuf>,
    /// Whether the data key may lie in the operating system's keyring. Without, it is the file `key`.
    pub keyring: bool,
}

impl Opening {
    /// An opening with the keyring, unless the environment variable `PROXYDECK_KEYRING` is `off`.
    #[must_use]
    pub fn new(access: Access, data_dir: Option<PathBuf>) -> Self {
        let keyring = std::env::var_os(KEYRING_VARIABLE).is_none_or(|value| value != "off");
        Self { access, data_dir, keyring }
    }
}

/// The engine with one data folder. Handles are cheap to clone; when the last is dropped, everything that was
/// handed in is written and the folder is free for others.
///
/// Unless it says otherwise, what is called on it blocks and does not belong on an asynchronous runtime's threads.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

struct Inner {
    folder: DataFolder,
    access: Access,
    key_place: KeyPlace,
    settings: RwLock<SettingsFile>,
    geo: Arc<Geo>,
    pool: RwLock<Pool>,
    /// When the checks of the last 30 days were last counted.
    counted: AtomicI64,
    views: Mutex<Views>,
    undos: Mutex<Undos>,
    imports: Mutex<Imports>,
    notices: Mutex<Vec<NoticeDto>>,
    running: Mutex<Option<Running>>,
    collecting: Mutex<Option<Collecting>>,
    downloader: Mutex<Option<(settings::Collecting, Downloader)>>,
    catalogue: Vec<CatalogueSource>,
    vault: Mutex<Option<Vault>>,
    events: Events,
    /// None when there is no database to read.
    store: Option<Store>,
    // The last to go: the folder is free only when nothing of ours writes any more.
    _lock: Option<FolderLock>,
}

/// The check that runs now.
#[derive(Debug)]
struct Running {
    cancel: CancellationToken,
    interrupted: bool,
    progress: Option<ProgressDto>,
}

/// The round over sources that runs now.
#[derive(Debug)]
struct Collecting {
    cancel: CancellationToken,
    progress: Option<CollectProgressDto>,
}

/// The right to collect, which one may at a time; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct CollectRun {
    engine: Engine,
    cancel: CancellationToken,
}

impl CollectRun {
    /// Cancelled when the round is given up.
    pub(crate) const fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Tells how far the round is.
    pub(crate) fn progress(&self, progress: CollectProgressDto) {
        if let Some(collecting) = self.engine.collecting().as_mut() {
            collecting.progress = Some(progress.clone());
        }
        self.engine.0.events.collecting(progress);
    }
}

impl Drop for CollectRun {
    fn drop(&mut self) {
        *self.engine.collecting() = None;
    }
}

/// The right to run the one check that may run; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Run {
    engine: Engine,
    cancel: CancellationToken,
}

impl Run {
    /// Cancelled when the check is given up or interrupted.
    pub(crate) const fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Whether the check is to go on the next time.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.engine.running().as_ref().is_some_and(|running| running.interrupted)
    }

    /// Tells how far the check is.
    pub(crate) fn progress(&self, progress: ProgressDto) {
        if let Some(running) = self.engine.running().as_mut() {
            running.progress = Some(progress.clone());
        }
        self.engine.0.events.progress(progress);
    }

    /// Tells something that must not be left out.
    pub(crate) fn tell(&self, event: EventDto) {
        self.engine.tell(event);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        *self.engine.running() = None;
    }
}

impl Engine {
    /// Opens the data folder, which is made if it is missing and may be written to.
    ///
    /// # Errors
    /// [`ErrorCode::Locked`] when another process writes to the folder; what is wrong with the folder, the settings
    /// or the database otherwise. Nothing is ever wiped.
    pub fn open(access: Access, data_dir: Option<&Path>) -> Result<Self, ApiError> {
        Self::open_as(&Opening::new(access, data_dir.map(Path::to_owned)))
    }

    /// The same, with a say in where the data key lies.
    ///
    /// # Errors
    /// Those of [`Engine::open`].
    pub fn open_as(opening: &Opening) -> Result<Self, ApiError> {
        let folder = DataFolder::locate(opening.data_dir.as_deref())?;
        let now = now_ms();
        let mut notices = Vec::new();
        let lock = match opening.access {
            Access::Write => {
                folder.prepare()?;
                Some(FolderLock::take(&folder)?)
            }
            Access::Read => {
                folder.look()?;
                None
            }
        };
        let settings = read_settings(&folder, opening.access, &mut notices)?;
        let store = open_store(&folder, opening.access, now, &mut notices)?;
        let (geo, unusable) = location::open(settings.settings());
        if let (Some(why), Some(path)) = (unusable, &settings.settings().geo.database) {
            let mut told = notice(NoticeCode::GeoUnusable, [("path", path.as_path())]);
            told.params.insert("why".to_owned(), why);
            keep_notice(&mut notices, told);
        }
        let catalogue = collect::catalogue();
        let mut pool = Pool::new(Arc::clone(&geo));
        if let Some(store) = &store {
            if opening.access == Access::Write {
                store.sync_catalogue(catalogue.clone(), now)?;
            }
            store.load(now, |row| pool.put(&record(&row)))?;
            store.reached(|target, id| pool.visited(target, id, true))?;
            name_sources(&mut pool, store)?;
            pool.shrink();
        }
        let events =
            Events::start().map_err(|e| ApiError::internal(format!("No thread could be started: {e}.")))?;
        let key_place = if opening.keyring { KeyPlace::KeyringThenFile } else { KeyPlace::FileOnly };
        Ok(Self(Arc::new(Inner {
            folder,
            access: opening.access,
            key_place,
            settings: RwLock::new(settings),
            geo,
            pool: RwLock::new(pool),
            counted: AtomicI64::new(now),
            views: Mutex::default(),
            undos: Mutex::default(),
            imports: Mutex::default(),
            notices: Mutex::new(notices),
            running: Mutex::default(),
            collecting: Mutex::default(),
            downloader: Mutex::default(),
            catalogue,
            vault: Mutex::default(),
            events,
            store,
            _lock: lock,
        })))
    }

    /// Writes what was handed in and closes the database. Every later call that needs it fails.
    pub(crate) fn shutdown(&self) {
        if let Some(store) = &self.0.store {
            store.shutdown();
        }
    }

    pub(crate) fn folder(&self) -> &DataFolder {
        &self.0.folder
    }

    /// Refuses what needs the right to write.
    pub(crate) fn must_write(&self) -> Result<(), ApiError> {
        match self.0.access {
            Access::Write => Ok(()),
            Access::Read => Err(ApiError::internal("The data folder was opened for reading only.")),
        }
    }

    /// The database.
    pub(crate) fn store(&self) -> Result<&Store, ApiError> {
        self.0
            .store
            .as_ref()
            .ok_or_else(|| ApiError::from(StoreError::Missing { path: self.0.folder.database() }))
    }

    /// The database, if there is one: a reader of an empty folder has none.
    pub(crate) fn store_if_any(&self) -> Option<&Store> {
        self.0.store.as_ref()
    }

    /// The settings as they are now.
    pub(crate) fn settings(&self) -> Settings {
        self.0.settings.read().unwrap_or_else(PoisonError::into_inner).settings().clone()
    }

    /// Replaces the settings, in the file first.
    pub(crate) fn set_settings(&self, settings: Settings) -> Result<(), ApiError> {
        self.must_write()?;
        settings.validate()?;
        let mut held = self.0.settings.write().unwrap_or_else(PoisonError::into_inner);
        let file = held.with(settings);
        file.write(&self.0.folder.settings())?;
        *held = file;
        Ok(())
    }

    /// Where addresses lie.
    #[must_use]
    pub fn geo(&self) -> &Arc<Geo> {
        &self.0.geo
    }

    pub(crate) fn pool(&self) -> RwLockReadGuard<'_, Pool> {
        self.0.pool.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool_mut(&self) -> RwLockWriteGuard<'_, Pool> {
        self.0.pool.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the pool and tells so.
    pub(crate) fn change_pool<T>(&self, change: impl FnOnce(&mut Pool) -> T) -> T {
        let mut pool = self.pool_mut();
        let result = change(&mut pool);
        self.0.events.pool(pool.revision(), crate::pool::number(pool.len()), pool.working());
        result
    }

    /// Changes which proxies are in the pool, and with it the rows of the views that are open.
    pub(crate) fn change_members(&self, change: impl FnOnce(&mut Pool)) {
        self.change_pool(|pool| {
            change(pool);
            self.views().refit(pool);
        });
    }

    /// The views that are open. Whoever holds the pool too took that first.
    pub(crate) fn views(&self) -> MutexGuard<'_, Views> {
        self.0.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes that can be taken back.
    pub(crate) fn undos(&self) -> MutexGuard<'_, Undos> {
        self.0.undos.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn imports(&self) -> MutexGuard<'_, Imports> {
        self.0.imports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the user must know since the start.
    pub(crate) fn notices(&self) -> Vec<NoticeDto> {
        self.0.notices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the user something, now and to every window that opens later.
    pub(crate) fn note(&self, notice: NoticeDto) {
        keep_notice(&mut self.0.notices.lock().unwrap_or_else(PoisonError::into_inner), notice.clone());
        self.0.events.notice(notice);
    }

    /// Tells the surfaces something that must not be left out.
    pub(crate) fn tell(&self, event: EventDto) {
        self.0.events.now(event);
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the right to run a check, of which there is one.
    pub(crate) fn claim_run(&self) -> Result<Run, ApiError> {
        self.must_write()?;
        let mut running = self.running();
        if running.is_some() {
            return Err(ApiError::new(ErrorCode::Busy, "A check is running already.")
                .hint("Stop it, or wait for its end."));
        }
        let cancel = CancellationToken::new();
        *running = Some(Running { cancel: cancel.clone(), interrupted: false, progress: None });
        Ok(Run { engine: self.clone(), cancel })
    }

    /// Gives up the check that runs, if one does.
    pub(crate) fn cancel_run(&self) {
        if let Some(running) = self.running().as_ref() {
            running.cancel.cancel();
        }
    }

    /// Stops the check that runs, if one does, so that it can go on the next time.
    pub(crate) fn interrupt_run(&self) {
        if let Some(running) = self.running().as_mut() {
            // What was given up stays given up.
            running.interrupted |= !running.cancel.is_cancelled();
            running.cancel.cancel();
        }
    }

    /// Whether a check runs.
    pub(crate) fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// How far the check is that runs now.
    pub(crate) fn run_progress(&self) -> Option<ProgressDto> {
        self.running().as_ref().and_then(|running| running.progress.clone())
    }

    fn collecting(&self) -> MutexGuard<'_, Option<Collecting>> {
        self.0.collecting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the right to collect.
    pub(crate) fn claim_collecting(&self) -> Result<CollectRun, ApiError> {
        self.must_write()?;
        let mut collecting = self.collecting();
        if collecting.is_some() {
            return Err(ApiError::new(ErrorCode::Busy, "Sources are being visited already.")
                .hint("Stop it, or wait for its end."));
        }
        let cancel = CancellationToken::new();
        *collecting = Some(Collecting { cancel: cancel.clone(), progress: None });
        Ok(CollectRun { engine: self.clone(), cancel })
    }

    /// Gives up the round that runs, if one does.
    pub(crate) fn cancel_collecting(&self) {
        if let Some(collecting) = self.collecting().as_ref() {
            collecting.cancel.cancel();
        }
    }

    /// Whether a round runs.
    pub(crate) fn is_collecting(&self) -> bool {
        self.collecting().is_some()
    }

    /// How far the round is that runs now.
    pub(crate) fn collect_progress(&self) -> Option<CollectProgressDto> {
        self.collecting().as_ref().and_then(|collecting| collecting.progress.clone())
    }

    /// The built-in sources.
    pub(crate) fn catalogue(&self) -> &[CatalogueSource] {
        &self.0.catalogue
    }

    /// What downloads, by the settings as they are now. Whoever asks shares the turns at hosts with everybody else.
    pub(crate) fn downloader(&self) -> Result<Downloader, ApiError> {
        let settings = self.settings().collecting;
        let mut held = self.0.downloader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, downloader)) = held.as_ref()
            && *of == settings
        {
            return Ok(downloader.clone());
        }
        let extra_roots = match &settings.ca {
            None => None,
            Some(path) => Some(std::fs::read(path).map_err(|e| ApiError::io("read", path, &e))?),
        };
        let resolve = settings.resolve.iter().map(|rule| resolve_rule(rule)).collect::<Result<_, _>>()?;
        let seed = u64::from(std::process::id()) ^ now_ms().unsigned_abs();
        let options = DownloadOptions { extra_roots, resolve, seed, ..DownloadOptions::default() };
        let downloader = Downloader::new(options).map_err(|error| {
            ApiError::invalid("collecting.ca", format!("Sources cannot be fetched: {}.", error.detail))
                .hint("Look at `ca` under [collecting] in the settings.")
        })?;
        *held = Some((settings, downloader.clone()));
        Ok(downloader)
    }

    /// Where events are told.
    pub(crate) fn events(&self) -> &Events {
        &self.0.events
    }

    /// The numbers of the proxies that a filter matches, in their order.
    pub(crate) fn ids_matching(&self, filter: &FilterDto) -> Result<Vec<i64>, ApiError> {
        view::validate_filter(filter)?;
        let pool = self.pool();
        let rows = view::sift(&pool, filter, now_ms()).rows;
        Ok(rows.into_iter().map(|row| pool.columns().id[crate::pool::index(row)]).collect())
    }

    /// The numbers of the proxies that are meant and in the pool, in their order.
    pub(crate) fn ids_of(&self, which: &WhichDto) -> Result<Vec<i64>, ApiError> {
        let mut ids: Vec<i64> = match which {
            WhichDto::Filter { filter } => return self.ids_matching(filter),
            WhichDto::View { view, except } => {
                let except: HashSet<&i64> = except.iter().collect();
                let rows = self.views().get(*view)?;
                rows.iter().copied().filter(|id| !except.contains(id)).collect()
            }
            WhichDto::Ids { ids } => ids.clone(),
        };
        ids.sort_unstable();
        ids.dedup();
        let pool = self.pool();
        ids.retain(|id| pool.row_of(*id).is_some());
        Ok(ids)
    }

    /// Proxies as a check needs them, with their passwords opened; those that are no longer in the pool are left out.
    pub(crate) fn jobs(&self, ids: &[i64]) -> Result<Vec<Job>, ApiError> {
        self.count_anew()?;
        let mut jobs = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(ACCOUNTS_AT_ONCE) {
            let records: Vec<(Record, _)> = {
                let pool = self.pool();
                let known = chunk.iter().filter_map(|id| pool.row_of(*id));
                known.filter_map(|row| Some((pool.record(row)?, pool.found(row)))).collect()
            };
            let with_account: Vec<&Record> =
                records.iter().map(|(record, _)| record).filter(|record| record.user.is_some()).collect();
            let mut secrets = self.secrets(&with_account)?;
            for (record, found) in records {
                let account = match (record.user, secrets.remove(&record.id)) {
                    (Some(user), Some(secret)) => Some(Account { user, secret }),
                    _ => None,
                };
                jobs.push(Job {
                    id: record.id,
                    proxy: Proxy { endpoint: record.endpoint, account },
                    hints: record.hints.union(found),
                });
            }
        }
        Ok(jobs)
    }

    /// The passwords of proxies, by their numbers.
    pub(crate) fn secrets(&self, records: &[&Record]) -> Result<HashMap<i64, Secret>, ApiError> {
        let mut secrets = HashMap::with_capacity(records.len());
        let records: Vec<&&Record> = records.iter().filter(|record| record.user.is_some()).collect();
        if records.is_empty() {
            return Ok(secrets);
        }
        let vault = self.vault()?;
        let ids: Vec<i64> = records.iter().map(|record| record.id).collect();
        let accounts = self.store()?.accounts(&ids)?;
        for (record, account) in records.iter().zip(accounts) {
            let Some(account) = account else { continue };
            let opened = vault
                .open_sealed(&belonging(&record.endpoint, &account.user), &account.sealed)
                .map_err(|error| self.vault_error(&error))?;
            secrets.insert(record.id, Secret::new(opened.expose_secret()));
        }
        Ok(secrets)
    }

    /// Seals the account of a proxy.
    pub(crate) fn seal(&self, proxy: &Proxy) -> Result<Option<SealedAccount>, ApiError> {
        let Some(account) = &proxy.account else { return Ok(None) };
        let vault = self.vault()?;
        let sealed = vault
            .seal(&belonging(&proxy.endpoint, &account.user), account.secret.expose())
            .map_err(|error| self.vault_error(&error))?;
        let secret_hash = vault.identity(account.secret.expose());
        Ok(Some(SealedAccount { user: account.user.clone(), secret_hash, sealed }))
    }

    /// By what a proxy is found again in the database; none when it cannot be there, since no secret is.
    pub(crate) fn identity(&self, proxy: &Proxy, any_sealed: bool) -> Result<Option<Identity>, ApiError> {
        let account = match &proxy.account {
            None => None,
            Some(_) if !any_sealed => return Ok(None),
            Some(account) => Some((account.user.clone(), self.vault()?.identity(account.secret.expose()))),
        };
        Ok(Some(Identity { endpoint: proxy.endpoint.clone(), account }))
    }

    /// The vault, opened when it is first needed: most pools have no secret, and a keyring may ask the user.
    fn vault(&self) -> Result<Vault, ApiError> {
        let mut held = self.0.vault.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vault) = held.as_ref() {
            return Ok(vault.clone());
        }
        let any = self.store()?.has_sealed()?;
        // A reader must never make a key: it would be one that nobody keeps to.
        let sealed = if self.0.access == Access::Read { Sealed::Exist } else { Sealed::from_any(any) };
        let (vault, home) = Vault::open(self.0.folder.root(), self.0.key_place, sealed)
            .map_err(|error| self.vault_error(&error))?;
        if let KeyHome::File(path) = home {
            self.note(notice(NoticeCode::KeyInFile, [("path", path.as_path())]));
        }
        *held = Some(vault.clone());
        Ok(vault)
    }

    fn vault_error(&self, error: &VaultError) -> ApiError {
        let path = escape(&self.0.folder.root().join(proxydeck_vault::KEY_FILE).to_string_lossy());
        let code = match error {
            VaultError::KeyMissing { .. } => ErrorCode::NotFound,
            VaultError::TooLong => ErrorCode::Invalid,
            _ => ErrorCode::Io,
        };
        ApiError::new(code, sentence(&error.to_string())).param("what", path.clone()).param("path", path)
    }

    /// Keeps finished checks: works out where each proxy stands, writes the batch with the task's progress, and
    /// then changes the pool. When it returns, the results are durable; how many that are. The proxies no
    /// longer count as being checked.
    pub(crate) fn apply_checks(&self, task: Option<i64>, batch: Vec<CheckDone>) -> Result<u32, ApiError> {
        let store = self.store()?;
        let mut stands: HashMap<i64, Standing> = HashMap::with_capacity(batch.len());
        let mut kept = Vec::with_capacity(batch.len());
        let mut landing = Vec::with_capacity(batch.len());
        for done in batch {
            let before = stands.get(&done.id).copied().or_else(|| {
                let pool = self.pool();
                pool.row_of(done.id).map(|row| pool.standing(row))
            });
            // One that is gone from the pool still ends its place in the task; the store sorts that out.
            let standing = before.unwrap_or_default().after(done.verdict.success, FAILED_AFTER);
            stands.insert(done.id, standing);
            let CheckDone { id, at, verdict, evidence, visits } = done;
            let visits: Vec<NewVisit> = visits.iter().filter_map(new_visit).collect();
            landing.push((id, at, verdict.clone(), standing, visits.clone()));
            let mut check = NewCheck::new(id, at, CheckKind::Manual, standing, verdict, &evidence)
                .map_err(|e| ApiError::internal(format!("Evidence could not be written: {e}.")))?;
            check.visits = visits;
            kept.push(check);
        }
        let stored = store.checks(task, kept)?;
        self.change_pool(|pool| {
            let ids: Vec<i64> = landing.iter().map(|(id, ..)| *id).collect();
            for (id, at, verdict, standing, visits) in &landing {
                // None is a proxy that was deleted meanwhile.
                if pool.land(*id, *at, verdict, *standing).is_some() {
                    for visit in visits {
                        pool.visited(&visit.target, *id, visit.reason.is_none());
                    }
                }
            }
            pool.set_checking(&ids, false);
        });
        Ok(stored.kept)
    }

    /// Marks proxies as being checked, or as no longer.
    pub(crate) fn set_checking(&self, ids: &[i64], checking: bool) {
        self.change_pool(|pool| pool.set_checking(ids, checking));
    }

    /// Counts the checks of the last 30 days anew when the last count is of another day: the pool only adds to
    /// it, and what has become too old must go.
    fn count_anew(&self) -> Result<(), ApiError> {
        let now = now_ms();
        let Some(store) = &self.0.store else { return Ok(()) };
        if days_between(self.0.counted.load(Ordering::Relaxed), now) == 0 {
            return Ok(());
        }
        let mut counts = HashMap::new();
        store.counts(now, |id, of| {
            counts.insert(id, (of.checks, of.successes));
        })?;
        self.change_pool(|pool| pool.recount(&counts));
        self.0.counted.store(now, Ordering::Relaxed);
        Ok(())
    }
}

/// A visit as it is kept; none where what stood in the way was ours.
fn new_visit(visit: &Attempt) -> Option<NewVisit> {
    visit.reason.is_none_or(Reason::counts).then(|| NewVisit {
        target: Arc::clone(&visit.judge),
        reason: visit.reason,
        code: visit.code,
        ms: visit.latency_ms,
    })
}

/// What a sealed secret belongs to, so that it opens nowhere else.
fn belonging(endpoint: &Endpoint, user: &str) -> Vec<u8> {
    format!("{endpoint}\0{user}").into_bytes()
}

/// Gives the sources in a read model their names. They are asked for after the rows, so that none is missing.
pub(crate) fn name_sources(pool: &mut Pool, store: &Store) -> Result<(), ApiError> {
    for source in store.sources()? {
        pool.name_source(source.id, &source.plan.name);
    }
    Ok(())
}

/// What the read model keeps of a row of the database.
pub(crate) fn record(row: &ProxyRow) -> Record {
    Record {
        id: row.id,
        endpoint: row.endpoint.clone(),
        user: row.user.clone(),
        hints: row.hints,
        standing: row.standing,
        working: row.capabilities.working_bits(),
        reason: row.reason,
        code: row.code,
        latency_ms: row.latency_ms,
        anonymity: row.last_checked.map(|_| row.finding.anonymity),
        led_to: row.entry,
        exit: row.exit,
        trust: row.trust,
        checks_30d: row.counts.checks,
        successes_30d: row.counts.successes,
        last_checked: row.last_checked,
        last_success: row.last_success,
        first_seen: row.first_seen,
        sources: row.sources.clone(),
        tags: row.tags.as_deref().map(tags::read).unwrap_or_default(),
    }
}

fn read_settings(
    folder: &DataFolder,
    access: Access,
    notices: &mut Vec<NoticeDto>,
) -> Result<SettingsFile, ApiError> {
    let path = folder.settings();
    match SettingsFile::read(&path) {
        Ok(file) => Ok(file),
        Err(Unusable::Refused(error)) => Err(error),
        Err(Unusable::Broken(why)) => {
            tracing::warn!(path = %path.display(), why, "the settings cannot be used; the defaults hold");
            // A reader leaves everything where it is.
            if access == Access::Write {
                let aside = folder.set_aside(&path, &stamp())?;
                let mut told = notice(NoticeCode::SettingsSetAside, [("path", aside.as_path())]);
                told.params.insert("why".to_owned(), why);
                keep_notice(notices, told);
            }
            Ok(SettingsFile::default())
        }
    }
}

fn open_store(
    folder: &DataFolder,
    access: Access,
    now: UnixMs,
    notices: &mut Vec<NoticeDto>,
) -> Result<Option<Store>, ApiError> {
    let path = folder.database();
    match access {
        Access::Write => {
            let opened = Store::open(&path, now)?;
            if let Some(aside) = opened.set_aside {
                keep_notice(notices, notice(NoticeCode::DatabaseSetAside, [("path", aside.as_path())]));
            }
            Ok(Some(opened.store))
        }
        Access::Read => match Store::open_read_only(&path) {
            Ok(store) => Ok(Some(store)),
            // A folder that nothing was imported into yet is an empty pool.
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        },
    }
}

/// Now in UTC, for the name of a file.
fn stamp() -> String {
    chrono::Utc::now().format("%Y%m%dT%H%M%SZ").to_string()
}

/// A notice whose text is filled with paths.
pub(crate) fn notice<const N: usize>(code: NoticeCode, params: [(&str, &Path); N]) -> NoticeDto {
    let params = params.into_iter().map(|(name, path)| (name.to_owned(), escape(&path.to_string_lossy())));
    NoticeDto { code, params: BTreeMap::from_iter(params) }
}

fn keep_notice(notices: &mut Vec<NoticeDto>, notice: NoticeDto) {
    if notices.len() == MAX_NOTICES {
        notices.remove(0);
    }
    notices.push(notice);
}

/// Begins with a capital and ends with a full stop, as messages to people do.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

impl From<StoreError> for ApiError {
    /// What the database could not do, for a surface.
    fn from(error: StoreError) -> Self {
        let path = match &error {
            StoreError::Missing { path }
            | StoreError::IsDirectory { path }
            | StoreError::Forbidden { path, .. }
            | StoreError::Newer { path, .. }
            | StoreError::Older { path, .. }
            | StoreError::Foreign { path }
            | StoreError::Damaged { path, .. }
            | StoreError::Full { path }
            | StoreError::Io { path, .. }
            | StoreError::Busy { path }
            | StoreError::Changed { path }
            | StoreError::Sql { path, .. } => Some(escape(&path.to_string_lossy())),
            _ => None,
        };
        let code = match &error {
            StoreError::Missing { .. } => ErrorCode::NotFound,
            StoreError::IsDirectory { .. } => ErrorCode::IsDirectory,
            StoreError::Forbidden { .. } => ErrorCode::Forbidden,
            StoreError::Newer { .. } => ErrorCode::Newer,
            StoreError::Older { .. } | StoreError::Foreign { .. } => ErrorCode::Invalid,
            StoreError::Damaged { .. } | StoreError::Full { .. } | StoreError::Io { .. } => ErrorCode::Io,
            StoreError::Busy { .. } | StoreError::Changed { .. } => ErrorCode::Locked,
            _ => ErrorCode::Internal,
        };
        let answer = Self::new(code, sentence(&escape(&error.to_string())));
        match path {
            Some(path) => answer.param("what", path.clone()).param("path", path),
            None => answer,
        }
    }
}

#[cfg(test)]
mod tests;
