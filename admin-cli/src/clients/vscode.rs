//! VS Code: the file `mcp.json`, with an input variable: VS Code asks for the token itself, and stores it among its secrets.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::SideEntry;
use super::machine::Machine;
use super::{
    ClientConfig, Instructions, McpClient, McpServer, Scope, Transport, entry, instructions,
};

/// VS Code.
#[derive(Debug)]
pub(super) struct Vscode;

impl McpClient for Vscode {
    fn name(&self) -> &'static str {
        "vscode"
    }

    fn title(&self) -> &'static str {
        "VS Code"
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

impl ClientConfig for Vscode {
    fn root(&self) -> &'static str {
        "servers"
    }

    fn display_path(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::User => "the user's mcp.json (`MCP: Open User Configuration`)",
            Scope::Project => ".vscode/mcp.json",
        }
    }

    fn path(&self, machine: &Machine<'_>, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => user_folder(machine).join("User/mcp.json"),
            Scope::Project => machine.resolve(self.display_path(scope)),
        }
    }

    fn traces(&self, machine: &Machine<'_>) -> Vec<PathBuf> {
        machine.traces("code", [user_folder(machine)])
    }

    fn entry(&self, server: &McpServer, transport: &Transport) -> Value {
        match transport {
            Transport::Http(_) => {
                let token = format!("${{input:{}}}", input_id(server));
                json!({ "type": "http", "url": server.endpoint(), "headers": entry::bearer_headers(&token) })
            }
            Transport::Stdio(process) => entry::add_type(entry::process_entry(process), "stdio"),
        }
    }

    fn side_entry(&self, server: &McpServer, transport: &Transport) -> Option<SideEntry> {
        let Transport::Http(_) = transport else {
            return None;
        };
        let description = format!("Token of {}", server.name);
        Some(SideEntry {
            member: "inputs",
            value: json!({ "id": input_id(server), "type": "promptString", "description": description, "password": true }),
        })
    }

    fn stores_tokens(&self) -> bool {
        false
    }

    fn notes(&self, _: &McpServer, transport: &Transport, _: Scope) -> Vec<String> {
        let Transport::Http(token) = transport else {
            return Vec::new();
        };
        vec![format!(
            "it asks for the token once, and keeps it with the system's secrets; type {}",
            token.to_paste()
        )]
    }
}

/// Returns the id of the input variable that holds the token.
fn input_id(server: &McpServer) -> String {
    format!("{}-token", server.name)
}

/// Returns the folder of the user's settings, which differs by operating system.
fn user_folder(machine: &Machine<'_>) -> PathBuf {
    if cfg!(target_os = "macos") {
        return machine.home().join("Library/Application Support/Code");
    }
    machine.folder("XDG_CONFIG_HOME", ".config").join("Code")
}
