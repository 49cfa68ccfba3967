//! What a server binary says to the person who started it: on standard error, since standard output may be MCP's.
//!
//! A terminal that is gone stops nothing, and what others chose (a path, an upstream's words) is shown and not obeyed.

use std::io::{Write, stderr};
use std::process::ExitCode;

use crate::error::{Error, ErrorKind};
use crate::printable::clean;

/// Says something.
pub(super) fn say(text: &str) {
    let _ = writeln!(stderr(), "{}", clean(text));
}

/// Says what went wrong, and with what the process ends.
pub(super) fn fail(error: &Error) -> ExitCode {
    for line in error.chain().lines() {
        say(&format!("error: {line}"));
    }
    exit_code(error.kind())
}

const NOT_CONFIGURED: u8 = 3;

/// The codes of `ARCHITECTURE.md`; what is set wrongly is "not configured".
fn exit_code(kind: ErrorKind) -> ExitCode {
    ExitCode::from(match kind {
        ErrorKind::Invalid | ErrorKind::Stale | ErrorKind::Unsupported => NOT_CONFIGURED,
        ErrorKind::NotFound => 4,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => 5,
        ErrorKind::Unauthenticated | ErrorKind::Forbidden | ErrorKind::TooLarge => 6,
        ErrorKind::RateLimited | ErrorKind::DeadlineExceeded | ErrorKind::Unavailable => 7,
        ErrorKind::Internal => 1,
    })
}
