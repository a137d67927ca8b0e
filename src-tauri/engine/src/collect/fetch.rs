//! One visit to one source: its pages are fetched one after another and read into one list. Nothing is kept here.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proxydeck_domain::Protocol;
use proxydeck_reader::protocol_in_name;
use proxydeck_store::SourceKind;
use proxydeck_wire::download::{Ask, DownloadError, DownloadFailure, Downloader, Fetched, Page, Via};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::Parser;
use super::reading::ContentDigest;
use super::template::{Template, page_of};
use crate::api::ApiError;
use crate::escape::escape;
use crate::import::{List, ListInput, read_list_as, read_page};

/// Scripts and styles that are fetched beside a page because its ports hide in them.
const MAX_COMPANIONS: usize = 4;
/// Proxies that are tried one after another when sources are fetched through the pool.
const MAX_WAYS: usize = 3;

/// What is to be visited.
#[derive(Clone, Debug)]
pub(crate) struct What {
    pub(crate) kind: SourceKind,
    pub(crate) address: String,
    /// What entries speak that do not say it.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) parser: Parser,
    /// Whether it may lie in a private network: the user typed it.
    pub(crate) typed: bool,
    /// What the last answer was known by.
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) content: Option<Vec<u8>>,
}

/// What a visit brought.
pub(crate) enum Came {
    /// The source said that nothing has changed.
    NotModified,
    /// The very bytes of the last time.
    Same { bytes: u64, etag: Option<String>, last_modified: Option<String> },
    /// Something that was read.
    Brought(Box<Brought>),
    /// Nothing usable.
    Trouble(Trouble),
}

/// What was read of a source.
pub(crate) struct Brought {
    pub(crate) list: List,
    pub(crate) bytes: u64,
    /// A digest of the bytes.
    pub(crate) content: Vec<u8>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// The last status.
    pub(crate) code: Option<u16>,
    /// Where it was in the end.
    pub(crate) address: String,
}

/// Why nothing usable came.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// A stable word.
    pub(crate) failure: &'static str,
    pub(crate) code: Option<u16>,
    /// How long the source wants to be let be.
    pub(crate) wait: Option<Duration>,
    /// What happened, in English, harmless to show.
    pub(crate) detail: String,
    /// Bytes that came all the same.
    pub(crate) bytes: u64,
}

impl Trouble {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.failure == DownloadFailure::Cancelled.as_str()
    }
}

impl From<DownloadError> for Trouble {
    fn from(error: DownloadError) -> Self {
        Self {
            failure: error.kind.as_str(),
            code: error.code,
            wait: error.retry_after,
            detail: error.detail,
            bytes: 0,
        }
    }
}

/// Visits sources.
#[derive(Clone)]
pub(crate) struct Fetcher {
    downloader: Downloader,
    /// The proxies to go through; none for directly.
    ways: Arc<[Via]>,
    /// The one that is gone through now. It stays until it fails.
    way: Arc<AtomicUsize>,
    /// Lists that are read at the same time: reading takes a core each.
    readers: Arc<Semaphore>,
    allow_private: bool,
}

impl Fetcher {
    pub(crate) fn new(downloader: Downloader, ways: Vec<Via>, allow_private: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            downloader,
            ways: ways.into(),
            way: Arc::default(),
            readers: Arc::new(Semaphore::new(cores)),
            allow_private,
        }
    }

    /// Visits a source.
    pub(crate) async fn visit(&self, what: &What, cancel: &CancellationToken) -> Came {
        match what.kind {
            SourceKind::Web => self.visit_web(what, cancel).await,
            SourceKind::File | SourceKind::Text => self.visit_file(what).await,
        }
    }

    async fn visit_file(&self, what: &What) -> Came {
        let path = Path::new(&what.address).to_owned();
        let base = self.base(what);
        let known = what.content.clone();
        let reading = self.read(move || {
            // A device or a pipe may never end, and nobody could call the reading off.
            if std::fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
                let shown = escape(&path.to_string_lossy());
                return Err(ApiError::invalid("address", format!("{shown} is no file with a list in it.")));
            }
            let mut digest = ContentDigest::new(base.allow_private);
            let input = ListInput::File(path);
            let (list, bytes) = read_list_as(&input, &base, None, |chunk| digest.add(chunk))?;
            Ok((list, bytes, digest.finish()))
        });
        match reading.await {
            Ok((_, bytes, content)) if known.as_deref() == Some(&content) => {
                Came::Same { bytes, etag: None, last_modified: None }
            }
            Ok((list, bytes, content)) => Came::Brought(Box::new(Brought {
                list,
                bytes,
                content,
                etag: None,
                last_modified: None,
                code: None,
                address: what.address.clone(),
            })),
            Err(error) => Came::Trouble(Trouble {
                failure: "unreadable",
                code: None,
                wait: None,
                detail: error.dto().message.clone(),
                bytes: 0,
            }),
        }
    }

    async fn visit_web(&self, what: &What, cancel: &CancellationToken) -> Came {
        let template = match Template::parse(&what.address) {
            Ok(template) => template,
            Err(why) => {
                let error = DownloadFailure::BadAddress;
                return Came::Trouble(Trouble {
                    failure: error.as_str(),
                    code: None,
                    wait: None,
                    detail: why,
                    bytes: 0,
                });
            }
        };
        let mut gathering = Gathering::new(self.allow_private);
        for list in template.lists() {
            for page in 1..=template.pages() {
                let ask = Ask {
                    // Only a whole list can be said to be the same.
                    etag: what.etag.clone().filter(|_| template.is_single()),
                    last_modified: what.last_modified.clone().filter(|_| template.is_single()),
                    allow_private: what.typed,
                    ..Ask::new(page_of(list, page))
                };
                let fetched = match self.fetch(ask, cancel).await {
                    Ok(Fetched::NotModified { .. }) => return Came::NotModified,
                    Ok(Fetched::Fresh(page)) => page,
                    // A list ends where its next page is not there; one of several may be missing.
                    Err(_) if gathering.list.is_some() && !cancel.is_cancelled() => break,
                    Err(error) => {
                        return Came::Trouble(Trouble { bytes: gathering.bytes, ..error.into() });
                    }
                };
                gathering.note(&fetched);
                if template.is_single() && what.content.as_deref() == Some(&gathering.digest.clone().finish())
                {
                    return Came::Same {
                        bytes: gathering.bytes,
                        etag: fetched.etag,
                        last_modified: fetched.last_modified,
                    };
                }
                match self.read_page(what, fetched, cancel).await {
                    Ok(list) => {
                        // A list ends where a page brings nothing that was not there yet.
                        if !gathering.take(list) {
                            break;
                        }
                    }
                    Err(trouble) => return Came::Trouble(Trouble { bytes: gathering.bytes, ..trouble }),
                }
            }
        }
        gathering.finish()
    }

    /// Fetches one address, through the way that worked last; where a way fails, through the next.
    async fn fetch(&self, ask: Ask, cancel: &CancellationToken) -> Result<Fetched, DownloadError> {
        let tries = self.ways.len().clamp(1, MAX_WAYS);
        for tried in 1.. {
            let at = self.way.load(Ordering::Relaxed);
            let via = self.ways.get(at % self.ways.len().max(1)).cloned();
            let fetched = self.downloader.fetch(&Ask { via, ..ask.clone() }, cancel).await;
            match fetched {
                Err(error) if error.kind == DownloadFailure::ProxyFailed && tried < tries => {
                    // Others may have gone on to the next way already.
                    let _ = self.way.compare_exchange(at, at + 1, Ordering::Relaxed, Ordering::Relaxed);
                }
                fetched => return fetched,
            }
        }
        Err(unreachable_end())
    }

    /// Reads a page, with what hides its ports where something does.
    async fn read_page(&self, what: &What, page: Page, cancel: &CancellationToken) -> Result<List, Trouble> {
        let options = what.parser.options(&self.base(what), page.charset.clone());
        let (bytes, once) = (page.bytes.clone(), options.clone());
        let (list, wanted) =
            self.read(move || Ok(read_page(&bytes, &once))).await.map_err(|error| broken(&error))?;
        if wanted.is_empty() {
            return Ok(list);
        }
        let companions = self.companions(what, &page.url, &wanted, cancel).await;
        if companions.is_empty() {
            return Ok(list);
        }
        let options = proxydeck_reader::Options { companions, ..options };
        let again = self.read(move || Ok(read_page(&page.bytes, &options))).await;
        again.map(|(list, _)| list).map_err(|error| broken(&error))
    }

    /// Fetches the scripts and styles in which a page hides its ports, from the page's own host only.
    async fn companions(
        &self,
        what: &What,
        page: &str,
        wanted: &[String],
        cancel: &CancellationToken,
    ) -> Vec<String> {
        let Ok(page) = Url::parse(page) else { return Vec::new() };
        let mut seen = HashSet::new();
        let addresses = wanted
            .iter()
            .filter_map(|wanted| page.join(wanted).ok())
            .filter(|address| address.host_str() == page.host_str() && seen.insert(address.clone()));
        let mut companions = Vec::new();
        for address in addresses.take(MAX_COMPANIONS) {
            let ask = Ask { allow_private: what.typed, ..Ask::new(address) };
            if let Ok(Fetched::Fresh(companion)) = self.fetch(ask, cancel).await {
                companions.push(String::from_utf8_lossy(&companion.bytes).into_owned());
            }
        }
        companions
    }

    fn base(&self, what: &What) -> proxydeck_reader::Options {
        let in_name = what.address.split(['?', '#']).next().and_then(protocol_in_name);
        proxydeck_reader::Options {
            hint: what.protocol.or(in_name),
            allow_private: self.allow_private,
            ..proxydeck_reader::Options::default()
        }
    }

    /// Runs what takes a core where it may.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let _turn = self.readers.acquire().await;
        spawn_blocking(work)
            .await
            .map_err(|error| ApiError::internal(format!("A list could not be read: {error}.")))?
    }
}

fn unreachable_end() -> DownloadError {
    DownloadError {
        kind: DownloadFailure::ProxyFailed,
        code: None,
        retry_after: None,
        requests: 0,
        detail: "no proxy to go through worked".to_owned(),
    }
}

fn broken(error: &ApiError) -> Trouble {
    Trouble {
        failure: DownloadFailure::LocalError.as_str(),
        code: None,
        wait: None,
        detail: error.dto().message.clone(),
        bytes: 0,
    }
}

/// What the pages of a source come to.
struct Gathering {
    list: Option<List>,
    digest: ContentDigest,
    bytes: u64,
    etag: Option<String>,
    last_modified: Option<String>,
    code: Option<u16>,
    address: String,
}

impl Gathering {
    fn new(allow_private: bool) -> Self {
        Self {
            list: None,
            digest: ContentDigest::new(allow_private),
            bytes: 0,
            etag: None,
            last_modified: None,
            code: None,
            address: String::new(),
        }
    }

    fn note(&mut self, page: &Page) {
        self.digest.add(&page.bytes);
        self.bytes += page.wire_bytes;
        self.etag.clone_from(&page.etag);
        self.last_modified.clone_from(&page.last_modified);
        self.code = Some(page.status);
        if self.address.is_empty() {
            self.address.clone_from(&page.url);
        }
    }

    /// Takes the list of a page in; whether it brought anything new.
    fn take(&mut self, page: List) -> bool {
        let Some(list) = &mut self.list else {
            let any = page.len() > 0;
            self.list = Some(page);
            return any;
        };
        let before = list.len();
        list.absorb(page);
        list.len() > before
    }

    fn finish(self) -> Came {
        Came::Brought(Box::new(Brought {
            list: self.list.unwrap_or_default(),
            bytes: self.bytes,
            content: self.digest.finish(),
            etag: self.etag,
            last_modified: self.last_modified,
            code: self.code,
            address: self.address,
        }))
    }
}

/// How long something took, in milliseconds.
pub(crate) fn took(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX)
}
