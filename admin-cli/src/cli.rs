//! The command tree, and nothing of what it does.

use clap::{Args, Parser, Subcommand};
use mcp_lambda::Email;

/// Reads this process's arguments under a command's name.
pub(crate) fn parse<T: Parser>(command: String) -> Result<T, clap::Error> {
    let name: &'static str = command.leak();
    let matches = T::command().name(name).bin_name(name).try_get_matches()?;
    T::from_arg_matches(&matches)
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
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which server to administer; kept until said anew.
    Connect(Connect),
    /// How the server is.
    Health,
    /// Register, list, show, revoke and purge users.
    #[command(subcommand)]
    Users(Users),
    /// Make, list and revoke tokens.
    #[command(subcommand)]
    Tokens(Tokens),
    /// Make what a deployment needs in AWS, or in an emulator of it.
    #[command(subcommand)]
    Aws(Aws),
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
}

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// `local` for this machine's own store, or the server's URL.
    #[arg(value_name = "local|URL")]
    pub(crate) place: String,
    /// The server's signing key. It stays in your shell's history: rather use one of the next two.
    #[arg(long, value_name = "KEY", group = "key")]
    pub(crate) signing_key: Option<String>,
    /// The variable that holds the signing key; read at each use and never stored.
    #[arg(long, value_name = "VARIABLE", group = "key")]
    pub(crate) signing_key_env: Option<String>,
    /// The Secrets Manager secret that holds the signing key; fetched at each use and never stored.
    #[arg(long, value_name = "NAME", group = "key")]
    pub(crate) signing_key_secret: Option<String>,
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
        /// How long the token lives, such as 12h or 90d.
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        expires: Option<u64>,
    },
    /// List all users.
    List,
    /// Show a user; what the app's profile type calls secret is masked.
    Show {
        /// The user's email.
        email: Email,
    },
    /// End every token of a user, at the next call.
    Revoke {
        /// The user's email.
        email: Email,
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
        /// What it is good for; without any, everything its user may do.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
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
        /// The token's id, from `tokens list`.
        id: String,
    },
}

/// A time such as `45s`, `30m`, `12h`, `90d`, in seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let factor = match &text[number.len()..] {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let time = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    time.ok_or_else(|| "a time is a number with a unit, such as 30m, 12h or 90d".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_tree_is_well_made() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!((seconds("90d"), seconds("45s")), (Ok(7_776_000), Ok(45)));
        for text in ["", "90", "d", "-1d", "1.5h", "9999999999999999999d", "1w"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
