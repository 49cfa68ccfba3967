//! What the house costs: whole processes, side by side in one run, beside programs that do less.
//!
//! `cargo run --release -p mcp-lambda-tests --bin bench` builds what it measures, measures, and prints Markdown tables and the
//! budgets. `-- --quick` takes few samples, to see that it works. It judges nothing: a slow machine is no broken build.

mod budgets;
mod http;
mod lambda;
mod programs;
mod samples;
mod table;
mod world;

use std::process::ExitCode;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// How often every program has its turn.
    rounds: usize,
    /// How often it is started in a turn, for its first poll and first call.
    starts: usize,
    /// How many calls a turn has, after those that warm up.
    calls: usize,
    /// How many requests a turn has over HTTP.
    requests: usize,
}

const WHOLE: Extent = Extent { rounds: 5, starts: 8, calls: 2_000, requests: 20_000 };
const QUICK: Extent = Extent { rounds: 1, starts: 2, calls: 100, requests: 500 };

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]
async fn main() -> ExitCode {
    let extent = if std::env::args().any(|argument| argument == "--quick") { QUICK } else { WHOLE };
    let programs = match programs::build() {
        Ok(programs) => programs,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let world = world::World::start().await;
    let through_lambda = lambda::measure(&programs, &world, extent).await;
    let over_http = http::measure(&programs, extent).await;
    println!("{}", world::machine());
    println!("{}", table::lambda(&through_lambda));
    println!("{}", table::http(&over_http));
    println!("{}", budgets::table(&through_lambda, &over_http));
    ExitCode::SUCCESS
}
