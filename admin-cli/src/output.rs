//! All that the CLI prints and asks.
//!
//! An answer goes to standard output: text and tables for people, JSON for programs (`--json`). Notes, warnings, errors and
//! questions go to standard error. Colour and progress are for terminals alone, and `NO_COLOR` turns colour off. Text of a
//! server, of its tools or of a file is cleaned of control sequences before it is printed ([`StyledText`]).

use std::fmt::Display;
use std::io::{self, IsTerminal, Write, stderr, stdin};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anstream::stdout;
use anstyle::{AnsiColor, Style};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mcp_lambda::health::Status;
use mcp_lambda::printable::{clean, clean_json};
use serde::Serialize;
use serde_json::json;

use crate::error::CliError;

/// The printer of a command, for people or for programs.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    /// The first error of writing an answer.
    write_error: OnceLock<io::Error>,
}

impl Output {
    /// Returns a printer of JSON, or of text.
    pub(crate) const fn new(json: bool) -> Self {
        Self {
            json,
            write_error: OnceLock::new(),
        }
    }

    /// Returns the error that kept an answer from being written, if there was one.
    ///
    /// A reader that has gone away, as in `| head`, is no error; a full disk is.
    pub(crate) fn write_error(&self) -> Option<&io::Error> {
        self.write_error.get()
    }

    fn note_write_error(&self, written: io::Result<()>) {
        if let Some(error) = written
            .err()
            .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
        {
            // Only the first error is of interest.
            let _ = self.write_error.set(error);
        }
    }

    /// Prints a command's answer: `value` as JSON for programs, `text` for people.
    pub(crate) fn print_answer<T: Into<StyledText>>(
        &self,
        value: &impl Serialize,
        text: impl FnOnce() -> T,
    ) {
        let answer = if self.json {
            format_json(value)
        } else {
            Ok(text().into().0)
        };
        let mut out = stdout();
        self.note_write_error(
            answer.and_then(|answer| writeln!(out, "{answer}").and_then(|()| out.flush())),
        );
    }

    /// Prints a script unchanged, for people and for programs.
    pub(crate) fn print_script(&self, script: &str) {
        let mut out = io::stdout();
        self.note_write_error(out.write_all(script.as_bytes()).and_then(|()| out.flush()));
    }

    /// Prints a note on what is being done, for people only.
    pub(crate) fn print_note(&self, note: &str) {
        if !self.json {
            let _ = writeln!(stderr(), "{}\n", clean(note));
        }
    }

    /// Prints a warning, for people and for programs.
    pub(crate) fn print_warning(&self, warning: &str) {
        let _ = if self.json {
            let warning = json!({ "warning": warning });
            writeln!(stderr(), "{}", clean_json(&warning.to_string()))
        } else {
            let label = paint("warning:", YELLOW);
            writeln!(anstream::stderr(), "{label} {}\n", clean(warning))
        };
    }

    /// Prints the [`CliError`] that ends the command.
    pub(crate) fn print_error(&self, error: &CliError) {
        let _ = if self.json {
            let error = json!({ "error": error.to_string(), "code": error.code() });
            writeln!(stderr(), "{}", clean_json(&error.to_string()))
        } else {
            let label = paint("error:", RED);
            writeln!(anstream::stderr(), "{label} {}", clean(&error.to_string()))
        };
    }

    /// Returns a counter of `unit`, out of `total` if that is known. It is shown only to people, at a terminal, and only
    /// if the work takes longer than [`PROGRESS_DELAY`].
    pub(crate) fn start_progress(
        &self,
        total: Option<usize>,
        unit: &'static str,
    ) -> ProgressDisplay {
        let bar = ProgressBar::with_draw_target(
            total.map(|total| total as u64),
            ProgressDrawTarget::hidden(),
        );
        let template = if total.is_some() {
            "{bar:30} {pos} of {len} {msg}"
        } else {
            "{spinner} {pos} {msg}"
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(unit);
        ProgressDisplay {
            bar,
            due: (!self.json).then(|| Instant::now() + PROGRESS_DELAY),
        }
    }

    /// Asks a question at the terminal, and returns the line that was typed; `None` for programs and without a terminal.
    pub(crate) fn ask(&self, question: &str) -> Option<String> {
        if self.json || !stdin().is_terminal() {
            return None;
        }
        let _ = write!(stderr(), "{} ", clean(question)).and_then(|()| stderr().flush());
        let mut line = String::new();
        stdin().read_line(&mut line).ok()?;
        Some(line.trim().to_owned())
    }
}

/// The time after which a [`ProgressDisplay`] is shown.
const PROGRESS_DELAY: Duration = Duration::from_secs(1);

/// A counter on the terminal, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct ProgressDisplay {
    bar: ProgressBar,
    /// The time from which it is shown; `None` if it is shown already, or never.
    due: Option<Instant>,
}

impl ProgressDisplay {
    /// Adds to the count.
    pub(crate) fn advance(&mut self, count: usize) {
        self.bar.inc(count as u64);
        if self.due.is_some_and(|due| Instant::now() >= due) {
            self.due = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Asks for a secret at the terminal, without echo; `None` without a terminal, or if nothing is typed.
pub(crate) fn ask_secret(question: &str) -> Option<String> {
    if !stdin().is_terminal() {
        return None;
    }
    rpassword::prompt_password(format!("{}: ", clean(question)))
        .ok()
        .filter(|answer| !answer.is_empty())
}

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const BOLD: Style = Style::new().bold();

/// Returns text in a style. `anstream` removes the style where there is no terminal.
fn paint(text: impl Display, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// Text that is safe on a terminal: all control characters are removed, but for the colours that this module adds.
///
/// Any text becomes this by `into`, which cleans it. It never becomes a `String` again, so it is not cleaned twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StyledText(String);

impl From<String> for StyledText {
    fn from(text: String) -> Self {
        Self(clean(&text).into_owned())
    }
}

impl From<&str> for StyledText {
    fn from(text: &str) -> Self {
        Self(clean(text).into_owned())
    }
}

impl StyledText {
    /// Joins the parts that are not empty.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>, separator: &'static str) -> Self {
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| part.0)
            .filter(|part| !part.is_empty())
            .collect();
        Self(parts.join(separator))
    }
}

/// Formats a value as JSON, in which the characters that a terminal would obey are escaped.
fn format_json(value: &impl Serialize) -> io::Result<String> {
    Ok(clean_json(&serde_json::to_string_pretty(value)?).into_owned())
}

/// Formats a state such as `healthy`, in its colour.
pub(crate) fn format_state(state: &str) -> StyledText {
    StyledText(paint_state(&clean(state)))
}

fn paint_state(state: &str) -> String {
    match state {
        "ok" | "healthy" => paint(state, GREEN),
        "degraded" => paint(state, YELLOW),
        "FAILED" | "unhealthy" | "unreachable" => paint(state, RED),
        _ => state.to_owned(),
    }
}

/// Returns a server's [`Status`] as its JSON has it.
pub(crate) const fn format_status(status: Status) -> &'static str {
    match status {
        Status::Healthy => "healthy",
        Status::Degraded => "degraded",
        _ => "unhealthy",
    }
}

/// Formats rows as aligned columns under a header.
pub(crate) fn format_table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> StyledText {
    lay_out(header, rows, str::to_owned)
}

/// Formats rows as [`format_table`] does; the first cell of each is a state, and is shown in its colour.
pub(crate) fn format_state_table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> StyledText {
    lay_out(header, rows, |line| match line.split_once(' ') {
        Some((state, rest)) => format!("{} {rest}", paint_state(state)),
        None => paint_state(line),
    })
}

/// Formats a table; `style` is applied to each line under the header.
fn lay_out<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    style: impl Fn(&str) -> String,
) -> StyledText {
    let mut table = Table::new();
    let rows = rows
        .into_iter()
        .map(|cells| cells.map(|cell| clean(&cell).into_owned()));
    table
        .load_style(presets::NOTHING)
        .set_header(header)
        .add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines().enumerate().map(|(number, line)| {
        let line = line.trim_end();
        if number == 0 {
            paint(line, BOLD)
        } else {
            style(line)
        }
    });
    StyledText(lines.collect::<Vec<_>>().join("\n"))
}

/// Makes a panic print its place and nothing else: its message may quote an argument or a profile, since functions of the
/// app run in this process.
pub(crate) fn hide_panic_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(stderr(), "a function panicked at {}", clean(&place));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\u{1b}]0;T\u{7}\u{1b}[2J\u{1b}[31m\r\u{9b}1m\u{7f}\u{202e}x";

    /// Returns the escape sequences in a text.
    fn escapes(text: &StyledText) -> Vec<&str> {
        text.0
            .split('\u{1b}')
            .skip(1)
            .map(|rest| rest.split_inclusive('m').next().unwrap_or_default())
            .collect()
    }

    #[test]
    fn words_of_others_have_no_escapes_and_ours_keep_theirs() {
        for text in [
            StyledText::from(HOSTILE),
            StyledText::from(HOSTILE.to_owned()),
            format_state(HOSTILE),
        ] {
            assert!(
                text.0.chars().all(mcp_lambda::printable::is_printable),
                "{text:?}"
            );
        }
        let cells = || {
            [
                ["ok".to_owned(), HOSTILE.to_owned()],
                [HOSTILE.to_owned(), "FAILED".to_owned()],
            ]
        };
        assert_eq!(escapes(&format_table(["A", "B"], cells())), ["[1m", "[0m"]);
        let state_table = format_state_table(["A", "B"], cells());
        assert_eq!(escapes(&state_table), ["[1m", "[0m", "[32m", "[0m"]);
        let all = StyledText::join(
            [
                format_state("healthy"),
                state_table,
                StyledText::default(),
                HOSTILE.into(),
            ],
            "\n\n",
        );
        assert_eq!(escapes(&all), ["[32m", "[0m", "[1m", "[0m", "[32m", "[0m"]);
        assert!(!all.0.contains("\n\n\n") && !all.0.contains('\u{7}'));
    }

    #[test]
    fn json_keeps_its_meaning_and_moves_no_cursor() {
        let value = json!({ "description": HOSTILE, HOSTILE: [HOSTILE] });
        let text = format_json(&value).expect("JSON");
        assert!(
            text.chars().all(mcp_lambda::printable::is_printable),
            "{text:?}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON"),
            value
        );
    }
}
