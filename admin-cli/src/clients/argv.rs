//! Arguments of the clients' own commands, and command lines for a shell.

use std::slice;

use mcp_lambda::shell::{self, ShellWord};

use super::{Scope, ServerProcess};

/// The header of a token, up to the token (RFC 6750 §2.1).
pub(super) const BEARER: &str = "Authorization: Bearer ";

/// Converts words to arguments: `String`s for a process, or [`ShellWord`]s for a shell.
pub(super) fn to_arguments<A: for<'a> From<&'a str>>(words: &[&str]) -> Vec<A> {
    words.iter().map(|&word| A::from(word)).collect()
}

/// Returns the environment of a [`ServerProcess`] as repeated flags, `flag NAME=VALUE`.
pub(super) fn environment_flags(process: &ServerProcess, flag: &str) -> Vec<String> {
    let pair = |(name, value): (&String, &String)| [flag.to_owned(), format!("{name}={value}")];
    process.environment.iter().flat_map(pair).collect()
}

/// Returns the command of a [`ServerProcess`] and its arguments, as words.
pub(super) fn process_words(process: &ServerProcess) -> Vec<String> {
    [slice::from_ref(&process.command), &process.arguments].concat()
}

/// Returns the name of a [`Scope`] in the clients' commands.
pub(super) const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::User => "user",
        Scope::Project => "project",
    }
}

/// Returns a command line for a shell, with every word quoted that needs it.
pub(crate) fn line<A: Into<ShellWord>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
) -> String {
    shell::line(
        [ShellWord::from(program)]
            .into_iter()
            .chain(arguments.into_iter().map(Into::into)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::tests::{command, find};
    use crate::clients::{KnownClient, McpServer, TokenSource, Transport};

    fn server() -> McpServer {
        McpServer {
            name: "notes".to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    fn command_line(client: KnownClient, transport: &Transport, scope: Scope) -> String {
        line(
            command(client).program(),
            command(client).arguments(&server(), transport, scope),
        )
    }

    #[test]
    fn a_variable_is_left_to_the_client_where_no_shell_reads_it() {
        let transport = Transport::Http(TokenSource::Variable("V".to_owned()));
        let claude = r#"claude mcp add-json --scope user notes '{"headers":{"Authorization":"Bearer ${V}"},"type":"http","url":"https://mcp.example.com/mcp"}'"#;
        assert_eq!(
            command_line(find("claude-code"), &transport, Scope::User),
            claude
        );
        let gemini = "gemini mcp add --transport http -s project --header 'Authorization: Bearer $V' notes https://mcp.example.com/mcp";
        assert_eq!(
            command_line(find("gemini-cli"), &transport, Scope::Project),
            gemini
        );
        let codex =
            "codex mcp add notes --url https://mcp.example.com/mcp --bearer-token-env-var V";
        assert_eq!(
            command_line(find("codex-cli"), &transport, Scope::User),
            codex
        );
    }

    #[test]
    fn a_process_is_registered_with_its_environment() {
        let mut process = ServerProcess::new("/my apps/notes".to_owned(), "alice@example.com");
        process
            .environment
            .insert("APP_USERS_PATH".to_owned(), "/data".to_owned());
        let transport = Transport::Stdio(process);
        let rest = "'/my apps/notes' stdio --user alice@example.com";
        for (client, begin) in [
            (
                find("claude-code"),
                "claude mcp add --env 'APP_USERS_PATH=/data' --scope user notes --",
            ),
            (
                find("gemini-cli"),
                "gemini mcp add -e 'APP_USERS_PATH=/data' -s user notes",
            ),
            (
                find("codex-cli"),
                "codex mcp add notes --env 'APP_USERS_PATH=/data' --",
            ),
        ] {
            assert_eq!(
                command_line(client, &transport, Scope::User),
                format!("{begin} {rest}")
            );
        }
    }
}
