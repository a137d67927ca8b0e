//! Reading lists: a file, standard input or text becomes the distinct proxies in it and the lines that were not
//! taken. What a line means is the reader's business; what is kept of it, the pool's.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use indexmap::map::Entry;
use proxydeck_domain::{Hints, Protocol, Proxy};
use proxydeck_reader::{Candidate, Format, Page, Reader, Refusal, Sink, Totals, protocol_in_name};

use crate::api::ApiError;
use crate::api::dto::{RefusedCountDto, RefusedLineDto};
use crate::convert::ranked;
use crate::escape::{escape, escape_cut};
use crate::export::address_line;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// A larger list is no list; the largest known has 30 MB.
const MAX_LIST_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Distinct proxies of one list; the whole internet offers a tenth of this, and each takes some 150 bytes.
const MAX_PROXIES: usize = 5_000_000;
/// Scripts and styles that are remembered of a page; a few hide its ports, the rest is its business.
const MAX_WANTED: usize = 16;
/// Lines not taken that a preview shows.
const MAX_REFUSED_SHOWN: usize = 100;
/// Proxies that a preview shows.
const SAMPLE: usize = 20;
/// Lists that may wait to be taken or dropped; a person looks at one.
const MAX_WAITING: usize = 4;

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListInput {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Text that was pasted.
    Text(String),
}

impl ListInput {
    /// What an argument of the command line names: `-` is standard input.
    #[must_use]
    pub fn of_argument(argument: &Path) -> Self {
        if argument == Path::new("-") { Self::Stdin } else { Self::File(argument.to_owned()) }
    }

    /// What people call it, as it is; none for what has no name of its own.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Self::Stdin | Self::Text(_) => None,
        }
    }

    /// Where it comes from, without the text.
    pub(crate) fn clone_place(&self) -> Self {
        match self {
            Self::File(path) => Self::File(path.clone()),
            Self::Stdin => Self::Stdin,
            Self::Text(_) => Self::Text(String::new()),
        }
    }

    fn open(&self) -> Result<Box<dyn Read + '_>, ApiError> {
        match self {
            Self::File(path) => {
                let fail = |e: &io::Error| ApiError::io("read", path, e);
                let file = File::open(path).map_err(|e| fail(&e))?;
                if file.metadata().map_err(|e| fail(&e))?.is_dir() {
                    return Err(ApiError::is_directory("read", path));
                }
                Ok(Box::new(file))
            }
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::Text(text) => Ok(Box::new(text.as_bytes())),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Stdin => Path::new("standard input"),
            Self::Text(_) => Path::new("the text"),
        }
    }
}

/// Where lines go, and what people call it.
pub struct LinesTo<'a> {
    /// The name, for what is said when it cannot be written.
    pub name: &'a Path,
    /// What takes the lines.
    pub out: &'a mut dyn Write,
}

impl LinesTo<'_> {
    pub(crate) fn error(&self, error: &io::Error) -> ApiError {
        ApiError::io("write", self.name, error)
    }
}

/// How a list is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListOptions {
    /// What lines speak that do not say it; none for what the name says.
    pub(crate) protocol: Option<Protocol>,
    /// Whether addresses count that are not publicly routable.
    pub(crate) allow_private: bool,
}

/// What was seen of one proxy.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    hints: Hints,
    /// Whether it stood somewhere without a protocol.
    unstated: bool,
    line: u64,
}

/// What a list came to.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// What people call it.
    pub(crate) name: Option<String>,
    proxies: IndexMap<Proxy, Seen>,
    /// Each proxy with each protocol that was claimed for it, in the order of first sight.
    sights: Vec<(u32, Option<Protocol>)>,
    /// What it was read as.
    pub(crate) format: Format,
    /// What came instead of a list, if it can be told.
    pub(crate) page: Option<Page>,
    /// Lines or entries read.
    pub(crate) lines: u32,
    /// Entries that stood in the list more than once.
    pub(crate) duplicates: u32,
    /// Lines not taken, by reason.
    pub(crate) refused: BTreeMap<String, u32>,
    /// The first of them.
    pub(crate) refused_lines: Vec<RefusedLineDto>,
}

impl List {
    /// The distinct proxies with what the list says of them, in the order of first sight.
    pub(crate) fn proxies(&self) -> impl Iterator<Item = (&Proxy, Hints)> {
        self.proxies.iter().map(|(proxy, seen)| (proxy, seen.hints))
    }

    /// The first proxies as people read them, without secrets.
    pub(crate) fn sample(&self) -> Vec<String> {
        self.proxies()
            .take(SAMPLE)
            .map(|(proxy, hints)| {
                let user = proxy.account.as_ref().map(|account| (account.user.as_str(), None));
                let mut protocols = hints.iter();
                // One claim is shown as it may have stood; several have no one scheme.
                let scheme = protocols.next().filter(|_| protocols.next().is_none());
                escape_cut(&address_line(scheme.map(Protocol::as_str), user, &proxy.endpoint))
            })
            .collect()
    }

    /// The same, to keep.
    pub(crate) fn into_proxies(self) -> Vec<(Proxy, Hints)> {
        self.proxies.into_iter().map(|(proxy, seen)| (proxy, seen.hints)).collect()
    }

    fn with(self, totals: Totals) -> Self {
        Self { format: totals.format, page: totals.page, lines: count(totals.lines), ..self }
    }

    /// Adds the list of the next page.
    pub(crate) fn absorb(&mut self, page: Self) {
        let places: Vec<u32> = page
            .proxies
            .into_iter()
            .map(|(proxy, seen)| {
                let entry = self.proxies.entry(proxy);
                let at = u32::try_from(entry.index()).unwrap_or(u32::MAX);
                match entry {
                    Entry::Occupied(mut known) => {
                        let known = known.get_mut();
                        known.hints = known.hints.union(seen.hints);
                        known.unstated |= seen.unstated;
                        self.duplicates = self.duplicates.saturating_add(1);
                    }
                    Entry::Vacant(new) => {
                        new.insert(seen);
                    }
                }
                at
            })
            .collect();
        let sights = page.sights.into_iter().filter_map(|(at, of)| Some((*places.get(at as usize)?, of)));
        self.sights.extend(sights);
        self.page = self.page.or(page.page);
        self.lines = self.lines.saturating_add(page.lines);
        self.duplicates = self.duplicates.saturating_add(page.duplicates);
        for (reason, more) in page.refused {
            let sum = self.refused.entry(reason).or_default();
            *sum = sum.saturating_add(more);
        }
        let room = MAX_REFUSED_SHOWN.saturating_sub(self.refused_lines.len());
        self.refused_lines.extend(page.refused_lines.into_iter().take(room));
    }

    /// How many distinct proxies there are.
    pub(crate) fn len(&self) -> usize {
        self.proxies.len()
    }

    /// The lines that were not taken, by reason, the most frequent first.
    pub(crate) fn refused_counts(&self) -> Vec<RefusedCountDto> {
        ranked(self.refused.clone())
    }

    /// Writes `[scheme://][user:password@]host:port` for each proxy and each protocol that was claimed for it.
    pub(crate) fn write_lines(&self, out: &mut dyn Write) -> io::Result<()> {
        for (at, protocol) in &self.sights {
            let Some((proxy, _)) = self.proxies.get_index(*at as usize) else { continue };
            let account = proxy.account.as_ref().map(|a| (a.user.as_str(), Some(&a.secret)));
            writeln!(out, "{}", address_line(protocol.map(Protocol::as_str), account, &proxy.endpoint))?;
        }
        out.flush()
    }
}

/// Reads a list to its end. Lines that are not taken also go to `refused` as JSON lines, if there is one.
pub(crate) fn read_list(
    input: &ListInput,
    options: ListOptions,
    refused: Option<LinesTo<'_>>,
) -> Result<List, ApiError> {
    let hint = options.protocol.or_else(|| input.name().as_deref().and_then(protocol_in_name));
    let options = proxydeck_reader::Options {
        hint,
        allow_private: options.allow_private,
        ..proxydeck_reader::Options::default()
    };
    read_list_as(input, &options, refused, |_| ()).map(|(list, _)| list)
}

/// The same with all that the reader can be told; answers also with the number of bytes, which are shown to `look` as
/// they come.
pub(crate) fn read_list_as(
    input: &ListInput,
    options: &proxydeck_reader::Options,
    refused: Option<LinesTo<'_>>,
    mut look: impl FnMut(&[u8]),
) -> Result<(List, u64), ApiError> {
    let mut reader = Reader::new(options);
    let list = List { name: input.name(), ..List::default() };
    let mut taking = Taking { list, refused, failed: None, wanted: Vec::new() };
    let mut source = input.open()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0_u64;
    loop {
        let read = match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(ApiError::io("read", input.path(), &e)),
        };
        look(&chunk[..read]);
        reader.push(&chunk[..read], &mut taking);
        bytes = bytes.saturating_add(read as u64);
        taking.check(input, bytes)?;
    }
    let totals = reader.finish(&mut taking);
    taking.check(input, bytes)?;
    Ok((taking.list.with(totals), bytes))
}

/// Reads a page that is in memory. Answers also with the addresses of scripts and styles without which its ports stay
/// hidden.
pub(crate) fn read_page(bytes: &[u8], options: &proxydeck_reader::Options) -> (List, Vec<String>) {
    let mut taking = Taking { list: List::default(), refused: None, failed: None, wanted: Vec::new() };
    let totals = proxydeck_reader::read(bytes, options, &mut taking);
    (taking.list.with(totals), taking.wanted)
}

/// Takes what the reader finds.
struct Taking<'a> {
    list: List,
    refused: Option<LinesTo<'a>>,
    failed: Option<io::Error>,
    wanted: Vec<String>,
}

impl Taking<'_> {
    fn check(&mut self, input: &ListInput, bytes: u64) -> Result<(), ApiError> {
        if let (Some(error), Some(refused)) = (self.failed.take(), &self.refused) {
            return Err(refused.error(&error));
        }
        let shown = || escape(&input.path().to_string_lossy());
        if bytes > MAX_LIST_BYTES {
            let message = format!("{} is larger than {MAX_LIST_BYTES} bytes.", shown());
            return Err(ApiError::invalid("list", message).hint("Split the list."));
        }
        if self.list.proxies.len() > MAX_PROXIES {
            let message = format!("{} holds more than {MAX_PROXIES} proxies.", shown());
            return Err(ApiError::invalid("list", message).hint("Split the list."));
        }
        Ok(())
    }
}

impl Sink for Taking<'_> {
    fn candidate(&mut self, candidate: Candidate) {
        let list = &mut self.list;
        let entry = list.proxies.entry(candidate.proxy);
        let at = u32::try_from(entry.index()).unwrap_or(u32::MAX);
        let seen = entry.or_default();
        // A line that claims several protocols names its proxy once.
        if seen.line != 0 && seen.line != candidate.line {
            list.duplicates = list.duplicates.saturating_add(1);
        }
        seen.line = candidate.line;
        let first = match candidate.stated {
            Some(protocol) => !seen.hints.contains(protocol),
            None => !seen.unstated,
        };
        match candidate.stated {
            Some(protocol) => seen.hints = seen.hints.with(protocol),
            None => seen.unstated = true,
        }
        if first {
            list.sights.push((at, candidate.stated));
        }
    }

    fn wants(&mut self, address: &str) {
        if self.wanted.len() < MAX_WANTED {
            self.wanted.push(address.to_owned());
        }
    }

    fn refusal(&mut self, refusal: Refusal) {
        let list = &mut self.list;
        let reason = refusal.reason.as_str();
        match list.refused.get_mut(reason) {
            Some(count) => *count = count.saturating_add(1),
            None => {
                list.refused.insert(reason.to_owned(), 1);
            }
        }
        if list.refused_lines.len() >= MAX_REFUSED_SHOWN && self.refused.is_none() {
            return;
        }
        let line =
            RefusedLineDto { line: refusal.line, text: escape(&refusal.text), reason: reason.to_owned() };
        if let Some(to) = self.refused.as_mut().filter(|_| self.failed.is_none()) {
            let written =
                serde_json::to_string(&line).map_err(io::Error::from).and_then(|l| writeln!(to.out, "{l}"));
            self.failed = written.err();
        }
        if list.refused_lines.len() < MAX_REFUSED_SHOWN {
            list.refused_lines.push(line);
        }
    }
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A list that was read and waits to be taken or dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) list: List,
    /// Where it came from; the text itself is not kept.
    pub(crate) input: ListInput,
}

/// The lists that wait.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    last: u32,
    waiting: VecDeque<(u32, Waiting)>,
}

impl Imports {
    /// Keeps a list; if there are too many, the oldest is dropped.
    pub(crate) fn keep(&mut self, waiting: Waiting) -> u32 {
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        self.waiting.push_back((self.last, waiting));
        self.last
    }

    /// Gives a list out; it no longer waits.
    pub(crate) fn take(&mut self, import: u32) -> Result<Waiting, ApiError> {
        let at = self.waiting.iter().position(|(number, _)| *number == import);
        at.and_then(|at| self.waiting.remove(at)).map(|(_, waiting)| waiting).ok_or_else(|| {
            ApiError::not_found(format!("list {import} to import"))
                .hint("It was taken or dropped already. Open the list again.")
        })
    }
}
