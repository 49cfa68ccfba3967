//! The traits of the clients that `register` knows: the client, its file, its command.

use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use mcp_lambda::shell::ShellWord;
use serde_json::Value;

use super::machine::{ConfigFile, Machine};
use super::parsed_entry::ParsedEntry;
use super::{Instructions, McpServer, Scope, TokenSource, Transport};

/// A program that connects to MCP servers.
///
/// One file implements this trait for a client, and [`KnownClient::ALL`] lists it.
pub(crate) trait McpClient: fmt::Debug + Sync {
    /// Returns the value of `--client`, such as `vscode`.
    fn name(&self) -> &'static str;

    /// Returns the name that people know, such as "VS Code".
    fn title(&self) -> &'static str;

    /// Checks the name of a [`McpServer`]. Most clients take letters, digits, `-` and `_`.
    ///
    /// # Errors
    /// A message with the rule that the name breaks.
    fn check_name(&self, name: &str) -> Result<(), String> {
        check_name(self.name(), name, "-_", "`-` or `_`")
    }

    /// Returns true if the client can start a server on this machine (MCP, stdio).
    fn starts_processes(&self) -> bool {
        true
    }

    /// Returns the client's file, if it stores its servers in one on this machine.
    fn config(&self) -> Option<&dyn ClientConfig> {
        None
    }

    /// Returns the [`Instructions`] that connect the client over either [`Transport`].
    fn instructions(&self, server: &McpServer, transport: &Transport, scope: Scope)
    -> Instructions;
}

/// The file in which a client stores its servers: its path, its format, and the entry of a server in it.
pub(crate) trait ClientConfig: McpClient {
    /// Returns the format of the file.
    fn format(&self) -> FileFormat {
        FileFormat::Json
    }

    /// Returns the name of the member that holds the servers, by name.
    fn root(&self) -> &'static str {
        "mcpServers"
    }

    /// Returns the file's path as a person knows it: with `~`, or relative to the project.
    fn display_path(&self, scope: Scope) -> &'static str;

    /// Returns the file's path on a [`Machine`]. A project's file is in the working folder.
    fn path(&self, machine: &Machine<'_>, scope: Scope) -> PathBuf {
        machine.resolve(self.display_path(scope))
    }

    /// Returns the paths that show that the client is installed: its program, its folder or its file, as far as they exist.
    fn traces(&self, machine: &Machine<'_>) -> Vec<PathBuf>;

    /// Returns more files that hold servers, beside those of the two [`Scope`]s.
    fn more_files(&self, machine: &Machine<'_>) -> Vec<ConfigFile<'_>> {
        let _ = machine;
        Vec::new()
    }

    /// Returns the entry for a [`McpServer`], in this client's members.
    fn entry(&self, server: &McpServer, transport: &Transport) -> Value;

    /// Returns what the file needs beside the entry, if anything.
    fn side_entry(&self, server: &McpServer, transport: &Transport) -> Option<SideEntry> {
        let _ = (server, transport);
        None
    }

    /// Parses an entry of the file, whoever wrote it.
    fn parse_entry(&self, entry: &Value) -> ParsedEntry {
        ParsedEntry::from_common_members(entry)
    }

    /// Returns true if the file may hold a token. Otherwise a person gives it to the client.
    fn stores_tokens(&self) -> bool {
        true
    }

    /// Returns the notes of the [`Instructions`].
    fn notes(&self, server: &McpServer, transport: &Transport, scope: Scope) -> Vec<String>;

    /// Returns the client's command that registers servers, if it has one.
    fn command(&self) -> Option<&dyn ClientCommand> {
        None
    }
}

/// A client's own command that registers servers, such as `claude mcp add`.
pub(crate) trait ClientCommand: fmt::Debug + Sync {
    /// Returns the program's name.
    fn program(&self) -> &'static str;

    /// Returns true if the command can register in this [`Scope`].
    fn supports(&self, scope: Scope) -> bool;

    /// Returns the arguments that register a [`McpServer`], for a process that is started without a shell. A variable is written in
    /// the client's own syntax.
    fn arguments(&self, server: &McpServer, transport: &Transport, scope: Scope) -> Vec<String>;

    /// Returns the arguments for a line that a person pastes into a shell, which expands the [`TokenSource`]; `None` if no argument
    /// holds a token.
    fn shell_arguments(
        &self,
        server: &McpServer,
        token: &TokenSource,
        scope: Scope,
    ) -> Option<Vec<ShellWord>> {
        let _ = (server, token, scope);
        None
    }
}

/// The format of a client's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// JSON, in which comments and a comma at the end are allowed.
    Json,
    /// TOML.
    Toml,
}

/// An element of a list in a client's file that a server's entry refers to by its `id`.
#[derive(Debug)]
pub(crate) struct SideEntry {
    /// The name of the member that holds the list.
    pub(crate) member: &'static str,
    /// The element.
    pub(crate) value: Value,
}

/// One of the [known clients](KnownClient::ALL), as a value of `--client`.
#[derive(Clone, Copy)]
pub(crate) struct KnownClient(&'static dyn McpClient);

impl KnownClient {
    /// Returns a reference to a client.
    pub(super) const fn new(client: &'static dyn McpClient) -> Self {
        Self(client)
    }

    /// Returns the client's file, as [`McpClient::config`] does, for as long as the process lives.
    pub(crate) fn config(self) -> Option<&'static dyn ClientConfig> {
        self.0.config()
    }
}

impl Deref for KnownClient {
    type Target = dyn McpClient;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for KnownClient {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl fmt::Debug for KnownClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for KnownClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ValueEnum for KnownClient {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.title()))
    }
}

/// Checks a server's name for a client that takes letters, digits and `symbols`, which `rule` spells out.
///
/// # Errors
/// A message that names the client and the rule.
pub(super) fn check_name(
    client: &str,
    name: &str,
    symbols: &str,
    rule: &str,
) -> Result<(), String> {
    // The client's command would take a name that begins with `-` for a flag.
    let is_word = !name.is_empty() && !name.starts_with('-') && name.len() <= 40;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || symbols.contains(c);
    if is_word && name.chars().all(is_allowed) {
        return Ok(());
    }
    Err(format!(
        "{client} can't call a server `{name}`: use 1 to 40 letters, digits, {rule}"
    ))
}
