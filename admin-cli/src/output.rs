//! The only place that prints and asks: words and columns for people, JSON for programs. Colour and progress are for
//! terminals alone; `NO_COLOR` turns colour off.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write, stderr, stdin};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anstream::stdout;
use anstyle::{AnsiColor, Style};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::exit::Failure;

/// Where a command's answer goes.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    /// What an answer could not be written for.
    lost: OnceLock<io::Error>,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, lost: OnceLock::new() }
    }

    /// Why an answer was lost, if one was.
    pub(crate) fn lost(&self) -> Option<&io::Error> {
        self.lost.get()
    }

    /// A reader that has gone away, as in `| head`, is no fault of ours; a full disk is.
    fn noted(&self, written: io::Result<()>) {
        if let Some(fault) = written.err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe) {
            let _ = self.lost.set(fault);
        }
    }

    /// Prints the answer: the value for programs, the words for people.
    pub(crate) fn answer(&self, value: &impl Serialize, words: impl FnOnce() -> String) {
        let text = if self.json { serde_json::to_string_pretty(value).unwrap_or_default() } else { words() };
        let mut out = stdout();
        self.noted(writeln!(out, "{text}").and_then(|()| out.flush()));
    }

    /// Prints a script as it is, also for programs.
    pub(crate) fn script(&self, text: &str) {
        let mut out = io::stdout();
        self.noted(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Says something on the way, to people only.
    pub(crate) fn note(&self, words: &str) {
        if !self.json {
            let _ = writeln!(stderr(), "{words}\n");
        }
    }

    /// Shows how far something is, to people at a terminal and only after a second; `total` where it is known.
    pub(crate) fn progress(&self, total: Option<usize>, what: &'static str) -> Progress {
        let bar = ProgressBar::with_draw_target(total.map(|total| total as u64), ProgressDrawTarget::hidden());
        let template = if total.is_some() { "{bar:30} {pos} of {len} {msg}" } else { "{spinner} {pos} {msg}" };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(what);
        Progress { bar, due: (!self.json).then(|| Instant::now() + PATIENCE) }
    }

    /// Prints what went wrong.
    pub(crate) fn failure(&self, failure: &Failure) {
        let _ = if self.json {
            writeln!(stderr(), "{}", json!({ "error": failure.to_string(), "code": failure.code() }))
        } else {
            writeln!(anstream::stderr(), "{} {failure}", tinted("error:", BAD))
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

/// How long something may take without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far something is. It is gone from the terminal when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// When to begin to show it, if it is not shown yet.
    due: Option<Instant>,
}

impl Progress {
    /// So many more are done.
    pub(crate) fn done(&mut self, more: usize) {
        self.bar.inc(more as u64);
        if self.due.is_some_and(|due| Instant::now() >= due) {
            self.due = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Asks for a secret on the terminal, without showing what is typed; `None` where there is nobody to ask.
pub(crate) fn ask_hidden(question: &str) -> Option<String> {
    if !stdin().is_terminal() {
        return None;
    }
    rpassword::prompt_password(format!("{question}: ")).ok().filter(|answer| !answer.is_empty())
}

const GOOD: Style = AnsiColor::Green.on_default();
const WORSE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const HEADER: Style = Style::new().bold();

/// Words in a style, which is lost where there is no terminal.
fn tinted(words: impl Display, style: Style) -> String {
    format!("{style}{words}{style:#}")
}

/// A word on how something is, in its colour.
pub(crate) fn state(word: &str) -> String {
    match word {
        "ok" | "healthy" => tinted(word, GOOD),
        "degraded" => tinted(word, WORSE),
        "FAILED" | "unhealthy" | "unreachable" => tinted(word, BAD),
        _ => word.to_owned(),
    }
}

/// Rows in aligned columns under a header.
pub(crate) fn columns<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines().enumerate().map(|(number, line)| {
        let line = line.trim_end();
        if number == 0 { tinted(line, HEADER) } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same with a word on how each is in front, in its colour.
pub(crate) fn columns_of_states<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let table = columns(header, rows);
    let lines = table.lines().map(|line| match line.split_once(' ') {
        Some((word, rest)) => format!("{} {rest}", state(word)),
        None => state(line),
    });
    lines.collect::<Vec<_>>().join("\n")
}
