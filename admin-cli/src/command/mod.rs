//! The commands, one module each, with its arguments beside its behaviour.

mod admin_tools;
mod aws;
mod completions;
mod connect;
mod connections;
mod health;
mod manuals;
mod new;
mod probe;
mod register;
mod tokens;
mod tools;
mod users;

use std::path::PathBuf;

use clap::Subcommand;
use mcp_lambda::Email;
use serde_json::{Map, Value};

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::Output;
use crate::setup::Setup;
use crate::target::AdminTarget;

#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Say which server to administer; kept until said anew.
    Connect(connect::ConnectCommand),
    /// List connections, choose the one in use, forget one.
    #[command(subcommand)]
    Connections(connections::ConnectionsCommand),
    /// How the server is.
    Health,
    /// Try everything a client needs, rung by rung, and name the one that fails. It never acts as a user.
    Probe,
    /// List, show and call tools.
    #[command(subcommand)]
    Tools(tools::ToolsCommand),
    /// The tool that may be called to see whether tools work.
    SafeTool {
        /// Call it too, as this user.
        #[arg(long, value_name = "EMAIL")]
        invoke: Option<Email>,
    },
    /// Connect clients: print what does it, do it with `--apply`, or see with `--detect` what is there.
    Register(register::RegisterCommand),
    /// Print a script that completes commands in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Register, list, show, revoke and purge users.
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Make, list and revoke tokens.
    #[command(subcommand)]
    Tokens(tokens::TokensCommand),
    /// Offer the admin operations to an AI agent, as an MCP server on standard input and output.
    ///
    /// It speaks for the connection in use, or for `--on NAME`. The signing key stays here, and so do new tokens: they are
    /// written to files that only you can read. What can't be undone is marked as destructive, so that the client asks you.
    AdminTools,
    /// Write a new app that builds and passes its tests.
    New(new::NewCommand),
    /// Write manual pages, one for each command.
    Manuals {
        /// Where to put them.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Make what a deployment needs in AWS, or in an emulator of it, and rotate its signing key.
    #[command(subcommand)]
    Aws(aws::AwsCommand),
}

/// The values that every command works with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandContext<'a> {
    /// The app, or any server.
    pub(crate) subject: &'a AdminTarget,
    /// The [`Connection`](crate::connection::Connection) that `--on` names.
    pub(crate) on: Option<&'a str>,
    /// The terminal, or a program's pipe.
    pub(crate) output: &'a Output,
    /// Builds the tree of commands, from which `manuals` and `completions` are made.
    pub(crate) tree: fn(&AdminTarget) -> clap::Command,
}

impl CommandContext<'_> {
    /// Opens the [`AdminSession`] of the connection in use, and warns of what is likely to surprise.
    ///
    /// # Errors
    /// [`CliError::NotConfigured`] if there is no such connection, or no key for it.
    async fn session(&self) -> Result<AdminSession, CliError> {
        let setup = Setup::load(self.subject)?;
        let connection = setup.select(self.on)?;
        if let Some(warning) = connection.warn_of_other_key(self.subject) {
            self.output.print_warning(&warning);
        }
        connection.open(self.subject).await
    }
}

/// Refuses `--on` where a connection is made, which `--as` names.
///
/// # Errors
/// [`CliError::Usage`].
fn check_connection_name(on: Option<&str>, command: &CliCommand) -> Result<(), CliError> {
    match (on, command) {
        (Some(name), CliCommand::Connect(_)) => Err(CliError::Usage(format!(
            "`connect` makes a connection: call it with `--as {name}`, and leave `--on` out"
        ))),
        _ => Ok(()),
    }
}

/// Runs a command; `profile` holds the values of the flags of the app's own profile.
pub(crate) async fn run(
    context: CommandContext<'_>,
    command: CliCommand,
    profile: Option<Map<String, Value>>,
) -> Result<(), CliError> {
    let CommandContext {
        subject, output, ..
    } = context;
    check_connection_name(context.on, &command)?;
    match command {
        CliCommand::AdminTools => admin_tools::run(subject, context.session().await?).await,
        CliCommand::New(wanted) => new::run(subject, &wanted, output),
        CliCommand::Manuals { folder } => manuals::run(context, &folder),
        CliCommand::Aws(command) => aws::run(subject, command, output).await,
        CliCommand::Connect(wanted) => connect::run(subject, wanted, output).await,
        CliCommand::Connections(command) => connections::run(subject, &command, output),
        CliCommand::Completions { shell } => {
            completions::run(context, shell);
            Ok(())
        }
        CliCommand::Health => health::run(&context.session().await?, output).await,
        CliCommand::Probe => probe::run(&context.session().await?, output).await,
        CliCommand::Tools(command) => tools::run(&context.session().await?, command, output).await,
        CliCommand::SafeTool { invoke } => {
            tools::safe(&context.session().await?, invoke, output).await
        }
        CliCommand::Register(wanted) => {
            register::run(subject, &context.session().await?, wanted, output).await
        }
        CliCommand::Users(command) => {
            users::run(subject, &context.session().await?, command, profile, output).await
        }
        CliCommand::Tokens(command) => {
            tokens::run(subject, &context.session().await?, command, output).await
        }
    }
}
