//! The settings file: a public, documented, versioned TOML file that people edit by hand. It is read here,
//! checked here, and changed here without losing what it holds beside our keys.
//!
//! ```toml
//! version = 1
//!
//! [checking]
//! judges = ["http://azenv.net/", "https://httpbin.org/get"]  # who tells what arrived
//! judge_ca = "/path/to/ca.pem"            # a further root for judges, PEM
//! resolve = ["judge.example:443:10.0.0.1"] # HOST:PORT:ADDR, instead of asking the resolver
//! timeout_seconds = 10                    # one attempt from dial to last byte; 1 to 30
//! concurrency = 512                       # sockets in use at once
//! rate = 200                              # new connections a second; 0 for no limit
//! allow_private = false                   # import and check addresses of private networks
//! passwords_to_unverified = false         # over TLS to a proxy for whose certificate nobody vouches
//! retries = 0                             # after a connection that was accepted and then lost; 0 to 5
//!
//! [collecting]
//! automatic = true                        # while the window is open, visit sources again when they are due
//! check_new = true                        # check what is new once it was collected
//! through = ""                            # fetch sources through a proxy: "pool" for a working one, or its address
//! ca = "/path/to/ca.pem"                  # a further root for sources, PEM
//! resolve = ["lists.example:443:10.0.0.1"] # HOST:PORT:ADDR, instead of asking the resolver
//!
//! [appearance]
//! theme = "system"                        # system, light, dark
//! language = "system"                     # system, en, zh-TW, zh-CN
//!
//! [geo]
//! database = "/path/to/country.mmdb"      # countries or networks of your own, before those that are built in
//! ```
//!
//! A key that is missing has its default; a key that is not ours stays where it is.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use proxydeck_domain::{Endpoint, Protocol, Proxy};
use proxydeck_reader::{Candidate, Refusal, Sink};
use serde::Deserialize;
use toml_edit::{Array, DocumentMut, Item, Table, value};
use url::Url;

use crate::api::{
    ApiError,
    dto::{ErrorCode, LanguageDto, SettingsDto, ThemeDto},
};
use crate::escape::{escape, escape_cut};
use crate::folder::replace_file;

/// The version of the file's shape that is written, and the newest that is understood.
const VERSION: i64 = 1;
/// A settings file is a page of text; what is larger is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Every judge is asked at the start of a run and once for every ten minutes of it.
const MAX_JUDGES: usize = 32;
/// Longer addresses are cut by servers and proxies on the way.
pub(crate) const MAX_URL_BYTES: usize = 2048;
/// As many as there are judges, for two families each.
const MAX_RESOLVE: usize = 64;
/// What takes longer than half a minute is of no use to anybody.
pub(crate) const MAX_TIMEOUT_SECONDS: u32 = 30;
/// The usual hard limit of open files is 20,000 to 65,536; the run lowers this to what the machine allows.
const MAX_CONCURRENCY: u32 = 65_536;
/// More connections a second than one machine opens.
const MAX_RATE: u32 = 1_000_000;
/// A proxy that fails six times in one run will not do it the seventh time.
pub const MAX_RETRIES: u32 = 5;

/// What says that sources are fetched through a working proxy of the pool.
pub(crate) const THROUGH_POOL: &str = "pool";

/// Public judges of the shapes that are understood.
const BUILT_IN_JUDGES: [&str; 5] = [
    "http://azenv.net/",
    "http://httpbin.org/get",
    "https://httpbin.org/get",
    "https://api.ipify.org?format=json",
    "http://icanhazip.com",
];

/// Whether a host is that of a judge that we ship: somebody else's, to be asked with restraint.
pub(crate) fn is_built_in(host: &str) -> bool {
    BUILT_IN_JUDGES
        .iter()
        .filter_map(|judge| Url::parse(judge).ok())
        .any(|judge| judge.host_str().is_some_and(|ours| ours.eq_ignore_ascii_case(host)))
}

/// All settings. What the file does not say has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) checking: Checking,
    pub(crate) collecting: Collecting,
    pub(crate) appearance: Appearance,
    pub(crate) geo: GeoSettings,
}

/// How checks are made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Checking {
    /// The addresses of the judges.
    pub(crate) judges: Vec<String>,
    /// A PEM file with a further root for judges.
    pub(crate) judge_ca: Option<PathBuf>,
    /// `HOST:PORT:ADDR`: what a name of a judge means, instead of asking the resolver.
    pub(crate) resolve: Vec<String>,
    /// Seconds for one attempt.
    pub(crate) timeout_seconds: u32,
    /// The most sockets in use at once.
    pub(crate) concurrency: u32,
    /// The most new connections a second; 0 for no limit.
    pub(crate) rate: u32,
    /// Whether addresses of private networks may be imported and checked.
    pub(crate) allow_private: bool,
    /// Whether passwords go over TLS to proxies for whose certificate nobody vouches, too.
    pub(crate) passwords_to_unverified: bool,
    /// Further tries after a connection that was accepted and then lost.
    pub(crate) retries: u32,
}

impl Default for Checking {
    fn default() -> Self {
        Self {
            judges: BUILT_IN_JUDGES.map(str::to_owned).to_vec(),
            judge_ca: None,
            resolve: Vec::new(),
            timeout_seconds: 10,
            concurrency: 512,
            rate: 200,
            allow_private: false,
            passwords_to_unverified: false,
            retries: 0,
        }
    }
}

/// How sources are fetched, and what becomes of what they bring.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Collecting {
    /// Whether sources that were visited once are visited again by themselves when they are due.
    pub(crate) automatic: bool,
    /// Whether new proxies are checked once they were collected.
    pub(crate) check_new: bool,
    /// Through which proxy: empty for none, [`THROUGH_POOL`], or the address of one.
    pub(crate) through: String,
    /// A PEM file with a further root for sources.
    pub(crate) ca: Option<PathBuf>,
    /// `HOST:PORT:ADDR`: what a name of a source means, instead of asking the resolver.
    pub(crate) resolve: Vec<String>,
}

impl Default for Collecting {
    fn default() -> Self {
        Self { automatic: true, check_new: true, through: String::new(), ca: None, resolve: Vec::new() }
    }
}

/// Where addresses lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct GeoSettings {
    /// A database of the user's own, in MaxMind's format.
    pub(crate) database: Option<PathBuf>,
}

/// How the window looks and speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Appearance {
    pub(crate) theme: ThemeDto,
    pub(crate) language: LanguageDto,
}

impl Settings {
    /// The part that a surface may change.
    pub(crate) fn dto(&self) -> SettingsDto {
        SettingsDto {
            theme: self.appearance.theme,
            language: self.appearance.language,
            judges: self.checking.judges.clone(),
            timeout_seconds: self.checking.timeout_seconds,
            concurrency: self.checking.concurrency,
            rate: (self.checking.rate > 0).then_some(self.checking.rate),
            allow_private: self.checking.allow_private,
            check_collected: self.collecting.check_new,
            collect_through: self.collecting.through.clone(),
        }
    }

    /// These settings with what a surface changed.
    pub(crate) fn with(&self, dto: SettingsDto) -> Self {
        Self {
            checking: Checking {
                judges: dto.judges.into_iter().map(|judge| judge.trim().to_owned()).collect(),
                timeout_seconds: dto.timeout_seconds,
                concurrency: dto.concurrency,
                rate: dto.rate.unwrap_or(0),
                allow_private: dto.allow_private,
                ..self.checking.clone()
            },
            collecting: Collecting {
                check_new: dto.check_collected,
                through: dto.collect_through.trim().to_owned(),
                ..self.collecting.clone()
            },
            appearance: Appearance { theme: dto.theme, language: dto.language },
            geo: self.geo.clone(),
        }
    }

    /// Says which field is wrong, by its name in the file.
    pub(crate) fn validate(&self) -> Result<(), ApiError> {
        let checking = &self.checking;
        if checking.judges.is_empty() {
            return Err(wrong("checking.judges", "at least one judge is needed"));
        }
        if checking.judges.len() > MAX_JUDGES {
            return Err(wrong("checking.judges", &format!("at most {MAX_JUDGES} judges can be used")));
        }
        checking.judges.iter().try_for_each(|judge| validate_judge("checking.judges", judge))?;
        if checking.resolve.len() > MAX_RESOLVE {
            return Err(wrong("checking.resolve", &format!("at most {MAX_RESOLVE} entries can be used")));
        }
        for entry in &checking.resolve {
            validate_resolve("checking.resolve", entry)?;
        }
        within("checking.timeout_seconds", checking.timeout_seconds, 1, MAX_TIMEOUT_SECONDS)?;
        within("checking.concurrency", checking.concurrency, 1, MAX_CONCURRENCY)?;
        within("checking.rate", checking.rate, 0, MAX_RATE)?;
        within("checking.retries", checking.retries, 0, MAX_RETRIES)?;
        validate_through("collecting.through", &self.collecting.through)?;
        if self.collecting.resolve.len() > MAX_RESOLVE {
            return Err(wrong("collecting.resolve", &format!("at most {MAX_RESOLVE} entries can be used")));
        }
        for entry in &self.collecting.resolve {
            validate_resolve("collecting.resolve", entry)?;
        }
        // Relative to what would depend on where the program was started.
        match &self.geo.database {
            Some(path) if !path.is_absolute() => Err(wrong(
                "geo.database",
                &format!("{:?} is not the whole path of a file", escape_cut(&path.to_string_lossy())),
            )),
            _ => Ok(()),
        }
    }
}

fn wrong(what: &str, why: &str) -> ApiError {
    ApiError::invalid(what, format!("The setting {what} is wrong: {why}."))
}

fn within(what: &str, number: u32, least: u32, most: u32) -> Result<(), ApiError> {
    if (least..=most).contains(&number) {
        Ok(())
    } else {
        Err(wrong(what, &format!("{number} is not between {least} and {most}")))
    }
}

/// An address as it may be told: without the account that has no business in it.
pub(crate) fn without_account(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    match url.rfind('@').filter(|at| *at >= start) {
        Some(at) => format!("{}…{}", &url[..start], &url[at..]),
        None => url.to_owned(),
    }
}

/// Whether a judge can be asked at an address: http or https, with a host and no account.
pub(crate) fn validate_judge(what: &str, judge: &str) -> Result<(), ApiError> {
    let refuse = |why: &str| Err(wrong(what, &format!("{:?} {why}", escape_cut(&without_account(judge)))));
    if judge.len() > MAX_URL_BYTES {
        return refuse("is too long");
    }
    match Url::parse(judge) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            refuse("is not an address that begins with http:// or https://")
        }
        Ok(url) if url.host_str().is_none_or(str::is_empty) => refuse("names no host"),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => refuse("carries an account"),
        Ok(_) => Ok(()),
        Err(_) => refuse("is not an address such as http://azenv.net/"),
    }
}

/// Whether sources can be fetched through what is named: nothing, the pool, or one proxy.
fn validate_through(what: &str, through: &str) -> Result<(), ApiError> {
    if through.is_empty() || through == THROUGH_POOL || through_proxy(through).is_some() {
        return Ok(());
    }
    let shown = escape_cut(&without_account(through));
    Err(wrong(
        what,
        &format!(
            "{shown:?} is neither `{THROUGH_POOL}` nor a proxy without an account, such as socks5://127.0.0.1:9050"
        ),
    ))
}

/// The one proxy that a setting names, with what it speaks.
pub(crate) fn through_proxy(through: &str) -> Option<(Protocol, Proxy)> {
    let mut found = OneProxy::default();
    let options = proxydeck_reader::Options { allow_private: true, ..proxydeck_reader::Options::default() };
    proxydeck_reader::read(through.as_bytes(), &options, &mut found);
    match found.0.as_slice() {
        // A password would lie open in the file; one of the pool is sealed.
        [candidate] if candidate.proxy.account.is_none() => {
            Some((candidate.stated?, candidate.proxy.clone()))
        }
        _ => None,
    }
}

/// What was read of a setting.
#[derive(Default)]
struct OneProxy(Vec<Candidate>);

impl Sink for OneProxy {
    fn candidate(&mut self, candidate: Candidate) {
        self.0.push(candidate);
    }

    fn refusal(&mut self, _: Refusal) {}
}

/// Whether an entry reads as `HOST:PORT:ADDR`, with an IPv6 address bare or in brackets.
fn validate_resolve(what: &str, entry: &str) -> Result<(), ApiError> {
    let mut parts = entry.splitn(3, ':');
    let sound = parts.next().is_some_and(|host| !host.is_empty())
        && parts.next().is_some_and(|port| Endpoint::parse_port(port).is_ok())
        && parts.next().is_some_and(|address| {
            address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
        });
    if sound { Ok(()) } else { Err(wrong(what, &format!("{:?} is not HOST:PORT:ADDR", escape_cut(entry)))) }
}

/// Why a settings file could not be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// It is no settings file of ours: what is wrong with it, for people. It is to be set aside.
    Broken(String),
    /// It could not be read, or a newer version wrote it; it stays where it is.
    Refused(ApiError),
}

/// The settings with the text that they were read from.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsFile {
    settings: Settings,
    text: DocumentMut,
}

impl SettingsFile {
    /// Reads the file; one that is not there says nothing, and the defaults hold.
    pub(crate) fn read(path: &Path) -> Result<Self, Unusable> {
        let refused = |e: &io::Error| Unusable::Refused(ApiError::io("read the settings", path, e));
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(Unusable::Refused(ApiError::is_directory("read the settings", path)));
            }
            Ok(found) if found.len() > MAX_FILE_BYTES => {
                return Err(Unusable::Broken(format!("it is larger than {MAX_FILE_BYTES} bytes")));
            }
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(refused(&e)),
        }
        let bytes = fs::read(path).map_err(|e| refused(&e))?;
        let text = String::from_utf8(bytes).map_err(|_| Unusable::Broken("it is not UTF-8".to_owned()))?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Unusable> {
        let broken = |e: &dyn std::fmt::Display| Unusable::Broken(escape(&in_one_line(&e.to_string())));
        let document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| broken(&e))?;
        match document.get("version").map(Item::as_integer) {
            Some(Some(version)) if version > VERSION => {
                let shown = escape(&path.to_string_lossy());
                return Err(Unusable::Refused(
                    ApiError::new(
                        ErrorCode::Newer,
                        format!("The settings {shown} were written by a newer version of Proxydeck."),
                    )
                    .param("path", shown)
                    .hint("Use that version, or move the file away to begin with the defaults."),
                ));
            }
            Some(Some(VERSION)) | None => {}
            Some(_) => return Err(Unusable::Broken(format!("version must be {VERSION}"))),
        }
        let settings: Settings = toml_edit::de::from_document(document.clone()).map_err(|e| broken(&e))?;
        settings.validate().map_err(|e| broken(&e))?;
        Ok(Self { settings, text: document })
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The file with other settings: our keys are replaced, everything else stays as it is.
    pub(crate) fn with(&self, settings: Settings) -> Self {
        let mut text = self.text.clone();
        let Settings { checking, collecting, appearance, geo } = &settings;
        text.entry("version").or_insert_with(|| value(VERSION));
        let table = section(&mut text, "checking");
        put(table, "judges", value(list(&checking.judges)));
        match &checking.judge_ca {
            Some(path) => put(table, "judge_ca", value(path.to_string_lossy().into_owned())),
            None => {
                table.remove("judge_ca");
            }
        }
        put(table, "resolve", value(list(&checking.resolve)));
        put(table, "timeout_seconds", value(i64::from(checking.timeout_seconds)));
        put(table, "concurrency", value(i64::from(checking.concurrency)));
        put(table, "rate", value(i64::from(checking.rate)));
        put(table, "allow_private", value(checking.allow_private));
        put(table, "retries", value(i64::from(checking.retries)));
        let table = section(&mut text, "collecting");
        put(table, "automatic", value(collecting.automatic));
        put(table, "check_new", value(collecting.check_new));
        put(table, "through", value(collecting.through.as_str()));
        let table = section(&mut text, "appearance");
        let theme = match appearance.theme {
            ThemeDto::System => "system",
            ThemeDto::Light => "light",
            ThemeDto::Dark => "dark",
        };
        put(table, "theme", value(theme));
        let language = match appearance.language {
            LanguageDto::System => "system",
            LanguageDto::En => "en",
            LanguageDto::ZhTw => "zh-TW",
            LanguageDto::ZhCn => "zh-CN",
        };
        put(table, "language", value(language));
        if let Some(path) = &geo.database {
            put(section(&mut text, "geo"), "database", value(path.to_string_lossy().into_owned()));
        } else if let Some(table) = text.get_mut("geo").and_then(Item::as_table_like_mut) {
            table.remove("database");
        }
        Self { settings, text }
    }

    /// Writes the file in one step.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ApiError> {
        replace_file(path, self.text.to_string().as_bytes())
            .map_err(|e| ApiError::io("write the settings", path, &e))
    }
}

/// What is wrong with a file, without the picture of the line that a parser draws below it.
fn in_one_line(why: &str) -> String {
    let mut lines = why.trim().lines();
    let first = lines.next().unwrap_or_default();
    let rest = lines.filter(|line| !line.contains(" |")).map(str::trim).filter(|line| !line.is_empty());
    std::iter::once(first.trim()).chain(rest).collect::<Vec<_>>().join(": ")
}

fn section<'a>(text: &'a mut DocumentMut, name: &str) -> &'a mut Table {
    let item = text.entry(name).or_insert_with(toml_edit::table);
    // `checking = { … }` on one line is the same to a reader; it becomes a table of lines.
    if !item.is_table() {
        let table = std::mem::take(item).into_table().unwrap_or_default();
        *item = Item::Table(table);
    }
    match item {
        Item::Table(table) => table,
        _ => unreachable!("the item was made a table above"),
    }
}

/// Sets a value and leaves the comment behind the old one where it is.
fn put(table: &mut Table, key: &str, mut item: Item) {
    if let Some(before) = table.get_mut(key) {
        if let (Some(old), Some(new)) = (before.as_value(), item.as_value_mut()) {
            *new.decor_mut() = old.decor().clone();
        }
        *before = item;
    } else {
        table.insert(key, item);
    }
}

fn list(texts: &[String]) -> Array {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

    use super::*;

    fn parse(text: &str) -> Result<SettingsFile, Unusable> {
        SettingsFile::parse(text, Path::new("settings.toml"))
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let settings = parse("").unwrap().settings;
        assert_eq!(settings, Settings::default());
        settings.validate().unwrap();
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut settings = Settings::default();
        settings.checking.judge_ca = Some("ca.pem".into());
        settings.checking.resolve = vec!["judge.test:443:::1".into(), "judge.test:80:[::1]".into()];
        settings.checking.rate = 0;
        settings.checking.retries = 2;
        settings.appearance.language = LanguageDto::ZhTw;
        settings.appearance.theme = ThemeDto::Dark;
        settings.geo.database = Some(std::env::temp_dir().join("country.mmdb"));
        let text = SettingsFile::default().with(settings.clone()).text.to_string();
        assert_eq!(parse(&text).unwrap().settings, settings, "read back from:\n{text}");
    }

    #[test]
    fn what_is_not_ours_survives_a_change() {
        let file = parse(
            "# mine\n[checking]\ntimeout_seconds = 7 # slow line\nfuture = [1, 2]\n\n[server]\nlisten = \"x\"\n",
        )
        .unwrap();
        let mut settings = file.settings.clone();
        settings.checking.timeout_seconds = 9;
        let text = file.with(settings).text.to_string();
        for kept in
            ["# mine", "timeout_seconds = 9 # slow line", "future = [1, 2]", "[server]", "listen = \"x\""]
        {
            assert!(text.contains(kept), "{kept:?} is lost in:\n{text}");
        }
    }

    #[test]
    fn a_wrong_value_is_named() {
        let cases = [
            ("timeout_seconds = 31", "checking.timeout_seconds"),
            ("timeout_seconds = 0", "checking.timeout_seconds"),
            ("concurrency = 0", "checking.concurrency"),
            ("judges = []", "checking.judges"),
            ("judges = [\"ftp://x.test/\"]", "checking.judges"),
            ("judges = [\"http://u:p@x.test/\"]", "checking.judges"),
            ("resolve = [\"x.test:80\"]", "checking.resolve"),
            ("retries = 6", "checking.retries"),
        ];
        for (line, name) in cases {
            match parse(&format!("[checking]\n{line}\n")) {
                Err(Unusable::Broken(why)) => assert!(why.contains(name), "{line}: {why}"),
                other => panic!("{line} was taken as {other:?}"),
            }
        }
        match parse("[geo]\ndatabase = \"country.mmdb\"\n") {
            Err(Unusable::Broken(why)) => assert!(why.contains("geo.database"), "{why}"),
            other => panic!("a relative path was taken as {other:?}"),
        }
    }

    #[test]
    fn a_newer_file_is_refused_and_a_broken_one_is_told_apart() {
        match parse("version = 2\n") {
            Err(Unusable::Refused(error)) => assert_eq!(error.code(), ErrorCode::Newer),
            other => panic!("{other:?}"),
        }
        assert!(matches!(parse("[checking\n"), Err(Unusable::Broken(_))), "broken syntax");
        assert!(matches!(parse("[checking]\nrate = \"fast\"\n"), Err(Unusable::Broken(_))), "a wrong type");
    }
}
