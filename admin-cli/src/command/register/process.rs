//! The server's own process, as a client starts it with `--stdio`.

use mcp_lambda::config::{Environment, ProcessEnvironment};
use mcp_lambda::{App, Email, Error};

use crate::clients::ServerProcess;
use crate::connection::{AdminSession, Endpoint, read_local_settings};
use crate::context::CommandContext;
use crate::error::CliError;
use crate::target::AdminTarget;

/// Returns the process that serves one user over standard input and output.
///
/// # Errors
/// [`CliError::Usage`] unless the connection is to this machine's store, and [`CliError::NotConfigured`] without a binary.
pub(super) fn build(
    context: &CommandContext,
    session: &AdminSession,
    email: &Email,
) -> Result<ServerProcess, CliError> {
    let Some(app) = local_app(context, session) else {
        return Err(CliError::Usage(
            "`--stdio` needs this machine's own store: the app's own CLI after `connect local`, such as `notes-admin`; a server elsewhere is reached by its URL"
                .into(),
        ));
    };
    let mut process = ServerProcess::new(find_binary(app.name())?, email.as_str());
    let settings = read_local_settings(app)?;
    // A client may have fewer variables than this shell, and the process must open the same store. It needs no key: stdio checks
    // no token.
    let is_moved =
        settings.is_users_path_set() || ProcessEnvironment.get("XDG_DATA_HOME").is_some();
    if let Some(path) = settings.users_path().filter(|_| is_moved) {
        process.environment.insert(
            "APP_USERS_PATH".to_owned(),
            path.to_string_lossy().into_owned(),
        );
    }
    if let Some(table) = settings.users_table() {
        let table = table.to_owned();
        process.environment.insert("USERS_TABLE".to_owned(), table);
    }
    Ok(process)
}

/// Returns the app, if the session is with its store on this machine.
pub(super) fn local_app<'c>(
    context: &'c CommandContext,
    session: &AdminSession,
) -> Option<&'c App> {
    match (&context.target, &session.endpoint) {
        (AdminTarget::App(app), Endpoint::InProcess(_)) => Some(app),
        _ => None,
    }
}

/// Returns the path of the server's binary, which is beside this one and has the app's name.
///
/// # Errors
/// [`CliError::NotConfigured`] if there is none.
pub(super) fn find_binary(app: &str) -> Result<String, CliError> {
    let binary = ProcessEnvironment
        .executable()
        .map(|own| own.with_file_name(app));
    let binary =
        binary.ok_or_else(|| Error::internal("the system does not tell where this program is"))?;
    if !binary.is_file() {
        return Err(CliError::NotConfigured(format!(
            "there is no server binary at {}; build it, or put it beside this one",
            binary.display()
        )));
    }
    Ok(binary.to_string_lossy().into_owned())
}
