//! The costs of mcp-lambda: whole processes, side by side in one run, beside programs that do less.
//!
//! `cargo run --release -p mcp-lambda-tests --bin bench` builds what it measures, measures, and prints Markdown tables and the
//! budgets. `-- --quick` takes few samples, to see that it works; `-- --modes` builds and measures nothing but streamed answers beside
//! buffered ones. It judges nothing: a slow machine is no broken build.

mod budgets;
mod cores;
mod http;
mod lambda;
mod modes;
mod programs;
mod samples;
mod table;
mod world;

use std::process::ExitCode;

/// The amount of measuring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// The number of turns of every program.
    rounds: usize,
    /// The number of starts in a turn, for the first poll and the first call.
    starts: usize,
    /// The number of calls in a turn, after those that warm up.
    calls: usize,
    /// The number of requests in a turn over HTTP.
    requests: usize,
}

const WHOLE: Extent = Extent {
    rounds: 5,
    starts: 8,
    calls: 2_000,
    requests: 20_000,
};
const QUICK: Extent = Extent {
    rounds: 1,
    starts: 2,
    calls: 100,
    requests: 500,
};

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command"
)]
fn main() -> ExitCode {
    let is_asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    let extent = if is_asked("--quick") { QUICK } else { WHOLE };
    let outcome = if is_asked("--modes") {
        measure_modes(extent)
    } else {
        measure_everything(extent)
    };
    match outcome {
        Ok(report) => {
            println!("{}\n{report}", world::machine());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure_modes(extent: Extent) -> Result<String, String> {
    let notes = programs::build_notes_for_lambda()?;
    let zip = table::megabytes(programs::zipped(&notes) as f64);
    let measured = cores::on_one_core(async {
        let world = world::World::start().await;
        modes::notes(&notes, &world, extent).await
    })?;
    Ok(format!(
        "{}\nzip of notes for Lambda: {zip}\n",
        table::modes(&[measured])
    ))
}

fn measure_everything(extent: Extent) -> Result<String, String> {
    let programs = programs::build()?;
    let (through_lambda, in_both_modes) = cores::on_one_core(async {
        let world = world::World::start().await;
        let through_lambda = lambda::measure(&programs, &world, extent).await;
        let echo = modes::echo(&programs.app_echo, extent).await;
        let notes = modes::notes(&programs.notes_lambda, &world, extent).await;
        (through_lambda, [echo, notes])
    })?;
    let over_http = cores::on_all_cores(http::measure(&programs, extent))?;
    let tables = [
        table::lambda(&through_lambda),
        table::modes(&in_both_modes),
        table::http(&over_http),
        budgets::table(&through_lambda, &in_both_modes, &over_http),
    ];
    Ok(tables.join("\n"))
}
