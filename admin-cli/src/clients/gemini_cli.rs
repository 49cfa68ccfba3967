//! Gemini CLI: `settings.json`, and the command `gemini`.

use std::path::PathBuf;

use mcp_lambda::shell::ShellWord;
use serde_json::{Value, json};

use super::argv::{self, BEARER, to_arguments};
use super::client::check_name;
use super::machine::Machine;
use super::{
    ClientCommand, ClientConfig, Launch, McpClient, Registration, Scope, Server, Token, Transport,
    entry, registration,
};

/// The [`McpClient`] Gemini CLI.
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

    fn registration(&self, server: &Server, transport: &Transport, scope: Scope) -> Registration {
        registration::of_config(self, server, transport, scope)
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

    fn entry(&self, server: &Server, transport: &Transport) -> Value {
        match transport {
            Transport::Http(token) => {
                let token = token.to_config_text(|name| format!("${{{name}}}"));
                json!({ "httpUrl": server.endpoint(), "headers": entry::bearer_headers(&token) })
            }
            Transport::Stdio(launch) => entry::stdio(launch),
        }
    }

    fn notes(&self, server: &Server, transport: &Transport, _: Scope) -> Vec<String> {
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

    fn serves(&self, _: Scope) -> bool {
        true
    }

    fn arguments(&self, server: &Server, transport: &Transport, scope: Scope) -> Vec<String> {
        match transport {
            // Where no shell is, Gemini CLI expands the variable itself.
            Transport::Http(Token::Variable(variable)) => {
                http_arguments(server, format!("{BEARER}${variable}"), scope)
            }
            Transport::Http(token) => {
                http_arguments(server, format!("{BEARER}{}", token.to_paste()), scope)
            }
            Transport::Stdio(launch) => stdio_arguments(server, launch, scope),
        }
    }

    fn shell_arguments(
        &self,
        server: &Server,
        token: &Token,
        scope: Scope,
    ) -> Option<Vec<ShellWord>> {
        Some(http_arguments(server, token.behind(BEARER), scope))
    }
}

fn http_arguments<A: for<'a> From<&'a str>>(server: &Server, header: A, scope: Scope) -> Vec<A> {
    let mut arguments = to_arguments(&["mcp", "add", "--transport", "http"]);
    arguments.extend(to_arguments(&["-s", argv::scope_word(scope), "--header"]));
    arguments.push(header);
    arguments.extend(to_arguments(&[&server.name, &server.endpoint()]));
    arguments
}

fn stdio_arguments(server: &Server, launch: &Launch, scope: Scope) -> Vec<String> {
    [
        to_arguments(&["mcp", "add"]),
        argv::environment_flags(launch, "-e"),
        to_arguments(&["-s", argv::scope_word(scope), &server.name]),
        argv::launch_words(launch),
    ]
    .concat()
}
