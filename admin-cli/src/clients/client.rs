//! The traits of an MCP client that `register` knows: the client, its file, its command.

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

/// A program that speaks MCP to servers.
///
/// Its one file implements this trait, and [`KnownClient::ALL`] lists it.
pub(crate) trait McpClient: fmt::Debug + Sync {
    /// Returns the value of `--client`, such as `vscode`.
    fn name(&self) -> &'static str;

    /// Returns the name that people know, such as "VS Code".
    fn title(&self) -> &'static str;

    /// Checks that the client takes the name of a [`McpServer`].
    ///
    /// # Errors
    /// The rule that the name breaks.
    fn check_name(&self, name: &str) -> Result<(), String> {
        check_name(self.name(), name, "-_", "`-` or `_`")
    }

    /// Returns true for a client that starts a process on this machine (MCP, stdio).
    fn starts_processes(&self) -> bool {
        true
    }

    /// Returns the [`ClientConfig`] of a client that stores its servers in a file on this machine.
    fn config(&self) -> Option<&dyn ClientConfig> {
        None
    }

    /// Returns the [`Instructions`] for either [`Transport`].
    fn instructions(&self, server: &McpServer, transport: &Transport, scope: Scope)
    -> Instructions;
}

/// The file in which a client stores its servers.
pub(crate) trait ClientConfig: McpClient {
    /// Returns the [`FileFormat`] of the file.
    fn format(&self) -> FileFormat {
        FileFormat::Json
    }

    /// Returns the member that holds the servers.
    fn root(&self) -> &'static str {
        "mcpServers"
    }

    /// Returns the file's path, as a person knows it.
    fn display_path(&self, scope: Scope) -> &'static str;

    /// Returns the file's path on a [`Machine`]; a project's is looked for in the working folder.
    fn path(&self, machine: &Machine<'_>, scope: Scope) -> PathBuf {
        machine.resolve(self.display_path(scope))
    }

    /// Returns the paths by which one sees that the client is on a [`Machine`]: its command, its folder or its file.
    fn traces(&self, machine: &Machine<'_>) -> Vec<PathBuf>;

    /// Returns files that hold servers too, beside those of the two [`Scope`]s.
    fn more_files(&self, machine: &Machine<'_>) -> Vec<ConfigFile<'_>> {
        let _ = machine;
        Vec::new()
    }

    /// Returns the entry of a [`McpServer`].
    fn entry(&self, server: &McpServer, transport: &Transport) -> Value;

    /// Returns what the file holds beside the entry, if anything.
    fn side_entry(&self, server: &McpServer, transport: &Transport) -> Option<SideEntry> {
        let _ = (server, transport);
        None
    }

    /// Returns the [`ParsedEntry`] of an entry.
    fn parse_entry(&self, entry: &Value) -> ParsedEntry {
        ParsedEntry::of(entry)
    }

    /// Returns true if the file may hold a token; otherwise a person brings it to the client.
    fn takes_tokens(&self) -> bool {
        true
    }

    /// Returns the notes on a registration.
    fn notes(&self, server: &McpServer, transport: &Transport, scope: Scope) -> Vec<String>;

    /// Returns the client's own command that registers servers, if it has one.
    fn command(&self) -> Option<&dyn ClientCommand> {
        None
    }
}

/// A client's own command that registers servers.
pub(crate) trait ClientCommand: fmt::Debug + Sync {
    /// Returns the program's name.
    fn program(&self) -> &'static str;

    /// Returns true if the command registers for that [`Scope`].
    fn serves(&self, scope: Scope) -> bool;

    /// Returns the arguments that register a [`McpServer`]. A variable is written as the client itself reads it.
    fn arguments(&self, server: &McpServer, transport: &Transport, scope: Scope) -> Vec<String>;

    /// Returns the arguments for a shell, which expands the [`TokenSource`] itself; `None` if no argument holds a token.
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

/// The language of a client's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// JSON, with comments.
    Json,
    /// TOML.
    Toml,
}

/// An element of a list in a client's file, beside a server's entry and found by its `id`.
#[derive(Debug)]
pub(crate) struct SideEntry {
    /// The member that holds the list.
    pub(crate) member: &'static str,
    /// The element.
    pub(crate) value: Value,
}

/// One of the known clients: a [`McpClient`] by reference.
#[derive(Clone, Copy)]
pub(crate) struct KnownClient(&'static dyn McpClient);

impl KnownClient {
    /// Refers to a client.
    pub(super) const fn new(client: &'static dyn McpClient) -> Self {
        Self(client)
    }

    /// Returns the [`ClientConfig`] of a client that stores its servers in a file on this machine.
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

/// Checks a server's name for a client that takes letters, digits and these symbols.
///
/// # Errors
/// A message that names the client and the rule.
pub(super) fn check_name(
    client: &str,
    name: &str,
    symbols: &str,
    rule: &str,
) -> Result<(), String> {
    // One that begins with `-` would be a flag of the client's command.
    let is_word = !name.is_empty() && !name.starts_with('-') && name.len() <= 40;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || symbols.contains(c);
    if is_word && name.chars().all(is_allowed) {
        return Ok(());
    }
    Err(format!(
        "{client} can't call a server `{name}`: use 1 to 40 letters, digits, {rule}"
    ))
}
