//! `connect`: which server the other commands speak to. What can't be reached is not kept.

use std::path::Path;

use clap::Args;
use mcp_lambda::Secret;
use mcp_lambda::config::ProcessEnvironment;
use mcp_lambda::health::{Details, Status};
use serde_json::json;

use crate::connection::{Connection, DEFAULT_NAME, KeySource};
use crate::error::CliError;
use crate::input::read_stdin;
use crate::output::{Output, ask_secret};
use crate::setup::Setup;
use crate::target::AdminTarget;
use crate::values::parse_name;

#[derive(Debug, Args)]
pub(crate) struct ConnectCommand {
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
    #[arg(long = "as", value_name = "NAME", default_value = DEFAULT_NAME, value_parser = parse_name)]
    pub(crate) name: String,
    /// Don't try the connection.
    #[arg(long)]
    pub(crate) offline: bool,
}

impl ConnectCommand {
    /// Returns the [`KeySource`] that the flags name, and reads the key where it comes from standard input.
    fn key(&self) -> Result<KeySource, CliError> {
        Ok(
            match (
                &self.signing_key,
                &self.signing_key_env,
                &self.signing_key_secret,
            ) {
                (Some(key), _, _) => KeySource::Stored(Secret::new(key.clone())),
                (_, Some(variable), _) => KeySource::Variable(variable.clone()),
                (_, _, Some(secret)) => KeySource::from_secret(&ProcessEnvironment, secret),
                _ if self.signing_key_stdin => {
                    KeySource::Stored(Secret::new(read_stdin().map_err(CliError::Usage)?))
                }
                _ => KeySource::None,
            },
        )
    }
}

/// Connects, tries the connection and stores it.
pub(crate) async fn run(
    subject: &AdminTarget,
    wanted: ConnectCommand,
    output: &Output,
) -> Result<(), CliError> {
    let setup = Setup::load(subject)?;
    let connection = Connection::parse(
        subject,
        &wanted.place,
        || wanted.key(),
        setup.find(&wanted.name),
    )?;
    connection
        .warn_of_other_key(subject)
        .iter()
        .for_each(|warning| output.print_warning(warning));
    let connection = if wanted.offline {
        connection
    } else {
        connection.with_asked_key(ask_secret)
    };
    let (mut found, mut audience) = (None, None);
    if !wanted.offline {
        let session = connection.open_or_create(subject).await?;
        found = Some(session.api.health().await?);
        audience = session.audience();
    }
    let words = connection.describe();
    let path = setup.store(&wanted.name, connection)?;
    let status = found.as_ref().map(|found| json!(found.status));
    let answer = json!({ "connected": words, "as": wanted.name, "status": status, "audience": audience, "setup": path });
    output.print_answer(&answer, || {
        let described = found.map(|found| describe(&found, audience.as_deref(), subject));
        message(&words, &wanted.name, described, &path)
    });
    Ok(())
}

/// The message for people; `described` is the server's state, if it was tried.
fn message(words: &str, name: &str, described: Option<String>, path: &Path) -> String {
    let kept = path.display();
    match described {
        Some(state) => {
            format!("Connected to {words} as {name}, in use from now on: {state}.\nKept in {kept}")
        }
        None => format!(
            "Noted {words} as {name}, in use from now on, and did not try it.\nKept in {kept}"
        ),
    }
}

fn describe(found: &Details, audience: Option<&str>, subject: &AdminTarget) -> String {
    let detail = |name: &str| found.details.get(name).cloned().unwrap_or_default();
    let why = match found.status {
        Status::Healthy => String::new(),
        Status::Degraded | Status::Unhealthy => {
            format!(" (`{} health` tells why)", subject.program_name())
        }
    };
    let status = json!(found.status);
    let status = status.as_str().unwrap_or_default();
    let audience = audience
        .map(|audience| format!(" for the audience {audience}"))
        .unwrap_or_default();
    format!(
        "{} {} is {status}{why}, and the key is accepted{audience}",
        detail("app"),
        detail("version")
    )
}
