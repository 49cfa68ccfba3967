//! The command tree, and nothing of what it does.

use std::ffi::OsString;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use mcp_lambda::Email;
use serde_json::{Map, Value};

use crate::Subject;
use crate::flags;
use crate::output::ask_hidden;
use crate::values::{seconds, word};

/// What was asked, and what the flags of the app's own profile were given.
pub(crate) type Asked = (Arguments, Option<Map<String, Value>>);

/// Reads a command and its arguments; `users add` and `users update-profile` take the app's own flags too.
pub(crate) fn parse(subject: &Subject, words: &[OsString]) -> Result<Asked, clap::Error> {
    let (flags, mut tree) = (subject.flags(), tree(subject));
    tree.build();
    let matches = tree.clone().try_get_matches_from(words)?;
    let profile = match profile_matches(&matches) {
        Some((command, matches)) => flags::given(&flags, command == "add", matches, ask_hidden)
            .map_err(|error| unlawful(&mut tree, command, error))?,
        None => None,
    };
    Ok((Arguments::from_arg_matches(&matches)?, profile))
}

/// A fault of a `users` command's arguments, with that command's own usage.
fn unlawful(tree: &mut clap::Command, command: &str, words: String) -> clap::Error {
    let kind = clap::error::ErrorKind::ValueValidation;
    let own = tree
        .find_subcommand_mut("users")
        .and_then(|users| users.find_subcommand_mut(command));
    match own {
        Some(command) => command.error(kind, words),
        None => clap::Error::raw(kind, words),
    }
}

/// The whole tree of commands: an app's own flags in it, and what only the generic CLI does left out of an app's.
pub(crate) fn tree(subject: &Subject) -> clap::Command {
    let (name, flags): (&'static str, _) = (subject.command().leak(), subject.flags());
    let own = |is_new| {
        flags
            .iter()
            .flat_map(move |flag| flag.arguments(is_new))
            .collect::<Vec<_>>()
    };
    let tree = Arguments::command()
        .name(name)
        .bin_name(name)
        .mut_subcommand("users", |users| {
            let users = users.mut_subcommand("add", |add| add.args(own(true)));
            users.mut_subcommand("update-profile", |update| update.args(own(false)))
        });
    tree.mut_subcommand("new", |new| new.hide(matches!(subject, Subject::App(_))))
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
pub(crate) struct Arguments {
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Speak to this connection, and not to the one in use.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) on: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which server to administer; kept until said anew.
    Connect(Connect),
    /// List connections, choose the one in use, forget one.
    #[command(subcommand)]
    Connections(Connections),
    /// How the server is.
    Health,
    /// Try everything a client needs, rung by rung, and name the one that fails. It never acts as a user.
    Probe,
    /// List, show and call tools.
    #[command(subcommand)]
    Tools(Tools),
    /// The tool that may be called to see whether tools work.
    SafeTool {
        /// Call it too, as this user.
        #[arg(long, value_name = "EMAIL")]
        invoke: Option<Email>,
    },
    /// Connect clients: print what does it, do it with `--apply`, or see with `--detect` what is there.
    Register(Register),
    /// Print a script that completes commands in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Register, list, show, revoke and purge users.
    #[command(subcommand)]
    Users(Users),
    /// Make, list and revoke tokens.
    #[command(subcommand)]
    Tokens(Tokens),
    /// Offer the admin operations to an AI agent, as an MCP server on standard input and output.
    ///
    /// It speaks for the connection in use, or for `--on NAME`. The signing key stays here, and so do new tokens: they are
    /// written to files that only you can read. What can't be undone is marked as destructive, so that the client asks you.
    AdminTools,
    /// Write a new app that builds and passes its tests.
    New(New),
    /// Write manual pages, one for each command.
    Manuals {
        /// Where to put them.
        #[arg(value_name = "FOLDER")]
        folder: std::path::PathBuf,
    },
    /// Make what a deployment needs in AWS, or in an emulator of it, and rotate its signing key.
    #[command(subcommand)]
    Aws(Aws),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connections {
    /// List them; the one in use is marked.
    List,
    /// Speak to this one from now on.
    Use {
        /// The connection's name.
        name: String,
    },
    /// Forget one, and its key if it was stored.
    Remove {
        /// The connection's name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// List all tools.
    List,
    /// Show a tool: what it does and what it takes.
    Show {
        /// The tool's name.
        name: String,
    },
    /// Call a tool as a user, with a token made for it that lives a minute.
    Call {
        /// The tool's name.
        name: String,
        /// Who calls.
        #[arg(long, value_name = "EMAIL")]
        user: Email,
        /// An argument, such as `--arg text=milk`; its kind is that of the tool's schema.
        #[arg(long = "arg", value_name = "NAME=VALUE")]
        arguments: Vec<String>,
        /// All arguments as JSON, or @FILE.
        #[arg(long, value_name = "JSON|@FILE", conflicts_with = "arguments")]
        body: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The app's name: lower-case letters, digits and `-`.
    pub(crate) name: String,
    /// With a profile of its own, which holds a token for an upstream.
    #[arg(long)]
    pub(crate) profile: bool,
    /// With DynamoDB always in, and not behind a feature of that name.
    #[arg(long)]
    pub(crate) dynamo: bool,
    /// Where to put its folder.
    #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: std::path::PathBuf,
    /// A checkout of mcp-lambda to build on, if not the one this CLI was built from. The app then builds on this machine alone.
    #[arg(long, value_name = "FOLDER", conflicts_with = "git")]
    pub(crate) framework: Option<std::path::PathBuf>,
    /// The Git repository of mcp-lambda to build on, so that the app builds elsewhere too; with `--rev`.
    #[arg(long, value_name = "URL", requires = "rev")]
    pub(crate) git: Option<String>,
    /// The commit of that repository.
    #[arg(long, value_name = "REV", requires = "git")]
    pub(crate) rev: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Only for this client; may be given several times.
    #[arg(long = "client", value_enum, value_name = "CLIENT")]
    pub(crate) clients: Vec<crate::clients::Client>,
    /// Make a token for this user, called after the client; without it, a variable or a placeholder stands in its place.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) user: Option<Email>,
    /// The variable that holds the token, where the client reads one.
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) token_env: Option<String>,
    /// What the client calls the server, if not the app's name.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// For you everywhere, or for the project in this folder.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scope: crate::clients::Scope,
    /// Let the client start this machine's server itself, for `--user`, without a URL and a token; only when connected to `local`.
    #[arg(long, requires = "user", conflicts_with = "token_env")]
    pub(crate) stdio: bool,
    /// Do it: run the client's own command or write its file; without `--client`, for the clients found on this machine.
    #[arg(long)]
    pub(crate) apply: bool,
    /// Replace an entry of the same name that says something else.
    #[arg(long, requires = "apply")]
    pub(crate) force: bool,
    /// Say which clients are on this machine, and which of them know this server.
    #[arg(long, conflicts_with_all = ["apply", "user", "token_env", "stdio", "force"])]
    pub(crate) detect: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Aws {
    /// Make the table and the signing key's secret; what is there already is left as it is.
    Init {
        /// The DynamoDB table, as in `USERS_TABLE`.
        #[arg(long)]
        table: String,
        /// The Secrets Manager secret, as in `SIGNING_KEY_SECRET`.
        #[arg(long)]
        secret: String,
        /// Another endpoint than AWS's own, such as an emulator's; `AWS_ENDPOINT_URL` does the same.
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
    },
    /// Put a new signing key into the secret. Users' tokens of the key before it go on, and end at the next rotation.
    Rotate {
        /// The Secrets Manager secret, as in `SIGNING_KEY_SECRET`.
        #[arg(long)]
        secret: String,
        /// Another endpoint than AWS's own, such as an emulator's; `AWS_ENDPOINT_URL` does the same.
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
        /// After a leak: rotate twice, so that the key before is out at once, and all tokens with it.
        #[arg(long)]
        revoke_previous: bool,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// `local` for this machine's own store, or the server's URL.
    #[arg(value_name = "local|URL")]
    pub(crate) place: String,
    /// The server's signing key. It stays in your shell's history: rather use one of the other ways.
    #[arg(long, value_name = "KEY", group = "key")]
    pub(crate) signing_key: Option<String>,
    /// The variable that holds the signing key; read at each use and never stored.
    #[arg(long, value_name = "VARIABLE", group = "key")]
    pub(crate) signing_key_env: Option<String>,
    /// The name or ARN of the Secrets Manager secret that holds the signing key; fetched at each use and never stored.
    ///
    /// The region is that of the ARN, or `AWS_REGION`; it is kept with the connection, and so is `AWS_PROFILE`.
    #[arg(long, value_name = "NAME", group = "key")]
    pub(crate) signing_key_secret: Option<String>,
    /// Read the signing key from standard input; it is stored, readable by you alone.
    #[arg(long, group = "key")]
    pub(crate) signing_key_stdin: bool,
    /// What to call this connection.
    #[arg(long = "as", value_name = "NAME", default_value = crate::connection::DEFAULT, value_parser = word)]
    pub(crate) name: String,
    /// Don't try the connection.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// Register a user and print the first token, once.
    Add {
        /// The user's email.
        email: Email,
        /// What the app keeps about the user: JSON, or @FILE.
        #[arg(long, value_name = "JSON|@FILE")]
        profile: Option<String>,
        /// What to call the token, such as laptop.
        #[arg(long)]
        name: Option<String>,
        /// How long the token lives, such as 12h or 90d.
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        expires: Option<u64>,
        /// What the token is good for; without any, everything the user may do.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Let the token call only tools that are marked as changing nothing.
        #[arg(long)]
        read_only: bool,
        /// Write the token into this file, readable by you alone, and don't show it.
        #[arg(long, value_name = "FILE")]
        save_to: Option<std::path::PathBuf>,
    },
    /// List all users.
    List,
    /// Bring over the users folder of a Python mcp-app: users, profiles, data. Says what it would do, and does it with
    /// `--apply`; doing it again changes nothing.
    Import {
        /// The folder, such as ~/.local/share/APP/users.
        #[arg(value_name = "FOLDER")]
        path: std::path::PathBuf,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },
    /// Show a user. Of the profile, what the app's type declares is shown, and secrets and all else are masked.
    Show {
        /// The user's email.
        email: Email,
    },
    /// End every token of a user, at the next call, and what speaks stdio for the user.
    Revoke {
        /// The user's email.
        email: Email,
    },
    /// Change what the app keeps about a user: by flags, by one name and value, or by JSON.
    UpdateProfile {
        /// The user's email.
        email: Email,
        /// A field's name.
        #[arg(requires = "value")]
        field: Option<String>,
        /// The field's new value.
        value: Option<String>,
        /// A JSON merge patch (RFC 7396), or @FILE.
        #[arg(long, value_name = "JSON|@FILE", conflicts_with = "field")]
        profile: Option<String>,
        /// Take a field away.
        #[arg(long, value_name = "FIELD")]
        unset: Vec<String>,
    },
    /// Print what the app keeps about a user; secrets, and what the app's type does not declare, are masked.
    GetProfile {
        /// The user's email.
        email: Email,
        /// Show what is masked too.
        #[arg(long)]
        reveal: bool,
    },
    /// Revoke a user and delete the user's record and data for good.
    Purge {
        /// The user's email.
        email: Email,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// Make another token for a user and print it, once.
    Create {
        /// The user's email.
        email: Email,
        /// What to call it, such as laptop.
        #[arg(long)]
        name: Option<String>,
        /// How long it lives, such as 12h or 90d.
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        expires: Option<u64>,
        /// What it is good for; without any, everything its user may do. `tools list` shows the scopes there are.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Let it call only tools that are marked as changing nothing.
        #[arg(long)]
        read_only: bool,
        /// Write the token into this file, readable by you alone, and don't show it.
        #[arg(long, value_name = "FILE")]
        save_to: Option<std::path::PathBuf>,
    },
    /// List a user's tokens, without the tokens themselves.
    List {
        /// The user's email.
        email: Email,
    },
    /// End one token.
    Revoke {
        /// The user's email.
        email: Email,
        /// The token's id from `tokens list`, the beginning of it (6 characters or more), or its name if no other has that name.
        #[arg(value_name = "ID|NAME")]
        id: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_well_made() {
        tree(&Subject::Any).debug_assert();
    }
}
