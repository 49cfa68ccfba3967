//! With what the CLI ends. The codes are part of its contract with scripts.

use std::fmt;
use std::process::ExitCode;

use mcp_lambda::{Error, ErrorKind};

/// The failure of a command.
#[derive(Debug)]
pub(crate) enum CliError {
    /// An [`Error`] of the request or its answer.
    Failed(Error),
    /// There is nothing to ask yet.
    NotConfigured(String),
    /// It was asked in a way that can't be followed.
    Usage(String),
}

impl CliError {
    /// The word for it in JSON.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Failed(error) => error.kind().code(),
            Self::NotConfigured(_) => "not_configured",
            Self::Usage(_) => "usage",
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(error) => of_kind(error.kind()),
            Self::NotConfigured(_) => 3,
            Self::Usage(_) => 2,
        })
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.write_str(&error.chain()),
            Self::NotConfigured(words) | Self::Usage(words) => f.write_str(words),
        }
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The one table from kinds to exit codes.
const fn of_kind(kind: ErrorKind) -> u8 {
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
        for kind in ErrorKind::ALL {
            assert!((1..=7).contains(&of_kind(kind)), "{kind:?}");
            assert_eq!(of_kind(kind) == 1, kind == ErrorKind::Internal, "{kind:?}");
        }
    }
}
