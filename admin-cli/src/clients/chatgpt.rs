//! ChatGPT in developer mode: an app that a person makes in its settings.

use super::{McpClient, Registration, Scope, Server, Token, Transport, registration};

/// The [`McpClient`] ChatGPT.
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

    fn registration(&self, server: &Server, transport: &Transport, _: Scope) -> Registration {
        match transport {
            Transport::Http(token) => app(server, token),
            Transport::Stdio(_) => registration::without_process(),
        }
    }
}

fn app(server: &Server, token: &Token) -> Registration {
    let text = format!(
        "Name: {}\nURL: {}\nAccess token / API key: {}",
        server.name,
        server.endpoint(),
        token.to_paste()
    );
    let place = "Settings, Apps, Advanced, Developer mode, Create app".to_owned();
    let note = "where the dialog offers no access token, it takes OAuth alone, which this server does not speak";
    Registration {
        place,
        text,
        notes: vec![note.to_owned()],
    }
}
