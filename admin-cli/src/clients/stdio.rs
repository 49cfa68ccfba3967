//! Any other client that can start a process: the server itself, or `mcp-remote`, a bridge to HTTP.

use serde_json::{Value, json};

use super::{Instructions, McpClient, McpServer, Scope, TokenSource, Transport, entry};

/// A client that is not known here, and that starts processes.
#[derive(Debug)]
pub(super) struct Stdio;

impl McpClient for Stdio {
    fn name(&self) -> &'static str {
        "stdio"
    }

    fn title(&self) -> &'static str {
        "Any client that starts a process"
    }

    fn instructions(&self, server: &McpServer, transport: &Transport, _: Scope) -> Instructions {
        let (entry, notes) = match transport {
            Transport::Http(token) => (bridge_entry(server, token), bridge_notes(token)),
            Transport::Stdio(process) => (entry::process_entry(process), Vec::new()),
        };
        let text = json!({ "mcpServers": { server.name.as_str(): entry } });
        Instructions {
            place: "in the client's own file".to_owned(),
            text: format!("{text:#}"),
            notes,
        }
    }
}

/// Returns the entry that starts `mcp-remote` for a [`McpServer`] over HTTP.
fn bridge_entry(server: &McpServer, token: &TokenSource) -> Value {
    let variable = token.variable(server);
    let header = format!("Authorization:${{{variable}}}");
    let arguments = json!(["-y", "mcp-remote", server.endpoint(), "--header", header]);
    let value = match token {
        TokenSource::Given(token) => format!("Bearer {token}"),
        TokenSource::Variable(_) | TokenSource::File(_) => "Bearer TOKEN".to_owned(),
    };
    json!({ "command": "npx", "args": arguments, "env": { variable.as_str(): value } })
}

fn bridge_notes(token: &TokenSource) -> Vec<String> {
    let colon = "for a client that can only start a process; there is no space after the colon, which some clients lose";
    let mut notes = vec![colon.to_owned()];
    if let TokenSource::Variable(name) = token {
        notes.push(format!("put what {name} holds in the place of TOKEN"));
    }
    notes
}
