//! The command line of a server binary.

use std::net::IpAddr;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::terminal::say;
use super::{build_runtime, http, logging};
use crate::admin::ImportedUser;
use crate::app::{App, Server};
use crate::config::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::LocalUser;
use crate::shell;
use crate::user::{Caller, Email};

/// The end of `--help`.
const AFTER_HELP: &str = "\
Settings come from the environment, such as SIGNING_KEY, APP_USERS_PATH and PUBLIC_URL; their faults are reported together.
Exit codes: 0 ok, 1 internal, 2 usage, 3 not configured, 4 not found, 5 conflict, 6 refused, 7 unreachable.";

/// An MCP server with users of its own.
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
struct ServeArguments {
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

/// Runs the command of the command line. On wrong usage clap ends the process with 2, after help
/// with 0.
pub(super) fn run(app: &App, settings: Result<Settings>) -> Result<()> {
    let name: &'static str = app.name().to_owned().leak();
    let version: &'static str = app.app_version().to_owned().leak();
    // Without a user, calls are anonymous, which only an author can allow (`App::allow_anonymous`).
    let command = ServeArguments::command().mut_subcommand("stdio", |stdio| {
        stdio.mut_arg("user", |user| user.required(!app.allows_anonymous()))
    });
    let matches = command.name(name).version(version).get_matches();
    let arguments = ServeArguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let settings = settings?;
    logging::start(&settings);
    match arguments.command {
        Command::Serve { host, port } => {
            build_runtime()?.block_on(http::serve(app, settings, (host, port).into()))
        }
        Command::Stdio { user, create } => {
            let runtime = build_runtime()?;
            let outcome = runtime.block_on(serve_stdio(app, &settings, user, create));
            // tokio reads standard input on a thread of its own, which can't be cancelled: dropping
            // the runtime would wait until the client sends another line.
            runtime.shutdown_background();
            outcome
        }
    }
}

/// Serves one user, or anonymous calls, over standard input and output.
async fn serve_stdio(
    app: &App,
    settings: &Settings,
    email: Option<Email>,
    create: bool,
) -> Result<()> {
    let server = app.build(settings).await?;
    let Some(email) = email else {
        say("This app is open (`App::allow_anonymous`): calls are nobody's.");
        return server.serve_stdio(Caller::anonymous()).await;
    };
    let user = match server.identity.local(&email).await {
        Err(error) if create && error.kind() == ErrorKind::NotFound => {
            register(&server, &email).await
        }
        found => found,
    };
    let user = user.map_err(|error| advise(error, app.name(), &email))?;
    server.transports.serve_stdio(user.into()).await
}

/// Registers a user without a token: over stdio the [`LocalUser`] needs none.
async fn register(server: &Server, email: &Email) -> Result<LocalUser> {
    let user = ImportedUser::new(email.clone());
    server.admin().import(user).await?;
    server.identity.local(email).await
}

/// Adds the command that registers the user to an error that it would solve.
fn advise(error: Error, app: &str, email: &Email) -> Error {
    let add = shell::line([&format!("{app}-admin"), "users", "add", email.as_str()]);
    match error.kind() {
        ErrorKind::NotFound => Error::not_found(format!(
            "{error}; register it with `{add}`, or give `--create`"
        )),
        ErrorKind::Invalid => Error::invalid(format!("{error}; register it with `{add}`")),
        _ => error,
    }
}
