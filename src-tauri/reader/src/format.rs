//! What a list is written as, and what a page is that holds none.

use std::fmt;
use std::str::FromStr;

/// What a list is written as. The set is closed; each has a stable word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Lines of text.
    #[default]
    Text,
    /// One document of JSON.
    Json,
    /// A JSON value on each line.
    Jsonl,
    /// A table of cells under a header.
    Csv,
    /// A page, or a part of one.
    Html,
    /// XML, feeds among it.
    Xml,
    /// YAML, configurations of Clash among it.
    Yaml,
    /// The script by which browsers choose a proxy.
    Pac,
    /// Any of the others, encoded in base64.
    Base64,
}

impl Format {
    /// Every format, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Json,
        Self::Jsonl,
        Self::Csv,
        Self::Html,
        Self::Xml,
        Self::Yaml,
        Self::Pac,
        Self::Base64,
    ];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Xml => "xml",
            Self::Yaml => "yaml",
            Self::Pac => "pac",
            Self::Base64 => "base64",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat;

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no format of that name; there are ")?;
        for (index, format) in Format::ALL.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            f.write_str(format.as_str())?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let word = word.trim();
        Self::ALL.into_iter().find(|format| format.as_str().eq_ignore_ascii_case(word)).ok_or(UnknownFormat)
    }
}

/// What stands where a list was expected, told whatever status it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Page {
    /// Something failed: not found, forbidden, too many requests, out of order.
    Error,
    /// A form to log in, of a site or of the network in between.
    Login,
    /// A riddle for people, or a test of the browser.
    Challenge,
}

impl Page {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Login => "login",
            Self::Challenge => "challenge",
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
