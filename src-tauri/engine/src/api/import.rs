//! Taking lists in: read first, shown, and then kept or dropped; or, from the command line, at once.

use std::path::Path;

use proxydeck_domain::{Hints, Proxy, Standing, TrustFlags};
use proxydeck_store::{Identity, Imported, NewProxy, NewSource, Outcome, SourceKind, StoreError};

use super::dto::{CheckWhatDto, ImportPreviewDto, ImportedDto, ProtocolDto};
use super::{ApiError, Engine};
use crate::check::now_ms;
use crate::escape::escape_cut;
use crate::import::{LinesTo, List, ListInput, ListOptions, Waiting, read_list as read};
use crate::pool::{Record, number};

/// Proxies that are looked up or written at once; the store takes some 1,000 well.
const BATCH: usize = 1000;

/// How a list is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListHow {
    /// What lines speak that do not say it; none for what the file's name says.
    pub protocol: Option<ProtocolDto>,
    /// Addresses of private networks too.
    pub allow_private: bool,
}

impl ListHow {
    fn options(self) -> ListOptions {
        ListOptions { protocol: self.protocol.map(Into::into), allow_private: self.allow_private }
    }

    /// The same by the settings of an engine.
    fn of(engine: &Engine, how: Self) -> ListOptions {
        let allow_private = how.allow_private || engine.settings().checking.allow_private;
        ListOptions { allow_private, ..how.options() }
    }
}

/// Reads a file and says what it holds. Nothing is kept yet.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound), [`Forbidden`](super::dto::ErrorCode::Forbidden),
/// [`IsDirectory`](super::dto::ErrorCode::IsDirectory) or [`Io`](super::dto::ErrorCode::Io) with `path`.
pub fn import_path(engine: &Engine, path: &Path) -> Result<ImportPreviewDto, ApiError> {
    preview(engine, &ListInput::File(path.to_owned()))
}

/// Reads text that was pasted and says what it holds. Nothing is kept yet.
///
/// # Errors
/// What looking into the database can meet.
pub fn import_text(engine: &Engine, text: &str) -> Result<ImportPreviewDto, ApiError> {
    preview(engine, &ListInput::Text(text.to_owned()))
}

fn preview(engine: &Engine, input: &ListInput) -> Result<ImportPreviewDto, ApiError> {
    let list = read(input, ListHow::of(engine, ListHow::default()), None)?;
    let known = count_known(engine, &list)?;
    let accepted = number(list.len());
    let dto = ImportPreviewDto {
        import: 0,
        name: escape_cut(&name_of(&list, input)),
        read: list.lines,
        accepted,
        new: accepted - known,
        known,
        duplicates: list.duplicates,
        refused: list.refused_counts(),
        refused_lines: list.refused_lines.clone(),
        sample: list.sample(),
    };
    let import = engine.imports().keep(Waiting { list, input: input.clone_place() });
    Ok(ImportPreviewDto { import, ..dto })
}

/// Keeps a list that was read.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound) when it was taken or dropped already; what writing can meet: batches
/// before the one that failed are kept then.
pub fn import_commit(engine: &Engine, import: u32) -> Result<ImportedDto, ApiError> {
    engine.must_write()?;
    let waiting = engine.imports().take(import)?;
    Ok(keep(engine, &waiting.list, &waiting.input)?.0)
}

/// Drops a list that was read. One that is gone already is no error.
pub fn import_discard(engine: &Engine, import: u32) {
    drop(engine.imports().take(import));
}

/// Reads a list and keeps it at once. Lines that are not taken go to `refused` as JSON lines.
///
/// # Errors
/// Those of [`import_path`] and [`import_commit`].
pub fn import_list(
    engine: &Engine,
    input: &ListInput,
    how: ListHow,
    refused: Option<LinesTo<'_>>,
) -> Result<ImportedDto, ApiError> {
    engine.must_write()?;
    let list = read(input, ListHow::of(engine, how), refused)?;
    Ok(keep(engine, &list, input)?.0)
}

/// Reads a list, keeps it at once, and answers with what to check: its proxies that are in the pool, new or known, but
/// not deleted. Without `fresh`, a check of the same list that was cut off goes on.
///
/// # Errors
/// Those of [`import_list`].
pub fn import_to_check(
    engine: &Engine,
    input: &ListInput,
    how: ListHow,
    fresh: bool,
) -> Result<CheckWhatDto, ApiError> {
    engine.must_write()?;
    let list = read(input, ListHow::of(engine, how), None)?;
    let name = match input {
        ListInput::File(path) => whole_path(path),
        ListInput::Stdin | ListInput::Text(_) => "-".to_owned(),
    };
    let (_, ids) = keep(engine, &list, input)?;
    Ok(CheckWhatDto::List { name, ids, protocol: how.protocol, fresh })
}

/// Reads a list and keeps nothing. Each distinct proxy goes to `output` with each protocol that is claimed for it, as
/// `[scheme://][user:password@]host:port` in the order of first sight; lines that are not taken go to
/// `refused` as JSON lines. Without an engine every proxy counts as new.
///
/// # Errors
/// Those of [`import_path`], and what writing can meet.
pub fn import_dry_run(
    engine: Option<&Engine>,
    input: &ListInput,
    how: ListHow,
    output: Option<LinesTo<'_>>,
    refused: Option<LinesTo<'_>>,
) -> Result<ImportedDto, ApiError> {
    let options = engine.map_or_else(|| how.options(), |engine| ListHow::of(engine, how));
    let list = read(input, options, refused)?;
    if let Some(output) = output {
        list.write_lines(output.out).map_err(|e| output.error(&e))?;
    }
    let known = engine.map_or(Ok(0), |engine| count_known(engine, &list))?;
    Ok(counts(&list, number(list.len()) - known, known))
}

/// Reads a list to check it without keeping it: its distinct proxies with what it says of them, and its counts.
///
/// # Errors
/// Those of [`import_path`].
pub fn read_list(input: &ListInput, how: ListHow) -> Result<(Vec<(Proxy, Hints)>, ImportedDto), ApiError> {
    let list = read(input, how.options(), None)?;
    let counts = counts(&list, number(list.len()), 0);
    Ok((list.into_proxies(), counts))
}

fn counts(list: &List, new: u32, known: u32) -> ImportedDto {
    ImportedDto {
        read: list.lines,
        accepted: number(list.len()),
        new,
        known,
        duplicates: list.duplicates,
        refused: list.refused.clone(),
    }
}

/// How many proxies of a list are in the pool already, deleted ones included.
pub(crate) fn count_known(engine: &Engine, list: &List) -> Result<u32, ApiError> {
    let Some(store) = engine.store_if_any() else { return Ok(0) };
    let any_sealed = store.has_sealed()?;
    let mut known = 0;
    let mut batch: Vec<Identity> = Vec::with_capacity(BATCH);
    let mut look = |batch: &mut Vec<Identity>| -> Result<(), ApiError> {
        known += number(store.lookup(batch)?.iter().flatten().count());
        batch.clear();
        Ok(())
    };
    for (proxy, _) in list.proxies() {
        batch.extend(engine.identity(proxy, any_sealed)?);
        if batch.len() == BATCH {
            look(&mut batch)?;
        }
    }
    look(&mut batch)?;
    Ok(known)
}

/// Writes a list to the database, and what is new of it to the pool. Answers with the numbers of what is there now.
fn keep(engine: &Engine, list: &List, input: &ListInput) -> Result<(ImportedDto, Vec<i64>), ApiError> {
    let store = engine.store()?;
    let name = name_of(list, input);
    let source = NewSource {
        kind: match input {
            ListInput::File(_) => SourceKind::File,
            ListInput::Stdin | ListInput::Text(_) => SourceKind::Text,
        },
        address: match input {
            ListInput::File(path) => whole_path(path),
            // What came on one day is one source, by whose name it is known the next day.
            ListInput::Stdin | ListInput::Text(_) => name.clone(),
        },
        name,
    };
    let now = now_ms();
    let taken = take_in(engine, list, now, |batch| store.import(source.clone(), batch, now), |_| true)?;
    if let Some(id) = taken.source {
        engine.change_pool(|pool| pool.name_source(id, &source.name));
    }
    let new = number(taken.new.len());
    Ok((counts(list, new, number(list.len()) - new), taken.ids))
}

/// What came of taking a list in.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The numbers of its proxies that are in the pool now.
    pub(crate) ids: Vec<i64>,
    /// Of these, the ones that were not there before.
    pub(crate) new: Vec<i64>,
    /// The numbers of those that are deleted and stay so.
    pub(crate) deleted: Vec<i64>,
    /// The number of the source; none where the list is empty.
    pub(crate) source: Option<i64>,
}

/// Writes a list to the database batch by batch, and what is new of it to the pool. Before each batch `more` is asked,
/// with what was taken so far, whether to go on.
pub(crate) fn take_in(
    engine: &Engine,
    list: &List,
    now: i64,
    write: impl Fn(Vec<NewProxy>) -> Result<Vec<Imported>, StoreError>,
    mut more: impl FnMut(&Taken) -> bool,
) -> Result<Taken, ApiError> {
    let mut taken = Taken { ids: Vec::with_capacity(list.len()), ..Taken::default() };
    let proxies: Vec<(&Proxy, Hints)> = list.proxies().collect();
    for chunk in proxies.chunks(BATCH) {
        if !more(&taken) {
            break;
        }
        let batch = chunk
            .iter()
            .map(|(proxy, hints)| {
                let account = engine.seal(proxy)?;
                Ok(NewProxy { endpoint: proxy.endpoint.clone(), account, hints: *hints })
            })
            .collect::<Result<Vec<_>, ApiError>>()?;
        let imported = write(batch)?;
        taken.source = imported.first().map(|imported| imported.source).or(taken.source);
        engine.change_pool(|pool| {
            for ((proxy, _), imported) in chunk.iter().zip(imported) {
                match imported.outcome {
                    Outcome::New => {
                        taken.new.push(imported.id);
                        pool.put(&fresh(&imported, proxy, now));
                    }
                    Outcome::Known => {
                        pool.add_hints(imported.id, imported.hints);
                        pool.add_source(imported.id, imported.source);
                    }
                    Outcome::Deleted => {
                        taken.deleted.push(imported.id);
                        continue;
                    }
                }
                taken.ids.push(imported.id);
            }
        });
    }
    Ok(taken)
}

/// What a list is called. One without a name of its own is called by where it came from and the day on the user's
/// calendar, with a slash between them, which stands in the name of no file.
fn name_of(list: &List, input: &ListInput) -> String {
    let of_today = |what: &str| format!("{what}/{}", chrono::Local::now().format("%Y-%m-%d"));
    match input {
        ListInput::File(path) => list.name.clone().unwrap_or_else(|| whole_path(path)),
        ListInput::Stdin => of_today("stdin"),
        ListInput::Text(_) => of_today("pasted"),
    }
}

/// The same file is the same list from wherever it is named.
fn whole_path(path: &Path) -> String {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

/// A proxy that was never checked.
fn fresh(imported: &Imported, proxy: &Proxy, now: i64) -> Record {
    Record {
        id: imported.id,
        endpoint: proxy.endpoint.clone(),
        user: proxy.account.as_ref().map(|account| account.user.clone()),
        hints: imported.hints,
        standing: Standing::default(),
        working: 0,
        reason: None,
        code: None,
        latency_ms: None,
        anonymity: None,
        led_to: None,
        exit: None,
        trust: TrustFlags::default(),
        checks_30d: 0,
        successes_30d: 0,
        last_checked: None,
        last_success: None,
        first_seen: now,
        sources: vec![imported.source],
        tags: Vec::new(),
    }
}
