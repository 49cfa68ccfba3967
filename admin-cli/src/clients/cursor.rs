//! Cursor: the file `mcp.json`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::machine::Machine;
use super::{
    ClientConfig, Instructions, McpClient, McpServer, Scope, Transport, entry, instructions,
};

/// Cursor.
#[derive(Debug)]
pub(super) struct Cursor;

impl McpClient for Cursor {
    fn name(&self) -> &'static str {
        "cursor"
    }

    fn title(&self) -> &'static str {
        "Cursor"
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

impl ClientConfig for Cursor {
    fn display_path(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::User => "~/.cursor/mcp.json",
            Scope::Project => ".cursor/mcp.json",
        }
    }

    fn traces(&self, machine: &Machine<'_>) -> Vec<PathBuf> {
        machine.traces("cursor", [machine.home().join(".cursor")])
    }

    fn entry(&self, server: &McpServer, transport: &Transport) -> Value {
        match transport {
            Transport::Http(token) => {
                let token = token.to_config_text(|name| format!("${{env:{name}}}"));
                json!({ "url": server.endpoint(), "headers": entry::bearer_headers(&token) })
            }
            Transport::Stdio(process) => entry::process_entry(process),
        }
    }

    fn notes(&self, _: &McpServer, transport: &Transport, _: Scope) -> Vec<String> {
        transport.requirements()
    }
}
