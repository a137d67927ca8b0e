//! What crosses the border to a surface: plain shapes with stable names, and nothing that decides.
//!
//! The TypeScript twins in `ui/src/bindings/` are generated from this file; a test fails when they differ.
//! Moments are milliseconds since 1970-01-01T00:00:00Z. Words such as `active` or `dial_timeout` are the
//! product's own and are put into a person's language by the surface.

mod sources;

pub use sources::*;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a proxy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are defined in the domain crate")]
pub enum StatusDto {
    Active,
    New,
    Inactive,
    Failed,
    Retired,
}

/// What a proxy speaks, in the words of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are defined in the domain crate")]
pub enum ProtocolDto {
    Http,
    Https,
    Socks4,
    Socks5,
}

/// How much a proxy gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are defined in the domain crate")]
pub enum AnonymityDto {
    Elite,
    Anonymous,
    Transparent,
    Unknown,
}

/// A question about a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are defined in the domain crate")]
pub enum CapabilityDto {
    Http,
    Connect,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
    Tls,
    Ipv6,
}

/// Something to know before trusting a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are defined in the domain crate")]
pub enum TrustFlagDto {
    TlsIntercepted,
    Tampered,
    WrongAnswer,
    RewritesHeaders,
    ProxyCertUnverified,
}

/// Why a check did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are defined in the domain crate")]
pub enum ReasonDto {
    Refused,
    Unreachable,
    Unresolved,
    NotPublic,
    DialTimeout,
    Reset,
    Closed,
    HandshakeTimeout,
    NotAProxy,
    Rejected,
    AuthRequired,
    AuthFailed,
    TlsFailed,
    TlsIntercepted,
    AnswerTimeout,
    AnswerMalformed,
    AnswerEncoded,
    AnswerTooLarge,
    WrongAnswer,
    Tampered,
    Redirected,
    LocalError,
    JudgeDown,
    Cancelled,
}

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are defined in the domain crate")]
pub enum StageDto {
    Resolve,
    Dial,
    Handshake,
    Tunnel,
    Tls,
    Request,
    Answer,
}

/// What a filter chooses. An empty list chooses everything; several values of one kind are joined by *or*,
/// the kinds by *and*.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct FilterDto {
    /// Where the proxy stands.
    pub status: Vec<StatusDto>,
    /// What it was found to speak; for one never checked, what lists say of it.
    pub protocol: Vec<ProtocolDto>,
    /// How much it gives away.
    pub anonymity: Vec<AnonymityDto>,
    /// The country of its exit, by two letters in any case; one that has no exit does not pass, wherever it is
    /// entered.
    pub country: Vec<String>,
    /// A part of the address, the user name, the exit address or the reason, in any case.
    pub text: String,
    /// The highest latency in milliseconds; one that has none does not pass.
    pub max_latency_ms: Option<u32>,
    /// The lowest score from 0 to 1; one that has none does not pass.
    pub min_score: Option<f64>,
    /// Only those with no trust flag that makes a check fail.
    pub trusted: bool,
    /// Only those whose last visit to one of these targets succeeded; all if there is none.
    pub target: Vec<String>,
    /// The exact name of a source that had it.
    pub source: Vec<String>,
    /// What the user calls it.
    pub tag: Vec<String>,
}

/// Which proxies a change is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WhichDto {
    /// All that a filter matches now.
    Filter {
        /// The filter.
        filter: FilterDto,
    },
    /// All rows of an open view, whatever has become of them since it was opened, but for some.
    View {
        /// The view.
        view: u32,
        /// The numbers of those that are not meant.
        #[ts(type = "Array<number>")]
        except: Vec<i64>,
    },
    /// These.
    Ids {
        /// Their numbers; one that is not there is left out.
        #[ts(type = "Array<number>")]
        ids: Vec<i64>,
    },
}

/// What a change of many proxies came to that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UndoableDto {
    /// Proxies that were meant.
    pub matched: u32,
    /// Of these, the ones that are otherwise now.
    pub changed: u32,
    /// By which it is taken back, exactly what it changed; none where that is nothing.
    pub undo: Option<u32>,
    /// What stood in the way of the rest; what was changed before stays changed.
    pub failed: Option<ErrorDto>,
}

/// The tags that exist, and how many of some proxies have each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TagsDto {
    /// Proxies that were meant.
    pub matched: u32,
    /// Every tag that a proxy of the pool has, in the order of the words.
    pub tags: Vec<TagCountDto>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TagCountDto {
    /// The word.
    pub tag: String,
    /// Of those that were meant, the ones that have it.
    pub matched: u32,
    /// Proxies of the pool that have it.
    pub total: u32,
}

/// What a change of many proxies came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangedDto {
    /// Proxies that the filter matched.
    pub matched: u32,
    /// Of these, the ones that are otherwise now.
    pub changed: u32,
}

/// A column that a view can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the columns")]
pub enum SortColumnDto {
    Proxy,
    Protocols,
    Status,
    Reason,
    Latency,
    Anonymity,
    Exit,
    Country,
    Asn,
    SuccessRate,
    Score,
    LastChecked,
    LastSuccess,
    FirstSeen,
}

/// One key of an order. What has no value comes last in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SortKeyDto {
    /// The column.
    pub column: SortColumnDto,
    /// The largest first.
    pub descending: bool,
}

/// How many rows of the pool have a value, other filters applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FacetDto {
    /// The value's word.
    pub value: String,
    /// The number of rows.
    pub count: u32,
}

/// A filter and an order, fixed: the rows keep their places until a new view is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ViewDto {
    /// By which rows are asked for.
    pub view: u32,
    /// Rows in the view.
    pub rows: u32,
    /// Proxies in the pool.
    pub total: u32,
    /// Proxies in the pool whose last check succeeded.
    pub working: u32,
    /// The state of the pool that the order was made from.
    #[ts(type = "number")]
    pub revision: u64,
    /// How many rows there are of each status, the status filter itself left out.
    pub status: Vec<FacetDto>,
    /// The same for protocols.
    pub protocol: Vec<FacetDto>,
    /// The same for anonymity.
    pub anonymity: Vec<FacetDto>,
    /// The same for the countries of exits, by two letters: those that occur or were chosen, the most frequent first.
    pub country: Vec<FacetDto>,
    /// The same for tags.
    pub tag: Vec<FacetDto>,
}

/// What the pool holds, in numbers. A value that no proxy has is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StatsDto {
    /// Proxies in the pool.
    pub total: u32,
    /// Of these, the ones whose last check succeeded.
    pub working: u32,
    /// By where they stand.
    pub status: Vec<FacetDto>,
    /// By what they were found to speak; one can speak several.
    pub protocol: Vec<FacetDto>,
    /// By how much they give away.
    pub anonymity: Vec<FacetDto>,
    /// By why their last check failed.
    pub reason: Vec<FacetDto>,
    /// Those that work, by the country of their exit, the most frequent first.
    pub country: Vec<FacetDto>,
    /// Of those that have a latency, the one in the middle, in milliseconds.
    pub median_latency_ms: Option<u32>,
}

/// How far figures of checks reach back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[allow(missing_docs, reason = "the words say it")]
pub enum RangeDto {
    #[serde(rename = "1h")]
    Hour,
    #[default]
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
}

/// What the checks of a range of time came to. A value that no check has is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckStatsDto {
    /// How far they reach back.
    pub range: RangeDto,
    /// The beginning, which is not a part of it.
    #[ts(type = "number")]
    pub from: i64,
    /// The end.
    #[ts(type = "number")]
    pub to: i64,
    /// All checks.
    pub checks: u32,
    /// Those that succeeded.
    pub succeeded: u32,
    /// Their share, 0 to 1; none without a check.
    pub success_rate: Option<f64>,
    /// Of those that succeeded, the latency in the middle, in milliseconds.
    pub median_latency_ms: Option<u32>,
    /// Those that succeeded by what lists call the protocol that decided: the fastest that worked.
    pub protocol: Vec<FacetDto>,
    /// The same by the capability.
    pub capability: Vec<FacetDto>,
    /// Those that failed by why, the most frequent first.
    pub reason: Vec<FacetDto>,
    /// Milliseconds from one point of a series to the next.
    #[ts(type = "number")]
    pub bucket_ms: i64,
    /// A series for each protocol that decided a success.
    pub working: Vec<WorkingDto>,
}

/// Proxies that worked, over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkingDto {
    /// The protocol that decided.
    pub protocol: ProtocolDto,
    /// For each part of the range how many distinct proxies succeeded in it.
    pub proxies: Vec<u32>,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct RowDto {
    /// The proxy's number.
    #[ts(type = "number")]
    pub id: i64,
    /// `host:port`.
    pub proxy: String,
    /// The user name of its account.
    pub username: Option<String>,
    /// What it was found to speak.
    pub protocols: Vec<ProtocolDto>,
    /// What lists say of it; shown where nothing was found yet.
    pub hints: Vec<ProtocolDto>,
    /// Where it stands.
    pub status: StatusDto,
    /// Whether a check of it is in flight.
    pub checking: bool,
    /// Why the last check failed.
    pub reason: Option<ReasonDto>,
    /// The code that came with the reason.
    pub code: Option<u16>,
    /// Milliseconds.
    pub latency_ms: Option<u32>,
    /// How much it gives away; none before the first check.
    pub anonymity: Option<AnonymityDto>,
    /// The address that a target sees.
    pub exit_ip: Option<String>,
    /// The country of the exit, by two letters.
    pub country: Option<String>,
    /// The country of the address that is dialled; none for a name.
    pub entry_country: Option<String>,
    /// Share of the checks of the last 30 days that succeeded, 0 to 1.
    pub success_rate: Option<f64>,
    /// 0 to 1.
    pub score: Option<f64>,
    /// What to know before trusting it.
    pub trust: Vec<TrustFlagDto>,
    /// What the user calls it, in the order of the words.
    pub tags: Vec<String>,
    /// The last check.
    #[ts(type = "number | null")]
    pub last_checked: Option<i64>,
    /// The last check that succeeded.
    #[ts(type = "number | null")]
    pub last_success: Option<i64>,
}

/// A slice of a view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct RowsDto {
    /// The place of the first row in the view.
    pub from: u32,
    /// Rows in the view now: fewer than when it was opened where some were deleted.
    pub of: u32,
    /// The rows as they are now, in the order of the view.
    pub rows: Vec<RowDto>,
}

/// The answer to one question about a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapabilityAnswerDto {
    /// The question.
    pub capability: CapabilityDto,
    /// Yes, no, or none for not tried.
    pub ok: Option<bool>,
    /// Milliseconds to the first byte of a right answer.
    pub latency_ms: Option<u32>,
    /// Why not.
    pub reason: Option<ReasonDto>,
    /// The code of the protocol.
    pub code: Option<u16>,
    /// The port that was asked for, where that was not the usual one.
    pub port: Option<u16>,
    /// Found only by speaking TLS to the proxy itself.
    pub over_tls: bool,
}

/// The score and the weighted parts that add up to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ScoreDto {
    /// The sum, rounded to two places.
    pub total: f64,
    /// Of 0.4.
    pub success: f64,
    /// Of 0.3.
    pub latency: f64,
    /// Of 0.2.
    pub stability: f64,
    /// Of 0.1.
    pub anonymity: f64,
}

/// What was shown in the judge's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CertificateDto {
    /// Who signed it.
    pub issuer: String,
    /// Whom it names.
    pub subject: String,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// One stage of an attempt with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct StageTimeDto {
    /// The stage.
    pub stage: StageDto,
    /// Milliseconds, with a fraction.
    pub ms: f64,
}

/// One try at one capability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AttemptDto {
    /// The question that was asked.
    pub capability: CapabilityDto,
    /// The judge that was asked.
    pub judge: String,
    /// The furthest stage.
    pub stage: StageDto,
    /// The stages that were entered.
    pub stages: Vec<StageTimeDto>,
    /// Why it stopped; none when the answer was right.
    pub reason: Option<ReasonDto>,
    /// The code of the protocol.
    pub code: Option<u16>,
    /// More about the reason, already escaped.
    pub detail: Option<String>,
    /// Milliseconds to the first byte of the right answer.
    pub latency_ms: Option<u32>,
    /// The address that the judge saw.
    pub exit_ip: Option<String>,
    /// What the answer says about anonymity.
    pub anonymity: Option<AnonymityDto>,
    /// The header that gave the proxy away, or `exit`; already escaped.
    pub giveaway: Option<String>,
    /// The header fields that the judge received, already escaped.
    pub received: Vec<(String, String)>,
    /// Header fields of ours that were changed or dropped on the way.
    pub rewritten: Vec<String>,
    /// What was shown in the judge's place.
    pub certificate: Option<CertificateDto>,
}

/// One check of a proxy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckDto {
    /// When.
    #[ts(type = "number")]
    pub at: i64,
    /// Whether it succeeded.
    pub success: bool,
    /// The capability that decided.
    pub capability: CapabilityDto,
    /// The judge that was asked.
    pub judge: String,
    /// Why it failed.
    pub reason: Option<ReasonDto>,
    /// The code that came with the reason.
    pub code: Option<u16>,
    /// Milliseconds.
    pub latency_ms: Option<u32>,
    /// The full evidence; kept for the last five checks, empty for older ones.
    pub attempts: Vec<AttemptDto>,
}

/// Where an address lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LocationDto {
    /// Two letters.
    pub country: Option<String>,
    /// The number of its network (AS).
    pub asn: Option<u32>,
    /// Who runs the network, already escaped.
    pub organisation: Option<String>,
    /// Whether the network delivers pages and nothing else, so that its addresses answer HTTP and proxy nothing.
    pub content_network: bool,
}

/// Everything about one proxy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ProxyDetailDto {
    /// What the table shows.
    pub row: RowDto,
    /// All eight questions.
    pub capabilities: Vec<CapabilityAnswerDto>,
    /// Where the address lies that is dialled; nothing is known of a name.
    pub entry: LocationDto,
    /// Where the address lies that a target sees.
    pub exit: LocationDto,
    /// The header that gave the proxy away, or `exit`; already escaped.
    pub giveaway: Option<String>,
    /// How the score adds up; none before the first check.
    pub score: Option<ScoreDto>,
    /// The certificate of an interceptor, if one was met in the last checks.
    pub certificate: Option<CertificateDto>,
    /// Failures since the last success.
    pub failures: u32,
    /// Checks of the last 30 days.
    pub checks_30d: u32,
    /// When it was first seen.
    #[ts(type = "number")]
    pub first_seen: i64,
    /// The names of the sources that it came from, already escaped.
    pub sources: Vec<String>,
    /// The last checks, the newest first.
    pub checks: Vec<CheckDto>,
}

/// How many lines were refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefusedCountDto {
    /// The stable word of the reason.
    pub reason: String,
    /// The number of lines.
    pub count: u32,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefusedLineDto {
    /// Counted from 1.
    #[ts(type = "number")]
    pub line: u64,
    /// The line, cut and escaped.
    pub text: String,
    /// The stable word of the reason.
    pub reason: String,
}

/// What a list holds, before anything of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportPreviewDto {
    /// By which it is taken or dropped.
    pub import: u32,
    /// The file's name, escaped.
    pub name: String,
    /// Lines read.
    pub read: u32,
    /// Distinct proxies understood.
    pub accepted: u32,
    /// Of these, not in the pool yet.
    pub new: u32,
    /// Of these, in the pool already (deleted ones too).
    pub known: u32,
    /// Entries that stood in the list more than once.
    pub duplicates: u32,
    /// Lines not taken, by reason, the most frequent first.
    pub refused: Vec<RefusedCountDto>,
    /// The first lines that were not taken.
    pub refused_lines: Vec<RefusedLineDto>,
    /// The first proxies that were, without secrets.
    pub sample: Vec<String>,
}

/// What an import came to: the counts that the command line writes with `--json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportedDto {
    /// Lines read.
    pub read: u32,
    /// Distinct proxies understood.
    pub accepted: u32,
    /// Of these, not in the pool before.
    pub new: u32,
    /// Of these, in the pool before (deleted ones too, which stay deleted).
    pub known: u32,
    /// Entries that stood in the list more than once.
    pub duplicates: u32,
    /// Lines not taken, by reason.
    pub refused: BTreeMap<String, u32>,
}

/// What kind of longer work a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum TaskKindDto {
    Collect,
    Check,
    Import,
    Export,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum TaskStatusDto {
    Pending,
    Running,
    Paused,
    Succeeded,
    Failed,
    Cancelled,
}

/// Which proxies a check takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CheckWhatDto {
    /// All that a filter matches; if the last such check was cut off, it goes on.
    Filter {
        /// The filter.
        filter: FilterDto,
        /// Start anew even if a check was cut off.
        fresh: bool,
    },
    /// What a check that was cut off has left.
    Unfinished {
        /// The task's number.
        #[ts(type = "number")]
        task: i64,
    },
    /// The proxies of a list; if the last check of that list was cut off and its proxies are the same, it goes on.
    List {
        /// Where the list lies: what makes it the same list the next time.
        name: String,
        /// The numbers of its proxies.
        #[ts(type = "Array<number>")]
        ids: Vec<i64>,
        /// The one protocol that is asked for.
        protocol: Option<ProtocolDto>,
        /// Start anew even if a check was cut off.
        fresh: bool,
    },
    /// These.
    Ids {
        /// The numbers of the proxies.
        #[ts(type = "Array<number>")]
        ids: Vec<i64>,
    },
}

/// How far a check is; at most ten a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ProgressDto {
    /// The task's number.
    #[ts(type = "number")]
    pub task: i64,
    /// Where it stands.
    pub status: TaskStatusDto,
    /// Proxies finished, those of before an interruption included.
    pub done: u32,
    /// Proxies in all.
    pub total: u32,
    /// Of those finished by this run, the ones that work.
    pub alive: u32,
    /// Sockets in use.
    pub in_flight: u32,
    /// The most sockets that it may use.
    pub concurrency: u32,
    /// Proxies a second over the last seconds.
    pub rate: f64,
    /// Seconds left at that rate; none where it cannot be told yet.
    pub seconds_left: Option<f64>,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckedDto {
    /// Proxies checked by this run.
    pub checked: u32,
    /// Of these, the ones that work.
    pub alive: u32,
    /// Of these, the ones that do not, by reason.
    pub by_reason: BTreeMap<String, u32>,
    /// How long it took.
    pub seconds: f64,
    /// The task's number; none when nothing was kept.
    #[ts(type = "number | null")]
    pub task: Option<i64>,
    /// Whether it went on where another was cut off.
    pub resumed: bool,
    /// Results kept in the database.
    pub stored: u32,
    /// Proxies of crowded addresses and of content networks that were left out, because nothing of a sample works.
    #[serde(skip_serializing_if = "is_none", default)]
    pub left_out: u32,
    /// What came of visiting targets, by their addresses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub targets: BTreeMap<String, TargetCountDto>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_none(count: &u32) -> bool {
    *count == 0
}

/// How many proxies reached a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TargetCountDto {
    /// Those that were led there.
    pub asked: u32,
    /// Those that it let in.
    pub reached: u32,
}

/// The shape of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the formats")]
pub enum FormatDto {
    Csv,
    Jsonl,
    Json,
    Txt,
    Url,
    Clash,
    Proxychains,
}

/// What is to be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportAskDto {
    /// The rows of this view, in its order.
    pub view: u32,
    /// The shape.
    pub format: FormatDto,
    /// Only those whose last check succeeded.
    pub working_only: bool,
    /// Passwords too.
    pub with_secrets: bool,
}

/// What an export would write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportPreviewDto {
    /// Proxies that would be written.
    pub count: u32,
    /// The first lines, escaped.
    pub lines: Vec<String>,
}

/// How an export went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportedDto {
    /// Where it lies.
    pub path: String,
    /// Proxies written.
    pub written: u32,
    /// Proxies that the format cannot hold.
    pub left_out: u32,
}

/// How the window looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ThemeDto {
    #[default]
    System,
    Light,
    Dark,
}

/// In which language it speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum LanguageDto {
    /// As the operating system does.
    #[default]
    #[serde(rename = "system")]
    System,
    /// English.
    #[serde(rename = "en")]
    En,
    /// 繁體中文.
    #[serde(rename = "zh-TW")]
    ZhTw,
    /// 简体中文.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

/// The part of the settings that a surface may change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SettingsDto {
    /// How the window looks.
    pub theme: ThemeDto,
    /// In which language it speaks.
    pub language: LanguageDto,
    /// The addresses of the judges.
    pub judges: Vec<String>,
    /// Seconds for one attempt.
    pub timeout_seconds: u32,
    /// The most sockets in use at once.
    pub concurrency: u32,
    /// The most new connections a second; none for no limit.
    pub rate: Option<u32>,
    /// Whether addresses of private networks may be imported and checked.
    pub allow_private: bool,
    /// Whether new proxies are checked once they were collected.
    pub check_collected: bool,
    /// Through which proxy sources are fetched: empty for none, `pool` for a working one of the pool, or the address of
    /// one, such as `socks5://127.0.0.1:9050`.
    pub collect_through: String,
}

/// What the surface shows around the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AppInfoDto {
    /// The program's version.
    pub version: String,
    /// The data folder.
    pub data_dir: String,
    /// The size of the database in bytes.
    #[ts(type = "number")]
    pub database_bytes: u64,
    /// What the user must know since the start: a damaged database set aside, a key without a keyring.
    pub notices: Vec<NoticeDto>,
    /// A check that was cut off and can go on.
    pub unfinished: Option<UnfinishedDto>,
    /// The check that runs now.
    pub running: Option<ProgressDto>,
    /// The collecting that runs now.
    pub collecting: Option<CollectProgressDto>,
    /// Sources that *Collect* would visit.
    pub sources_enabled: u32,
}

/// A check that was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnfinishedDto {
    /// The task's number.
    #[ts(type = "number")]
    pub task: i64,
    /// Proxies that it has not finished.
    pub left: u32,
    /// Proxies in all.
    pub total: u32,
}

/// Something to tell the user that is no answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoticeDto {
    /// What happened; the surface has a text for each.
    pub code: NoticeCode,
    /// What the text is filled with: paths, numbers.
    pub params: BTreeMap<String, String>,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCode {
    /// The database could not be opened and was set aside as `path`.
    DatabaseSetAside,
    /// There is no keyring; the data key lies in the file `path`.
    KeyInFile,
    /// The settings file could not be read and was set aside as `path`; the defaults hold.
    SettingsSetAside,
    /// The database of countries or networks `path`, which the settings name, cannot be used, because of `why`; the
    /// built-in data does its work.
    GeoUnusable,
    /// The judge `judge` did not answer at the start of a check, because of `why`; the others do the work.
    JudgeLeftOut,
    /// No judge that answers is of our own kind, so that nobody can be asked for the larger page of a full check of trust.
    NoLargerPage,
    /// All judges stopped answering in the middle of a check, which waits for them.
    JudgesDown,
    /// The judges answer again, and the check goes on.
    JudgesBack,
}

/// What an error is about; it grows only when a surface branches on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A wrong argument: `what`.
    Invalid,
    /// The file or the record `what` does not exist.
    NotFound,
    /// The file `path` may not be read or written.
    Forbidden,
    /// `path` is a folder where a file is needed.
    IsDirectory,
    /// Another process, `pid`, holds the data folder `path`.
    Locked,
    /// The database `path` was written by a newer version.
    Newer,
    /// No judge answers: `judges`.
    NoJudge,
    /// Something of the kind runs already.
    Busy,
    /// No space, a broken disk: `path`.
    Io,
    /// A fault of the program.
    Internal,
}

/// What a surface is told when something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErrorDto {
    /// What it is about.
    pub code: ErrorCode,
    /// What happened, to what, in plain English; never a secret.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// What a translated text is filled with: `path`, `pid`, `what`, `judges`.
    pub params: BTreeMap<String, String>,
}

/// What the engine tells a surface by itself; at most ten a second of the first two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventDto {
    /// Rows of the pool changed in place.
    Pool {
        /// The state of the pool.
        #[ts(type = "number")]
        revision: u64,
        /// Proxies in the pool.
        total: u32,
        /// Of these, the ones that work.
        working: u32,
    },
    /// A check is further.
    Progress(ProgressDto),
    /// A check has ended.
    Ended {
        /// The task's number.
        #[ts(type = "number")]
        task: i64,
        /// How.
        status: TaskStatusDto,
        /// What it came to.
        result: Option<CheckedDto>,
        /// Why it failed.
        error: Option<ErrorDto>,
    },
    /// Collecting is further.
    Collecting(CollectProgressDto),
    /// Collecting has ended.
    Collected {
        /// The task's number.
        #[ts(type = "number")]
        task: i64,
        /// How.
        status: TaskStatusDto,
        /// What it came to.
        result: Option<CollectedDto>,
        /// Why it failed.
        error: Option<ErrorDto>,
    },
    /// Something to tell the user.
    Notice(NoticeDto),
}
