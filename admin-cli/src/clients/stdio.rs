//! Any client that starts a process: the server itself, or `mcp-remote`, which speaks HTTP for the client.

use serde_json::{Value, json};

use super::{McpClient, Registration, Scope, Server, Token, Transport, entry};

/// The [`McpClient`] that is not known, and starts processes.
#[derive(Debug)]
pub(super) struct Stdio;

impl McpClient for Stdio {
    fn name(&self) -> &'static str {
        "stdio"
    }

    fn title(&self) -> &'static str {
        "Any client that starts a process"
    }

    fn registration(&self, server: &Server, transport: &Transport, _: Scope) -> Registration {
        let (entry, notes) = match transport {
            Transport::Http(token) => (bridge(server, token), bridge_notes(token)),
            Transport::Stdio(launch) => (entry::stdio(launch), Vec::new()),
        };
        let text = json!({ "mcpServers": { server.name.as_str(): entry } });
        Registration {
            place: "in the client's own file".to_owned(),
            text: format!("{text:#}"),
            notes,
        }
    }
}

/// Returns the entry of `mcp-remote` for a [`Server`] over HTTP.
fn bridge(server: &Server, token: &Token) -> Value {
    let variable = token.variable(server);
    let header = format!("Authorization:${{{variable}}}");
    let arguments = json!(["-y", "mcp-remote", server.endpoint(), "--header", header]);
    let value = match token {
        Token::Given(token) => format!("Bearer {token}"),
        Token::Variable(_) | Token::File(_) => "Bearer TOKEN".to_owned(),
    };
    json!({ "command": "npx", "args": arguments, "env": { variable.as_str(): value } })
}

fn bridge_notes(token: &Token) -> Vec<String> {
    let colon = "for a client that can only start a process; there is no space after the colon, which some clients lose";
    let mut notes = vec![colon.to_owned()];
    if let Token::Variable(name) = token {
        notes.push(format!("put what {name} holds in the place of TOKEN"));
    }
    notes
}
