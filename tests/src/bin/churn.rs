//! `churn ROUNDS`: register, call, revoke, purge and register again from eight processes, over SQLite and over DynamoDB.

use std::process::ExitCode;

use mcp_lambda_tests::churn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["worker", number, rounds] => {
            let (number, rounds) = (
                number.parse().expect("a number"),
                rounds.parse().expect("a number"),
            );
            say(churn::work(number, rounds).await)
        }
        ["sweep"] => say(Ok({
            churn::sweep().await;
            "swept".to_owned()
        })),
        [rounds] => all(rounds.parse().expect("a number of rounds")).await,
        _ => ExitCode::from(2),
    }
}

/// Both stores, with as many rounds each.
async fn all(rounds: usize) -> ExitCode {
    let binary = std::env::current_exe()
        .expect("this program")
        .display()
        .to_string();
    let sqlite = churn::over_sqlite(&binary, rounds).await;
    say(Ok(format!(
        "SQLite, {rounds} rounds:\n{}",
        sqlite.join("\n")
    )));
    let dynamo = churn::over_dynamodb(&binary, rounds).await;
    say(Ok(format!(
        "DynamoDB, {rounds} rounds:\n{}",
        dynamo.join("\n")
    )))
}

#[expect(clippy::print_stdout, reason = "what it found is what it is for")]
fn say(outcome: Result<String, Vec<String>>) -> ExitCode {
    match outcome {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("{}", broken.join("\n"));
            ExitCode::FAILURE
        }
    }
}
