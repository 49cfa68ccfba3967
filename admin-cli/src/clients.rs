//! The clients of November 2026: how each is told of a server, and what it can't do. Pure.
//!
//! Where a client reads a token from a variable, the token stays out of its file; a token in a command is in a shell's history,
//! so the note says so.

use std::fmt;

use clap::ValueEnum;
use serde_json::{Value, json};

/// A program that speaks MCP to servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Gemini CLI.
    GeminiCli,
    /// Codex CLI.
    CodexCli,
    /// VS Code.
    Vscode,
    /// Cursor.
    Cursor,
    /// Claude on the web and on desktops.
    ClaudeAi,
    /// ChatGPT in developer mode.
    Chatgpt,
    /// Any client that starts a process.
    Stdio,
}

/// For whom a registration is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// For you, everywhere.
    #[default]
    User,
    /// For whoever works in this folder.
    Project,
}

/// What is registered.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) name: String,
    /// Without `/mcp`.
    pub(crate) url: String,
}

/// The token, or where it will be.
#[derive(Clone, Debug)]
pub(crate) enum Token {
    Given(String),
    Variable(String),
}

/// What a person runs, writes or types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) place: String,
    pub(crate) text: String,
    pub(crate) notes: Vec<String>,
}

impl Server {
    fn endpoint(&self) -> String {
        format!("{}/mcp", self.url)
    }

    /// The variable that holds its token if nobody names another.
    pub(crate) fn variable(&self) -> String {
        format!("{}_TOKEN", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

impl Client {
    /// All of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::ClaudeCode,
        Self::GeminiCli,
        Self::CodexCli,
        Self::Vscode,
        Self::Cursor,
        Self::ClaudeAi,
        Self::Chatgpt,
        Self::Stdio,
    ];

    /// Whether the client takes this server's name.
    pub(crate) fn check(self, server: &Server) -> Result<(), String> {
        let lawful =
            |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'_' && self != Self::GeminiCli);
        if !server.name.is_empty() && server.name.len() <= 40 && server.name.bytes().all(lawful) {
            return Ok(());
        }
        let also = if self == Self::GeminiCli { "; `_` parts its tool names" } else { " or `_`" };
        Err(format!("{self} can't call a server `{}`: use 1 to 40 letters, digits, `-`{also}", server.name))
    }

    /// What connects the client.
    pub(crate) fn registration(self, server: &Server, token: &Token, scope: Scope) -> Registration {
        match self {
            Self::ClaudeCode => claude_code(server, token, scope),
            Self::GeminiCli => gemini(server, token, scope),
            Self::CodexCli => codex(server, token),
            Self::Vscode => vscode(server, token, scope),
            Self::Cursor => cursor(server, token, scope),
            Self::ClaudeAi => claude_ai(server, token),
            Self::Chatgpt => chatgpt(server, token),
            Self::Stdio => stdio(server, token),
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClaudeCode => "claude-code",
            Self::GeminiCli => "gemini-cli",
            Self::CodexCli => "codex-cli",
            Self::Vscode => "vscode",
            Self::Cursor => "cursor",
            Self::ClaudeAi => "claude-ai",
            Self::Chatgpt => "chatgpt",
            Self::Stdio => "stdio",
        })
    }
}

impl Token {
    /// The token, or the shell's way to its variable.
    fn in_shell(&self) -> String {
        match self {
            Self::Given(token) => token.clone(),
            Self::Variable(name) => format!("${name}"),
        }
    }

    /// The token, or a file's way to its variable.
    fn in_file(&self, variable: impl Fn(&str) -> String) -> String {
        match self {
            Self::Given(token) => token.clone(),
            Self::Variable(name) => variable(name),
        }
    }

    fn to_paste(&self) -> String {
        match self {
            Self::Given(token) => token.clone(),
            Self::Variable(name) => format!("(the token in {name})"),
        }
    }

    /// What to say where a variable must be there when the client starts.
    fn needs(&self) -> Vec<String> {
        match self {
            Self::Given(_) => Vec::new(),
            Self::Variable(name) => vec![format!("set {name} in the environment the client is started from")],
        }
    }
}

fn run(text: String, notes: Vec<String>) -> Registration {
    Registration { place: "run".to_owned(), text, notes }
}

fn write(file: &str, text: &Value, notes: Vec<String>) -> Registration {
    Registration { place: format!("in {file}"), text: format!("{text:#}"), notes }
}

fn claude_code(server: &Server, token: &Token, scope: Scope) -> Registration {
    if scope == Scope::Project {
        let token = token.in_file(|name| format!("${{{name}}}"));
        let headers = json!({ "Authorization": format!("Bearer {token}") });
        let entry = json!({ "type": "http", "url": server.endpoint(), "headers": headers });
        return write(".mcp.json", &json!({ "mcpServers": { server.name.as_str(): entry } }), Vec::new());
    }
    let (name, url, token) = (&server.name, server.endpoint(), token.in_shell());
    let text =
        format!("claude mcp add --transport http --scope user {name} {url} --header \"Authorization: Bearer {token}\"");
    run(text, Vec::new())
}

fn gemini(server: &Server, token: &Token, scope: Scope) -> Registration {
    let scope = if scope == Scope::Project { "project" } else { "user" };
    let (name, url, token) = (&server.name, server.endpoint(), token.in_shell());
    let text =
        format!("gemini mcp add --transport http -s {scope} --header \"Authorization: Bearer {token}\" {name} {url}");
    run(text, vec![format!("its tools are called mcp_{name}_TOOL, cut at 63 characters")])
}

fn codex(server: &Server, token: &Token) -> Registration {
    let (variable, mut notes) = match token {
        Token::Given(token) => {
            let variable = server.variable();
            let note = format!("it takes no token itself: export {variable}={token} where it is started");
            (variable, vec![note])
        }
        Token::Variable(variable) => (variable.clone(), token.needs()),
    };
    notes.push("without the variable it sends no header, and says nothing".to_owned());
    run(format!("codex mcp add {} --url {} --bearer-token-env-var {variable}", server.name, server.endpoint()), notes)
}

fn vscode(server: &Server, token: &Token, scope: Scope) -> Registration {
    let file = if scope == Scope::Project {
        ".vscode/mcp.json"
    } else {
        "the user's mcp.json (`MCP: Open User Configuration`)"
    };
    let headers = json!({ "Authorization": "Bearer ${input:token}" });
    let text = json!({
        "servers": { server.name.as_str(): { "type": "http", "url": server.endpoint(), "headers": headers } },
        "inputs": [{ "id": "token", "type": "promptString", "description": format!("Token of {}", server.name), "password": true }],
    });
    write(
        file,
        &text,
        vec![format!("it asks for the token once, and keeps it with the system's secrets: {}", token.to_paste())],
    )
}

fn cursor(server: &Server, token: &Token, scope: Scope) -> Registration {
    let file = if scope == Scope::Project { ".cursor/mcp.json" } else { "~/.cursor/mcp.json" };
    let bearer = format!("Bearer {}", token.in_file(|name| format!("${{env:{name}}}")));
    let entry = json!({ "url": server.endpoint(), "headers": { "Authorization": bearer } });
    write(file, &json!({ "mcpServers": { server.name.as_str(): entry } }), token.needs())
}

fn claude_ai(server: &Server, token: &Token) -> Registration {
    let text = format!(
        "Name: {}\nURL: {}\nRequest header Authorization: Bearer {}",
        server.name,
        server.endpoint(),
        token.to_paste()
    );
    let place = "Settings, Connectors, Add custom connector, Advanced, Request headers".to_owned();
    let note =
        "request headers are in beta, and not every account has them; the server must be reachable from the internet";
    Registration { place, text, notes: vec![note.to_owned()] }
}

fn chatgpt(server: &Server, token: &Token) -> Registration {
    let text =
        format!("Name: {}\nURL: {}\nAccess token / API key: {}", server.name, server.endpoint(), token.to_paste());
    let place = "Settings, Apps, Advanced, Developer mode, Create app".to_owned();
    let note = "where the dialog offers no access token, it takes OAuth alone, which this server does not speak";
    Registration { place, text, notes: vec![note.to_owned()] }
}

fn stdio(server: &Server, token: &Token) -> Registration {
    let variable = match token {
        Token::Given(_) => server.variable(),
        Token::Variable(name) => name.clone(),
    };
    let arguments =
        json!(["-y", "mcp-remote", server.endpoint(), "--header", format!("Authorization:${{{variable}}}")]);
    let value = match token {
        Token::Given(token) => format!("Bearer {token}"),
        Token::Variable(name) => format!("Bearer TOKEN_OF_{name}"),
    };
    let entry = json!({ "command": "npx", "args": arguments, "env": { variable.as_str(): value } });
    let note = "for a client that can only start a process; there is no space after the colon, which some clients lose";
    write("the client's own file", &json!({ "mcpServers": { server.name.as_str(): entry } }), vec![note.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str) -> Server {
        Server { name: name.to_owned(), url: "https://mcp.example.com".to_owned() }
    }

    #[test]
    fn every_client_learns_the_url_and_none_loses_the_token() {
        let (server, given) = (server("notes"), Token::Given("eyJ.t.s".to_owned()));
        for client in Client::ALL {
            for scope in [Scope::User, Scope::Project] {
                let registration = client.registration(&server, &given, scope);
                assert!(registration.text.contains("https://mcp.example.com/mcp"), "{client}");
                let all = format!("{}{}", registration.text, registration.notes.join(" "));
                assert!(all.contains("eyJ.t.s"), "{client}: {all}");
            }
        }
    }

    #[test]
    fn a_variable_is_named_in_each_clients_own_way() {
        let (server, variable) = (server("my-notes"), Token::Variable("MY_NOTES_TOKEN".to_owned()));
        let text = |client: Client, scope| client.registration(&server, &variable, scope).text;
        assert!(text(Client::ClaudeCode, Scope::Project).contains("Bearer ${MY_NOTES_TOKEN}"));
        assert!(text(Client::ClaudeCode, Scope::User).contains("Bearer $MY_NOTES_TOKEN\""));
        assert!(text(Client::Cursor, Scope::User).contains("${env:MY_NOTES_TOKEN}"));
        assert!(text(Client::CodexCli, Scope::User).ends_with("--bearer-token-env-var MY_NOTES_TOKEN"));
        assert!(text(Client::Vscode, Scope::Project).contains("\"servers\""));
        assert_eq!(server.variable(), "MY_NOTES_TOKEN");
    }

    #[test]
    fn names_are_what_a_client_takes() {
        for (client, name, is_lawful) in [
            (Client::ClaudeCode, "my_notes", true),
            (Client::GeminiCli, "my_notes", false),
            (Client::GeminiCli, "my-notes", true),
            (Client::Cursor, "my notes", false),
            (Client::Cursor, "", false),
        ] {
            assert_eq!(client.check(&server(name)).is_ok(), is_lawful, "{client} {name}");
        }
    }
}
