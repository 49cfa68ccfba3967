//! The entry points of a server binary: Lambda, local HTTP, standard input and output.
//!
//! [`run`] is a whole `main`: it reads the [`Settings`], picks the entry point, and turns every
//! error into a message and an exit code.

#[cfg(feature = "local")]
mod banner;
#[cfg(feature = "local")]
mod command;
#[cfg(feature = "local")]
mod connection;
#[cfg(feature = "local")]
mod connection_slots;
#[cfg(feature = "local")]
mod http;
mod lambda;
mod logging;
mod terminal;
#[cfg(feature = "local")]
mod url_file;
#[cfg(feature = "local")]
mod workers;

use std::process::ExitCode;

#[cfg(feature = "local")]
pub use url_file::find_served_url;

use crate::app::App;
use crate::config::{Platform, ProcessEnvironment, Settings};
use crate::error::{Error, Result};

/// Runs an [`App`]: under Lambda as its handler, else by the command line (`serve`, `stdio`).
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     mcp_lambda::run(mcp_lambda::App::new("notes"))
/// }
/// ```
///
/// Exit codes: 0 ok, 1 internal, 2 usage, 3 not configured, 4 not found, 5 conflict, 6 refused, 7
/// unreachable.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a `main` hands its app over")]
pub fn run(app: App) -> ExitCode {
    let settings =
        Settings::read(&ProcessEnvironment, app.name()).map_err(|found| join_problems(&app, found));
    let outcome = match Platform::detect(&ProcessEnvironment) {
        Platform::Lambda => settings.and_then(|settings| run_on_lambda(&app, &settings)),
        // The command line comes first: `--help` and `--version` need no settings.
        Platform::Local => run_locally(&app, settings),
    };
    outcome.map_or_else(|error| terminal::fail(&error), |()| ExitCode::SUCCESS)
}

/// Joins the problems of the settings and of the app itself to one error.
fn join_problems(app: &App, mut problems: Vec<String>) -> Error {
    problems.extend(app.check().err().into_iter().flatten());
    Error::invalid(problems.join("\n"))
}

/// Serves invocations of Lambda: one at a time, or several on Lambda Managed Instances.
fn run_on_lambda(app: &App, settings: &Settings) -> Result<()> {
    logging::start(settings);
    // One invocation at a time needs one thread: more would cost start-up time and bytes of the zip,
    // and a function has one vCPU at 1,769 MB (AWS Lambda Developer Guide, "Configure Lambda function
    // memory").
    build_runtime()?.block_on(async {
        let server = app.build(settings).await?;
        if app.allows_anonymous() {
            tracing::warn!("this app is open to anyone (`App::allow_anonymous`, ALLOW_ANONYMOUS)");
        }
        lambda::serve(server.router, settings.response_mode).await
    })
}

/// Runs the command line.
#[cfg(feature = "local")]
fn run_locally(app: &App, settings: Result<Settings>) -> Result<()> {
    command::run(app, settings)
}

#[cfg(not(feature = "local"))]
fn run_locally(_app: &App, settings: Result<Settings>) -> Result<()> {
    settings?;
    Err(Error::invalid(
        "this build runs under Lambda only; build with feature `local` to serve or speak stdio",
    ))
}

/// Builds a tokio runtime of one thread, which is the caller's.
fn build_runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("the runtime can't start").with_source(error))
}
