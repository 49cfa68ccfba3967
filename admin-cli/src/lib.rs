//! The admin CLI: users, tokens and health of an MCP server, from a terminal or a script.
//!
//! An app ships its own CLI with `fn main() -> ExitCode { mcp_lambda_admin::run(app()) }`. It administers this machine's store in
//! its own process, and a deployment by its URL. Every command goes through [`AdminApi`](mcp_lambda::admin::AdminApi), so it does
//! the same in both places, and the API alone decides what is allowed. The CLI never prints a signing key, and prints a token
//! once.

mod cli;
mod clients;
mod command;
mod connection;
mod context;
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
mod tool_call;
mod values;

use std::process::ExitCode;

use mcp_lambda::config::ProcessEnvironment;
use mcp_lambda::{App, Error};

pub use remote::RemoteAdmin;

use cli::CliCommand;
use context::CommandContext;
use error::CliError;
use output::Output;
use target::AdminTarget;

/// Runs an app's admin CLI on this process's arguments, and returns the process's exit code.
///
/// ```no_run
/// # use std::process::ExitCode;
/// fn main() -> ExitCode {
///     mcp_lambda_admin::run(mcp_lambda::App::new("notes"))
/// }
/// ```
#[must_use]
pub fn run(app: App) -> ExitCode {
    run_target(AdminTarget::App(Box::new(app)))
}

/// Runs the generic admin CLI, which administers any server by its URL, on this process's arguments.
#[must_use]
pub fn run_generic() -> ExitCode {
    run_target(AdminTarget::AnyServer)
}

fn run_target(target: AdminTarget) -> ExitCode {
    let words = ProcessEnvironment.arguments();
    let (arguments, profile) = match cli::parse(&target, &words) {
        Ok(parsed) => parsed,
        Err(error) => {
            return cli::report_usage(&error, words.iter().any(|word| word == "--json"));
        }
    };
    output::hide_panic_messages();
    let output = Output::new(arguments.json);
    let context = CommandContext::new(target, output, arguments.on, profile);
    match run_command(&context, arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.output.print_error(&error);
            error.exit_code()
        }
    }
}

/// Runs a command to its end. An answer that could not be written is an error too, though the command is done.
fn run_command(context: &CommandContext, command: CliCommand) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("the runtime can't start").with_source(error))?;
    runtime.block_on(command.run(context))?;
    match context.output.write_error() {
        None => Ok(()),
        Some(error) => Err(Error::internal(format!(
            "it was done, and the answer can't be written: {error}"
        ))
        .into()),
    }
}
