//! `register --apply`: does for each client what would be printed.
//!
//! Everything that can be checked is checked for every client before the first token is made and the first file written. A
//! token whose client could not be told is revoked. No token is printed, nor given to a program as an argument.

use std::path::PathBuf;

use mcp_lambda::admin::IssuedToken;
use mcp_lambda::config::ProcessEnvironment;
use mcp_lambda::{Error, MASK, shell};
use serde_json::{Value, json};

use super::client_command;
use super::client_file::{Found, conflict, edit, links};
use super::{Access, Plan, Register, describe, of_process};
use crate::clients::machine::Machine;
use crate::clients::{Client, Reach, Scope, Token, argv, text};
use crate::connection::Session;
use crate::exit::Failure;
use crate::files::{self, Readers, Reserved};
use crate::output::Output;
use crate::setup::{keep, reserve_within, unwritable};

/// One client, looked at and ready.
struct Task {
    client: Client,
    /// The client's own command, where that does it.
    program: Option<PathBuf>,
    path: PathBuf,
    found: Found,
}

/// The result for one [`Client`].
struct Outcome {
    client: Client,
    state: &'static str,
    place: String,
    text: String,
    notes: Vec<String>,
    fault: Option<Error>,
}

pub(super) async fn run(
    session: &Session,
    plan: &Plan,
    wanted: &Register,
    output: &Output,
) -> Result<(), Failure> {
    let tasks = find_tasks(plan, wanted)?;
    let mut outcomes = Vec::new();
    for task in &tasks {
        outcomes.push(task.run(session, plan, wanted).await);
    }
    if wanted.clients.is_empty() {
        let is_left = |client: &Client| tasks.iter().all(|task| task.client != *client);
        outcomes.extend(Client::ALL.into_iter().filter(is_left).map(unavailable));
    }
    let told: Vec<_> = outcomes.iter().map(Outcome::to_json).collect();
    output.answer(&told, || {
        outcomes
            .iter()
            .map(Outcome::words)
            .collect::<Vec<_>>()
            .join("\n\n")
    });
    let failed = outcomes
        .into_iter()
        .find_map(|outcome| Some((outcome.client, outcome.fault?)));
    failed.map_or(Ok(()), |(client, fault)| {
        Err(Error::new(fault.kind(), format!("{client}: {fault}")).into())
    })
}

/// The clients, each looked at, and nothing done yet.
fn find_tasks(plan: &Plan, wanted: &Register) -> Result<Vec<Task>, Failure> {
    let machine = Machine::new(&ProcessEnvironment).ok_or_else(|| {
        Failure::NotConfigured(
            "there is no home folder that clients keep files in; set HOME".into(),
        )
    })?;
    let clients = chosen(&machine, plan, &wanted.clients)?;
    clients
        .iter()
        .try_for_each(|client| client.check(&plan.server))
        .map_err(Failure::Usage)?;
    check_tasks(&machine, plan, wanted, &clients)
}

/// The clients asked for, or those that are here.
fn chosen(machine: &Machine<'_>, plan: &Plan, asked: &[Client]) -> Result<Vec<Client>, Failure> {
    if let Some(client) = asked.iter().find(|client| !client.has_file()) {
        let is_started = matches!(plan.access, Access::Process(_)) && !client.starts_processes();
        let steps = if is_started {
            "it starts no process on this machine".to_owned()
        } else {
            format!("leave out `--apply`, and `register --client {client}` prints what to do")
        };
        return Err(Failure::Usage(format!(
            "{client} can't be registered from here: {steps}"
        )));
    }
    let mut clients: Vec<Client> = Vec::new();
    let here = Client::ALL
        .into_iter()
        .filter(|client| asked.is_empty() && !machine.signs(*client).is_empty());
    for client in asked.iter().copied().chain(here) {
        if !clients.contains(&client) {
            clients.push(client);
        }
    }
    if clients.is_empty() {
        let words =
            "no client was found on this machine; name one with `--client`, or leave out `--apply`";
        return Err(Error::not_found(words).into());
    }
    Ok(clients)
}

/// The clients looked at, unless something stands in the way of one; then all faults at once.
fn check_tasks(
    machine: &Machine<'_>,
    plan: &Plan,
    wanted: &Register,
    clients: &[Client],
) -> Result<Vec<Task>, Failure> {
    let (mut tasks, mut faults) = (Vec::new(), Vec::new());
    for client in clients {
        match Task::look(machine, plan, wanted, *client) {
            Ok(task) => tasks.push(task),
            Err(fault) => faults.push(fault),
        }
    }
    let Some(first) = faults.first() else {
        return Ok(tasks);
    };
    let words: Vec<_> = faults.iter().map(Error::chain).collect();
    Err(Error::new(
        first.kind(),
        format!("{}\nNothing was changed.", words.join("\n")),
    )
    .into())
}

impl Task {
    fn look(
        machine: &Machine<'_>,
        plan: &Plan,
        wanted: &Register,
        client: Client,
    ) -> Result<Self, Error> {
        let path = machine
            .file(client, wanted.scope)
            .ok_or_else(|| Error::internal("a client without a file"))?;
        files::sweep(&path);
        let (found, _) = edit(client, &path, plan, &plan.reach_unsigned(), wanted.scope)?;
        // A token among a command's arguments could be read by everybody on this machine, and a command may take away the entry
        // that was there before it fails.
        let carries_token = matches!(plan.access, Access::User(_)) && !client.asks_for_tokens();
        let is_fit =
            argv::serves(client, wanted.scope) && !carries_token && found == Found::Nothing;
        let program = machine.command(client).filter(|_| is_fit);
        if matches!(found, Found::Other { .. }) && !wanted.force {
            return Err(conflict(&path, &plan.server.name));
        }
        Ok(Self {
            client,
            program,
            path,
            found,
        })
    }

    async fn run(&self, session: &Session, plan: &Plan, wanted: &Register) -> Outcome {
        let renews = wanted.force && matches!(plan.access, Access::User(_));
        if self.found == Found::Same && !renews {
            return self.already(plan);
        }
        // The file of a token that goes into no client's is made first: a token without one would be nobody's.
        let file = match self.file_aside(plan) {
            Ok(file) => file,
            Err(fault) => return self.failure(fault, Vec::new()),
        };
        let (reach, issued) = match plan.reach(session, self.client).await {
            Ok((reach, issued)) => match put_aside(file, reach, issued.as_ref()) {
                Ok(reach) => (reach, issued),
                Err(fault) => {
                    return self
                        .failure(fault, revoke(session, issued).await.into_iter().collect());
                }
            },
            Err(fault) => return self.failure(fault, Vec::new()),
        };
        let result = match &self.program {
            Some(program) => {
                client_command::register(program, self.client, plan, &reach, wanted.scope).await
            }
            None => self.wrote(plan, &reach, wanted),
        };
        match result {
            Ok((place, text)) => {
                let notes = self.notes(plan, &reach, wanted.scope);
                let state = if self.found == Found::Nothing {
                    "added"
                } else {
                    "replaced"
                };
                Outcome {
                    client: self.client,
                    state,
                    place,
                    text: mask(&text, &reach),
                    notes,
                    fault: None,
                }
            }
            Err(fault) => {
                let note = revoke(session, issued).await;
                self.failure(
                    Error::new(fault.kind(), mask(&fault.chain(), &reach)),
                    note.into_iter().collect(),
                )
            }
        }
    }

    /// The file for a token of a client that takes none in its own.
    fn file_aside(&self, plan: &Plan) -> Result<Option<Reserved>, Error> {
        let is_needed = matches!(plan.access, Access::User(_)) && self.client.asks_for_tokens();
        is_needed.then(|| reserve_within(&plan.tokens)).transpose()
    }

    fn already(&self, plan: &Plan) -> Outcome {
        let has_token = matches!(plan.access, Access::User(_));
        let note = has_token
            .then(|| "no token was made; `--force` makes a new one and puts it in".to_owned());
        Outcome {
            client: self.client,
            state: "already_there",
            place: self.path.display().to_string(),
            text: String::new(),
            notes: note.into_iter().collect(),
            fault: None,
        }
    }

    fn failure(&self, fault: Error, notes: Vec<String>) -> Outcome {
        let place = self
            .program
            .as_ref()
            .unwrap_or(&self.path)
            .display()
            .to_string();
        let notes = [vec![fault.to_string()], notes].concat();
        Outcome {
            client: self.client,
            state: "failed",
            place,
            text: String::new(),
            notes,
            fault: Some(fault),
        }
    }

    /// Writes the client's file, as it is by now, and tells what was put in.
    fn wrote(
        &self,
        plan: &Plan,
        reach: &Reach,
        wanted: &Register,
    ) -> Result<(String, String), Error> {
        let (found, new) = edit(self.client, &self.path, plan, reach, wanted.scope)?;
        if matches!(found, Found::Other { .. }) && !wanted.force {
            return Err(conflict(&self.path, &plan.server.name));
        }
        let readers = if token_of(reach).is_some() {
            Readers::Owner
        } else {
            Readers::AsBefore
        };
        files::write(&self.path, &new, readers, links(wanted.scope))
            .map_err(unwritable(&self.path))?;
        Ok((
            format!("wrote {}", self.path.display()),
            text::to_paste(self.client, &plan.server, reach),
        ))
    }

    /// Returns the notes on a registration.
    fn notes(&self, plan: &Plan, reach: &Reach, scope: Scope) -> Vec<String> {
        let mut notes = self.client.registration(&plan.server, reach, scope).notes;
        notes.extend(of_process(&plan.access));
        // Unlike a printed line, which a shell expands, what was done leaves the variable to the client.
        if let (Reach::Http(token), Client::ClaudeCode | Client::GeminiCli, Scope::User) =
            (reach, self.client, scope)
        {
            notes.extend(token.needs());
        }
        let had_token = self.found == Found::Same
            || self.found
                == Found::Other {
                    has_credential: true,
                };
        if let (Access::User(email), true) = (&plan.access, had_token) {
            let line = shell::line(["tokens", "list", email.as_str()]);
            notes.push(format!(
                "a token that stood there before still works until you end it: `{line}`"
            ));
        }
        if token_of(reach).is_some() && scope == Scope::Project {
            notes.push(format!(
                "{} holds a token now: keep it out of version control",
                self.path.display()
            ));
        }
        notes
    }
}

impl Outcome {
    fn to_json(&self) -> Value {
        json!({
            "client": self.client.to_string(), "where": self.place, "text": self.text, "notes": self.notes,
            "state": self.state, "done": matches!(self.state, "added" | "replaced" | "already_there"),
        })
    }

    fn words(&self) -> String {
        let heading = match self.state {
            "already_there" => format!("already there, in {}", self.place),
            "left_out" => "left out".to_owned(),
            "failed" => format!("FAILED, {}", self.place),
            state => format!("{state}; {}", self.place),
        };
        describe(
            &format!("{}: {heading}", self.client),
            &self.text,
            &self.notes,
        )
    }
}

fn unavailable(client: Client) -> Outcome {
    let note = if client.has_file() {
        "it was not found on this machine; name it with `--client` to do it all the same".to_owned()
    } else {
        format!("it can't be registered from here; `register --client {client}` prints what to do")
    };
    Outcome {
        client,
        state: "left_out",
        place: String::new(),
        text: String::new(),
        notes: vec![note],
        fault: None,
    }
}

/// The token that stands in the client's file itself.
fn token_of(reach: &Reach) -> Option<&str> {
    match reach {
        Reach::Http(Token::Given(token)) => Some(token),
        _ => None,
    }
}

fn mask(text: &str, reach: &Reach) -> String {
    token_of(reach).map_or_else(|| text.to_owned(), |token| text.replace(token, MASK))
}

/// The token of a client that takes none in its file, in a file of its own: what is printed here may be read by anyone.
fn put_aside(
    file: Option<Reserved>,
    reach: Reach,
    issued: Option<&IssuedToken>,
) -> Result<Reach, Error> {
    let Some((file, issued)) = file.zip(issued) else {
        return Ok(reach);
    };
    let path = keep(file, &issued.token)?;
    Ok(Reach::Http(Token::File(path.display().to_string())))
}

/// Ends a token that nobody was told.
pub(super) async fn revoke(session: &Session, issued: Option<IssuedToken>) -> Option<String> {
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
