//! The words of the command line: a public, stable interface. What they mean is the engine's.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use proxydeck_engine::api::dto::{
    AnonymityDto, FilterDto, FormatDto, ProtocolDto, RangeDto, SortColumnDto, SortKeyDto, StatusDto,
};
use proxydeck_engine::api::{self, ApiError};

use crate::sources::{CollectArgs, SourcesVerb};

/// Finds out the truth about proxies.
#[derive(Debug, Parser)]
#[command(name = "proxydeck", version, about, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The data folder [default: the platform's, or PROXYDECK_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Write the summary as one line of JSON to standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    /// Reads the command line, or says what is wrong with it and ends the program with status 2.
    pub(crate) fn read() -> Self {
        let cli = Self::parse();
        let usable = match &cli.verb {
            Verb::Check(args) => args.usable(),
            Verb::Tag(args) => args.usable(),
            Verb::Delete(args) => args.usable(),
            Verb::Stats(args) => args.chart.as_deref().map_or(Ok(()), api::usable_chart),
            _ => Ok(()),
        };
        if let Err(wrong) = usable {
            Self::command().error(ErrorKind::ValueValidation, wrong).exit();
        }
        cli
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Read a list into the pool
    Import(ImportArgs),
    /// Find out which proxies work, of a list or of the pool
    Check(CheckArgs),
    /// Visit the sources and take in what they bring
    Collect(CollectArgs),
    /// Show the sources, or change them
    Sources {
        #[command(subcommand)]
        verb: Option<SourcesVerb>,
    },
    /// Show proxies of the pool
    List(ListArgs),
    /// Write proxies of the pool to a file
    Export(ExportArgs),
    /// Add tags to proxies of the pool, or take them off
    Tag(TagArgs),
    /// Delete proxies of the pool; a list that has one again does not bring it back
    Delete(DeleteArgs),
    /// Bring deleted proxies back
    Undelete(UndeleteArgs),
    /// Show what the pool holds, and what its checks came to
    Stats(StatsArgs),
    /// Serve a judge of your own
    Judge(JudgeArgs),
    /// The settings file
    Settings {
        #[command(subcommand)]
        verb: SettingsVerb,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsVerb {
    /// Print where the settings file lies
    Path,
}

/// What a list says of its proxies as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolArg {
    Auto,
    Http,
    Https,
    Socks4,
    Socks5,
}

impl ProtocolArg {
    pub(crate) const fn chosen(self) -> Option<ProtocolDto> {
        match self {
            Self::Auto => None,
            Self::Http => Some(ProtocolDto::Http),
            Self::Https => Some(ProtocolDto::Https),
            Self::Socks4 => Some(ProtocolDto::Socks4),
            Self::Socks5 => Some(ProtocolDto::Socks5),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The list, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What the proxies speak where the list does not say
    #[arg(long, value_enum, default_value = "auto", hide_default_value = true)]
    pub(crate) protocol: ProtocolArg,
    /// Take addresses of private networks too
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// Only tell what would be taken
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run, write the proxies that were understood, one a line; - for standard output
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    pub(crate) output: Option<PathBuf>,
    /// Write the lines that were not taken, as JSON lines; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The list, or - for standard input; without it, the pool
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Ask this judge; may be given several times [default: those of the settings]
    #[arg(long, value_name = "URL")]
    pub(crate) judge: Vec<String>,
    /// Trust this certificate authority for judges too
    #[arg(long, value_name = "PEM")]
    pub(crate) judge_ca: Option<PathBuf>,
    /// Use this address for a name, as HOST:PORT:ADDR
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<String>,
    /// Seconds for one attempt, from dial to last byte (30 at most) [default: 10]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// The most sockets in use at once [default: 512]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) concurrency: Option<u32>,
    /// The most new connections a second [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Further tries, at the end, of what was accepted and then lost (5 at most)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(api::MAX_RETRIES)))]
    pub(crate) retries: u32,
    /// Lead those that work to this address too; may be given several times
    #[arg(long, value_name = "URL")]
    pub(crate) target: Vec<String>,
    /// How closely answers are compared: full asks those that work for a larger page too
    #[arg(long, value_enum, default_value = "normal", hide_default_value = true)]
    pub(crate) trust: TrustArg,
    /// Check this one proxy, and show every attempt with what was said
    #[arg(long, value_name = "PROXY", conflicts_with_all = ["file", "output", "format", "all", "fresh", "with_secrets"])]
    pub(crate) explain: Option<String>,
    /// Start anew even if a check was cut off
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Check addresses of private networks too
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// Where to write the proxies; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The shape to write [default: by the file's ending, else txt]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// With txt, url, clash and proxychains, write those that do not work too
    #[arg(long)]
    pub(crate) all: bool,
    /// Write passwords too
    #[arg(long)]
    pub(crate) with_secrets: bool,
}

/// How closely answers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrustArg {
    Normal,
    Full,
}

impl CheckArgs {
    /// Whether the words go together, and those that the engine reads can be read.
    fn usable(&self) -> Result<(), ApiError> {
        self.judge.iter().try_for_each(|judge| api::usable_judge(judge))?;
        self.resolve.iter().try_for_each(|rule| api::usable_resolve(rule))?;
        self.target.iter().try_for_each(|target| api::usable_target(target))?;
        if (self.file.is_some() || self.explain.is_some()) && self.filters.beyond_protocol() {
            return Err(ApiError::invalid(
                "filter",
                "Filters choose from the pool, and a list or a proxy was named.",
            )
            .hint("Leave the filters out, or import the list first."));
        }
        if (self.file.is_some() || self.explain.is_some()) && self.filters.protocol.len() > 1 {
            return Err(ApiError::invalid(
                "protocol",
                "It is checked for one protocol or, with auto, for all of them.",
            ));
        }
        Ok(())
    }

    /// The one protocol to try: `--protocol` chooses proxies of the pool too, so several are possible there.
    pub(crate) fn only_protocol(&self) -> Option<ProtocolDto> {
        match self.filters.protocol.as_slice() {
            [one] => one.chosen(),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    Csv,
    Jsonl,
    Json,
    Txt,
    Url,
    Clash,
    Proxychains,
}

impl FormatArg {
    pub(crate) const fn dto(self) -> FormatDto {
        match self {
            Self::Csv => FormatDto::Csv,
            Self::Jsonl => FormatDto::Jsonl,
            Self::Json => FormatDto::Json,
            Self::Txt => FormatDto::Txt,
            Self::Url => FormatDto::Url,
            Self::Clash => FormatDto::Clash,
            Self::Proxychains => FormatDto::Proxychains,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) reached: Reached,
    #[command(flatten)]
    pub(crate) order: Order,
    /// The shape to write [default: a table; with --output by the file's ending, else txt]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Where to write; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// With txt, url, clash and proxychains, write those that do not work too
    #[arg(long)]
    pub(crate) all: bool,
    /// Write passwords too
    #[arg(long)]
    pub(crate) with_secrets: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) reached: Reached,
    #[command(flatten)]
    pub(crate) order: Order,
    /// The shape to write [default: by the file's ending, else txt]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Where to write; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// With txt, url, clash and proxychains, write those that do not work too
    #[arg(long)]
    pub(crate) all: bool,
    /// Write passwords too
    #[arg(long)]
    pub(crate) with_secrets: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TagArgs {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) reached: Reached,
    /// Add these tags (several by comma)
    #[arg(long, value_name = "NAME", value_parser = names)]
    add: Vec<Names>,
    /// Take these tags off (several by comma)
    #[arg(long, value_name = "NAME", value_parser = names)]
    remove: Vec<Names>,
}

impl TagArgs {
    fn usable(&self) -> Result<(), ApiError> {
        if self.add.is_empty() && self.remove.is_empty() {
            return Err(ApiError::invalid("tag", "There is no tag to add and none to take off.")
                .hint("Name one with --add or --remove."));
        }
        self.add().iter().chain(&self.remove()).try_for_each(|tag| api::usable_tag(tag))
    }

    pub(crate) fn add(&self) -> Vec<String> {
        together(&self.add)
    }

    pub(crate) fn remove(&self) -> Vec<String> {
        together(&self.remove)
    }
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) reached: Reached,
    /// Delete every proxy of the pool
    #[arg(long)]
    all: bool,
}

impl DeleteArgs {
    fn usable(&self) -> Result<(), ApiError> {
        match (self.filters.with(&self.reached) == FilterDto::default(), self.all) {
            (true, false) => Err(ApiError::invalid("filter", "No filter says which proxies to delete.")
                .hint("Give a filter, or --all for every proxy of the pool.")),
            (false, true) => {
                Err(ApiError::invalid("filter", "--all is every proxy, and a filter chooses some.")
                    .hint("Give one of the two."))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct UndeleteArgs {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) reached: Reached,
}

#[derive(Debug, Args)]
pub(crate) struct Order {
    /// Order by these columns, as KEY or KEY:desc
    #[arg(long, value_name = "KEY[:desc]", value_delimiter = ',', value_parser = sort_key)]
    pub(crate) sort: Vec<SortKeyDto>,
    /// Only the first N
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
}

/// The one filter that `check` has not, where the word says where to go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Reached {
    /// Only those that reached one of these addresses when they were last led there (several by comma)
    #[arg(long, value_delimiter = ',', value_name = "URL")]
    pub(crate) target: Vec<String>,
}

/// Which proxies of the pool.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filters {
    /// new, active, inactive, failed, retired (several by comma)
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) status: Vec<StatusArg>,
    /// http, https, socks4, socks5 (several by comma)
    #[arg(long = "protocol", value_delimiter = ',', value_enum, value_name = "PROTOCOL")]
    pub(crate) protocol: Vec<ProtocolArg>,
    /// elite, anonymous, transparent, unknown (several by comma)
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) anonymity: Vec<AnonymityArg>,
    /// The country of the exit by two letters, such as TW (several by comma)
    #[arg(long, value_delimiter = ',', value_name = "COUNTRY", value_parser = country)]
    pub(crate) country: Vec<String>,
    /// The exact name of a source (several by comma; a comma in a name is written \,)
    #[arg(long, value_name = "NAME", value_parser = names)]
    source: Vec<Names>,
    /// What you call it (several by comma)
    #[arg(long, value_name = "NAME", value_parser = names)]
    tag: Vec<Names>,
    /// A part of the address, the user name, the exit or the reason
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// The highest latency in milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) max_latency: Option<u32>,
    /// The lowest score, 0 to 1
    #[arg(long, value_name = "SCORE", value_parser = share)]
    pub(crate) min_score: Option<f64>,
    /// Only those that changed and intercepted nothing
    #[arg(long)]
    pub(crate) trusted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusArg {
    New,
    Active,
    Inactive,
    Failed,
    Retired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnonymityArg {
    Elite,
    Anonymous,
    Transparent,
    Unknown,
}

impl Filters {
    pub(crate) fn dto(&self) -> FilterDto {
        FilterDto {
            status: self
                .status
                .iter()
                .map(|status| match status {
                    StatusArg::New => StatusDto::New,
                    StatusArg::Active => StatusDto::Active,
                    StatusArg::Inactive => StatusDto::Inactive,
                    StatusArg::Failed => StatusDto::Failed,
                    StatusArg::Retired => StatusDto::Retired,
                })
                .collect(),
            protocol: self.protocol.iter().filter_map(|p| p.chosen()).collect(),
            anonymity: self
                .anonymity
                .iter()
                .map(|level| match level {
                    AnonymityArg::Elite => AnonymityDto::Elite,
                    AnonymityArg::Anonymous => AnonymityDto::Anonymous,
                    AnonymityArg::Transparent => AnonymityDto::Transparent,
                    AnonymityArg::Unknown => AnonymityDto::Unknown,
                })
                .collect(),
            country: self.country.clone(),
            text: self.text.clone().unwrap_or_default(),
            max_latency_ms: self.max_latency,
            min_score: self.min_score,
            trusted: self.trusted,
            target: Vec::new(),
            source: together(&self.source),
            tag: together(&self.tag),
        }
    }

    /// The same with the one filter that `check` has not.
    pub(crate) fn with(&self, reached: &Reached) -> FilterDto {
        FilterDto { target: reached.target.clone(), ..self.dto() }
    }

    /// Whether anything but the protocol, which a list understands too, is asked for.
    pub(crate) fn beyond_protocol(&self) -> bool {
        let filter = self.dto();
        FilterDto { protocol: Vec::new(), ..filter } != FilterDto::default()
    }
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// How far the figures of checks reach back
    #[arg(long, value_enum, default_value = "24h")]
    pub(crate) range: RangeArg,
    /// Draw the working proxies over that time into FILE.svg or FILE.png
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RangeArg {
    #[value(name = "1h")]
    Hour,
    #[value(name = "24h")]
    Day,
    #[value(name = "7d")]
    Week,
    #[value(name = "30d")]
    Month,
}

impl RangeArg {
    pub(crate) const fn dto(self) -> RangeDto {
        match self {
            Self::Hour => RangeDto::Hour,
            Self::Day => RangeDto::Day,
            Self::Week => RangeDto::Week,
            Self::Month => RangeDto::Month,
        }
    }

    /// For people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Serve over TLS with this certificate chain
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

/// The longest attempt: what takes longer is of no use to anybody.
const MAX_TIMEOUT_SECONDS: f64 = 30.0;
/// The shortest attempt that can reach another machine.
const MIN_TIMEOUT_SECONDS: f64 = 0.1;

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (MIN_TIMEOUT_SECONDS..=MAX_TIMEOUT_SECONDS).contains(&seconds) => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => {
            Err(format!("it must be a number of seconds from {MIN_TIMEOUT_SECONDS} to {MAX_TIMEOUT_SECONDS}"))
        }
    }
}

fn country(text: &str) -> Result<String, ApiError> {
    api::usable_country(text)
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it must be a number from 0 to 1".to_owned()),
    }
}

/// The names that one option was given.
#[derive(Clone, Debug)]
struct Names(Vec<String>);

fn together(names: &[Names]) -> Vec<String> {
    names.iter().flat_map(|names| names.0.iter().cloned()).collect()
}

/// Splits at commas; behind a backslash a comma or a backslash is a part of the name.
fn names(text: &str) -> Result<Names, String> {
    let mut names = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let literal = if letter == '\\' { letters.next_if(|next| matches!(next, ',' | '\\')) } else { None };
        match (letter, names.last_mut()) {
            (',', _) => names.push(String::new()),
            (_, Some(name)) => name.push(literal.unwrap_or(letter)),
            (_, None) => {}
        }
    }
    if names.iter().any(|name| name.trim().is_empty()) {
        return Err("a name is empty".to_owned());
    }
    Ok(Names(names))
}

/// The columns by which can be ordered, by the names that they have in CSV.
const SORT_KEYS: [(&str, SortColumnDto); 14] = [
    ("proxy", SortColumnDto::Proxy),
    ("protocols", SortColumnDto::Protocols),
    ("status", SortColumnDto::Status),
    ("reason", SortColumnDto::Reason),
    ("latency_ms", SortColumnDto::Latency),
    ("anonymity", SortColumnDto::Anonymity),
    ("exit_ip", SortColumnDto::Exit),
    ("country", SortColumnDto::Country),
    ("asn", SortColumnDto::Asn),
    ("success_rate", SortColumnDto::SuccessRate),
    ("score", SortColumnDto::Score),
    ("last_checked", SortColumnDto::LastChecked),
    ("last_success", SortColumnDto::LastSuccess),
    ("first_seen", SortColumnDto::FirstSeen),
];

fn sort_key(text: &str) -> Result<SortKeyDto, String> {
    let (key, descending) = match text.split_once(':') {
        None => (text, false),
        Some((key, "asc")) => (key, false),
        Some((key, "desc")) => (key, true),
        Some(_) => return Err("behind the colon only desc or asc can stand".to_owned()),
    };
    SORT_KEYS.iter().find(|(name, _)| *name == key).map_or_else(
        || Err(format!("there is no such column; there are {}", SORT_KEYS.map(|(name, _)| name).join(", "))),
        |&(_, column)| Ok(SortKeyDto { column, descending }),
    )
}
