//! `connections`: the stored connections, and the one in use.

use clap::Subcommand;
use serde_json::json;

use crate::context::CommandContext;
use crate::error::CliError;
use crate::output::format_table;
use crate::setup::Setup;

/// List connections, choose the one in use, forget one.
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

impl ConnectionsCommand {
    /// Lists or changes the stored connections. No server is asked.
    pub(crate) fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let setup = Setup::load(&context.target)?;
        match self {
            Self::List => list(context, &setup),
            Self::Use { name } => {
                setup.set_current(&name)?;
                context.output.print_answer(&json!({ "using": name }), || {
                    format!("Using {name} from now on.")
                });
            }
            Self::Remove { name } => {
                setup.remove(&name)?;
                let answer = json!({ "removed": name });
                context
                    .output
                    .print_answer(&answer, || format!("Forgot {name}."));
            }
        }
        Ok(())
    }
}

fn list(context: &CommandContext, setup: &Setup<'_>) {
    let all: Vec<_> = setup
        .connections()
        .map(|(name, connection, in_use)| {
            json!({ "name": name, "server": connection.describe(), "key": connection.describe_key(), "in_use": in_use })
        })
        .collect();
    context.output.print_answer(&all, || {
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
