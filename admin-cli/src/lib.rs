//! The admin CLI: what operators do, from a terminal or a script, to a laptop's own store or a deployment's URL.
//!
//! An app ships its own with `fn main() -> ExitCode { mcp_lambda_admin::run(app()) }`. Every command goes through
//! [`AdminApi`](mcp_lambda::admin::AdminApi), so it does the same in both places. Nothing here decides what is allowed: the
//! API does. A signing key is never printed, and a token once.

mod cli;
mod clients;
mod command;
mod connection;
mod error;
mod files;
mod flags;
mod input;
mod mcp;
mod output;
mod probe_steps;
mod remote;
mod setup;
mod target;
mod token_delivery;
mod token_file;
mod values;

use std::process::ExitCode;

use mcp_lambda::config::ProcessEnvironment;
use mcp_lambda::{App, Error};

pub use remote::RemoteAdmin;

use command::CommandContext;
use output::Output;
use target::AdminTarget;

/// Runs an app's admin CLI on this process's arguments.
#[must_use]
pub fn run(app: App) -> ExitCode {
    start(&AdminTarget::App(Box::new(app)))
}

/// Runs the generic admin CLI on this process's arguments.
#[must_use]
pub fn run_generic() -> ExitCode {
    start(&AdminTarget::AnyServer)
}

fn start(subject: &AdminTarget) -> ExitCode {
    let words = ProcessEnvironment.arguments();
    let (arguments, profile) = match cli::parse(subject, &words) {
        Ok(asked) => asked,
        Err(error) => return cli::report_usage(&error, words.iter().any(|word| word == "--json")),
    };
    output::hide_panic_messages();
    let output = Output::new(arguments.json);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let context = CommandContext {
                subject,
                on: arguments.on.as_deref(),
                output: &output,
                tree: cli::tree,
            };
            runtime.block_on(command::run(context, arguments.command, profile))
        }
        Err(error) => Err(Error::internal("the runtime can't start")
            .with_source(error)
            .into()),
    };
    let outcome = outcome.and_then(|()| match output.write_error() {
        None => Ok(()),
        Some(error) => Err(Error::internal(format!(
            "it was done, and the answer can't be written: {error}"
        ))
        .into()),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.print_error(&failure);
            failure.exit_code()
        }
    }
}
