//! Messages of a server binary to the person who started it.
//!
//! They go to standard error, since standard output may carry MCP (MCP 2026-07-28, "Transports",
//! stdio). A closed terminal stops nothing, and control characters in paths or upstream messages
//! are [replaced](crate::printable).

use std::io::{Write, stderr};
use std::process::ExitCode;

use crate::error::{Error, ErrorKind};
use crate::printable::clean;

/// Prints a message.
pub(super) fn say(text: &str) {
    // Not `eprintln!`, which panics where standard error is closed.
    let _ = writeln!(stderr(), "{}", clean(text));
}

/// Prints an [`Error`] with its causes, and returns the exit code of the process.
pub(super) fn fail(error: &Error) -> ExitCode {
    for line in error.chain().lines() {
        say(&format!("error: {line}"));
    }
    ExitCode::from(exit_code(error.kind()))
}

/// The exit code of a server that is not configured.
const NOT_CONFIGURED: u8 = 3;

/// Returns the exit code of an [`ErrorKind`]; a wrong setting is "not configured".
const fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Invalid | ErrorKind::Stale | ErrorKind::Unsupported => NOT_CONFIGURED,
        ErrorKind::NotFound => 4,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => 5,
        ErrorKind::Unauthenticated | ErrorKind::Forbidden | ErrorKind::TooLarge => 6,
        ErrorKind::RateLimited | ErrorKind::DeadlineExceeded | ErrorKind::Unavailable => 7,
        ErrorKind::Internal => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes are those of the admin CLI, and 2 is for usage alone.
    #[test]
    fn every_kind_of_error_has_an_exit_code() {
        for &kind in ErrorKind::ALL {
            assert!(matches!(exit_code(kind), 1 | 3..=7), "{kind:?}");
        }
        assert_eq!(exit_code(ErrorKind::Unavailable), 7);
        assert_eq!(exit_code(ErrorKind::Invalid), NOT_CONFIGURED);
    }
}
