//! One call of a tool as a user, with a token that is created for it and revoked after it.

use mcp_lambda::admin::{IssuedToken, NewToken};
use mcp_lambda::{Email, Error};
use serde_json::Value;

use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::mcp::RpcClient;

/// The lifetime of the token, in seconds. It is the limit if the token can't be revoked.
const TOKEN_SECONDS: u64 = 60;

/// Calls a tool, and prints the result.
///
/// # Errors
/// Those of the call and of revoking the token, and [`Error::forbidden`] if the tool reports an error, whose text is printed.
pub(crate) async fn call_as_user(
    context: &CommandContext,
    tool: &str,
    user: Email,
    arguments: &Value,
) -> Result<(), CliError> {
    let session = context.session().await?;
    let token = create_token(session, tool, &user).await?;
    context.output.print_note(&format!(
        "as {user} with a token of its own, to {}\ntools/call {tool} {arguments}",
        session.describe()
    ));
    let outcome = RpcClient::new(session, token.token)
        .call_tool(tool, arguments)
        .await;
    // The token is revoked whatever came of the call, and the result is printed whatever came of that.
    let revoked = session.api.revoke_token(&user, &token.id).await;
    let result = outcome?;
    context
        .output
        .print_answer(&result, || format_content(&result));
    revoked.map_err(|error| {
        Error::new(
            error.kind(),
            format!("{error}; the call's token ends within a minute"),
        )
    })?;
    if result["isError"] == true {
        return Err(Error::forbidden(format!("the tool `{tool}` reports an error")).into());
    }
    Ok(())
}

async fn create_token(
    session: &AdminSession,
    tool: &str,
    user: &Email,
) -> Result<IssuedToken, Error> {
    let mut token = NewToken::new(user.clone());
    token.name = Some(format!("tools call {tool}"));
    token.duration_seconds = Some(TOKEN_SECONDS);
    session.api.create_token(token).await
}

/// Formats the content of a result: text as it is, any other part as JSON.
fn format_content(result: &Value) -> String {
    let content = result["content"].as_array().into_iter().flatten();
    let parts = content.map(|part| {
        part["text"]
            .as_str()
            .map_or_else(|| part.to_string(), str::to_owned)
    });
    parts.collect::<Vec<_>>().join("\n")
}
