//! `register`: what connects each client to this server, printed, done, or looked for.
//!
//! Names are checked before any token is made: what is refused leaves none behind.

mod apply;
mod apply_result;
mod client_command;
mod client_file;
mod detect;

use clap::Args;
use std::path::PathBuf;

use mcp_lambda::admin::{IssuedToken, NewToken};
use mcp_lambda::config::{Environment, ProcessEnvironment};
use mcp_lambda::{Email, Error, shell};
use serde_json::json;

use crate::clients::{
    Instructions, KnownClient, McpServer, Scope, ServerProcess, TokenSource, Transport,
};
use crate::connection::{AdminSession, Endpoint, read_local_settings};
use crate::error::CliError;
use crate::output::Output;
use crate::target::AdminTarget;
use crate::token_delivery::server_name;
use crate::token_file::token_folder;

#[derive(Debug, Args)]
pub(crate) struct RegisterCommand {
    /// Only for this client; may be given several times.
    #[arg(long = "client", value_enum, value_name = "CLIENT")]
    pub(crate) clients: Vec<KnownClient>,
    /// Make a token for this user, called after the client; without it, a variable or a placeholder stands in its place.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) user: Option<Email>,
    /// The variable that holds the token, where the client reads one.
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) token_env: Option<String>,
    /// What the client calls the server, if not the app's name.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// For you everywhere, or for the project in this folder.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scope: Scope,
    /// Let the client start this machine's server itself, for `--user`, without a URL and a token; only when connected to `local`.
    #[arg(long, requires = "user", conflicts_with = "token_env")]
    pub(crate) stdio: bool,
    /// Do it: run the client's own command or write its file; without `--client`, for the clients found on this machine.
    #[arg(long)]
    pub(crate) apply: bool,
    /// Replace an entry of the same name that says something else.
    #[arg(long, requires = "apply")]
    pub(crate) force: bool,
    /// Say which clients are on this machine, and which of them know this server.
    #[arg(long, conflicts_with_all = ["apply", "user", "token_env", "stdio", "force"])]
    pub(crate) detect: bool,
}

/// The [`McpServer`] to register, and the [`ClientAccess`] that clients get.
struct RegistrationPlan {
    server: McpServer,
    access: ClientAccess,
    /// The folder of tokens that a person brings to a client.
    tokens: PathBuf,
}

/// The access that clients get, before any token is made.
enum ClientAccess {
    /// With a token of the client's own.
    User(Email),
    /// With what a variable holds.
    Variable(String),
    /// By starting it.
    Process(ServerProcess),
}

pub(crate) async fn run(
    subject: &AdminTarget,
    session: &AdminSession,
    wanted: RegisterCommand,
    output: &Output,
) -> Result<(), CliError> {
    let name = match &wanted.name {
        Some(name) => name.clone(),
        None => server_name(subject, session).await?,
    };
    let server = McpServer {
        name,
        url: session.url.clone(),
    };
    if wanted.detect {
        return detect::run(subject, session, &server, &wanted.clients, output);
    }
    if wanted.user.is_some() && wanted.clients.is_empty() && !wanted.apply && !wanted.stdio {
        let words = "name the clients with `--client`: a token is made for each";
        return Err(CliError::Usage(words.to_owned()));
    }
    let access = access(subject, session, &wanted, &server).await?;
    let plan = RegistrationPlan {
        server,
        access,
        tokens: token_folder(subject)?,
    };
    if wanted.apply {
        return apply::run(session, &plan, &wanted, output).await;
    }
    print(session, &plan, wanted, output).await
}

/// Returns the clients to print for, each of which can be registered as planned.
///
/// # Errors
/// [`CliError::Usage`].
fn choose_clients(
    plan: &RegistrationPlan,
    wanted: &[KnownClient],
) -> Result<Vec<KnownClient>, CliError> {
    let is_process = matches!(plan.access, ClientAccess::Process(_));
    let cannot_start = |client: &&KnownClient| is_process && !client.starts_processes();
    if let Some(client) = wanted.iter().find(cannot_start) {
        return Err(CliError::Usage(format!(
            "{client} starts no process on this machine; leave out `--stdio`"
        )));
    }
    let is_wanted = |client: &KnownClient| wanted.is_empty() || wanted.contains(client);
    let clients: Vec<_> = KnownClient::ALL.iter().copied().filter(is_wanted).collect();
    let checked = clients
        .iter()
        .try_for_each(|client| client.check_name(&plan.server.name));
    checked.map_err(CliError::Usage)?;
    Ok(clients)
}

async fn print(
    session: &AdminSession,
    plan: &RegistrationPlan,
    wanted: RegisterCommand,
    output: &Output,
) -> Result<(), CliError> {
    let (mut registrations, mut made) = (Vec::new(), Vec::new());
    for client in choose_clients(plan, &wanted.clients)? {
        match plan.transport(session, client.name()).await {
            Ok((transport, issued)) => {
                made.extend(issued);
                let mut instructions = client.instructions(&plan.server, &transport, wanted.scope);
                instructions
                    .notes
                    .extend(of_process(&plan.access).filter(|_| client.starts_processes()));
                registrations.push((client, instructions));
            }
            Err(fault) => return Err(revoke_all(session, made, fault).await.into()),
        }
    }
    let told: Vec<_> = registrations.iter().map(registration_json).collect();
    output.print_answer(&told, || {
        registrations
            .iter()
            .map(words)
            .collect::<Vec<_>>()
            .join("\n\n")
    });
    Ok(())
}

/// The fault, after the tokens that were made before it, and that nobody will see, are ended.
async fn revoke_all(session: &AdminSession, made: Vec<IssuedToken>, fault: Error) -> Error {
    for token in made {
        apply::revoke(session, Some(token)).await;
    }
    fault
}

impl RegistrationPlan {
    /// Returns the client's [`Transport`], with the token that was made for it.
    async fn transport(
        &self,
        session: &AdminSession,
        client: &str,
    ) -> Result<(Transport, Option<IssuedToken>), Error> {
        let email = match &self.access {
            ClientAccess::User(email) => email.clone(),
            _ => return Ok((self.placeholder_transport(), None)),
        };
        let token = NewToken {
            name: Some(client.to_owned()),
            ..NewToken::new(email)
        };
        let issued = session.api.create_token(token).await?;
        Ok((
            Transport::Http(TokenSource::Given(issued.token.expose().clone())),
            Some(issued),
        ))
    }

    /// Returns the [`Transport`] with a placeholder for the token.
    fn placeholder_transport(&self) -> Transport {
        match &self.access {
            ClientAccess::User(_) => Transport::Http(TokenSource::Given("TOKEN".to_owned())),
            ClientAccess::Variable(name) => Transport::Http(TokenSource::Variable(name.clone())),
            ClientAccess::Process(launch) => Transport::Stdio(launch.clone()),
        }
    }
}

async fn access(
    subject: &AdminTarget,
    session: &AdminSession,
    wanted: &RegisterCommand,
    server: &McpServer,
) -> Result<ClientAccess, CliError> {
    let variable = wanted
        .token_env
        .clone()
        .unwrap_or_else(|| server.variable());
    if !shell::is_variable(&variable) {
        let words = "use letters, digits and `_`, and no digit first";
        return Err(CliError::Usage(format!(
            "`{variable}` is no name of a variable: {words}"
        )));
    }
    let Some(email) = &wanted.user else {
        return Ok(ClientAccess::Variable(variable));
    };
    if wanted.stdio {
        let launch = launch(subject, session, email)?;
        session.api.user(email).await?;
        return Ok(ClientAccess::Process(launch));
    }
    if wanted.apply {
        session.api.user(email).await?;
    }
    Ok(ClientAccess::User(email.clone()))
}

/// Returns the [`ServerProcess`] of this machine's server for one user.
fn launch(
    subject: &AdminTarget,
    session: &AdminSession,
    email: &Email,
) -> Result<ServerProcess, CliError> {
    let (AdminTarget::App(app), Endpoint::InProcess(_)) = (subject, &session.endpoint) else {
        return Err(CliError::Usage(
            "`--stdio` needs this machine's own store: the app's own CLI after `connect local`, such as `notes-admin`; a server elsewhere is reached by its URL"
                .into(),
        ));
    };
    let binary = beside(app.name())?;
    let mut launch = ServerProcess::new(binary, email.as_str());
    let settings = read_local_settings(app)?;
    // A client may know fewer variables than this shell, and must open the same store. No key: stdio checks no token.
    let is_moved =
        settings.is_users_path_set() || ProcessEnvironment.get("XDG_DATA_HOME").is_some();
    if let Some(path) = settings.users_path().filter(|_| is_moved) {
        launch.environment.insert(
            "APP_USERS_PATH".to_owned(),
            path.to_string_lossy().into_owned(),
        );
    }
    if let Some(table) = settings.users_table() {
        let table = table.to_owned();
        launch.environment.insert("USERS_TABLE".to_owned(), table);
    }
    Ok(launch)
}

/// The server's binary, beside this one.
fn beside(app: &str) -> Result<String, CliError> {
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

/// Returns the note on a process that opens the store itself.
fn of_process(access: &ClientAccess) -> Option<String> {
    let ClientAccess::Process(launch) = access else {
        return None;
    };
    let email = launch.arguments.last()?;
    let [revoke, purge] = ["revoke", "purge"].map(|verb| shell::line(["users", verb, email]));
    Some(format!(
        "it opens the store of this machine itself, and no token ends it: `{revoke}` ends it at its next call, yet it may be started again; `{purge}` ends that too"
    ))
}

fn registration_json((client, instructions): &(KnownClient, Instructions)) -> serde_json::Value {
    json!({
        "client": client.to_string(), "where": instructions.place, "text": instructions.text, "notes": instructions.notes,
    })
}

fn words((client, instructions): &(KnownClient, Instructions)) -> String {
    describe(
        &format!("{client}: {}", instructions.place),
        &instructions.text,
        &instructions.notes,
    )
}

/// A heading, the text under it, and what to know of it.
fn describe(heading: &str, text: &str, notes: &[String]) -> String {
    let text: Vec<_> = text.lines().map(|line| format!("\n  {line}")).collect();
    let notes: Vec<_> = notes.iter().map(|note| format!("\n  ({note})")).collect();
    let gap = if text.is_empty() { "" } else { "\n" };
    format!("{heading}{gap}{}{}", text.concat(), notes.concat())
}
