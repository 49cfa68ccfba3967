//! `register --apply`: registers the server with each client, by the client's own command or in its file.
//!
//! Everything that can be checked is checked for all clients before the first token is created and the first file is written. A
//! token whose client could not be registered is revoked. No token is printed, and none is an argument of a program, where other
//! users of this machine could read it.

use std::path::PathBuf;

use mcp_lambda::admin::IssuedToken;
use mcp_lambda::config::ProcessEnvironment;
use mcp_lambda::secret::MASK;
use mcp_lambda::{Error, shell};

use super::apply_result::ApplyResult;
use super::client_command;
use super::client_file::{ExistingEntry, conflict_error, edit, link_policy};
use super::plan::{ClientAccess, RegistrationPlan, revoke_unused};
use crate::clients::machine::Machine;
use crate::clients::{
    ClientCommand, ClientConfig, KnownClient, Scope, TokenSource, Transport, document,
};
use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::files::{self, FileReaders, write_error};
use crate::token_file::TokenFile;

/// One client that was checked, and can be registered.
struct ClientTask {
    config: &'static dyn ClientConfig,
    /// The client's own command, if that registers it; otherwise its file is written.
    program: Option<ClientProgram>,
    /// The path of the client's file.
    path: PathBuf,
    existing: ExistingEntry,
}

/// A client's own command, and its path on this machine.
struct ClientProgram {
    command: &'static dyn ClientCommand,
    path: PathBuf,
}

/// The change that a registration made.
pub(super) struct RegistrationChange {
    /// The file or the command, with a verb.
    pub(super) place: String,
    /// The text that was put in, or the command's line.
    pub(super) text: String,
}

/// Registers all clients of the plan, and prints the result of each.
///
/// # Errors
/// The problems of the checks, after which nothing is changed; otherwise that of the first client that failed.
pub(super) async fn run(
    context: &CommandContext,
    session: &AdminSession,
    plan: &RegistrationPlan,
) -> Result<(), CliError> {
    let tasks = prepare_tasks(plan)?;
    let mut results = Vec::new();
    for task in &tasks {
        results.push(task.run(session, plan).await);
    }
    if plan.clients.is_empty() {
        let is_left = |client: &&KnownClient| {
            let mut names = tasks.iter().map(|task| task.config.name());
            names.all(|name| name != client.name())
        };
        let left = KnownClient::ALL.iter().filter(is_left).copied();
        results.extend(left.map(ApplyResult::skip));
    }
    let answer: Vec<_> = results.iter().map(ApplyResult::to_json).collect();
    context.output.print_answer(&answer, || {
        let texts: Vec<_> = results.iter().map(ApplyResult::to_text).collect();
        texts.join("\n\n")
    });
    let failed = results
        .into_iter()
        .find_map(|result| Some((result.client, result.error?)));
    failed.map_or(Ok(()), |(client, error)| {
        Err(Error::new(error.kind(), format!("{client}: {error}")).into())
    })
}

/// Checks all clients of the plan, and returns a task for each.
fn prepare_tasks(plan: &RegistrationPlan) -> Result<Vec<ClientTask>, CliError> {
    let machine = Machine::new(&ProcessEnvironment).ok_or_else(|| {
        CliError::NotConfigured(
            "there is no home folder that clients keep files in; set HOME".into(),
        )
    })?;
    let clients = choose_clients(&machine, plan)?;
    clients
        .iter()
        .try_for_each(|client| client.check_name(&plan.server.name))
        .map_err(CliError::Usage)?;
    let mut tasks = Vec::new();
    let mut problems = Vec::new();
    for client in clients {
        match ClientTask::prepare(&machine, plan, client) {
            Ok(task) => tasks.push(task),
            Err(problem) => problems.push(problem),
        }
    }
    match problems.first() {
        None => Ok(tasks),
        Some(first) => Err(join_problems(first, &problems).into()),
    }
}

/// Returns one error with all problems, of the kind of the first.
fn join_problems(first: &Error, problems: &[Error]) -> Error {
    let messages: Vec<_> = problems.iter().map(Error::chain).collect();
    let message = format!("{}\nNothing was changed.", messages.join("\n"));
    Error::new(first.kind(), message)
}

/// Returns the clients of `--client`, or those found on this machine, each once.
fn choose_clients(
    machine: &Machine<'_>,
    plan: &RegistrationPlan,
) -> Result<Vec<&'static dyn ClientConfig>, CliError> {
    let require_config = |client: &KnownClient| {
        client
            .config()
            .ok_or_else(|| no_config_error(*client, plan))
    };
    let named: Vec<_> = plan
        .clients
        .iter()
        .map(require_config)
        .collect::<Result<_, _>>()?;
    let is_found = |config: &&dyn ClientConfig| !config.traces(machine).is_empty();
    let found = KnownClient::ALL
        .iter()
        .filter_map(|client| client.config())
        .filter(|config| plan.clients.is_empty() && is_found(config));
    let mut clients: Vec<&'static dyn ClientConfig> = Vec::new();
    for config in named.into_iter().chain(found) {
        if clients.iter().all(|known| known.name() != config.name()) {
            clients.push(config);
        }
    }
    if clients.is_empty() {
        let message =
            "no client was found on this machine; name one with `--client`, or leave out `--apply`";
        return Err(Error::not_found(message).into());
    }
    Ok(clients)
}

/// Returns the error for a client that stores nothing on this machine.
fn no_config_error(client: KnownClient, plan: &RegistrationPlan) -> CliError {
    let advice = if plan.starts_process() && !client.starts_processes() {
        "it starts no process on this machine".to_owned()
    } else {
        format!("leave out `--apply`, and `register --client {client}` prints what to do")
    };
    CliError::Usage(format!("{client} can't be registered from here: {advice}"))
}

impl ClientTask {
    /// Checks one client. Nothing is changed, but a stale draft of its file is removed.
    fn prepare(
        machine: &Machine<'_>,
        plan: &RegistrationPlan,
        config: &'static dyn ClientConfig,
    ) -> Result<Self, Error> {
        let path = config.path(machine, plan.scope);
        files::remove_stale_draft(&path);
        let (existing, _) = edit(config, &path, plan, &plan.placeholder_transport())?;
        if matches!(existing, ExistingEntry::Different { .. }) && !plan.replaces_entries {
            return Err(conflict_error(&path, &plan.server.name));
        }
        // A token among a command's arguments could be read by everybody on this machine, and a command may remove the existing
        // entry before it fails.
        let has_token_argument = plan.creates_tokens() && config.stores_tokens();
        let is_usable = |command: &&dyn ClientCommand| {
            command.supports(plan.scope) && !has_token_argument && existing == ExistingEntry::None
        };
        let program = config.command().filter(is_usable).and_then(|command| {
            let path = machine.find_program(command.program())?;
            Some(ClientProgram { command, path })
        });
        Ok(Self {
            config,
            program,
            path,
            existing,
        })
    }

    /// Registers the client. A token that was created for it is revoked if that fails.
    async fn run(&self, session: &AdminSession, plan: &RegistrationPlan) -> ApplyResult {
        let renews_token = plan.replaces_entries && plan.creates_tokens();
        if self.existing == ExistingEntry::Same && !renews_token {
            return self.report_unchanged(plan);
        }
        // The file of a token that is in no client's file is created first: without one the token would be nobody's.
        let file = match self.create_token_file(plan) {
            Ok(file) => file,
            Err(error) => return self.report_failure(error, None),
        };
        let (transport, issued) = match plan.issue_transport(session, self.config.name()).await {
            Ok(issue) => issue,
            Err(error) => return self.report_failure(error, None),
        };
        let transport = match store_token(file, transport, issued.as_ref()) {
            Ok(transport) => transport,
            Err(error) => return self.report_failure(error, revoke_unused(session, issued).await),
        };
        match self.register(plan, &transport).await {
            Ok(change) => self.report_success(plan, &transport, change),
            Err(error) => {
                let note = revoke_unused(session, issued).await;
                let error = Error::new(error.kind(), mask_token(&error.chain(), &transport));
                self.report_failure(error, note)
            }
        }
    }

    /// Creates a file for the token, if the client takes none in its own.
    fn create_token_file(&self, plan: &RegistrationPlan) -> Result<Option<TokenFile>, Error> {
        let is_needed = plan.creates_tokens() && !self.config.stores_tokens();
        is_needed
            .then(|| TokenFile::create_in(&plan.token_folder))
            .transpose()
    }

    /// Runs the client's own command, or writes its file.
    async fn register(
        &self,
        plan: &RegistrationPlan,
        transport: &Transport,
    ) -> Result<RegistrationChange, Error> {
        match &self.program {
            Some(ClientProgram { command, path }) => {
                client_command::register(path, *command, plan, transport).await
            }
            None => self.write_file(plan, transport),
        }
    }

    /// Writes the client's file. It is read again: it may have changed since it was checked.
    fn write_file(
        &self,
        plan: &RegistrationPlan,
        transport: &Transport,
    ) -> Result<RegistrationChange, Error> {
        let (existing, new_text) = edit(self.config, &self.path, plan, transport)?;
        if matches!(existing, ExistingEntry::Different { .. }) && !plan.replaces_entries {
            return Err(conflict_error(&self.path, &plan.server.name));
        }
        let readers = if token_in_file(transport).is_some() {
            FileReaders::Owner
        } else {
            FileReaders::Unchanged
        };
        files::write(&self.path, &new_text, readers, link_policy(plan.scope))
            .map_err(write_error(&self.path))?;
        Ok(RegistrationChange {
            place: format!("wrote {}", self.path.display()),
            text: document::to_paste(self.config, &plan.server, transport),
        })
    }

    fn report_unchanged(&self, plan: &RegistrationPlan) -> ApplyResult {
        let note = plan
            .creates_tokens()
            .then(|| "no token was made; `--force` makes a new one and puts it in".to_owned());
        ApplyResult {
            client: self.config.name(),
            state: "already_there",
            place: self.path.display().to_string(),
            text: String::new(),
            notes: note.into_iter().collect(),
            error: None,
        }
    }

    fn report_success(
        &self,
        plan: &RegistrationPlan,
        transport: &Transport,
        change: RegistrationChange,
    ) -> ApplyResult {
        let state = if self.existing == ExistingEntry::None {
            "added"
        } else {
            "replaced"
        };
        ApplyResult {
            client: self.config.name(),
            state,
            place: change.place,
            text: mask_token(&change.text, transport),
            notes: self.notes(plan, transport),
            error: None,
        }
    }

    fn report_failure(&self, error: Error, note: Option<String>) -> ApplyResult {
        let program = self.program.as_ref().map(|program| &program.path);
        let place = program.unwrap_or(&self.path).display().to_string();
        let notes = [error.to_string()].into_iter().chain(note).collect();
        ApplyResult {
            client: self.config.name(),
            state: "failed",
            place,
            text: String::new(),
            notes,
            error: Some(error),
        }
    }

    /// Returns the notes on a registration that was carried out.
    fn notes(&self, plan: &RegistrationPlan, transport: &Transport) -> Vec<String> {
        let mut notes = self
            .config
            .instructions(&plan.server, transport, plan.scope)
            .notes;
        notes.extend(plan.process_note());
        // A shell expands the variable of a printed command; here the client must find it.
        if let (Transport::Http(token), Some(command), Scope::User) =
            (transport, self.config.command(), plan.scope)
            && command
                .shell_arguments(&plan.server, token, plan.scope)
                .is_some()
        {
            notes.extend(token.requirements());
        }
        notes.extend(self.old_token_note(plan));
        if token_in_file(transport).is_some() && plan.scope == Scope::Project {
            notes.push(format!(
                "{} holds a token now: keep it out of version control",
                self.path.display()
            ));
        }
        notes
    }

    /// Returns the note on a token that the replaced entry had: it is still valid.
    fn old_token_note(&self, plan: &RegistrationPlan) -> Option<String> {
        let had_token = match self.existing {
            ExistingEntry::None => false,
            ExistingEntry::Same => true,
            ExistingEntry::Different { has_credential } => has_credential,
        };
        let ClientAccess::User(email) = &plan.access else {
            return None;
        };
        let list = shell::line(["tokens", "list", email.as_str()]);
        had_token.then(|| {
            format!("a token that stood there before still works until you end it: `{list}`")
        })
    }
}

/// Returns the token that is in the client's file itself, if there is one.
fn token_in_file(transport: &Transport) -> Option<&str> {
    match transport {
        Transport::Http(TokenSource::Given(token)) => Some(token),
        _ => None,
    }
}

/// Replaces the token in a text by [`MASK`].
fn mask_token(text: &str, transport: &Transport) -> String {
    match token_in_file(transport) {
        Some(token) => text.replace(token, MASK),
        None => text.to_owned(),
    }
}

/// Stores the token of a client that takes none in its own file, and returns the transport with the file's path instead.
fn store_token(
    file: Option<TokenFile>,
    transport: Transport,
    issued: Option<&IssuedToken>,
) -> Result<Transport, Error> {
    let Some((file, issued)) = file.zip(issued) else {
        return Ok(transport);
    };
    let path = file.store(&issued.token)?;
    Ok(Transport::Http(TokenSource::File(
        path.display().to_string(),
    )))
}
