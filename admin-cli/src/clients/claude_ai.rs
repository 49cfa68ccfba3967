//! Claude on the web and on desktops: a custom connector, which a person adds in the settings.

use super::{Instructions, McpClient, McpServer, Scope, TokenSource, Transport, instructions};

/// Claude on the web and on desktops.
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

    fn instructions(&self, server: &McpServer, transport: &Transport, _: Scope) -> Instructions {
        match transport {
            Transport::Http(token) => add_connector(server, token),
            Transport::Stdio(_) => instructions::refuse_process(),
        }
    }
}

/// Returns the [`Instructions`] for the dialog.
fn add_connector(server: &McpServer, token: &TokenSource) -> Instructions {
    let text = format!(
        "Name: {}\nURL: {}\nRequest header Authorization: Bearer {}",
        server.name,
        server.endpoint(),
        token.to_paste()
    );
    let place = "Settings, Connectors, Add custom connector, Advanced, Request headers".to_owned();
    let note = "request headers are in beta, and not every account has them; the server must be reachable from the internet";
    Instructions {
        place,
        text,
        notes: vec![note.to_owned()],
    }
}
