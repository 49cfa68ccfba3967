//! What each command does; this file only tells them apart.

mod aws;
mod connect;
mod health;
mod tokens;
mod users;

use crate::Subject;
use crate::cli::Command;
use crate::connection::{Session, Setup};
use crate::exit::Failure;
use crate::output::Output;

/// Runs a command.
pub(crate) async fn run(subject: &Subject, command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Aws(command) => aws::run(subject, command, output).await,
        Command::Connect(wanted) => connect::run(subject, wanted, output).await,
        Command::Health => health::run(&session(subject).await?, output).await,
        Command::Users(command) => users::run(subject, &session(subject).await?, command, output).await,
        Command::Tokens(command) => tokens::run(subject, &session(subject).await?, command, output).await,
    }
}

async fn session(subject: &Subject) -> Result<Session, Failure> {
    Setup::load(subject)?.current(subject)?.open(subject).await
}
