//! Registration by a client's own command, such as `claude mcp add`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use mcp_lambda::Error;
use tokio::process::Command;

use super::apply::RegistrationChange;
use super::plan::RegistrationPlan;
use crate::clients::{ClientCommand, Transport, argv};

/// The time limit of the command.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The most characters of a failed command's output that are shown.
const MAX_OUTPUT_CHARACTERS: usize = 2_000;

/// Runs the client's command, and returns its line.
///
/// # Errors
/// If it can't be started, does not end in time, or ends with another code than 0.
pub(super) async fn register(
    program: &Path,
    client: &dyn ClientCommand,
    plan: &RegistrationPlan,
    transport: &Transport,
) -> Result<RegistrationChange, Error> {
    let arguments = client.arguments(&plan.server, transport, plan.scope);
    run(program, &arguments).await?;
    Ok(RegistrationChange {
        place: "ran".to_owned(),
        text: argv::line(client.program(), arguments),
    })
}

/// Runs a program to its end, without a shell and with an empty standard input.
async fn run(program: &Path, arguments: &[String]) -> Result<(), Error> {
    let mut command = Command::new(program);
    let output = command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let name = program.display();
    let output = tokio::time::timeout(TIMEOUT, output)
        .await
        .map_err(|_| {
            Error::deadline_exceeded(format!(
                "{name} did not end within {} seconds",
                TIMEOUT.as_secs()
            ))
        })?
        .map_err(|error| Error::unavailable(format!("{name} can't be started: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let end = match output.status.code() {
        Some(code) => format!("ended with {code}"),
        None => "was killed".to_owned(),
    };
    let text = [output.stderr, output.stdout]
        .map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned())
        .join("\n");
    let text: String = text.trim().chars().take(MAX_OUTPUT_CHARACTERS).collect();
    Err(Error::internal(format!("{name} {end}: {text}")))
}
