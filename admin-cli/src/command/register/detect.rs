//! `register --detect`: which clients are on this machine, and which of them know this server. It changes nothing, and never
//! tells a token.

use mcp_lambda::config::ProcessEnvironment;
use serde_json::{Value, json};

use super::beside;
use crate::clients::machine::{ConfigFile, Machine};
use crate::clients::{ClientConfig, KnownClient, McpServer};
use crate::connection::{AdminSession, Endpoint};
use crate::error::CliError;
use crate::output::{Output, StyledText, format_table};
use crate::target::AdminTarget;

/// The state of one [`KnownClient`] on this machine.
struct ClientReport {
    client: &'static str,
    signs: Vec<String>,
    entries: Vec<FoundEntry>,
    notes: Vec<String>,
}

/// An entry that is this server's by its name, its URL or its command.
struct FoundEntry {
    name: String,
    file: String,
    scope: &'static str,
    by: Vec<&'static str>,
    leads_to: String,
    token: String,
}

/// By what an entry is known as this server's.
struct ServerIdentity<'a> {
    name: &'a str,
    endpoint: String,
    command: Option<String>,
}

pub(super) fn run(
    subject: &AdminTarget,
    session: &AdminSession,
    server: &McpServer,
    asked: &[KnownClient],
    output: &Output,
) -> Result<(), CliError> {
    if let Some(client) = asked.iter().find(|client| client.config().is_none()) {
        return Err(CliError::Usage(format!(
            "{client} keeps nothing on this machine that could be looked at"
        )));
    }
    let machine = Machine::new(&ProcessEnvironment).ok_or_else(|| {
        CliError::NotConfigured("there is no home folder to look in; set HOME".into())
    })?;
    let command = match (subject, &session.endpoint) {
        (AdminTarget::App(app), Endpoint::InProcess(_)) => beside(app.name()).ok(),
        _ => None,
    };
    let known = ServerIdentity {
        name: &server.name,
        endpoint: server.endpoint(),
        command,
    };
    let is_wanted = |client: &&KnownClient| asked.is_empty() || asked.contains(*client);
    let sights: Vec<_> = KnownClient::ALL
        .iter()
        .filter(is_wanted)
        .filter_map(|client| client.config())
        .map(|config| ClientReport::of(&machine, config, &known))
        .collect();
    let told: Vec<_> = sights.iter().map(ClientReport::to_json).collect();
    output.print_answer(&told, || words(&sights));
    Ok(())
}

impl ClientReport {
    fn of(
        machine: &Machine<'_>,
        config: &'static dyn ClientConfig,
        known: &ServerIdentity<'_>,
    ) -> Self {
        let signs = config
            .traces(machine)
            .iter()
            .map(|sign| sign.display().to_string())
            .collect();
        let mut sight = Self {
            client: config.name(),
            signs,
            entries: Vec::new(),
            notes: Vec::new(),
        };
        for file in machine.config_files(config) {
            match file.servers() {
                Ok(servers) => {
                    sight.entries.extend(
                        servers
                            .iter()
                            .filter_map(|(name, entry)| known.entry(config, &file, name, entry)),
                    );
                }
                Err(fault) if sight.notes.contains(&fault) => {}
                Err(fault) => sight.notes.push(fault),
            }
        }
        sight
    }

    fn state(&self) -> &'static str {
        match (self.entries.is_empty(), self.signs.is_empty()) {
            (false, _) => "registered",
            (true, false) => "not_registered",
            (true, true) => "not_found",
        }
    }

    fn to_json(&self) -> Value {
        let entries: Vec<_> = self.entries.iter().map(FoundEntry::to_json).collect();
        json!({
            "client": self.client.to_owned(), "state": self.state(), "detected": !self.signs.is_empty(),
            "signs": self.signs, "registrations": entries, "notes": self.notes,
        })
    }

    fn rows(&self) -> Vec<[String; 6]> {
        let state = self.state().replace('_', " ");
        let row = |entry: &FoundEntry| {
            let [name, file] = [&entry.name, &entry.file].map(Clone::clone);
            [
                self.client.to_owned(),
                state.clone(),
                name,
                entry.leads_to.clone(),
                entry.token.clone(),
                file,
            ]
        };
        if self.entries.is_empty() {
            let [none, nothing, nowhere] = [const { String::new() }; 3];
            return vec![[
                self.client.to_owned(),
                state,
                none,
                nothing,
                nowhere,
                String::new(),
            ]];
        }
        self.entries.iter().map(row).collect()
    }
}

impl ServerIdentity<'_> {
    /// The entry, if it is this server's.
    fn entry(
        &self,
        config: &dyn ClientConfig,
        file: &ConfigFile<'_>,
        name: &str,
        entry: &Value,
    ) -> Option<FoundEntry> {
        let meaning = config.parse_entry(entry);
        let is_started = self.command.is_some() && meaning.command == self.command;
        let signs = [
            ("name", name == self.name),
            ("url", meaning.leads_to(&self.endpoint)),
            ("command", is_started),
        ];
        let by: Vec<_> = signs
            .into_iter()
            .filter_map(|(by, holds)| holds.then_some(by))
            .collect();
        let place = meaning
            .url
            .clone()
            .or_else(|| meaning.command.clone())
            .unwrap_or_default();
        let entry = || FoundEntry {
            name: name.to_owned(),
            file: file.path.display().to_string(),
            scope: file.scope,
            by: by.clone(),
            leads_to: without_secrets(&place),
            token: meaning.describe_credential(),
        };
        (!by.is_empty()).then(entry)
    }
}

impl FoundEntry {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name, "where": self.file, "scope": self.scope, "by": self.by,
            "leads_to": self.leads_to, "token": self.token,
        })
    }
}

/// A URL without what may hold a token or a password.
fn without_secrets(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://") else {
        return place.to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

fn words(sights: &[ClientReport]) -> StyledText {
    let table = format_table(
        ["CLIENT", "STATE", "AS", "LEADS TO", "TOKEN", "IN"],
        sights.iter().flat_map(ClientReport::rows),
    );
    let notes = sights
        .iter()
        .flat_map(|sight| &sight.notes)
        .map(|note| StyledText::from(note.as_str()));
    StyledText::join([table].into_iter().chain(notes), "\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_without_secrets() {
        for (place, told) in [
            (
                "https://u:p@h.example/mcp?token=t#f",
                "https://h.example/mcp",
            ),
            ("https://h.example", "https://h.example"),
            ("/bin/notes", "/bin/notes"),
        ] {
            assert_eq!(without_secrets(place), told);
        }
    }
}
