//! How what a source brings is read: the settings of its parser, and the digests by which a list is known again.

use proxydeck_domain::{Hints, Proxy};
use proxydeck_reader::{Format, JsonPath, Selectors};
use proxydeck_store::Identity;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::api::ApiError;
use crate::api::dto::ParserDto;

/// How a source is read, as it is kept with the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub(crate) struct Parser {
    #[serde(skip_serializing_if = "Option::is_none", with = "format_word")]
    pub(crate) format: Option<Format>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) charset: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) json_path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) row: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) host: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) port: String,
}

/// A format as its stable word.
mod format_word {
    use proxydeck_reader::Format;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::ref_option, reason = "serde asks with a reference")]
    pub(super) fn serialize<S: Serializer>(format: &Option<Format>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(format.map_or("", Format::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Format>, D::Error> {
        // A word of a newer version is not worth losing the source over: then the format is guessed.
        Ok(String::deserialize(from)?.parse().ok())
    }
}

impl Parser {
    /// The settings as a person typed them.
    ///
    /// # Errors
    /// [`Invalid`](crate::api::dto::ErrorCode::Invalid) with the name of the field.
    pub(crate) fn of(dto: &ParserDto) -> Result<Self, ApiError> {
        let parser = Self {
            format: dto.format.map(Into::into),
            charset: dto.charset.trim().to_owned(),
            json_path: dto.json_path.trim().to_owned(),
            row: dto.row.trim().to_owned(),
            host: dto.host.trim().to_owned(),
            port: dto.port.trim().to_owned(),
        };
        parser.json_path()?;
        parser.selectors()?;
        Ok(parser)
    }

    pub(crate) fn dto(&self) -> ParserDto {
        ParserDto {
            format: self.format.map(Into::into),
            charset: self.charset.clone(),
            json_path: self.json_path.clone(),
            row: self.row.clone(),
            host: self.host.clone(),
            port: self.port.clone(),
        }
    }

    /// As it is kept with a source; none where everything is told by what comes.
    pub(crate) fn to_json(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// As it was kept; what cannot be read any more is guessed.
    pub(crate) fn from_json(json: Option<&str>) -> Self {
        json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }

    /// What the reader is told. `declared` is the charset of the header, which what a person says beats.
    pub(crate) fn options(
        &self,
        base: &proxydeck_reader::Options,
        declared: Option<String>,
    ) -> proxydeck_reader::Options {
        let charset = Some(self.charset.clone()).filter(|charset| !charset.is_empty()).or(declared);
        proxydeck_reader::Options {
            format: self.format,
            charset,
            // What was kept was understood when it was typed.
            json_path: self.json_path().ok().flatten(),
            selectors: self.selectors().ok().flatten(),
            ..base.clone()
        }
    }

    fn json_path(&self) -> Result<Option<JsonPath>, ApiError> {
        if self.json_path.is_empty() {
            return Ok(None);
        }
        self.json_path.parse().map(Some).map_err(|error| {
            ApiError::invalid("parser.json_path", format!("This is no JSON path: {error}."))
                .hint("Write it like $.data[*] (RFC 9535).")
        })
    }

    fn selectors(&self) -> Result<Option<Selectors>, ApiError> {
        if self.row.is_empty() && self.host.is_empty() && self.port.is_empty() {
            return Ok(None);
        }
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Selectors::parse(&self.row, some(&self.host).as_deref(), some(&self.port).as_deref())
            .map(Some)
            .map_err(|error| {
                ApiError::invalid("parser.row", format!("These are no CSS selectors: {error}."))
                    .hint("Write them like table.list tr, td:nth-child(1), td:nth-child(2).")
            })
    }
}

/// A digest of bytes as they came.
#[derive(Clone)]
pub(crate) struct ContentDigest(Context);

impl ContentDigest {
    /// Of what is read as it is now: another version may read the same bytes otherwise.
    pub(crate) fn new(allow_private: bool) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(env!("CARGO_PKG_VERSION").as_bytes());
        context.update(&[u8::from(allow_private)]);
        Self(context)
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

/// A digest of proxies in any order: the sum of the digests of each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EntriesDigest {
    sum: u128,
    count: u64,
}

impl EntriesDigest {
    /// Adds a proxy with what is said of it. A password is in it as its keyed hash only.
    pub(crate) fn add(&mut self, proxy: &Proxy, identity: Option<&Identity>, hints: Hints) {
        let mut context = Context::new(&SHA256);
        context.update(proxy.endpoint.to_string().as_bytes());
        context.update(&[0, hints.bits()]);
        if let Some((user, secret)) = identity.and_then(|identity| identity.account.as_ref()) {
            context.update(user.as_bytes());
            context.update(&[0]);
            context.update(secret);
        }
        let digest = context.finish();
        let half = digest.as_ref().first_chunk().copied().unwrap_or_default();
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
        self.count += 1;
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        [self.sum.to_le_bytes().as_slice(), &self.count.to_le_bytes()].concat()
    }
}
