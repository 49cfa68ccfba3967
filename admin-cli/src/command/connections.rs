//! `connections`: which servers are known, and which one is in use.

use clap::Subcommand;
use serde_json::json;

use crate::error::CliError;
use crate::output::{Output, format_table};
use crate::setup::Setup;
use crate::target::AdminTarget;

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
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

pub(crate) fn run(
    subject: &AdminTarget,
    command: &ConnectionsCommand,
    output: &Output,
) -> Result<(), CliError> {
    let setup = Setup::load(subject)?;
    match command {
        ConnectionsCommand::List => list(&setup, output),
        ConnectionsCommand::Use { name } => {
            setup.set_current(name)?;
            output.print_answer(&json!({ "using": name }), || {
                format!("Using {name} from now on.")
            });
        }
        ConnectionsCommand::Remove { name } => {
            setup.remove(name)?;
            output.print_answer(&json!({ "removed": name }), || format!("Forgot {name}."));
        }
    }
    Ok(())
}

fn list(setup: &Setup<'_>, output: &Output) {
    let all: Vec<_> = setup
        .connections()
        .map(|(name, connection, in_use)| {
            json!({ "name": name, "server": connection.describe(), "key": connection.describe_key(), "in_use": in_use })
        })
        .collect();
    output.print_answer(&all, || {
        if all.is_empty() {
            return "No connections yet.".into();
        }
        let rows = setup.connections().map(|(name, connection, in_use)| {
            let mark = if in_use { "*" } else { "" };
            [
                mark.to_owned(),
                name.to_owned(),
                connection.describe(),
                connection.describe_key(),
            ]
        });
        format_table(["", "NAME", "SERVER", "SIGNING KEY"], rows)
    });
}
