//! The clients' own commands: what registers a server, argument by argument, and the same as a line for a shell.
//!
//! Where no shell stands between, a variable is written as the client itself reads it.

use std::slice;

use mcp_lambda::shell::{self, ShellWord};

use super::{Client, Launch, Reach, Scope, Server, Token, entry};

/// The text before a token in its header (RFC 6750 §2.1).
const BEARER: &str = "Authorization: Bearer ";

/// The client's command, if it has one that registers servers.
pub(crate) const fn program(client: Client) -> Option<&'static str> {
    match client {
        Client::ClaudeCode => Some("claude"),
        Client::GeminiCli => Some("gemini"),
        Client::CodexCli => Some("codex"),
        _ => None,
    }
}

/// Returns true if the client's command registers for that [`Scope`]. Claude Code's file for a project is made to be written by hand,
/// and Codex's command knows no projects.
pub(crate) fn serves(client: Client, scope: Scope) -> bool {
    program(client).is_some() && (scope == Scope::User || client == Client::GeminiCli)
}

/// The arguments by which the client's command registers the [`Server`].
pub(crate) fn add(client: Client, server: &Server, reach: &Reach, scope: Scope) -> Vec<String> {
    match reach {
        Reach::Http(token) => http(client, server, token, scope),
        Reach::Process(launch) => process(client, server, launch, scope),
    }
}

fn http(client: Client, server: &Server, token: &Token, scope: Scope) -> Vec<String> {
    let (name, url) = (server.name.as_str(), server.endpoint());
    match (client, token) {
        (Client::CodexCli, _) => to_strings(&[
            "mcp",
            "add",
            name,
            "--url",
            &url,
            "--bearer-token-env-var",
            &token.variable(server),
        ]),
        (Client::ClaudeCode, Token::Variable(_)) => {
            let entry = entry::entry(client, server, &Reach::Http(token.clone())).to_string();
            to_strings(&["mcp", "add-json", "--scope", "user", name, &entry])
        }
        // Where no shell is, Gemini CLI expands the variable itself.
        (_, Token::Variable(variable)) => {
            with_header(client, name, &url, format!("{BEARER}${variable}"), scope)
        }
        (_, Token::Given(token)) => {
            with_header(client, name, &url, format!("{BEARER}{token}"), scope)
        }
        (_, Token::File(_)) => with_header(
            client,
            name,
            &url,
            format!("{BEARER}{}", token.to_paste()),
            scope,
        ),
    }
}

/// The command for a shell, which expands where the token is.
pub(crate) fn for_shell(
    client: Client,
    server: &Server,
    reach: &Reach,
    scope: Scope,
) -> Vec<ShellWord> {
    match reach {
        Reach::Http(token) if client != Client::CodexCli => with_header(
            client,
            &server.name,
            &server.endpoint(),
            token.behind(BEARER),
            scope,
        ),
        _ => add(client, server, reach, scope)
            .into_iter()
            .map(ShellWord::from)
            .collect(),
    }
}

/// The command with the header as it is given.
fn with_header<A: for<'a> From<&'a str>>(
    client: Client,
    name: &str,
    url: &str,
    header: A,
    scope: Scope,
) -> Vec<A> {
    let to_words = |words: &[&str]| words.iter().map(|&word| A::from(word)).collect::<Vec<_>>();
    let begin = ["mcp", "add", "--transport", "http"];
    if client == Client::GeminiCli {
        let begin = to_words(&[&begin[..], &["-s", word(scope), "--header"]].concat());
        return begin
            .into_iter()
            .chain([header])
            .chain(to_words(&[name, url]))
            .collect();
    }
    let begin = to_words(&[&begin[..], &["--scope", "user", name, url, "--header"]].concat());
    begin.into_iter().chain([header]).collect()
}

fn process(client: Client, server: &Server, launch: &Launch, scope: Scope) -> Vec<String> {
    let name = server.name.as_str();
    let environment: Vec<_> = launch
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let flagged = |flag: &str| {
        environment
            .iter()
            .flat_map(|pair| [flag.to_owned(), pair.clone()])
            .collect::<Vec<_>>()
    };
    let started = [slice::from_ref(&launch.command), &launch.arguments].concat();
    let add = to_strings(&["mcp", "add"]);
    match client {
        // Its `--env` takes all that follows up to the next flag, so the name stands behind another.
        Client::ClaudeCode => [
            add,
            flagged("--env"),
            to_strings(&["--scope", "user", name, "--"]),
            started,
        ]
        .concat(),
        Client::GeminiCli => [
            add,
            flagged("-e"),
            to_strings(&["-s", word(scope), name]),
            started,
        ]
        .concat(),
        _ => [
            add,
            to_strings(&[name]),
            flagged("--env"),
            to_strings(&["--"]),
            started,
        ]
        .concat(),
    }
}

const fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::User => "user",
        Scope::Project => "project",
    }
}

fn to_strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A command as a line for a shell.
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

    fn server() -> Server {
        Server {
            name: "notes".to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    fn added(client: Client, reach: &Reach, scope: Scope) -> String {
        line(
            program(client).expect("a command"),
            add(client, &server(), reach, scope),
        )
    }

    #[test]
    fn a_variable_is_left_to_the_client_where_no_shell_reads_it() {
        let reach = Reach::Http(Token::Variable("V".to_owned()));
        let claude = r#"claude mcp add-json --scope user notes '{"headers":{"Authorization":"Bearer ${V}"},"type":"http","url":"https://mcp.example.com/mcp"}'"#;
        assert_eq!(added(Client::ClaudeCode, &reach, Scope::User), claude);
        let gemini = "gemini mcp add --transport http -s project --header 'Authorization: Bearer $V' notes https://mcp.example.com/mcp";
        assert_eq!(added(Client::GeminiCli, &reach, Scope::Project), gemini);
        let codex =
            "codex mcp add notes --url https://mcp.example.com/mcp --bearer-token-env-var V";
        assert_eq!(added(Client::CodexCli, &reach, Scope::User), codex);
    }

    #[test]
    fn a_process_is_told_with_its_environment() {
        let mut launch = Launch::new("/my apps/notes".to_owned(), "alice@example.com");
        launch
            .environment
            .insert("APP_USERS_PATH".to_owned(), "/data".to_owned());
        let reach = Reach::Process(launch);
        let rest = "'/my apps/notes' stdio --user alice@example.com";
        for (client, begin) in [
            (
                Client::ClaudeCode,
                "claude mcp add --env 'APP_USERS_PATH=/data' --scope user notes --",
            ),
            (
                Client::GeminiCli,
                "gemini mcp add -e 'APP_USERS_PATH=/data' -s user notes",
            ),
            (
                Client::CodexCli,
                "codex mcp add notes --env 'APP_USERS_PATH=/data' --",
            ),
        ] {
            assert_eq!(
                added(client, &reach, Scope::User),
                format!("{begin} {rest}")
            );
        }
    }
}
