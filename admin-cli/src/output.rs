//! The only place that prints: words and columns for people, JSON for programs.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};

use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::json;

use crate::exit::Failure;

/// Where a command's answer goes.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the answer: the value for programs, the words for people.
    pub(crate) fn answer(&self, value: &impl Serialize, words: impl FnOnce() -> String) {
        let text = if self.json { serde_json::to_string_pretty(value).unwrap_or_default() } else { words() };
        // A reader that has gone away, as in `| head`, is no fault of ours.
        let _ = writeln!(stdout(), "{text}");
    }

    /// Says something on the way, to people only.
    pub(crate) fn note(&self, words: &str) {
        if !self.json {
            let _ = writeln!(stderr(), "{words}\n");
        }
    }

    /// Says how far something is, in place, to people at a terminal only.
    pub(crate) fn progress(&self, done: usize, total: usize, what: &str) {
        if !self.json && stderr().is_terminal() {
            let _ = write!(stderr(), "\r{done} of {total} {what}\x1b[K").and_then(|()| stderr().flush());
            if done + 1 == total {
                let _ = write!(stderr(), "\r\x1b[K");
            }
        }
    }

    /// Prints what went wrong.
    pub(crate) fn failure(&self, failure: &Failure) {
        let _ = if self.json {
            writeln!(stderr(), "{}", json!({ "error": failure.to_string(), "code": failure.code() }))
        } else {
            writeln!(stderr(), "error: {failure}")
        };
    }

    /// Asks for a word on the terminal; `None` where there is nobody to ask.
    pub(crate) fn ask(&self, question: &str) -> Option<String> {
        if self.json || !stdin().is_terminal() {
            return None;
        }
        let _ = write!(stderr(), "{question} ").and_then(|()| stderr().flush());
        let mut line = String::new();
        stdin().read_line(&mut line).ok()?;
        Some(line.trim().to_owned())
    }
}

/// Rows in aligned columns under a header.
pub(crate) fn columns<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
