//! The command tree, and how its arguments are read.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use mcp_lambda::printable;
use serde_json::{Map, Value};

use crate::command::CliCommand;
use crate::error::CliError;
use crate::flags;
use crate::output::{Output, ask_secret};
use crate::target::AdminTarget;

/// The [`CliArguments`], and the values of the app's own profile flags.
pub(crate) type ParsedArguments = (CliArguments, Option<Map<String, Value>>);

/// Reads a command and its arguments; `users add` and `users update-profile` take the app's own flags too.
pub(crate) fn parse(
    subject: &AdminTarget,
    words: &[OsString],
) -> Result<ParsedArguments, clap::Error> {
    let (flags, mut tree) = (subject.profile_flags(), tree(subject));
    tree.build();
    let matches = tree.clone().try_get_matches_from(words)?;
    let profile = match profile_matches(&matches) {
        Some((command, matches)) => {
            flags::read_profile(&flags, command == "add", matches, ask_secret)
                .map_err(|error| invalid_argument(&mut tree, command, error))?
        }
        None => None,
    };
    Ok((CliArguments::from_arg_matches(&matches)?, profile))
}

/// A fault of a `users` command's arguments, with that command's own usage.
fn invalid_argument(tree: &mut clap::Command, command: &str, words: String) -> clap::Error {
    let kind = clap::error::ErrorKind::ValueValidation;
    let own = tree
        .find_subcommand_mut("users")
        .and_then(|users| users.find_subcommand_mut(command));
    match own {
        Some(command) => command.error(kind, words),
        None => clap::Error::raw(kind, words),
    }
}

/// Prints clap's own words: help on standard output with 0, a problem on standard error with 2, for a program as JSON.
pub(crate) fn report_usage(error: &clap::Error, is_json: bool) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if is_json {
        let words = error.render().to_string();
        let words = words
            .split("\n\n")
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        Output::new(true).print_error(&CliError::Usage(words.to_owned()));
    } else if error
        .render()
        .to_string()
        .chars()
        .all(printable::is_printable)
    {
        let _ = error.print();
    } else {
        // clap repeats an argument as it was given, and that may have been pasted.
        let words = error.render().to_string();
        Output::new(false).print_error(&CliError::Usage(
            words.trim_start_matches("error: ").to_owned(),
        ));
    }
    ExitCode::from(2)
}

/// The whole tree of commands: an app's own flags in it, and what only the generic CLI does left out of an app's.
pub(crate) fn tree(subject: &AdminTarget) -> clap::Command {
    let (name, flags): (&'static str, _) = (subject.program_name().leak(), subject.profile_flags());
    let own = |is_new| {
        flags
            .iter()
            .flat_map(move |flag| flag.to_arguments(is_new))
            .collect::<Vec<_>>()
    };
    let tree = CliArguments::command()
        .name(name)
        .bin_name(name)
        .mut_subcommand("users", |users| {
            let users = users.mut_subcommand("add", |add| add.args(own(true)));
            users.mut_subcommand("update-profile", |update| update.args(own(false)))
        });
    tree.mut_subcommand("new", |new| {
        new.hide(matches!(subject, AdminTarget::App(_)))
    })
}

/// The command that takes a profile, and what it was given.
fn profile_matches(matches: &ArgMatches) -> Option<(&str, &ArgMatches)> {
    let (_, users) = matches.subcommand().filter(|(name, _)| *name == "users")?;
    users
        .subcommand()
        .filter(|(name, _)| matches!(*name, "add" | "update-profile"))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_well_made() {
        tree(&AdminTarget::AnyServer).debug_assert();
    }
}
