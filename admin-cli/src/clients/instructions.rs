//! The instructions for a client that stores its servers in a file: its own command, or the text of the file. Pure.

use mcp_lambda::shell::ShellWord;

use super::{
    ClientCommand, ClientConfig, Instructions, McpServer, Scope, Transport, argv, document,
};

/// Returns the [`Instructions`] to run the client's command, if that serves the [`Scope`], or else to edit its file.
pub(super) fn build(
    config: &dyn ClientConfig,
    server: &McpServer,
    transport: &Transport,
    scope: Scope,
) -> Instructions {
    let command = config.command().filter(|command| command.supports(scope));
    let (place, text) = match command {
        Some(command) => (
            "run".to_owned(),
            argv::line(
                command.program(),
                shell_arguments(command, server, transport, scope),
            ),
        ),
        None => (
            format!("in {}", config.display_path(scope)),
            document::to_paste(config, server, transport),
        ),
    };
    Instructions {
        place,
        text,
        notes: config.notes(server, transport, scope),
    }
}

/// Returns the arguments of the client's command for a shell, which expands the token.
fn shell_arguments(
    command: &dyn ClientCommand,
    server: &McpServer,
    transport: &Transport,
    scope: Scope,
) -> Vec<ShellWord> {
    let expanded = match transport {
        Transport::Http(token) => command.shell_arguments(server, token, scope),
        Transport::Stdio(_) => None,
    };
    expanded.unwrap_or_else(|| {
        let arguments = command.arguments(server, transport, scope);
        arguments.into_iter().map(ShellWord::from).collect()
    })
}

/// Returns the [`Instructions`] for a process, for a client that can start none: leave out `--stdio`.
pub(super) fn refuse_process() -> Instructions {
    let note = "it starts no process on this machine; it needs a URL, so leave out `--stdio`";
    Instructions {
        place: "not possible".to_owned(),
        text: String::new(),
        notes: vec![note.to_owned()],
    }
}
