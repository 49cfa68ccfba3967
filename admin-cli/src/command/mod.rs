//! What each command does; this file only tells them apart.

mod admin_tools;
mod aws;
mod completions;
mod connect;
mod connections;
mod health;
mod import;
mod manuals;
mod new;
mod probe;
mod register;
mod tokens;
mod tools;
mod users;

use serde_json::{Map, Value};

use crate::Subject;
use crate::cli::{Arguments, Command};
use crate::connection::Session;
use crate::exit::Failure;
use crate::output::Output;
use crate::setup::Setup;

/// Runs a command; `profile` is what the flags of the app's own profile were given.
pub(crate) async fn run(
    subject: &Subject,
    asked: Arguments,
    profile: Option<Map<String, Value>>,
    output: &Output,
) -> Result<(), Failure> {
    let session = || open(subject, asked.on.as_deref(), output);
    if let (Some(name), Command::Connect(_)) = (&asked.on, &asked.command) {
        return Err(Failure::Usage(format!(
            "`connect` makes a connection: call it with `--as {name}`, and leave `--on` out"
        )));
    }
    match asked.command {
        Command::AdminTools => admin_tools::run(subject, session().await?).await,
        Command::New(wanted) => new::run(subject, &wanted, output),
        Command::Manuals { folder } => manuals::run(subject, &folder, output),
        Command::Aws(command) => aws::run(subject, command, output).await,
        Command::Connect(wanted) => connect::run(subject, wanted, output).await,
        Command::Connections(command) => connections::run(subject, &command, output),
        Command::Completions { shell } => {
            completions::run(subject, shell, output);
            Ok(())
        }
        Command::Health => health::run(&session().await?, output).await,
        Command::Probe => probe::run(&session().await?, output).await,
        Command::Tools(command) => tools::run(&session().await?, command, output).await,
        Command::SafeTool { invoke } => tools::safe(&session().await?, invoke, output).await,
        Command::Register(wanted) => {
            register::run(subject, &session().await?, wanted, output).await
        }
        Command::Users(command) => {
            users::run(subject, &session().await?, command, profile, output).await
        }
        Command::Tokens(command) => tokens::run(subject, &session().await?, command, output).await,
    }
}

async fn open(subject: &Subject, on: Option<&str>, output: &Output) -> Result<Session, Failure> {
    let setup = Setup::load(subject)?;
    let connection = setup.chosen(subject, on)?;
    connection
        .warning(subject)
        .iter()
        .for_each(|warning| output.warn(warning));
    connection.open(subject).await
}
