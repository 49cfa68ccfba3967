//! The doors of a server binary: Lambda, local HTTP, standard input and output.
//!
//! [`run`] is a whole `main`: it reads the settings, picks the door, and turns every fault into words and an exit code.

#[cfg(feature = "local")]
mod banner;
#[cfg(feature = "local")]
mod command;
#[cfg(feature = "local")]
mod connection;
#[cfg(feature = "local")]
mod http;
mod lambda;
mod logging;
#[cfg(feature = "local")]
mod places;
mod terminal;
#[cfg(feature = "local")]
mod url_file;

use std::process::ExitCode;

#[cfg(feature = "local")]
pub use url_file::served_url;

use crate::app::App;
use crate::config::{Place, ProcessEnvironment, Settings};
use crate::error::{Error, Result};

/// Runs an app: under Lambda as its handler, else by the command line (`serve`, `stdio`).
///
/// Exit codes: 0 ok, 1 internal, 2 usage, 3 not configured, 4 not found, 5 conflict, 6 refused, 7 unreachable.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a `main` hands its app over")]
pub fn run(app: App) -> ExitCode {
    let settings =
        Settings::read(&ProcessEnvironment, app.name()).map_err(|faults| all_faults(&app, faults));
    let outcome = match Place::of(&ProcessEnvironment) {
        Place::Lambda => settings.and_then(|settings| on_lambda(&app, &settings)),
        Place::Local => locally(&app, settings),
    };
    outcome.map_or_else(|error| terminal::fail(&error), |()| ExitCode::SUCCESS)
}

/// Faults of the settings and of the app itself, in one report.
fn all_faults(app: &App, mut faults: Vec<String>) -> Error {
    faults.extend(app.check().err().into_iter().flatten());
    Error::invalid(faults.join("\n"))
}

/// One invocation at a time needs one thread; Managed Instances run several.
fn on_lambda(app: &App, settings: &Settings) -> Result<()> {
    logging::start(settings);
    let runtime = runtime(lambda::concurrency() > 1)?;
    runtime.block_on(async {
        let server = app.build(settings).await?;
        if app.is_open() {
            tracing::warn!("this app is open to anyone (`App::open`, ALLOW_ANONYMOUS)");
        }
        lambda::serve(server.router, settings.response_mode).await
    })
}

#[cfg(feature = "local")]
fn locally(app: &App, settings: Result<Settings>) -> Result<()> {
    command::run(app, settings)
}

#[cfg(not(feature = "local"))]
fn locally(_app: &App, settings: Result<Settings>) -> Result<()> {
    settings?;
    Err(Error::invalid(
        "this build runs under Lambda only; build with feature `local` to serve or speak stdio",
    ))
}

fn runtime(is_parallel: bool) -> Result<tokio::runtime::Runtime> {
    #[cfg(feature = "local")]
    let mut builder = if is_parallel {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    #[cfg(not(feature = "local"))]
    let mut builder = {
        let _ = is_parallel;
        tokio::runtime::Builder::new_current_thread()
    };
    builder
        .enable_all()
        .build()
        .map_err(|error| Error::internal("the runtime can't start").with_source(error))
}
