//! The only place that prints and asks: words and columns for people, JSON for programs. Colour and progress are for
//! terminals alone; `NO_COLOR` turns colour off. What others say (a server, its tools, a file) is shown, and moves no cursor.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write, stderr, stdin};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anstream::stdout;
use anstyle::{AnsiColor, Style};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mcp_lambda::printable::{clean, clean_json};
use serde::Serialize;
use serde_json::json;

use crate::error::CliError;

/// Where a command's answer goes.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    /// What an answer could not be written for.
    lost: OnceLock<io::Error>,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self {
            json,
            lost: OnceLock::new(),
        }
    }

    /// Why an answer was lost, if one was.
    pub(crate) fn lost(&self) -> Option<&io::Error> {
        self.lost.get()
    }

    /// A reader that has gone away, as in `| head`, is no fault of ours; a full disk is.
    fn note_loss(&self, written: io::Result<()>) {
        if let Some(fault) = written
            .err()
            .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
        {
            let _ = self.lost.set(fault);
        }
    }

    /// Prints the answer: the value for programs, the words for people.
    pub(crate) fn answer<W: Into<StyledText>>(
        &self,
        value: &impl Serialize,
        words: impl FnOnce() -> W,
    ) {
        let text = if self.json {
            json_text(value)
        } else {
            Ok(words().into().0)
        };
        let mut out = stdout();
        self.note_loss(text.and_then(|text| writeln!(out, "{text}").and_then(|()| out.flush())));
    }

    /// Prints a script as it is, also for programs.
    pub(crate) fn script(&self, text: &str) {
        let mut out = io::stdout();
        self.note_loss(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Says something on the way, to people only.
    pub(crate) fn note(&self, words: &str) {
        if !self.json {
            let _ = writeln!(stderr(), "{}\n", clean(words));
        }
    }

    /// Says what is likely to surprise, to people and to programs.
    pub(crate) fn warn(&self, words: &str) {
        let _ = if self.json {
            writeln!(
                stderr(),
                "{}",
                clean_json(&json!({ "warning": words }).to_string())
            )
        } else {
            writeln!(
                anstream::stderr(),
                "{} {}\n",
                tint("warning:", WORSE),
                clean(words)
            )
        };
    }

    /// Shows how far something is, to people at a terminal and only after a second; `total` where it is known.
    pub(crate) fn progress(&self, total: Option<usize>, what: &'static str) -> ProgressDisplay {
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
        bar.set_message(what);
        ProgressDisplay {
            bar,
            due: (!self.json).then(|| Instant::now() + PATIENCE),
        }
    }

    /// Prints what went wrong.
    pub(crate) fn failure(&self, failure: &CliError) {
        let _ = if self.json {
            let failure = json!({ "error": failure.to_string(), "code": failure.code() });
            writeln!(stderr(), "{}", clean_json(&failure.to_string()))
        } else {
            writeln!(
                anstream::stderr(),
                "{} {}",
                tint("error:", BAD),
                clean(&failure.to_string())
            )
        };
    }

    /// Asks for a word on the terminal; `None` where there is nobody to ask.
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

/// How long something may take without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far something is. It is gone from the terminal when this is dropped.
#[derive(Debug)]
pub(crate) struct ProgressDisplay {
    bar: ProgressBar,
    /// When to begin to show it, if it is not shown yet.
    due: Option<Instant>,
}

impl ProgressDisplay {
    /// So many more are done.
    pub(crate) fn advance(&mut self, more: usize) {
        self.bar.inc(more as u64);
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

/// Asks for a secret on the terminal, without showing what is typed; `None` where there is nobody to ask.
pub(crate) fn ask_hidden(question: &str) -> Option<String> {
    if !stdin().is_terminal() {
        return None;
    }
    rpassword::prompt_password(format!("{}: ", clean(question)))
        .ok()
        .filter(|answer| !answer.is_empty())
}

const GOOD: Style = AnsiColor::Green.on_default();
const WORSE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const HEADER: Style = Style::new().bold();

/// Words in a style, which is lost where there is no terminal.
fn tint(words: impl Display, style: Style) -> String {
    format!("{style}{words}{style:#}")
}

/// Words for a terminal: what a terminal would obey is taken out of them, and what colours there are, are ours.
///
/// Words of a server, of a file, of anyone become this by `into`, and this never becomes a `String` again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StyledText(String);

impl From<String> for StyledText {
    fn from(words: String) -> Self {
        Self(clean(&words).into_owned())
    }
}

impl From<&str> for StyledText {
    fn from(words: &str) -> Self {
        Self(clean(words).into_owned())
    }
}

impl StyledText {
    /// Those that say something, with this between them.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| part.0)
            .filter(|part| !part.is_empty())
            .collect();
        Self(parts.join(between))
    }
}

/// A value as JSON, in which what a terminal would obey is escaped.
fn json_text(value: &impl Serialize) -> io::Result<String> {
    Ok(clean_json(&serde_json::to_string_pretty(value)?).into_owned())
}

/// A word on how something is, in its colour.
pub(crate) fn state(word: &str) -> StyledText {
    StyledText(colour(&clean(word)))
}

fn colour(word: &str) -> String {
    match word {
        "ok" | "healthy" => tint(word, GOOD),
        "degraded" => tint(word, WORSE),
        "FAILED" | "unhealthy" | "unreachable" => tint(word, BAD),
        _ => word.to_owned(),
    }
}

/// Rows in aligned columns under a header.
pub(crate) fn columns<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> StyledText {
    table(header, rows, str::to_owned)
}

/// The same with a word on how each is in front, in its colour.
pub(crate) fn columns_of_states<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> StyledText {
    table(header, rows, |line| match line.split_once(' ') {
        Some((word, rest)) => format!("{} {rest}", colour(word)),
        None => colour(line),
    })
}

fn table<const N: usize>(
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
            tint(line, HEADER)
        } else {
            style(line)
        }
    });
    StyledText(lines.collect::<Vec<_>>().join("\n"))
}

/// Tells from now on where a panic happened and no more: what it says may quote an argument or a profile of the app whose
/// functions run here.
pub(crate) fn hook_panics() {
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

    /// The escapes that are left in words.
    fn escapes(words: &StyledText) -> Vec<&str> {
        words
            .0
            .split('\u{1b}')
            .skip(1)
            .map(|rest| rest.split_inclusive('m').next().unwrap_or_default())
            .collect()
    }

    #[test]
    fn words_of_others_have_no_escapes_and_ours_keep_theirs() {
        for words in [
            StyledText::from(HOSTILE),
            StyledText::from(HOSTILE.to_owned()),
            state(HOSTILE),
        ] {
            assert!(
                words.0.chars().all(mcp_lambda::printable::is_printable),
                "{words:?}"
            );
        }
        let cells = || {
            [
                ["ok".to_owned(), HOSTILE.to_owned()],
                [HOSTILE.to_owned(), "FAILED".to_owned()],
            ]
        };
        assert_eq!(escapes(&columns(["A", "B"], cells())), ["[1m", "[0m"]);
        let of_states = columns_of_states(["A", "B"], cells());
        assert_eq!(escapes(&of_states), ["[1m", "[0m", "[32m", "[0m"]);
        let all = StyledText::join(
            [
                state("healthy"),
                of_states,
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
        let text = json_text(&value).expect("JSON");
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
