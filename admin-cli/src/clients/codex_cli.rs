//! Codex CLI: the file `config.toml`, which names the variable of a token and has none itself; the command `codex mcp`.

use std::path::PathBuf;

use mcp_lambda::shell;
use serde_json::{Value, json};

use super::argv::{self, to_arguments};
use super::machine::Machine;
use super::parsed_entry::{EntryCredential, ParsedEntry, authorization_header};
use super::{
    ClientCommand, ClientConfig, FileFormat, Instructions, McpClient, McpServer, Scope,
    ServerProcess, TokenSource, Transport, entry, instructions,
};

/// Codex CLI.
#[derive(Debug)]
pub(super) struct CodexCli;

impl McpClient for CodexCli {
    fn name(&self) -> &'static str {
        "codex-cli"
    }

    fn title(&self) -> &'static str {
        "Codex CLI"
    }

    fn config(&self) -> Option<&dyn ClientConfig> {
        Some(self)
    }

    fn instructions(
        &self,
        server: &McpServer,
        transport: &Transport,
        scope: Scope,
    ) -> Instructions {
        instructions::build(self, server, transport, scope)
    }
}

impl ClientConfig for CodexCli {
    fn format(&self) -> FileFormat {
        FileFormat::Toml
    }

    fn root(&self) -> &'static str {
        "mcp_servers"
    }

    fn display_path(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::User => "~/.codex/config.toml",
            Scope::Project => ".codex/config.toml",
        }
    }

    fn path(&self, machine: &Machine<'_>, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => machine.folder("CODEX_HOME", ".codex").join("config.toml"),
            Scope::Project => machine.resolve(self.display_path(scope)),
        }
    }

    fn traces(&self, machine: &Machine<'_>) -> Vec<PathBuf> {
        machine.traces("codex", [machine.folder("CODEX_HOME", ".codex")])
    }

    fn entry(&self, server: &McpServer, transport: &Transport) -> Value {
        match transport {
            Transport::Http(token) => {
                json!({ "url": server.endpoint(), "bearer_token_env_var": token.variable(server) })
            }
            Transport::Stdio(process) => entry::process_entry(process),
        }
    }

    fn parse_entry(&self, entry: &Value) -> ParsedEntry {
        let variable = entry["bearer_token_env_var"]
            .as_str()
            .map(str::to_owned)
            .or_else(|| authorization_header(entry, "env_http_headers"));
        let credential = match variable {
            Some(name) => EntryCredential::from_variable(&name),
            None => EntryCredential::from_header(
                authorization_header(entry, "headers")
                    .or_else(|| authorization_header(entry, "http_headers")),
            ),
        };
        ParsedEntry {
            credential,
            ..ParsedEntry::from_common_members(entry)
        }
    }

    fn stores_tokens(&self) -> bool {
        false
    }

    fn notes(&self, server: &McpServer, transport: &Transport, scope: Scope) -> Vec<String> {
        let trust = "it reads a project's file only in a project that it was told to trust";
        let mut notes = Vec::new();
        if scope == Scope::Project {
            notes.push(trust.to_owned());
        }
        if let Transport::Http(token) = transport {
            notes.extend(token_notes(server, token));
        }
        notes
    }

    fn command(&self) -> Option<&dyn ClientCommand> {
        Some(self)
    }
}

/// Returns the notes on the variable from which the client reads the token.
fn token_notes(server: &McpServer, token: &TokenSource) -> Vec<String> {
    let mut notes = Vec::new();
    if !matches!(token, TokenSource::Variable(_)) {
        let line = shell::export(&token.variable(server), &token.to_shell_word(""));
        notes.push(format!(
            "it takes no token itself: `{line}` where it is started"
        ));
    }
    notes.extend(token.requirements());
    notes.push(
        "without the variable it does not start the server, and names the variable".to_owned(),
    );
    notes
}

impl ClientCommand for CodexCli {
    fn program(&self) -> &'static str {
        "codex"
    }

    /// Returns true for the user's file alone: the command has no option for a project.
    fn supports(&self, scope: Scope) -> bool {
        scope == Scope::User
    }

    fn arguments(&self, server: &McpServer, transport: &Transport, _: Scope) -> Vec<String> {
        match transport {
            Transport::Http(token) => to_arguments(&[
                "mcp",
                "add",
                &server.name,
                "--url",
                &server.endpoint(),
                "--bearer-token-env-var",
                &token.variable(server),
            ]),
            Transport::Stdio(process) => stdio_arguments(server, process),
        }
    }
}

fn stdio_arguments(server: &McpServer, process: &ServerProcess) -> Vec<String> {
    [
        to_arguments(&["mcp", "add", &server.name]),
        argv::environment_flags(process, "--env"),
        to_arguments(&["--"]),
        argv::process_words(process),
    ]
    .concat()
}
