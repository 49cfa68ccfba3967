//! Claude on the web and on desktops: a connector that a person adds in its settings.

use super::{McpClient, Registration, Scope, Server, Token, Transport, registration};

/// The [`McpClient`] Claude on the web.
#[derive(Debug)]
pub(super) struct ClaudeAi;

impl McpClient for ClaudeAi {
    fn name(&self) -> &'static str {
        "claude-ai"
    }

    fn title(&self) -> &'static str {
        "Claude on the web and on desktops"
    }

    fn starts_processes(&self) -> bool {
        false
    }

    fn registration(&self, server: &Server, transport: &Transport, _: Scope) -> Registration {
        match transport {
            Transport::Http(token) => connector(server, token),
            Transport::Stdio(_) => registration::without_process(),
        }
    }
}

fn connector(server: &Server, token: &Token) -> Registration {
    let text = format!(
        "Name: {}\nURL: {}\nRequest header Authorization: Bearer {}",
        server.name,
        server.endpoint(),
        token.to_paste()
    );
    let place = "Settings, Connectors, Add custom connector, Advanced, Request headers".to_owned();
    let note = "request headers are in beta, and not every account has them; the server must be reachable from the internet";
    Registration {
        place,
        text,
        notes: vec![note.to_owned()],
    }
}
