//! `register --detect`: tells which clients are on this machine, and which of them have an entry for this server. It changes
//! nothing, and never shows a token.

use mcp_lambda::config::ProcessEnvironment;
use serde_json::{Value, json};

use super::process::{find_binary, local_app};
use crate::clients::machine::{ConfigFile, Machine};
use crate::clients::{ClientConfig, KnownClient, McpServer};
use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::output::{StyledText, format_table};

/// The state of one client on this machine.
struct ClientReport {
    client: &'static str,
    /// The paths that show that the client is installed.
    traces: Vec<String>,
    entries: Vec<FoundEntry>,
    /// The files that can't be read, each with the reason.
    notes: Vec<String>,
}

/// An entry of this server in a client's file.
struct FoundEntry {
    name: String,
    file: String,
    scope: &'static str,
    /// The ways in which it was recognized: `name`, `url`, `command`.
    by: Vec<&'static str>,
    /// The URL or the command, without secrets.
    destination: String,
    /// A description of the credential; never a token.
    token: String,
}

/// The values by which an entry is recognized as this server's.
struct ServerIdentity<'a> {
    name: &'a str,
    endpoint: String,
    /// The path of the server's binary, if it is on this machine.
    command: Option<String>,
}

/// Reports on `clients`, or without any on all that store their servers on this machine.
///
/// # Errors
/// [`CliError::Usage`] for a client that stores nothing here, and [`CliError::NotConfigured`] without a home folder.
pub(super) fn run(
    context: &CommandContext,
    session: &AdminSession,
    server: &McpServer,
    clients: &[KnownClient],
) -> Result<(), CliError> {
    if let Some(client) = clients.iter().find(|client| client.config().is_none()) {
        return Err(CliError::Usage(format!(
            "{client} keeps nothing on this machine that could be looked at"
        )));
    }
    let machine = Machine::new(&ProcessEnvironment).ok_or_else(|| {
        CliError::NotConfigured("there is no home folder to look in; set HOME".into())
    })?;
    let identity = ServerIdentity {
        name: &server.name,
        endpoint: server.endpoint(),
        command: local_app(context, session).and_then(|app| find_binary(app.name()).ok()),
    };
    let is_chosen = |client: &&KnownClient| clients.is_empty() || clients.contains(*client);
    let reports: Vec<_> = KnownClient::ALL
        .iter()
        .filter(is_chosen)
        .filter_map(|client| client.config())
        .map(|config| ClientReport::read(&machine, config, &identity))
        .collect();
    let answer: Vec<_> = reports.iter().map(ClientReport::to_json).collect();
    context
        .output
        .print_answer(&answer, || format_reports(&reports));
    Ok(())
}

impl ClientReport {
    /// Reads the files of one client.
    fn read(
        machine: &Machine<'_>,
        config: &'static dyn ClientConfig,
        identity: &ServerIdentity<'_>,
    ) -> Self {
        let traces = config.traces(machine);
        let mut report = Self {
            client: config.name(),
            traces: traces
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            entries: Vec::new(),
            notes: Vec::new(),
        };
        for file in machine.config_files(config) {
            match file.servers() {
                Ok(servers) => {
                    let found = servers
                        .iter()
                        .filter_map(|(name, entry)| identity.recognize(config, &file, name, entry));
                    report.entries.extend(found);
                }
                // Two scopes of a client may be in one file.
                Err(problem) if report.notes.contains(&problem) => {}
                Err(problem) => report.notes.push(problem),
            }
        }
        report
    }

    fn state(&self) -> &'static str {
        match (self.entries.is_empty(), self.traces.is_empty()) {
            (false, _) => "registered",
            (true, false) => "not_registered",
            (true, true) => "not_found",
        }
    }

    fn to_json(&self) -> Value {
        let entries: Vec<_> = self.entries.iter().map(FoundEntry::to_json).collect();
        json!({
            "client": self.client.to_owned(), "state": self.state(), "detected": !self.traces.is_empty(),
            "signs": self.traces, "registrations": entries, "notes": self.notes,
        })
    }

    /// Returns a row for each entry; a client without one has a row too.
    fn to_rows(&self) -> Vec<[String; 6]> {
        let client = self.client.to_owned();
        let state = self.state().replace('_', " ");
        if self.entries.is_empty() {
            let empty = String::new;
            return vec![[client, state, empty(), empty(), empty(), empty()]];
        }
        let to_row = |entry: &FoundEntry| {
            let entry = [&entry.name, &entry.destination, &entry.token, &entry.file];
            let [name, destination, token, file] = entry.map(Clone::clone);
            [
                client.clone(),
                state.clone(),
                name,
                destination,
                token,
                file,
            ]
        };
        self.entries.iter().map(to_row).collect()
    }
}

impl ServerIdentity<'_> {
    /// Returns the entry if it is this server's: by its name, its URL or its command.
    fn recognize(
        &self,
        config: &dyn ClientConfig,
        file: &ConfigFile<'_>,
        name: &str,
        entry: &Value,
    ) -> Option<FoundEntry> {
        let entry = config.parse_entry(entry);
        let starts_server = self.command.is_some() && entry.command == self.command;
        let by: Vec<_> = [
            ("name", name == self.name),
            ("url", entry.leads_to(&self.endpoint)),
            ("command", starts_server),
        ]
        .into_iter()
        .filter_map(|(by, matches)| matches.then_some(by))
        .collect();
        if by.is_empty() {
            return None;
        }
        let token = entry.describe_credential();
        // An entry of this name may have neither.
        let destination = entry.url.or(entry.command).unwrap_or_default();
        Some(FoundEntry {
            name: name.to_owned(),
            file: file.path.display().to_string(),
            scope: file.scope,
            by,
            destination: strip_secrets(&destination),
            token,
        })
    }
}

impl FoundEntry {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name, "where": self.file, "scope": self.scope, "by": self.by,
            "leads_to": self.destination, "token": self.token,
        })
    }
}

/// Removes user, query and fragment from a URL, which may hold a token or a password.
fn strip_secrets(destination: &str) -> String {
    let Some((scheme, rest)) = destination.split_once("://") else {
        return destination.to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

fn format_reports(reports: &[ClientReport]) -> StyledText {
    let table = format_table(
        ["CLIENT", "STATE", "AS", "LEADS TO", "TOKEN", "IN"],
        reports.iter().flat_map(ClientReport::to_rows),
    );
    let notes = reports
        .iter()
        .flat_map(|report| &report.notes)
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
            assert_eq!(strip_secrets(place), told);
        }
    }
}
