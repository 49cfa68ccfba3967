//! `register --apply`: does for each client what would be printed.
//!
//! Everything that can be checked is checked for every client before the first token is made and the first file written. A
//! token whose client could not be registered is revoked. No token is printed, nor given to a program as an argument.

use std::path::PathBuf;

use mcp_lambda::admin::IssuedToken;
use mcp_lambda::config::ProcessEnvironment;
use mcp_lambda::{Error, MASK, shell};

use super::apply_result::ApplyResult;
use super::client_command;
use super::client_file::{ExistingEntry, conflict, edit, links};
use super::{ClientAccess, RegisterCommand, RegistrationPlan, of_process};
use crate::clients::machine::Machine;
use crate::clients::{
    ClientCommand, ClientConfig, KnownClient, Scope, TokenSource, Transport, document,
};
use crate::connection::AdminSession;
use crate::error::CliError;
use crate::files::{self, FileReaders, write_error};
use crate::output::Output;
use crate::token_file::TokenFile;

/// One client, looked at and ready.
struct ClientTask {
    config: &'static dyn ClientConfig,
    /// The client's own command, where that does it.
    program: Option<ClientProgram>,
    path: PathBuf,
    found: ExistingEntry,
}

/// A client's own command, and its path on this machine.
struct ClientProgram {
    command: &'static dyn ClientCommand,
    path: PathBuf,
}

/// The change that a registration made: its place, and the text put in.
pub(super) struct RegistrationChange {
    pub(super) place: String,
    pub(super) text: String,
}

pub(super) async fn run(
    session: &AdminSession,
    plan: &RegistrationPlan,
    wanted: &RegisterCommand,
    output: &Output,
) -> Result<(), CliError> {
    let tasks = find_tasks(plan, wanted)?;
    let mut outcomes = Vec::new();
    for task in &tasks {
        outcomes.push(task.run(session, plan, wanted).await);
    }
    if wanted.clients.is_empty() {
        let is_left = |client: &&KnownClient| {
            let mut names = tasks.iter().map(|task| task.config.name());
            names.all(|name| name != client.name())
        };
        let left = KnownClient::ALL.iter().filter(is_left).copied();
        outcomes.extend(left.map(ApplyResult::skip));
    }
    let answer: Vec<_> = outcomes.iter().map(ApplyResult::to_json).collect();
    output.print_answer(&answer, || {
        outcomes
            .iter()
            .map(ApplyResult::message)
            .collect::<Vec<_>>()
            .join("\n\n")
    });
    let failed = outcomes
        .into_iter()
        .find_map(|outcome| Some((outcome.client, outcome.error?)));
    failed.map_or(Ok(()), |(client, fault)| {
        Err(Error::new(fault.kind(), format!("{client}: {fault}")).into())
    })
}

/// The clients, each looked at, and nothing done yet.
fn find_tasks(
    plan: &RegistrationPlan,
    wanted: &RegisterCommand,
) -> Result<Vec<ClientTask>, CliError> {
    let machine = Machine::new(&ProcessEnvironment).ok_or_else(|| {
        CliError::NotConfigured(
            "there is no home folder that clients keep files in; set HOME".into(),
        )
    })?;
    let clients = choose(&machine, plan, &wanted.clients)?;
    clients
        .iter()
        .try_for_each(|client| client.check_name(&plan.server.name))
        .map_err(CliError::Usage)?;
    check_tasks(&machine, plan, wanted, &clients)
}

/// The clients asked for, or those that are here.
fn choose(
    machine: &Machine<'_>,
    plan: &RegistrationPlan,
    asked: &[KnownClient],
) -> Result<Vec<&'static dyn ClientConfig>, CliError> {
    let with_config =
        |client: &KnownClient| client.config().ok_or_else(|| no_config(*client, plan));
    let asked_configs: Result<Vec<_>, _> = asked.iter().map(with_config).collect();
    let is_here = |config: &&dyn ClientConfig| !config.traces(machine).is_empty();
    let here = KnownClient::ALL.iter().filter_map(|client| client.config());
    let here = here.filter(|config| asked.is_empty() && is_here(config));
    let mut clients: Vec<&'static dyn ClientConfig> = Vec::new();
    for config in asked_configs?.into_iter().chain(here) {
        if clients.iter().all(|known| known.name() != config.name()) {
            clients.push(config);
        }
    }
    if clients.is_empty() {
        let words =
            "no client was found on this machine; name one with `--client`, or leave out `--apply`";
        return Err(Error::not_found(words).into());
    }
    Ok(clients)
}

/// Returns the failure for a client that stores nothing on this machine.
fn no_config(client: KnownClient, plan: &RegistrationPlan) -> CliError {
    let is_started = matches!(plan.access, ClientAccess::Process(_)) && !client.starts_processes();
    let steps = if is_started {
        "it starts no process on this machine".to_owned()
    } else {
        format!("leave out `--apply`, and `register --client {client}` prints what to do")
    };
    CliError::Usage(format!("{client} can't be registered from here: {steps}"))
}

/// The clients looked at, unless something stands in the way of one; then all problems at once.
fn check_tasks(
    machine: &Machine<'_>,
    plan: &RegistrationPlan,
    wanted: &RegisterCommand,
    clients: &[&'static dyn ClientConfig],
) -> Result<Vec<ClientTask>, CliError> {
    let (mut tasks, mut problems) = (Vec::new(), Vec::new());
    for client in clients {
        match ClientTask::look(machine, plan, wanted, *client) {
            Ok(task) => tasks.push(task),
            Err(fault) => problems.push(fault),
        }
    }
    let Some(first) = problems.first() else {
        return Ok(tasks);
    };
    let words: Vec<_> = problems.iter().map(Error::chain).collect();
    Err(Error::new(
        first.kind(),
        format!("{}\nNothing was changed.", words.join("\n")),
    )
    .into())
}

impl ClientTask {
    fn look(
        machine: &Machine<'_>,
        plan: &RegistrationPlan,
        wanted: &RegisterCommand,
        config: &'static dyn ClientConfig,
    ) -> Result<Self, Error> {
        let path = config.path(machine, wanted.scope);
        files::remove_stale_draft(&path);
        let (found, _) = edit(
            config,
            &path,
            plan,
            &plan.placeholder_transport(),
            wanted.scope,
        )?;
        // A token among a command's arguments could be read by everybody on this machine, and a command may take away the entry
        // that was there before it fails.
        let carries_token = matches!(plan.access, ClientAccess::User(_)) && config.takes_tokens();
        let is_fit = |command: &&dyn ClientCommand| {
            command.serves(wanted.scope) && !carries_token && found == ExistingEntry::Nothing
        };
        let program = config.command().filter(is_fit).and_then(|command| {
            let path = machine.find_program(command.program())?;
            Some(ClientProgram { command, path })
        });
        if matches!(found, ExistingEntry::Other { .. }) && !wanted.force {
            return Err(conflict(&path, &plan.server.name));
        }
        Ok(Self {
            config,
            program,
            path,
            found,
        })
    }

    async fn run(
        &self,
        session: &AdminSession,
        plan: &RegistrationPlan,
        wanted: &RegisterCommand,
    ) -> ApplyResult {
        let renews = wanted.force && matches!(plan.access, ClientAccess::User(_));
        if self.found == ExistingEntry::Same && !renews {
            return self.already_there(plan);
        }
        // The file of a token that goes into no client's is made first: a token without one would be nobody's.
        let file = match self.reserve_file(plan) {
            Ok(file) => file,
            Err(error) => return self.failure(error, None),
        };
        let (transport, issued) = match plan.transport(session, self.config.name()).await {
            Ok(issue) => issue,
            Err(error) => return self.failure(error, None),
        };
        let transport = match store(file, transport, issued.as_ref()) {
            Ok(transport) => transport,
            Err(error) => return self.failure(error, revoke(session, issued).await),
        };
        match self.register(plan, &transport, wanted).await {
            Ok(change) => self.success(plan, &transport, wanted.scope, change),
            Err(error) => {
                let note = revoke(session, issued).await;
                let error = Error::new(error.kind(), mask(&error.chain(), &transport));
                self.failure(error, note)
            }
        }
    }

    /// Registers by the client's own command, or writes its file.
    async fn register(
        &self,
        plan: &RegistrationPlan,
        transport: &Transport,
        wanted: &RegisterCommand,
    ) -> Result<RegistrationChange, Error> {
        match &self.program {
            Some(ClientProgram { command, path }) => {
                client_command::register(path, *command, plan, transport, wanted.scope).await
            }
            None => self.write(plan, transport, wanted),
        }
    }

    fn success(
        &self,
        plan: &RegistrationPlan,
        transport: &Transport,
        scope: Scope,
        change: RegistrationChange,
    ) -> ApplyResult {
        let state = if self.found == ExistingEntry::Nothing {
            "added"
        } else {
            "replaced"
        };
        ApplyResult {
            client: self.config.name(),
            state,
            place: change.place,
            text: mask(&change.text, transport),
            notes: self.notes(plan, transport, scope),
            error: None,
        }
    }

    /// The file for a token of a client that takes none in its own.
    fn reserve_file(&self, plan: &RegistrationPlan) -> Result<Option<TokenFile>, Error> {
        let is_needed = matches!(plan.access, ClientAccess::User(_)) && !self.config.takes_tokens();
        is_needed
            .then(|| TokenFile::create_in(&plan.tokens))
            .transpose()
    }

    fn already_there(&self, plan: &RegistrationPlan) -> ApplyResult {
        let has_token = matches!(plan.access, ClientAccess::User(_));
        let note = has_token
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

    fn failure(&self, fault: Error, note: Option<String>) -> ApplyResult {
        let place = self
            .program
            .as_ref()
            .map_or(&self.path, |program| &program.path)
            .display()
            .to_string();
        let notes = [fault.to_string()].into_iter().chain(note).collect();
        ApplyResult {
            client: self.config.name(),
            state: "failed",
            place,
            text: String::new(),
            notes,
            error: Some(fault),
        }
    }

    /// Writes the client's file, as it is by now, and returns what was put in.
    fn write(
        &self,
        plan: &RegistrationPlan,
        transport: &Transport,
        wanted: &RegisterCommand,
    ) -> Result<RegistrationChange, Error> {
        let (found, new) = edit(self.config, &self.path, plan, transport, wanted.scope)?;
        if matches!(found, ExistingEntry::Other { .. }) && !wanted.force {
            return Err(conflict(&self.path, &plan.server.name));
        }
        let readers = if token_of(transport).is_some() {
            FileReaders::Owner
        } else {
            FileReaders::Unchanged
        };
        files::write(&self.path, &new, readers, links(wanted.scope))
            .map_err(write_error(&self.path))?;
        Ok(RegistrationChange {
            place: format!("wrote {}", self.path.display()),
            text: document::to_paste(self.config, &plan.server, transport),
        })
    }

    /// Returns the notes on a registration.
    fn notes(&self, plan: &RegistrationPlan, transport: &Transport, scope: Scope) -> Vec<String> {
        let mut notes = self
            .config
            .instructions(&plan.server, transport, scope)
            .notes;
        notes.extend(of_process(&plan.access));
        // Unlike a printed line, which a shell expands, what was done leaves the variable to the client.
        if let (Transport::Http(token), Some(command), Scope::User) =
            (transport, self.config.command(), scope)
            && command
                .shell_arguments(&plan.server, token, scope)
                .is_some()
        {
            notes.extend(token.requirements());
        }
        let had_token = self.found == ExistingEntry::Same
            || self.found
                == ExistingEntry::Other {
                    has_credential: true,
                };
        if let (ClientAccess::User(email), true) = (&plan.access, had_token) {
            let line = shell::line(["tokens", "list", email.as_str()]);
            notes.push(format!(
                "a token that stood there before still works until you end it: `{line}`"
            ));
        }
        if token_of(transport).is_some() && scope == Scope::Project {
            notes.push(format!(
                "{} holds a token now: keep it out of version control",
                self.path.display()
            ));
        }
        notes
    }
}

/// The token that stands in the client's file itself.
fn token_of(transport: &Transport) -> Option<&str> {
    match transport {
        Transport::Http(TokenSource::Given(token)) => Some(token),
        _ => None,
    }
}

fn mask(text: &str, transport: &Transport) -> String {
    token_of(transport).map_or_else(|| text.to_owned(), |token| text.replace(token, MASK))
}

/// The token of a client that takes none in its file, in a file of its own: what is printed here may be read by anyone.
fn store(
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

/// Ends a token that nobody has.
pub(super) async fn revoke(session: &AdminSession, issued: Option<IssuedToken>) -> Option<String> {
    let issued = issued?;
    Some(
        match session.api.revoke_token(&issued.email, &issued.id).await {
            Ok(()) => "the token made for it was revoked".to_owned(),
            Err(error) => format!(
                "the token made for it could not be revoked ({error}); say `{}`",
                shell::line(["tokens", "revoke", issued.email.as_str(), &issued.id])
            ),
        },
    )
}
