//! The failures of a command, and the exit code and JSON code of each. Both are part of the contract with scripts.

use std::fmt;
use std::process::ExitCode;

use mcp_lambda::{Error, ErrorKind};

/// The failure of a command.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The server, the file system or a client's program failed with this [`Error`].
    Failed(Error),
    /// There is no usable connection, signing key or home folder yet.
    NotConfigured(String),
    /// The arguments contradict each other, or can't be followed.
    Usage(String),
}

impl CliError {
    /// Converts an error of the server's settings: an invalid setting is [`CliError::NotConfigured`].
    pub(crate) fn from_settings(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Invalid => Self::NotConfigured(error.to_string()),
            _ => error.into(),
        }
    }

    /// Returns the `code` of the error's JSON.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Failed(error) => error.kind().code(),
            Self::NotConfigured(_) => "not_configured",
            Self::Usage(_) => "usage",
        }
    }

    /// Returns the [`ExitCode`] of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(error) => exit_code(error.kind()),
            Self::NotConfigured(_) => 3,
            Self::Usage(_) => 2,
        })
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.write_str(&error.chain()),
            Self::NotConfigured(message) | Self::Usage(message) => f.write_str(message),
        }
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Returns the exit code of an [`ErrorKind`]; `docs/json.md` has the same table.
const fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Invalid | ErrorKind::TooLarge | ErrorKind::Stale | ErrorKind::Unsupported => 2,
        ErrorKind::NotFound => 4,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => 5,
        ErrorKind::Unauthenticated | ErrorKind::Forbidden => 6,
        ErrorKind::RateLimited | ErrorKind::DeadlineExceeded | ErrorKind::Unavailable => 7,
        // `Internal`, and whatever kind a newer framework adds.
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_ends_in_a_documented_code() {
        for &kind in ErrorKind::ALL {
            assert!((1..=7).contains(&exit_code(kind)), "{kind:?}");
            assert_eq!(
                exit_code(kind) == 1,
                kind == ErrorKind::Internal,
                "{kind:?}"
            );
        }
    }
}
