//! How values of the domain lie in columns. Numbers and words are those of the domain; nothing is decided.

use std::error::Error;
use std::net::IpAddr;

use rusqlite::Row;
use rusqlite::types::Type;

/// Says that a column holds a value that no version of the program writes.
pub(crate) fn unreadable(index: usize, what: impl Into<Box<dyn Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Blob, what.into())
}

/// Reads a number that stands for a value of the domain.
pub(crate) fn numbered<T>(
    row: &Row<'_>,
    index: usize,
    from: impl FnOnce(u8) -> Option<T>,
) -> rusqlite::Result<T> {
    let number: u8 = row.get(index)?;
    from(number).ok_or_else(|| unreadable(index, format!("the number {number} has no meaning")))
}

/// Reads a number that may be absent and otherwise stands for a value of the domain.
pub(crate) fn numbered_or_null<T>(
    row: &Row<'_>,
    index: usize,
    from: impl FnOnce(u8) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    match row.get::<_, Option<u8>>(index)? {
        None => Ok(None),
        Some(number) => from(number)
            .map(Some)
            .ok_or_else(|| unreadable(index, format!("the number {number} has no meaning"))),
    }
}

/// Reads an address that may be absent.
pub(crate) fn address_or_null(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<IpAddr>> {
    match row.get_ref(index)?.as_str_or_null()? {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| unreadable(index, "not an address")),
    }
}

/// A count of rows as the surfaces carry it; no table grows beyond its range.
pub(crate) fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// An enumeration that lies in a column as a word, so that a person can read the table.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                match value.as_str()? {
                    $($word => Ok(Self::$variant),)+
                    other => Err(rusqlite::types::FromSqlError::Other(
                        format!("the word {other:?} has no meaning").into(),
                    )),
                }
            }
        }
    };
}
pub(crate) use words;
