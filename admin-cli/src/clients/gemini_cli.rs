//! Gemini CLI: the file `settings.json`; the command `gemini mcp`.

use std::path::PathBuf;

use mcp_lambda::shell::ShellWord;
use serde_json::{Value, json};

use super::argv::{self, BEARER, to_arguments};
use super::client::check_name;
use super::machine::Machine;
use super::{
    ClientCommand, ClientConfig, Instructions, McpClient, McpServer, Scope, ServerProcess,
    TokenSource, Transport, entry, instructions,
};

/// Gemini CLI.
#[derive(Debug)]
pub(super) struct GeminiCli;

impl McpClient for GeminiCli {
    fn name(&self) -> &'static str {
        "gemini-cli"
    }

    fn title(&self) -> &'static str {
        "Gemini CLI"
    }

    fn check_name(&self, name: &str) -> Result<(), String> {
        check_name(self.name(), name, "-", "`-`; `_` parts its tool names")
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

impl ClientConfig for GeminiCli {
    fn display_path(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::User => "~/.gemini/settings.json",
            Scope::Project => ".gemini/settings.json",
        }
    }

    fn traces(&self, machine: &Machine<'_>) -> Vec<PathBuf> {
        machine.traces("gemini", [machine.home().join(".gemini")])
    }

    fn entry(&self, server: &McpServer, transport: &Transport) -> Value {
        match transport {
            Transport::Http(token) => {
                let token = token.to_config_text(|name| format!("${{{name}}}"));
                json!({ "httpUrl": server.endpoint(), "headers": entry::bearer_headers(&token) })
            }
            Transport::Stdio(process) => entry::process_entry(process),
        }
    }

    fn notes(&self, server: &McpServer, transport: &Transport, _: Scope) -> Vec<String> {
        let trust = "in a folder that it does not trust all servers are off, the user's own too: `/permissions` in it trusts the folder";
        let mut notes = vec![trust.to_owned()];
        if let Transport::Http(_) = transport {
            notes.push(format!(
                "its tools are called mcp_{}_TOOL, cut at 63 characters",
                server.name
            ));
        }
        notes
    }

    fn command(&self) -> Option<&dyn ClientCommand> {
        Some(self)
    }
}

impl ClientCommand for GeminiCli {
    fn program(&self) -> &'static str {
        "gemini"
    }

    fn supports(&self, _: Scope) -> bool {
        true
    }

    fn arguments(&self, server: &McpServer, transport: &Transport, scope: Scope) -> Vec<String> {
        match transport {
            // Without a shell, Gemini CLI expands the variable itself.
            Transport::Http(TokenSource::Variable(variable)) => {
                http_arguments(server, format!("{BEARER}${variable}"), scope)
            }
            Transport::Http(token) => {
                http_arguments(server, format!("{BEARER}{}", token.to_paste()), scope)
            }
            Transport::Stdio(process) => stdio_arguments(server, process, scope),
        }
    }

    fn shell_arguments(
        &self,
        server: &McpServer,
        token: &TokenSource,
        scope: Scope,
    ) -> Option<Vec<ShellWord>> {
        Some(http_arguments(server, token.to_shell_word(BEARER), scope))
    }
}

fn http_arguments<A: for<'a> From<&'a str>>(server: &McpServer, header: A, scope: Scope) -> Vec<A> {
    let mut arguments = to_arguments(&["mcp", "add", "--transport", "http"]);
    arguments.extend(to_arguments(&["-s", argv::scope_word(scope), "--header"]));
    arguments.push(header);
    arguments.extend(to_arguments(&[&server.name, &server.endpoint()]));
    arguments
}

fn stdio_arguments(server: &McpServer, process: &ServerProcess, scope: Scope) -> Vec<String> {
    [
        to_arguments(&["mcp", "add"]),
        argv::environment_flags(process, "-e"),
        to_arguments(&["-s", argv::scope_word(scope), &server.name]),
        argv::process_words(process),
    ]
    .concat()
}
