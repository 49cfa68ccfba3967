//! The budgets, each beside what was measured.

use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use crate::table::{megabytes, milliseconds};
use crate::{http, lambda, modes};

/// Calls a second of the Python mcp-app on uvicorn, where a bare rmcp on hyper answered the other number: a run of its own,
/// on another day.
const PYTHON: (f64, f64) = (231.0, 40_484.0);

/// A figure with its bar and its aim.
struct Budget {
    what: &'static str,
    figure: f64,
    bar: f64,
    aim: f64,
    more_is_better: bool,
    told: [String; 3],
}

impl Budget {
    fn new(
        what: &'static str,
        figure: f64,
        bar: f64,
        aim: f64,
        tell: impl Fn(f64) -> String,
    ) -> Self {
        Self {
            what,
            figure,
            bar,
            aim,
            more_is_better: false,
            told: [tell(figure), tell(bar), tell(aim)],
        }
    }

    const fn more_is_better(mut self) -> Self {
        self.more_is_better = true;
        self
    }

    fn verdict(&self) -> &'static str {
        let reaches = |mark: f64| {
            if self.more_is_better {
                self.figure >= mark
            } else {
                self.figure <= mark
            }
        };
        match (reaches(self.bar), reaches(self.aim)) {
            (true, true) => "aim reached",
            (true, false) => "met",
            (false, _) => "MISSED",
        }
    }
}

/// All of them.
pub(crate) fn table(
    through_lambda: &[lambda::Measured],
    in_both_modes: &[modes::Measured],
    over_http: &[http::Measured],
) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(["budget", "figure", "bar", "aim", ""]);
    let streamed = in_both_modes.iter().map(streamed);
    for budget in budgets(through_lambda, over_http)
        .into_iter()
        .chain(streamed)
    {
        let [figure, bar, aim] = budget.told.clone();
        table.add_row([
            budget.what.to_owned(),
            figure,
            bar,
            aim,
            budget.verdict().to_owned(),
        ]);
    }
    for (what, reads, due) in counts(through_lambda) {
        let verdict = if (reads - due).abs() < f64::EPSILON {
            "aim reached"
        } else {
            "MISSED"
        };
        table.add_row([
            what,
            &format!("{reads:.2}"),
            &format!("exactly {due:.0}"),
            "",
            verdict,
        ]);
    }
    format!("{table}\n")
}

fn budgets(through_lambda: &[lambda::Measured], over_http: &[http::Measured]) -> Vec<Budget> {
    let [hello, bare, bare_dynamo, echo, echo_dynamo, _, _, notes] = through_lambda else {
        return Vec::new();
    };
    let [bare_http, echo_http, _] = over_http else {
        return Vec::new();
    };
    let (init, hello) = (seconds(notes.init.median()), seconds(hello.init.median()));
    let warm = |program: &lambda::Measured, bare: &lambda::Measured| {
        seconds(program.warm.median()) / seconds(bare.warm.median())
    };
    let share = echo_http.rate() / bare_http.rate();
    let time = |seconds: f64| milliseconds(Duration::from_secs_f64(seconds));
    let plain = |figure: f64| format!("{figure:.2}");
    vec![
        Budget::new(
            "init of notes on AWS: 3 × hello, and 15 ms at most",
            init,
            (hello * 3.0).min(0.015),
            hello + 0.003,
            time,
        ),
        Budget::new(
            "warm authenticated echo, SQLite, × bare echo",
            warm(echo, bare),
            2.0,
            1.2,
            plain,
        ),
        Budget::new(
            "warm authenticated echo, DynamoDB at once, × bare echo with one GetItem",
            warm(echo_dynamo, bare_dynamo),
            2.0,
            1.2,
            plain,
        ),
        Budget::new(
            "HTTP, authenticated echo, share of bare rmcp on hyper",
            share,
            0.6,
            0.8,
            plain,
        )
        .more_is_better(),
        Budget::new(
            "HTTP, × Python mcp-app by the ratio of another run",
            share * PYTHON.1 / PYTHON.0,
            50.0,
            100.0,
            plain,
        )
        .more_is_better(),
        Budget::new(
            "zip of notes for Lambda",
            notes.zipped as f64,
            4e6,
            3e6,
            megabytes,
        ),
        Budget::new(
            "resident memory of notes on AWS",
            notes.resident(),
            20e6,
            12e6,
            megabytes,
        ),
        Budget::new(
            "log bytes for a call of notes",
            notes.logged(),
            600.0,
            300.0,
            plain,
        ),
    ]
}

fn streamed(measured: &modes::Measured) -> Budget {
    let what = if measured.name.starts_with("echo") {
        "warm echo, SQLite, streamed × buffered"
    } else {
        "warm `count_notes`, DynamoDB at once, streamed × buffered"
    };
    Budget::new(what, measured.ratio(), 1.5, 1.1, |figure| {
        format!("{figure:.2}")
    })
}

/// What is counted, and must be exact. `count_notes` asks for the notes once by itself.
fn counts(through_lambda: &[lambda::Measured]) -> Vec<(&'static str, f64, f64)> {
    let [_, _, _, _, echo, _, _, notes] = through_lambda else {
        return Vec::new();
    };
    vec![
        (
            "store reads for an authenticated call",
            echo.store_reads.unwrap_or(f64::NAN),
            1.0,
        ),
        (
            "store reads for `count_notes`, its own among them",
            notes.store_reads.unwrap_or(f64::NAN),
            2.0,
        ),
        (
            "Secrets Manager calls on the warm path",
            notes.secret_reads.unwrap_or(f64::NAN),
            0.0,
        ),
    ]
}

const fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
