//! `safe-tool`: the tool that the app's author declares safe to call, to see whether tools work.

use clap::Args;
use mcp_lambda::{Email, Error};
use serde_json::Value;

use crate::context::CommandContext;
use crate::error::CliError;
use crate::tool_call::call_as_user;

/// Show the tool that may be called to see whether tools work.
#[derive(Debug, Args)]
pub(crate) struct SafeToolCommand {
    /// Call it too, as this user.
    #[arg(long, value_name = "EMAIL")]
    invoke: Option<Email>,
}

impl SafeToolCommand {
    /// Prints the tool, or calls it.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let safe_tool = context.session().await?.api.safe_tool().await?;
        let Some(tool) = &safe_tool.tool else {
            return Err(Error::not_found(
                "the app names no safe tool; say `.safe_tool(…)` where it is declared",
            )
            .into());
        };
        if let Some(user) = self.invoke {
            let arguments = Value::Object(tool.arguments.clone());
            return call_as_user(context, &tool.name, user, &arguments).await;
        }
        context.output.print_answer(&safe_tool, || {
            format!("{}: {}", tool.name, tool.description)
        });
        Ok(())
    }
}
