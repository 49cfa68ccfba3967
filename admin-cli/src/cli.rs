//! The command line: all commands, the reading of their arguments, and which `run` each leads to.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use mcp_lambda::printable;
use serde_json::{Map, Value};

use crate::command::{
    admin_tools, aws, completions, connect, connections, health, manuals, new, probe, register,
    safe_tool, tokens, tools, users,
};
use crate::context::CommandContext;
use crate::error::CliError;
use crate::flags;
use crate::output::{Output, ask_secret};
use crate::target::AdminTarget;

/// Administer an MCP server: its users, their tokens, its health.
///
/// Exit codes: 0 ok, 1 internal, 2 usage, 3 not configured, 4 not found, 5 conflict, 6 refused, 7 unreachable.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true, version)]
pub(crate) struct CliArguments {
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Speak to this connection, and not to the one in use.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) on: Option<String>,
    #[command(subcommand)]
    pub(crate) command: CliCommand,
}

// No doc comments here: clap takes the help of a command from the command's own type.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    Connect(connect::ConnectCommand),
    #[command(subcommand)]
    Connections(connections::ConnectionsCommand),
    Health(health::HealthCommand),
    Probe(probe::ProbeCommand),
    #[command(subcommand)]
    Tools(tools::ToolsCommand),
    SafeTool(safe_tool::SafeToolCommand),
    Register(register::RegisterCommand),
    Completions(completions::CompletionsCommand),
    #[command(subcommand)]
    Users(users::UsersCommand),
    #[command(subcommand)]
    Tokens(tokens::TokensCommand),
    AdminTools(admin_tools::AdminToolsCommand),
    New(new::NewCommand),
    Manuals(manuals::ManualsCommand),
    #[command(subcommand)]
    Aws(aws::AwsCommand),
}

impl CliCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// [`CliError`], which decides the exit code.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        match self {
            Self::AdminTools(command) => command.run(context).await,
            Self::Aws(command) => command.run(context).await,
            Self::Completions(command) => {
                command.run(context, build_tree(&context.target));
                Ok(())
            }
            Self::Connect(command) => command.run(context).await,
            Self::Connections(command) => command.run(context),
            Self::Health(command) => command.run(context).await,
            Self::Manuals(command) => command.run(context, build_tree(&context.target)),
            Self::New(command) => command.run(context),
            Self::Probe(command) => command.run(context).await,
            Self::Register(command) => command.run(context).await,
            Self::SafeTool(command) => command.run(context).await,
            Self::Tokens(command) => command.run(context).await,
            Self::Tools(command) => command.run(context).await,
            Self::Users(command) => command.run(context).await,
        }
    }
}

/// The parsed command line, and the values of the flags of the app's profile.
pub(crate) type ParsedArguments = (CliArguments, Option<Map<String, Value>>);

/// Parses a command line. `users add` and `users update-profile` take the flags of the app's profile too.
///
/// # Errors
/// clap's error, which is also how it reports `--help` and `--version`.
pub(crate) fn parse(
    target: &AdminTarget,
    words: &[OsString],
) -> Result<ParsedArguments, clap::Error> {
    let profile_flags = target.profile_flags();
    let mut tree = build_tree(target);
    tree.build();
    let matches = tree.clone().try_get_matches_from(words)?;
    let profile = match find_profile_matches(&matches) {
        Some((command, matches)) => {
            flags::read_profile(&profile_flags, command == "add", matches, ask_secret)
                .map_err(|message| argument_error(&mut tree, command, message))?
        }
        None => None,
    };
    Ok((CliArguments::from_arg_matches(&matches)?, profile))
}

/// Returns the error of an argument of a `users` command, with the usage of that command.
fn argument_error(tree: &mut clap::Command, command: &str, message: String) -> clap::Error {
    let kind = clap::error::ErrorKind::ValueValidation;
    let command = tree
        .find_subcommand_mut("users")
        .and_then(|users| users.find_subcommand_mut(command));
    match command {
        Some(command) => command.error(kind, message),
        None => clap::Error::raw(kind, message),
    }
}

/// Prints what [`parse`] could not parse, and returns the exit code: help is no error, and goes to standard output with 0;
/// anything else goes to standard error with 2, as JSON for programs.
pub(crate) fn report_usage(error: &clap::Error, is_json: bool) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let message = text.trim_start_matches("error: ");
    if is_json {
        let first_paragraph = message.split("\n\n").next().unwrap_or_default();
        Output::new(true).print_error(&CliError::Usage(first_paragraph.to_owned()));
    } else if text.chars().all(printable::is_printable) {
        let _ = error.print();
    } else {
        // clap repeats an argument as it was given, and control characters may have been pasted into one.
        Output::new(false).print_error(&CliError::Usage(message.to_owned()));
    }
    ExitCode::from(2)
}

/// Builds clap's tree of commands, with the flags of the app's profile. An app's own CLI hides `new`.
fn build_tree(target: &AdminTarget) -> clap::Command {
    // clap keeps a name for as long as the process lives.
    let name: &'static str = target.program_name().leak();
    let profile_flags = target.profile_flags();
    let arguments = |is_new| {
        profile_flags
            .iter()
            .flat_map(move |flag| flag.to_arguments(is_new))
            .collect::<Vec<_>>()
    };
    let tree = CliArguments::command()
        .name(name)
        .bin_name(name)
        .mut_subcommand("users", |users| {
            let users = users.mut_subcommand("add", |add| add.args(arguments(true)));
            users.mut_subcommand("update-profile", |update| update.args(arguments(false)))
        });
    tree.mut_subcommand("new", |new| new.hide(matches!(target, AdminTarget::App(_))))
}

/// Returns the name and the matches of a command that takes the flags of the app's profile.
fn find_profile_matches(matches: &ArgMatches) -> Option<(&str, &ArgMatches)> {
    let (_, users) = matches.subcommand().filter(|(name, _)| *name == "users")?;
    users
        .subcommand()
        .filter(|(name, _)| matches!(*name, "add" | "update-profile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_well_made() {
        build_tree(&AdminTarget::AnyServer).debug_assert();
    }
}
