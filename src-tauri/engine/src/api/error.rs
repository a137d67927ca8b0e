//! What a use case answers when it could not be done: what happened, to what, and what to do about it.
//!
//! A dead proxy is never one of these. Nothing here ever holds a secret.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use super::dto::{ErrorCode, ErrorDto};
use crate::escape::escape;

/// Something that we could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    dto: Box<ErrorDto>,
    closed_pipe: bool,
}

impl ApiError {
    /// An error with a message in plain English: what happened, to what.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            dto: Box::new(ErrorDto { code, message: message.into(), hint: None, params: BTreeMap::new() }),
            closed_pipe: false,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.dto.hint = Some(hint.into());
        self
    }

    /// Adds a word that a translated text is filled with: `path`, `pid`, `what`, `judges`.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.dto.params.insert(name.to_owned(), value.into());
        self
    }

    /// A wrong argument; `what` names the field or the option.
    #[must_use]
    pub fn invalid(what: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, message).param("what", what)
    }

    /// A record that does not exist, or no longer.
    #[must_use]
    pub fn not_found(what: impl Into<String>) -> Self {
        let what = what.into();
        Self::new(ErrorCode::NotFound, format!("There is no {what}.")).param("what", what)
    }

    /// A fault of the program.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
            .hint("This is a fault of Proxydeck. Please report it with the newest file of the folder logs.")
    }

    /// What the operating system said to something done with a file: `doing` is what, as in "read".
    #[must_use]
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let shown = escape(&path.to_string_lossy());
        let at = |code, message: String| Self::new(code, message).param("path", shown.clone());
        match error.kind() {
            io::ErrorKind::NotFound => {
                at(ErrorCode::NotFound, format!("Could not {doing} {shown}: it does not exist."))
                    .param("what", shown.clone())
                    .hint("Check the path.")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                at(ErrorCode::Forbidden, format!("Could not {doing} {shown}: not permitted."))
                    .hint("Check who owns it and its permissions.")
            }
            io::ErrorKind::IsADirectory => Self::is_directory(doing, path),
            io::ErrorKind::NotADirectory => at(
                ErrorCode::Invalid,
                format!("Could not {doing} {shown}: a part of the path is a file, not a folder."),
            )
            .param("what", shown.clone())
            .hint("Choose another path."),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                at(ErrorCode::Io, format!("Could not {doing} {shown}: no space is left."))
                    .hint("Free some space and try again.")
            }
            io::ErrorKind::BrokenPipe => Self {
                closed_pipe: true,
                ..at(ErrorCode::Io, format!("Could not {doing} {shown}: nobody reads it any more."))
            },
            _ => at(ErrorCode::Io, format!("Could not {doing} {shown}: {error}."))
                .hint("Check the disk and the path."),
        }
    }

    /// A folder stands where a file is needed.
    #[must_use]
    pub fn is_directory(doing: &str, path: &Path) -> Self {
        let shown = escape(&path.to_string_lossy());
        Self::new(ErrorCode::IsDirectory, format!("Could not {doing} {shown}: it is a folder."))
            .param("path", shown)
            .hint("Name a file.")
    }

    /// What the error is about.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.dto.code
    }

    /// Whether whoever read our output has gone away, which is no reason to complain.
    #[must_use]
    pub const fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    /// The same for a surface.
    #[must_use]
    pub const fn dto(&self) -> &ErrorDto {
        &self.dto
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dto.message)?;
        self.dto.hint.as_ref().map_or(Ok(()), |hint| write!(f, " {hint}"))
    }
}

impl std::error::Error for ApiError {}

impl From<ErrorDto> for ApiError {
    fn from(dto: ErrorDto) -> Self {
        Self { dto: Box::new(dto), closed_pipe: false }
    }
}

impl From<ApiError> for ErrorDto {
    fn from(error: ApiError) -> Self {
        *error.dto
    }
}
