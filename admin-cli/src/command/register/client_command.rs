//! A client's own command, which registers a server.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use mcp_lambda::{Error, ErrorKind};
use tokio::process::Command;

use super::RegistrationPlan;
use super::apply::RegistrationChange;
use crate::clients::{ClientCommand, Scope, Transport, argv};

/// The time limit of a client's own command.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most characters of a failed command's output that are shown.
const MAX_WORDS: usize = 2_000;

/// Runs the client's own command, and returns its line.
pub(super) async fn register(
    program: &Path,
    client: &dyn ClientCommand,
    plan: &RegistrationPlan,
    transport: &Transport,
    scope: Scope,
) -> Result<RegistrationChange, Error> {
    let arguments = client.arguments(&plan.server, transport, scope);
    command(program, &arguments).await?;
    Ok(RegistrationChange {
        place: "ran".to_owned(),
        text: argv::line(client.program(), arguments),
    })
}

/// Runs a client's command to its end, without a shell and without anything to read.
async fn command(program: &Path, arguments: &[String]) -> Result<(), Error> {
    let mut command = Command::new(program);
    let ended = command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let name = program.display();
    let output = match tokio::time::timeout(PATIENCE, ended).await {
        Err(_) => {
            return Err(Error::deadline_exceeded(format!(
                "{name} did not end within {} seconds",
                PATIENCE.as_secs()
            )));
        }
        Ok(Err(error)) => {
            return Err(Error::unavailable(format!(
                "{name} can't be started: {error}"
            )));
        }
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout]
        .map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let said: String = said.join("\n").trim().chars().take(MAX_WORDS).collect();
    let ended = output.status.code().map_or_else(
        || "was killed".to_owned(),
        |code| format!("ended with {code}"),
    );
    Err(Error::new(
        ErrorKind::Internal,
        format!("{name} {ended}: {said}"),
    ))
}
