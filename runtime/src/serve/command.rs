//! The command line of a server binary.

use std::net::IpAddr;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde_json::Map;

use super::terminal::say;
use super::{http, logging, runtime};
use crate::admin::ImportedUser;
use crate::app::{App, Server};
use crate::config::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::LocalUser;
use crate::shell;
use crate::user::{Caller, Email};

const AFTER_HELP: &str = "\
Settings come from the environment, such as SIGNING_KEY, APP_USERS_PATH and PUBLIC_URL; their faults are reported together.
Exit codes: 0 ok, 1 internal, 2 usage, 3 not configured, 4 not found, 5 conflict, 6 refused, 7 unreachable.";

/// An MCP server with users of its own.
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve over HTTP on this machine.
    Serve {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1")]
        host: IpAddr,
        /// The port to listen on; 0 takes a free one.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Speak over standard input and output, on behalf of one user.
    ///
    /// The user is looked up at each call: the process ends with 6 once the user is revoked or removed, and a changed
    /// profile holds at the next call. Starting it again works as long as the user is registered.
    Stdio {
        /// The user's email.
        #[arg(long, value_name = "EMAIL")]
        user: Option<Email>,
        /// Register the user first if need be.
        #[arg(long, requires = "user")]
        create: bool,
    },
}

/// Does what the command line says. Wrong usage ends the process with 2, help with 0, both by clap's own words.
pub(super) fn run(app: &App, settings: Result<Settings>) -> Result<()> {
    let name: &'static str = app.name().to_owned().leak();
    let version: &'static str = app.app_version().to_owned().leak();
    // Only who opens an app to anyone lets nobody call.
    let command = Arguments::command().mut_subcommand("stdio", |stdio| {
        stdio.mut_arg("user", |user| user.required(!app.is_open()))
    });
    let matches = command.name(name).version(version).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let settings = settings?;
    logging::start(&settings);
    match arguments.command {
        Command::Serve { host, port } => {
            runtime(true)?.block_on(http::serve(app, settings, (host, port).into()))
        }
        Command::Stdio { user, create } => {
            let runtime = runtime(false)?;
            let outcome = runtime.block_on(stdio(app, &settings, user, create));
            // A thread may still wait for input that nobody sends.
            runtime.shutdown_background();
            outcome
        }
    }
}

async fn stdio(app: &App, settings: &Settings, email: Option<Email>, create: bool) -> Result<()> {
    let server = app.build(settings).await?;
    let Some(email) = email else {
        say("This app is open (`App::open`): calls are nobody's.");
        return server.serve_stdio(Caller::anonymous()).await;
    };
    let user = match server.identity.local(&email).await {
        Err(error) if create && error.kind() == ErrorKind::NotFound => {
            registered(&server, &email).await
        }
        found => found,
    };
    let user = user.map_err(|error| advised(error, app.name(), &email))?;
    server.transports.serve_stdio(user.into()).await
}

/// Registers a user, who needs no token here.
async fn registered(server: &Server, email: &Email) -> Result<LocalUser> {
    let user = ImportedUser {
        email: email.clone(),
        created: None,
        revoke_after: None,
        profile: None,
        data: Map::new(),
    };
    server.admin.import(user).await?;
    server.identity.local(email).await
}

fn advised(error: Error, app: &str, email: &Email) -> Error {
    let add = shell::line([&format!("{app}-admin"), "users", "add", email.as_str()]);
    match error.kind() {
        ErrorKind::NotFound => Error::not_found(format!(
            "{error}; register it with `{add}`, or give `--create`"
        )),
        ErrorKind::Invalid => Error::invalid(format!("{error}; register it with `{add}`")),
        _ => error,
    }
}
