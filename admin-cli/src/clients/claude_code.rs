//! Claude Code: the files `~/.claude.json` and, in a project, `.mcp.json`; the command `claude mcp`.

use std::path::PathBuf;

use mcp_lambda::shell::ShellWord;
use serde_json::{Value, json};

use super::argv::{self, BEARER, to_arguments};
use super::machine::{self, ConfigFile, Machine};
use super::{
    ClientCommand, ClientConfig, Instructions, McpClient, McpServer, Scope, ServerProcess,
    TokenSource, Transport, entry, instructions,
};

/// Claude Code.
#[derive(Debug)]
pub(super) struct ClaudeCode;

impl McpClient for ClaudeCode {
    fn name(&self) -> &'static str {
        "claude-code"
    }

    fn title(&self) -> &'static str {
        "Claude Code"
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

impl ClientConfig for ClaudeCode {
    fn display_path(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::User => "~/.claude.json",
            Scope::Project => ".mcp.json",
        }
    }

    fn path(&self, machine: &Machine<'_>, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => machine.folder("CLAUDE_CONFIG_DIR", "").join(".claude.json"),
            Scope::Project => machine.resolve(self.display_path(scope)),
        }
    }

    fn traces(&self, machine: &Machine<'_>) -> Vec<PathBuf> {
        let folder = machine.folder("CLAUDE_CONFIG_DIR", ".claude");
        machine.traces("claude", [folder, machine.home().join(".claude.json")])
    }

    /// Returns the servers of Claude Code's scope `local`: the user's file has some for one folder, under `projects`.
    fn more_files(&self, machine: &Machine<'_>) -> Vec<ConfigFile<'_>> {
        let local = |folder: PathBuf| ConfigFile {
            config: self,
            path: self.path(machine, Scope::User),
            scope: "local",
            parents: vec!["projects".to_owned(), folder.to_string_lossy().into_owned()],
        };
        machine::working_folder().map(local).into_iter().collect()
    }

    fn entry(&self, server: &McpServer, transport: &Transport) -> Value {
        match transport {
            Transport::Http(token) => {
                let token = token.to_config_text(|name| format!("${{{name}}}"));
                json!({ "type": "http", "url": server.endpoint(), "headers": entry::bearer_headers(&token) })
            }
            Transport::Stdio(process) => entry::add_type(entry::process_entry(process), "stdio"),
        }
    }

    fn notes(&self, _: &McpServer, transport: &Transport, scope: Scope) -> Vec<String> {
        if scope == Scope::User {
            return Vec::new();
        }
        let approval = "a server of `.mcp.json` waits for approval: start `claude` in the folder once, and approve it";
        let mut notes = vec![approval.to_owned()];
        notes.extend(transport.requirements());
        notes
    }

    fn command(&self) -> Option<&dyn ClientCommand> {
        Some(self)
    }
}

impl ClientCommand for ClaudeCode {
    fn program(&self) -> &'static str {
        "claude"
    }

    /// Returns true for the user's file alone: that of a project is meant to be edited by hand.
    fn supports(&self, scope: Scope) -> bool {
        scope == Scope::User
    }

    fn arguments(&self, server: &McpServer, transport: &Transport, _: Scope) -> Vec<String> {
        match transport {
            Transport::Http(TokenSource::Variable(_)) => {
                let entry = self.entry(server, transport).to_string();
                to_arguments(&["mcp", "add-json", "--scope", "user", &server.name, &entry])
            }
            Transport::Http(token) => {
                http_arguments(server, format!("{BEARER}{}", token.to_paste()))
            }
            Transport::Stdio(process) => stdio_arguments(server, process),
        }
    }

    fn shell_arguments(
        &self,
        server: &McpServer,
        token: &TokenSource,
        _: Scope,
    ) -> Option<Vec<ShellWord>> {
        Some(http_arguments(server, token.to_shell_word(BEARER)))
    }
}

fn http_arguments<A: for<'a> From<&'a str>>(server: &McpServer, header: A) -> Vec<A> {
    let mut arguments = to_arguments(&["mcp", "add", "--transport", "http", "--scope", "user"]);
    arguments.extend(to_arguments(&[
        &server.name,
        &server.endpoint(),
        "--header",
    ]));
    arguments.push(header);
    arguments
}

fn stdio_arguments(server: &McpServer, process: &ServerProcess) -> Vec<String> {
    [
        to_arguments(&["mcp", "add"]),
        // `--env` takes all words up to the next flag, so the name must follow another flag.
        argv::environment_flags(process, "--env"),
        to_arguments(&["--scope", "user", &server.name, "--"]),
        argv::process_words(process),
    ]
    .concat()
}
