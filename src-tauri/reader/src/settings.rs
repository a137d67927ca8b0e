//! What a person may say about where the proxies of a source stand: a path through JSON, selectors into a page.

use std::fmt;
use std::str::FromStr;

use scraper::Selector;

/// The longest path or selector. What people write has some fifty characters.
pub const MAX_SETTING: usize = 512;

/// A setting that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError(String);

impl SettingError {
    fn new(what: &str, text: &str, why: &dyn fmt::Display) -> Self {
        let shown: String = text.chars().take(80).collect();
        Self(format!("\"{shown}\" is no {what}: {why}"))
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingError {}

/// Where in a document of JSON the proxies are (RFC 9535), such as `$.data[*]`.
///
/// What it leads to is read as if it stood alone: an object, a string, an array of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    text: String,
    pub(crate) path: serde_json_path::JsonPath,
}

impl JsonPath {
    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for JsonPath {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fail = |why: &dyn fmt::Display| SettingError::new("JSON path", text, why);
        if text.len() > MAX_SETTING {
            return Err(fail(&format_args!("it is longer than {MAX_SETTING} bytes")));
        }
        let path = serde_json_path::JsonPath::parse(text).map_err(|why| fail(&why))?;
        Ok(Self { text: text.to_owned(), path })
    }
}

/// Where in a page the proxies are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selectors {
    pub(crate) row: Selector,
    pub(crate) host: Option<Selector>,
    pub(crate) port: Option<Selector>,
}

impl Selectors {
    /// Reads CSS selectors: one for the element of each proxy, and in it those for its host and its port. Without a
    /// host, the text of the row is read as a line is; without a port, the text of the host holds it.
    ///
    /// # Errors
    /// Says which selector is none.
    pub fn parse(row: &str, host: Option<&str>, port: Option<&str>) -> Result<Self, SettingError> {
        Ok(Self {
            row: selector(row)?,
            host: host.map(selector).transpose()?,
            port: port.map(selector).transpose()?,
        })
    }
}

fn selector(text: &str) -> Result<Selector, SettingError> {
    let text = text.trim();
    let fail = |why: &dyn fmt::Display| SettingError::new("CSS selector", text, why);
    if text.len() > MAX_SETTING {
        return Err(fail(&format_args!("it is longer than {MAX_SETTING} bytes")));
    }
    Selector::parse(text).map_err(|why| fail(&why))
}
