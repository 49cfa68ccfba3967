//! The clients of November 2026: how each is told of a server, and what it can't do.
//!
//! What is said of them is pure (`text`, `argv`, `entry`, `json`, `toml`); `machine` alone looks at this machine.

pub(crate) mod argv;
pub(crate) mod document;
pub(crate) mod entry;
mod json;
pub(crate) mod machine;
pub(crate) mod text;
pub(crate) mod toml;

use std::collections::BTreeMap;
use std::fmt;

use clap::ValueEnum;
use mcp_lambda::shell::{self, ShellWord};

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

/// A server to register with a [`Client`].
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
    /// In a file that its owner alone reads, for clients that take no token in theirs.
    File(String),
}

/// A process that a client starts to speak with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) command: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// The transport by which a [`Client`] reaches a [`Server`] (MCP, Transports).
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    Http(Token),
    Process(Launch),
}

/// The command, file or settings that connect a [`Client`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) place: String,
    pub(crate) text: String,
    pub(crate) notes: Vec<String>,
}

impl Launch {
    /// A server binary that speaks for one user.
    pub(crate) fn new(command: String, user: &str) -> Self {
        let arguments = ["stdio", "--user", user].map(str::to_owned).to_vec();
        Self {
            command,
            arguments,
            environment: BTreeMap::new(),
        }
    }
}

impl Server {
    /// Returns the URL of the MCP endpoint (MCP, Streamable HTTP).
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/mcp", self.url)
    }

    /// The variable that holds its token if nobody names another.
    pub(crate) fn variable(&self) -> String {
        let name = format!("{}_TOKEN", self.name.to_ascii_uppercase().replace('-', "_"));
        // A digit in front makes no name of a variable.
        if shell::is_variable(&name) {
            name
        } else {
            format!("MCP_{name}")
        }
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

    /// Checks that the client takes the name of this [`Server`].
    pub(crate) fn check(self, server: &Server) -> Result<(), String> {
        let lawful = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || byte == b'-'
                || (byte == b'_' && self != Self::GeminiCli)
        };
        // One that begins with `-` would be a flag of the client's command.
        let is_word =
            !server.name.is_empty() && !server.name.starts_with('-') && server.name.len() <= 40;
        if is_word && server.name.bytes().all(lawful) {
            return Ok(());
        }
        let also = if self == Self::GeminiCli {
            "; `_` parts its tool names"
        } else {
            " or `_`"
        };
        Err(format!(
            "{self} can't call a server `{}`: use 1 to 40 letters, digits, `-`{also}",
            server.name
        ))
    }

    /// Returns true for a client that stores its servers in a file on this machine.
    pub(crate) const fn has_file(self) -> bool {
        !matches!(self, Self::ClaudeAi | Self::Chatgpt | Self::Stdio)
    }

    /// The client's file, as a person knows it.
    pub(crate) const fn file(self, scope: Scope) -> &'static str {
        match (self, scope) {
            (Self::ClaudeCode, Scope::User) => "~/.claude.json",
            (Self::ClaudeCode, Scope::Project) => ".mcp.json",
            (Self::GeminiCli, Scope::User) => "~/.gemini/settings.json",
            (Self::GeminiCli, Scope::Project) => ".gemini/settings.json",
            (Self::CodexCli, Scope::User) => "~/.codex/config.toml",
            (Self::CodexCli, Scope::Project) => ".codex/config.toml",
            (Self::Vscode, Scope::User) => "the user's mcp.json (`MCP: Open User Configuration`)",
            (Self::Vscode, Scope::Project) => ".vscode/mcp.json",
            (Self::Cursor, Scope::User) => "~/.cursor/mcp.json",
            (Self::Cursor, Scope::Project) => ".cursor/mcp.json",
            _ => "the client's own file",
        }
    }

    /// Returns true for a client whose file holds no token, so that a person brings it.
    pub(crate) const fn asks_for_tokens(self) -> bool {
        matches!(self, Self::CodexCli | Self::Vscode)
    }

    /// Returns true for a client that starts a process on this machine (MCP, stdio).
    pub(crate) const fn starts_processes(self) -> bool {
        !matches!(self, Self::ClaudeAi | Self::Chatgpt)
    }

    /// Returns the [`Registration`] for either [`Reach`].
    pub(crate) fn registration(self, server: &Server, reach: &Reach, scope: Scope) -> Registration {
        match reach {
            Reach::Http(token) => text::http(self, server, token, scope),
            Reach::Process(launch) => text::process(self, server, launch, scope),
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
    /// The token behind a text, as one argument for a shell, which finds the token where it is.
    fn behind(&self, before: &str) -> ShellWord {
        let before = before.to_owned();
        match self {
            Self::Given(token) => ShellWord::Literal(before + token),
            Self::Variable(name) => ShellWord::Variable {
                before,
                name: name.clone(),
            },
            Self::File(path) => ShellWord::File {
                before,
                path: path.clone(),
            },
        }
    }

    /// The variable that holds the token, where a client takes none itself.
    fn variable(&self, server: &Server) -> String {
        match self {
            Self::Given(_) | Self::File(_) => server.variable(),
            Self::Variable(name) => name.clone(),
        }
    }

    /// The token, or where a person finds it.
    fn to_paste(&self) -> String {
        match self {
            Self::Given(token) => token.clone(),
            Self::Variable(holder) | Self::File(holder) => format!("<what {holder} holds>"),
        }
    }

    /// Returns the notes on a variable that must be set when the client starts.
    pub(crate) fn needs(&self) -> Vec<String> {
        match self {
            Self::Given(_) | Self::File(_) => Vec::new(),
            Self::Variable(name) => vec![format!(
                "set {name} in the environment the client is started from"
            )],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str) -> Server {
        Server {
            name: name.to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    #[test]
    fn every_client_learns_the_url_and_none_loses_the_token() {
        let (server, given) = (server("notes"), Token::Given("eyJ.t.s".to_owned()));
        for client in Client::ALL {
            for scope in [Scope::User, Scope::Project] {
                let registration = client.registration(&server, &Reach::Http(given.clone()), scope);
                assert!(
                    registration.text.contains("https://mcp.example.com/mcp"),
                    "{client}"
                );
                let all = format!("{}{}", registration.text, registration.notes.join(" "));
                assert!(all.contains("eyJ.t.s"), "{client}: {all}");
            }
        }
    }

    #[test]
    fn a_variable_is_named_in_each_clients_own_way() {
        let (server, variable) = (
            server("my-notes"),
            Token::Variable("MY_NOTES_TOKEN".to_owned()),
        );
        let text = |client: Client, scope| {
            client
                .registration(&server, &Reach::Http(variable.clone()), scope)
                .text
        };
        assert!(text(Client::ClaudeCode, Scope::Project).contains("Bearer ${MY_NOTES_TOKEN}"));
        assert!(
            text(Client::ClaudeCode, Scope::User)
                .contains("'Authorization: Bearer '\"$MY_NOTES_TOKEN\"")
        );
        assert!(text(Client::Cursor, Scope::User).contains("${env:MY_NOTES_TOKEN}"));
        assert!(
            text(Client::CodexCli, Scope::User).ends_with("--bearer-token-env-var MY_NOTES_TOKEN")
        );
        assert!(text(Client::Vscode, Scope::Project).contains("\"servers\""));
        assert_eq!(server.variable(), "MY_NOTES_TOKEN");
        assert_eq!(self::server("9-notes").variable(), "MCP_9_NOTES_TOKEN");
    }

    /// What a shell makes of a line: the program and its arguments.
    fn shell_reads(line: &str, token: &str) -> Vec<String> {
        let words = "words() { printf '%s\\0' \"$@\"; };";
        let script = format!(
            "{words} claude() {{ words claude \"$@\"; }}; gemini() {{ words gemini \"$@\"; }}; codex() {{ words codex \"$@\"; }}; {line}"
        );
        let mut command = std::process::Command::new("sh");
        let output = command
            .args(["-c", &script])
            .env("V_TOKEN", token)
            .output()
            .expect("a shell");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{line}: {output:?}"
        );
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

        /// Every line for a shell, of every client that has a command, whatever stands in URLs, paths, tokens and emails.
        #[test]
        fn a_shell_reads_back_what_is_meant(
            hostile in "[ -~’é]{1,24}", path in "/[ -~]{1,24}", token in "[A-Za-z0-9._-]{1,24}", email in "[a-z$`'!{}|&*]{1,12}@b[.]c",
        ) {
            let server = Server { name: "notes".to_owned(), url: format!("https://a.example/{hostile}") };
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join(hostile.replace('/', "_")).to_string_lossy().into_owned();
            let is_name = ![".", ".."].contains(&hostile.as_str());
            std::fs::write(if is_name { &file } else { "/dev/null" }, &token).expect("written");
            let mut launch = Launch::new(path.clone(), &email);
            launch.environment.insert("APP_USERS_PATH".to_owned(), path);
            for client in [Client::ClaudeCode, Client::GeminiCli, Client::CodexCli] {
                for held in [Token::Given(token.clone()), Token::Variable("V_TOKEN".to_owned()), Token::File(file.clone())] {
                    if matches!(held, Token::File(_)) && !is_name { continue }
                    let read = shell_reads(&client.registration(&server, &Reach::Http(held), Scope::User).text, &token);
                    let has = |word: &str| read.iter().any(|read| read == word);
                    proptest::prop_assert!(has(&server.endpoint()), "{:?}", read);
                    proptest::prop_assert!(client == Client::CodexCli || has(&format!("Authorization: Bearer {token}")), "{:?}", read);
                }
                let reach = Reach::Process(launch.clone());
                let read = shell_reads(&client.registration(&server, &reach, Scope::User).text, &token);
                proptest::prop_assert_eq!(&read[1..], argv::add(client, &server, &reach, Scope::User));
            }
        }
    }

    #[test]
    fn what_is_exported_is_the_token() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("my config; $(touch x)");
        std::fs::write(&file, "eyJ.t.s").expect("written");
        for token in [
            Token::File(file.to_string_lossy().into_owned()),
            Token::Given("eyJ.t.s".to_owned()),
        ] {
            let notes = Client::CodexCli
                .registration(&server("notes"), &Reach::Http(token), Scope::User)
                .notes;
            let line = notes[0].split('`').nth(1).expect("a line");
            assert_eq!(
                shell_reads(&format!("{line}; words \"$NOTES_TOKEN\""), ""),
                ["eyJ.t.s"],
                "{notes:?}"
            );
        }
    }

    #[test]
    fn names_are_what_a_client_takes() {
        for (client, name, is_lawful) in [
            (Client::ClaudeCode, "my_notes", true),
            (Client::GeminiCli, "my_notes", false),
            (Client::GeminiCli, "my-notes", true),
            (Client::Cursor, "my notes", false),
            (Client::Cursor, "", false),
            (Client::ClaudeCode, "--help", false),
        ] {
            assert_eq!(
                client.check(&server(name)).is_ok(),
                is_lawful,
                "{client} {name}"
            );
        }
    }
}
