//! ChatGPT in developer mode: an app, which a person creates in the settings.

use super::{Instructions, McpClient, McpServer, Scope, TokenSource, Transport, instructions};

/// ChatGPT in developer mode.
#[derive(Debug)]
pub(super) struct Chatgpt;

impl McpClient for Chatgpt {
    fn name(&self) -> &'static str {
        "chatgpt"
    }

    fn title(&self) -> &'static str {
        "ChatGPT in developer mode"
    }

    fn starts_processes(&self) -> bool {
        false
    }

    fn instructions(&self, server: &McpServer, transport: &Transport, _: Scope) -> Instructions {
        match transport {
            Transport::Http(token) => create_app(server, token),
            Transport::Stdio(_) => instructions::refuse_process(),
        }
    }
}

/// Returns the [`Instructions`] for the dialog.
fn create_app(server: &McpServer, token: &TokenSource) -> Instructions {
    let text = format!(
        "Name: {}\nURL: {}\nAccess token / API key: {}",
        server.name,
        server.endpoint(),
        token.to_paste()
    );
    let place = "Settings, Apps, Advanced, Developer mode, Create app".to_owned();
    let note = "where the dialog offers no access token, it takes OAuth alone, which this server does not speak";
    Instructions {
        place,
        text,
        notes: vec![note.to_owned()],
    }
}
