//! `connect`: stores a connection, and makes it the one in use. A server that can't be reached is not stored.

use clap::Args;
use mcp_lambda::Secret;
use mcp_lambda::config::ProcessEnvironment;
use mcp_lambda::health::{Details, Status};
use serde_json::json;

use crate::connection::{Connection, DEFAULT_NAME, KeySource};
use crate::context::CommandContext;
use crate::error::CliError;
use crate::input::read_stdin;
use crate::output::{ask_secret, format_status};
use crate::setup::Setup;
use crate::values::parse_name;

/// Choose the server to administer; the choice is stored.
#[derive(Debug, Args)]
pub(crate) struct ConnectCommand {
    /// `local` for this machine's own store, or the server's URL.
    #[arg(value_name = "local|URL")]
    place: String,
    /// The server's signing key. It stays in your shell's history: rather use one of the other ways.
    #[arg(long, value_name = "KEY", group = "key")]
    signing_key: Option<String>,
    /// The variable that holds the signing key; read at each use and never stored.
    #[arg(long, value_name = "VARIABLE", group = "key")]
    signing_key_env: Option<String>,
    /// The name or ARN of the Secrets Manager secret that holds the signing key; fetched at each use and never stored.
    ///
    /// The region is that of the ARN, or `AWS_REGION`; it is kept with the connection, and so is `AWS_PROFILE`.
    #[arg(long, value_name = "NAME", group = "key")]
    signing_key_secret: Option<String>,
    /// Read the signing key from standard input; it is stored, readable by you alone.
    #[arg(long, group = "key")]
    signing_key_stdin: bool,
    /// Name of the connection.
    #[arg(long = "as", value_name = "NAME", default_value = DEFAULT_NAME, value_parser = parse_name)]
    name: String,
    /// Don't try the connection.
    #[arg(long)]
    offline: bool,
}

/// The answer of a server that was tried.
struct ConnectedServer {
    health: Details,
    audience: Option<String>,
}

impl ConnectCommand {
    /// Tries the connection, unless `--offline` is given, and stores it.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        if let Some(name) = context.connection_name() {
            return Err(CliError::Usage(format!(
                "`connect` makes a connection: call it with `--as {name}`, and leave `--on` out"
            )));
        }
        let target = &context.target;
        let setup = Setup::load(target)?;
        let stored = setup.find(&self.name);
        let connection = Connection::parse(target, &self.place, || self.key_source(), stored)?;
        if let Some(warning) = connection.warn_of_other_key(target) {
            context.output.print_warning(&warning);
        }
        let (connection, state) = if self.offline {
            (connection, None)
        } else {
            let connection = connection.with_asked_key(ask_secret);
            let state = try_connection(context, &connection).await?;
            (connection, Some(state))
        };
        self.store(context, setup, connection, state.as_ref())
    }

    /// Returns the [`KeySource`] that the flags name. A key from standard input is read here.
    fn key_source(&self) -> Result<KeySource, CliError> {
        if let Some(key) = &self.signing_key {
            return Ok(KeySource::Stored(Secret::new(key.clone())));
        }
        if let Some(variable) = &self.signing_key_env {
            return Ok(KeySource::Variable(variable.clone()));
        }
        if let Some(secret) = &self.signing_key_secret {
            return Ok(KeySource::from_secret(&ProcessEnvironment, secret));
        }
        if self.signing_key_stdin {
            let key = read_stdin().map_err(CliError::Usage)?;
            return Ok(KeySource::Stored(Secret::new(key)));
        }
        Ok(KeySource::None)
    }

    /// Stores the connection, and prints what was connected to.
    fn store(
        &self,
        context: &CommandContext,
        setup: Setup<'_>,
        connection: Connection,
        state: Option<&ConnectedServer>,
    ) -> Result<(), CliError> {
        let server = connection.describe();
        let path = setup.store(&self.name, connection)?;
        let answer = json!({
            "connected": server, "as": self.name, "status": state.map(|state| state.health.status),
            "audience": state.and_then(|state| state.audience.as_ref()), "setup": path,
        });
        context.output.print_answer(&answer, || {
            let (name, path) = (&self.name, path.display());
            match state {
                Some(state) => format!(
                    "Connected to {server} as {name}, in use from now on: {}.\nKept in {path}",
                    state.describe(&context.target.program_name())
                ),
                None => format!(
                    "Noted {server} as {name}, in use from now on, and did not try it.\nKept in {path}"
                ),
            }
        });
        Ok(())
    }
}

/// Opens the connection, and asks the server for its health. The files of this machine's store are created here.
async fn try_connection(
    context: &CommandContext,
    connection: &Connection,
) -> Result<ConnectedServer, CliError> {
    let session = connection.open_or_create(&context.target).await?;
    let health = session.api.health().await?;
    // The audience is known only after the first request.
    let audience = session.audience();
    Ok(ConnectedServer { health, audience })
}

impl ConnectedServer {
    fn describe(&self, program: &str) -> String {
        let detail = |name: &str| self.health.details.get(name).map_or("", String::as_str);
        let (app, version) = (detail("app"), detail("version"));
        let status = format_status(self.health.status);
        let advice = match self.health.status {
            Status::Healthy => String::new(),
            _ => format!(" (`{program} health` tells why)"),
        };
        let audience = match &self.audience {
            Some(audience) => format!(" for the audience {audience}"),
            None => String::new(),
        };
        format!("{app} {version} is {status}{advice}, and the key is accepted{audience}")
    }
}
