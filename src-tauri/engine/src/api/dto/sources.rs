//! What a surface is told of sources, of visits to them, and of collecting.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ProtocolDto, RefusedCountDto, RefusedLineDto, TaskStatusDto};

/// What kind of place a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourceKindDto {
    /// A page or a list on the web, which is visited again and again.
    Web,
    /// A file on this machine.
    File,
    /// Text that was pasted or piped in; nobody can visit it again.
    Text,
}

/// The shape in which a source writes its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the formats")]
pub enum ListFormatDto {
    Text,
    Csv,
    Json,
    Jsonl,
    Html,
    Xml,
    Yaml,
    Pac,
    Base64,
}

/// How what a source brings is read. Everything empty: told by what comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ParserDto {
    /// The shape, where it is not to be told by what comes.
    pub format: Option<ListFormatDto>,
    /// The charset, where neither header nor content say it rightly.
    pub charset: String,
    /// Where the proxies stand in JSON (RFC 9535), such as `$.data[*]`.
    pub json_path: String,
    /// The CSS selector of an entry in a page.
    pub row: String,
    /// The CSS selector of the address within an entry.
    pub host: String,
    /// The CSS selector of the port within an entry.
    pub port: String,
}

/// A source as a person writes it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SourceEditDto {
    /// What it is called; empty for a name made of the address.
    pub name: String,
    /// The address of a page, or the whole path of a file. `{page}` stands for 1, 2, 3 and so on, until a page brings
    /// nothing new; `{a|b}` for each of the words.
    pub address: String,
    /// What its entries speak that do not say it.
    pub protocol: Option<ProtocolDto>,
    /// How it is read.
    pub parser: ParserDto,
    /// Minutes between two visits.
    pub interval_minutes: u32,
    /// 0 to 100; the highest is visited first, and of copies the highest counts as the original.
    pub priority: u8,
    /// Whether it is visited.
    pub enabled: bool,
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VisitOutcomeDto {
    /// It brought a list that differs from the last one.
    Changed,
    /// It brought the same proxies as the last time.
    Unchanged,
    /// It said that nothing has changed, without sending anything.
    NotModified,
    /// It sent something in which there is no proxy.
    Empty,
    /// It sent a page about an error, a login or a captcha: see `failure`.
    WrongPage,
    /// Nothing usable came: see `failure`.
    Failed,
}

/// One visit to a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VisitDto {
    /// When it began.
    #[ts(type = "number")]
    pub at: i64,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// How it ended.
    pub outcome: VisitOutcomeDto,
    /// Why it failed, or which page came instead, as a stable word: one of a download's failures
    /// (`timeout`, `status`, `tls_failed`, …), `unreadable` for a file, or `error`, `login`, `challenge` for a page.
    pub failure: Option<String>,
    /// The status of HTTP, where it says something.
    pub code: Option<u16>,
    /// Bytes that came over the line.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The shape that it was read as.
    pub format: Option<ListFormatDto>,
    /// Lines or entries read.
    pub read: u32,
    /// Distinct proxies understood.
    pub accepted: u32,
    /// Of these, the ones that nobody had before.
    pub new: u32,
    /// Proxies of the visit before that were gone.
    pub gone: u32,
    /// Entries that stood in it more than once.
    pub duplicates: u32,
    /// What was not taken, by reason, the most frequent first.
    pub refused: Vec<RefusedCountDto>,
    /// Proxies of this source that worked at that time.
    pub working: u32,
}

/// What was found out about a source by comparing what it brings over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum SourceNoteDto {
    /// What it brings, another source has.
    CopyOf {
        /// The number of the other.
        #[ts(type = "number")]
        source: i64,
        /// Its name, escaped.
        name: String,
        /// How much of this one is in the other, 0 to 1.
        share: f64,
    },
    /// It answers as if it were fresh, but its proxies are the same for weeks.
    Frozen {
        /// Since when.
        #[ts(type = "number")]
        since: i64,
    },
    /// It takes new proxies in and lets none go.
    AppendOnly {
        /// Since when it was watched.
        #[ts(type = "number")]
        since: i64,
    },
}

/// Why a source is not visited though it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourcePauseDto {
    /// Of what it brought, nothing worked for a week.
    NothingWorks,
    /// It could not be read for a week.
    Unreadable,
}

/// A source and its record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceDto {
    /// Its number.
    #[ts(type = "number")]
    pub id: i64,
    /// What it is.
    pub kind: SourceKindDto,
    /// What it is called, escaped.
    pub name: String,
    /// Where it lies, escaped.
    pub address: String,
    /// The page about it for people, escaped.
    pub home: Option<String>,
    /// Whether it is one of the catalogue, and not the user's own.
    pub built_in: bool,
    /// What its entries speak that do not say it.
    pub protocol: Option<ProtocolDto>,
    /// How it is read.
    pub parser: ParserDto,
    /// Minutes between two visits.
    pub interval_minutes: u32,
    /// 0 to 100.
    pub priority: u8,
    /// Whether it is visited.
    pub enabled: bool,
    /// Why it is not visited though it is on.
    pub paused: Option<SourcePauseDto>,
    /// Since when.
    #[ts(type = "number | null")]
    pub paused_since: Option<i64>,
    /// Whether it is being visited right now.
    pub visiting: bool,
    /// The last visit.
    pub last_visit: Option<VisitDto>,
    /// When the next is due; none where it is off, paused or cannot be visited.
    #[ts(type = "number | null")]
    pub next_visit: Option<i64>,
    /// Proxies that it has now.
    pub holds: u32,
    /// Of these, the ones that were checked.
    pub checked: u32,
    /// Of these, the ones that work.
    pub working: u32,
    /// Of those that it has, the ones that no other source has.
    pub only_here: u32,
    /// New proxies a day over the last 14 days, the oldest first.
    pub fresh: Vec<u32>,
    /// What comparing told.
    pub notes: Vec<SourceNoteDto>,
}

/// How much two sources have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct OverlapDto {
    /// The number of the other.
    #[ts(type = "number")]
    pub source: i64,
    /// Its name, escaped.
    pub name: String,
    /// Proxies that both have.
    pub shared: u32,
    /// The share of this source's proxies, 0 to 1.
    pub of_ours: f64,
    /// The share of the other's, 0 to 1.
    pub of_theirs: f64,
}

/// A source's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceDetailDto {
    /// What the list of sources shows.
    pub source: SourceDto,
    /// The last visits, the newest first.
    pub visits: Vec<VisitDto>,
    /// The sources with which it has most in common.
    pub overlap: Vec<OverlapDto>,
    /// Why its proxies do not work, by the reason of their last check, the most frequent first.
    pub reasons: Vec<RefusedCountDto>,
}

/// What a source would bring, before anything of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SourceTestDto {
    /// How the visit ended; `new` counts what is not in the pool, `working` and `gone` are nought.
    pub visit: VisitDto,
    /// Where it was found in the end, escaped.
    pub address: String,
    /// A name for it, made of the address.
    pub name: String,
    /// More about a failure, in English, escaped.
    pub detail: Option<String>,
    /// The first entries that were not taken.
    pub refused_lines: Vec<RefusedLineDto>,
    /// The first proxies that were, without secrets.
    pub sample: Vec<String>,
    /// Proxies by what they are said to speak; under `unknown` those of which nothing is said.
    pub protocols: BTreeMap<String, u32>,
}

/// How far collecting is; at most ten a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CollectProgressDto {
    /// The task's number.
    #[ts(type = "number")]
    pub task: i64,
    /// Where it stands.
    pub status: TaskStatusDto,
    /// Sources visited.
    pub done: u32,
    /// Sources in all.
    pub total: u32,
    /// Proxies that they had, counted once for each source.
    pub found: u32,
    /// Of these, the ones that nobody had before.
    pub new: u32,
    /// Bytes that came over the line.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Sources that are being visited.
    #[ts(type = "Array<number>")]
    pub visiting: Vec<i64>,
    /// Seconds since it began.
    pub seconds: f64,
    /// Seconds left at the pace so far; none where it cannot be told yet.
    pub seconds_left: Option<f64>,
}

/// What came of visiting one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SourceVisitDto {
    /// The source's number.
    #[ts(type = "number")]
    pub id: i64,
    /// Its name, escaped.
    pub source: String,
    /// The visit.
    pub visit: VisitDto,
}

/// How collecting ended: what the command line writes with `--json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct CollectedDto {
    /// Sources that were to be visited.
    pub sources: u32,
    /// Of these, the ones that brought something new, and how many ended otherwise.
    pub outcomes: BTreeMap<String, u32>,
    /// Proxies that they had, counted once for each source.
    pub found: u32,
    /// Distinct proxies among these.
    pub distinct: u32,
    /// Of these, the ones that nobody had before.
    pub new: u32,
    /// Bytes that came over the line.
    #[ts(type = "number")]
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// The task's number.
    #[ts(type = "number | null")]
    pub task: Option<i64>,
    /// What came of each source, in the order in which they were done.
    pub visits: Vec<SourceVisitDto>,
}
