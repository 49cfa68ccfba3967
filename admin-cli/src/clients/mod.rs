//! The MCP clients that `register` knows, as they were in November 2026: one file each, and the types that they share.
//!
//! A client implements [`McpClient`]; [`ClientConfig`] too if it stores its servers in a file on this machine, and [`ClientCommand`]
//! if its own command registers servers. [`KnownClient::ALL`] lists them all. Only [`machine`] reads files and variables; all else
//! here is computed from its arguments.

pub(crate) mod argv;
mod chatgpt;
mod claude_ai;
mod claude_code;
mod client;
mod codex_cli;
mod cursor;
pub(crate) mod document;
mod entry;
mod gemini_cli;
mod instructions;
mod json;
pub(crate) mod machine;
pub(crate) mod parsed_entry;
mod stdio;
pub(crate) mod toml;
mod vscode;

use std::collections::BTreeMap;

use clap::ValueEnum;
use mcp_lambda::shell::{self, ShellWord};

pub(crate) use client::{ClientCommand, ClientConfig, FileFormat, KnownClient, McpClient};

impl KnownClient {
    /// All clients, in the order of `--help`.
    pub(crate) const ALL: &[Self] = &[
        Self::new(&claude_code::ClaudeCode),
        Self::new(&gemini_cli::GeminiCli),
        Self::new(&codex_cli::CodexCli),
        Self::new(&vscode::Vscode),
        Self::new(&cursor::Cursor),
        Self::new(&claude_ai::ClaudeAi),
        Self::new(&chatgpt::Chatgpt),
        Self::new(&stdio::Stdio),
    ];

    /// The client whose command is printed with every new token.
    pub(crate) const PRINTED_WITH_TOKENS: Self = Self::new(&claude_code::ClaudeCode);

    /// Returns true if a [`McpServer`] can have this name in every client.
    pub(crate) fn all_accept_name(name: &str) -> bool {
        Self::ALL
            .iter()
            .all(|client| client.check_name(name).is_ok())
    }
}

/// The people for whom a server is registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// For you, everywhere.
    #[default]
    User,
    /// For whoever works in this folder.
    Project,
}

/// A server to register with clients.
#[derive(Clone, Debug)]
pub(crate) struct McpServer {
    /// The name of its entry.
    pub(crate) name: String,
    /// Its URL, without `/mcp`.
    pub(crate) url: String,
}

/// The place from which a client takes its token.
#[derive(Clone, Debug)]
pub(crate) enum TokenSource {
    /// The token itself, in the client's file or command.
    Given(String),
    /// The variable of this name, in the client's environment.
    Variable(String),
    /// The file at this path, from which a person copies it: the client takes no token in its own file.
    File(String),
}

/// A server that a client starts as a process, and speaks with over standard input and output (MCP, stdio).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerProcess {
    /// The path of the binary.
    pub(crate) command: String,
    pub(crate) arguments: Vec<String>,
    /// The variables that it needs beside those that the client passes on.
    pub(crate) environment: BTreeMap<String, String>,
}

/// The transport between a client and a [`McpServer`] (MCP, transports).
#[derive(Clone, Debug)]
pub(crate) enum Transport {
    /// Streamable HTTP, with a token.
    Http(TokenSource),
    /// Standard input and output of a process, without a token.
    Stdio(ServerProcess),
}

/// The instructions by which a person connects a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instructions {
    /// The place of the text: a shell, a file or a dialog.
    pub(crate) place: String,
    /// The command, the contents of the file, or the values for the dialog.
    pub(crate) text: String,
    /// Notes for the person: things to know or to do besides.
    pub(crate) notes: Vec<String>,
}

impl Transport {
    /// Returns the notes on what must be set when the client starts.
    pub(crate) fn requirements(&self) -> Vec<String> {
        match self {
            Self::Http(token) => token.requirements(),
            Self::Stdio(_) => Vec::new(),
        }
    }
}

impl ServerProcess {
    /// Returns the process of a server binary that serves one user.
    pub(crate) fn new(command: String, user: &str) -> Self {
        let arguments = ["stdio", "--user", user].map(str::to_owned).to_vec();
        Self {
            command,
            arguments,
            environment: BTreeMap::new(),
        }
    }
}

impl McpServer {
    /// Returns the URL of the MCP endpoint (MCP, Streamable HTTP).
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/mcp", self.url)
    }

    /// Returns the name of the variable for its token, unless `--token-env` names another.
    pub(crate) fn variable(&self) -> String {
        let name = format!("{}_TOKEN", self.name.to_ascii_uppercase().replace('-', "_"));
        // A variable can't begin with a digit.
        if shell::is_variable(&name) {
            name
        } else {
            format!("MCP_{name}")
        }
    }
}

impl TokenSource {
    /// Returns `before` and the token as one word of a shell, which expands a variable and reads a file.
    fn to_shell_word(&self, before: &str) -> ShellWord {
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

    /// Returns the token as a client's file has it. `reference` writes a variable in the client's own syntax.
    fn to_config_text(&self, reference: impl FnOnce(&str) -> String) -> String {
        match self {
            Self::Given(token) => token.clone(),
            Self::Variable(name) => reference(name),
            Self::File(_) => self.to_paste(),
        }
    }

    /// Returns the variable that holds the token, for a client that takes it from a variable only.
    fn variable(&self, server: &McpServer) -> String {
        match self {
            Self::Given(_) | Self::File(_) => server.variable(),
            Self::Variable(name) => name.clone(),
        }
    }

    /// Returns the token, or for a person the place of it.
    fn to_paste(&self) -> String {
        match self {
            Self::Given(token) => token.clone(),
            Self::Variable(holder) | Self::File(holder) => format!("<what {holder} holds>"),
        }
    }

    /// Returns the notes on a variable that must be set when the client starts.
    pub(crate) fn requirements(&self) -> Vec<String> {
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

    /// Returns the client of that name.
    pub(super) fn find(name: &str) -> KnownClient {
        KnownClient::from_str(name, false).expect("a client")
    }

    /// Returns the command of a client that has one.
    pub(super) fn command(client: KnownClient) -> &'static dyn ClientCommand {
        client
            .config()
            .and_then(ClientConfig::command)
            .expect("a command")
    }

    fn server(name: &str) -> McpServer {
        McpServer {
            name: name.to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    #[test]
    fn every_client_learns_the_url_and_none_loses_the_token() {
        let (server, given) = (server("notes"), TokenSource::Given("eyJ.t.s".to_owned()));
        for client in KnownClient::ALL {
            for scope in [Scope::User, Scope::Project] {
                let instructions =
                    client.instructions(&server, &Transport::Http(given.clone()), scope);
                assert!(
                    instructions.text.contains("https://mcp.example.com/mcp"),
                    "{client}"
                );
                let all = format!("{}{}", instructions.text, instructions.notes.join(" "));
                assert!(all.contains("eyJ.t.s"), "{client}: {all}");
            }
        }
    }

    #[test]
    fn a_variable_is_named_in_each_clients_own_way() {
        let (server, variable) = (
            server("my-notes"),
            TokenSource::Variable("MY_NOTES_TOKEN".to_owned()),
        );
        let text = |client: KnownClient, scope| {
            client
                .instructions(&server, &Transport::Http(variable.clone()), scope)
                .text
        };
        assert!(text(find("claude-code"), Scope::Project).contains("Bearer ${MY_NOTES_TOKEN}"));
        assert!(
            text(find("claude-code"), Scope::User)
                .contains("'Authorization: Bearer '\"$MY_NOTES_TOKEN\"")
        );
        assert!(text(find("cursor"), Scope::User).contains("${env:MY_NOTES_TOKEN}"));
        assert!(
            text(find("codex-cli"), Scope::User).ends_with("--bearer-token-env-var MY_NOTES_TOKEN")
        );
        assert!(text(find("vscode"), Scope::Project).contains("\"servers\""));
        assert_eq!(server.variable(), "MY_NOTES_TOKEN");
        assert_eq!(self::server("9-notes").variable(), "MCP_9_NOTES_TOKEN");
    }

    /// Returns what a shell makes of a line: the program and its arguments.
    fn read_by_shell(line: &str, token: &str) -> Vec<String> {
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

        /// Every line for a shell, of every client that has a command, whatever is in URLs, paths, tokens and emails.
        #[test]
        fn a_shell_reads_back_what_is_meant(
            hostile in "[ -~’é]{1,24}", path in "/[ -~]{1,24}", token in "[A-Za-z0-9._-]{1,24}", email in "[a-z$`'!{}|&*]{1,12}@b[.]c",
        ) {
            let server = McpServer { name: "notes".to_owned(), url: format!("https://a.example/{hostile}") };
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join(hostile.replace('/', "_")).to_string_lossy().into_owned();
            let is_name = ![".", ".."].contains(&hostile.as_str());
            std::fs::write(if is_name { &file } else { "/dev/null" }, &token).expect("written");
            let mut process = ServerProcess::new(path.clone(), &email);
            process.environment.insert("APP_USERS_PATH".to_owned(), path);
            for client in [find("claude-code"), find("gemini-cli"), find("codex-cli")] {
                for held in [TokenSource::Given(token.clone()), TokenSource::Variable("V_TOKEN".to_owned()), TokenSource::File(file.clone())] {
                    if matches!(held, TokenSource::File(_)) && !is_name { continue }
                    let read = read_by_shell(&client.instructions(&server, &Transport::Http(held), Scope::User).text, &token);
                    let has = |word: &str| read.iter().any(|read| read == word);
                    proptest::prop_assert!(has(&server.endpoint()), "{:?}", read);
                    proptest::prop_assert!(client == find("codex-cli") || has(&format!("Authorization: Bearer {token}")), "{:?}", read);
                }
                let transport = Transport::Stdio(process.clone());
                let read = read_by_shell(&client.instructions(&server, &transport, Scope::User).text, &token);
                proptest::prop_assert_eq!(&read[1..], command(client).arguments(&server, &transport, Scope::User));
            }
        }
    }

    #[test]
    fn what_is_exported_is_the_token() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("my config; $(touch x)");
        std::fs::write(&file, "eyJ.t.s").expect("written");
        for token in [
            TokenSource::File(file.to_string_lossy().into_owned()),
            TokenSource::Given("eyJ.t.s".to_owned()),
        ] {
            let notes = find("codex-cli")
                .instructions(&server("notes"), &Transport::Http(token), Scope::User)
                .notes;
            let line = notes[0].split('`').nth(1).expect("a line");
            assert_eq!(
                read_by_shell(&format!("{line}; words \"$NOTES_TOKEN\""), ""),
                ["eyJ.t.s"],
                "{notes:?}"
            );
        }
    }

    #[test]
    fn names_are_what_a_client_takes() {
        for (client, name, is_valid) in [
            (find("claude-code"), "my_notes", true),
            (find("gemini-cli"), "my_notes", false),
            (find("gemini-cli"), "my-notes", true),
            (find("cursor"), "my notes", false),
            (find("cursor"), "", false),
            (find("claude-code"), "--help", false),
        ] {
            assert_eq!(client.check_name(name).is_ok(), is_valid, "{client} {name}");
        }
    }
}
