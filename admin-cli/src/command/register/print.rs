//! `register` without `--apply`: prints the instructions for each client.

use mcp_lambda::Error;
use mcp_lambda::admin::IssuedToken;
use serde_json::{Value, json};

use super::plan::{RegistrationPlan, revoke_unused};
use crate::clients::{Instructions, KnownClient};
use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;

/// Prints the instructions, with a token for each client if the plan says so.
///
/// # Errors
/// [`CliError::Usage`] if a client can't be registered as planned; those of creating a token, after which the tokens that were
/// created before it are revoked, since nobody will see them.
pub(super) async fn run(
    context: &CommandContext,
    session: &AdminSession,
    plan: &RegistrationPlan,
) -> Result<(), CliError> {
    let mut all = Vec::new();
    let mut tokens = Vec::new();
    for client in choose_clients(plan)? {
        match build_instructions(session, plan, client).await {
            Ok((instructions, token)) => {
                tokens.extend(token);
                all.push((client, instructions));
            }
            Err(error) => {
                for token in tokens {
                    revoke_unused(session, Some(token)).await;
                }
                return Err(error.into());
            }
        }
    }
    let answer: Vec<_> = all.iter().map(to_json).collect();
    context.output.print_answer(&answer, || {
        let texts: Vec<_> = all.iter().map(to_text).collect();
        texts.join("\n\n")
    });
    Ok(())
}

/// Returns the clients of `--client`, or all, each of which can be registered as planned.
fn choose_clients(plan: &RegistrationPlan) -> Result<Vec<KnownClient>, CliError> {
    let cannot_start = |client: &&KnownClient| plan.starts_process() && !client.starts_processes();
    if let Some(client) = plan.clients.iter().find(cannot_start) {
        return Err(CliError::Usage(format!(
            "{client} starts no process on this machine; leave out `--stdio`"
        )));
    }
    let is_chosen = |client: &KnownClient| plan.clients.is_empty() || plan.clients.contains(client);
    let clients: Vec<_> = KnownClient::ALL.iter().copied().filter(is_chosen).collect();
    clients
        .iter()
        .try_for_each(|client| client.check_name(&plan.server.name))
        .map_err(CliError::Usage)?;
    Ok(clients)
}

async fn build_instructions(
    session: &AdminSession,
    plan: &RegistrationPlan,
    client: KnownClient,
) -> Result<(Instructions, Option<IssuedToken>), Error> {
    let (transport, token) = plan.issue_transport(session, client.name()).await?;
    let mut instructions = client.instructions(&plan.server, &transport, plan.scope);
    if client.starts_processes() {
        instructions.notes.extend(plan.process_note());
    }
    Ok((instructions, token))
}

fn to_json((client, instructions): &(KnownClient, Instructions)) -> Value {
    json!({
        "client": client.to_string(), "where": instructions.place, "text": instructions.text, "notes": instructions.notes,
    })
}

fn to_text((client, instructions): &(KnownClient, Instructions)) -> String {
    let Instructions { place, text, notes } = instructions;
    format_section(&format!("{client}: {place}"), text, notes)
}

/// Formats a heading, the indented text under it, and the notes in parentheses.
pub(super) fn format_section(heading: &str, text: &str, notes: &[String]) -> String {
    let text: Vec<_> = text.lines().map(|line| format!("\n  {line}")).collect();
    let notes: Vec<_> = notes.iter().map(|note| format!("\n  ({note})")).collect();
    let gap = if text.is_empty() { "" } else { "\n" };
    format!("{heading}{gap}{}{}", text.concat(), notes.concat())
}
