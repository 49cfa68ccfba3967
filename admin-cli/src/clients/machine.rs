//! What of a client is on this machine: its command, its files, and which servers they hold.
//!
//! It reads and never writes. Variables come through the environment's one seam.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mcp_lambda::config::Environment;
use serde_json::{Map, Value};

use super::{Client, Scope, argv, entry, json, toml};
use crate::files::{self, Links};

/// A person's machine, as the environment tells it.
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    environment: &'a dyn Environment,
    home: PathBuf,
}

/// A file that may hold servers of a client.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) path: PathBuf,
    /// `user`, `project`, or `local`: Claude Code's own, for one person in one folder.
    pub(crate) scope: &'static str,
    keys: Vec<String>,
}

impl<'a> Machine<'a> {
    /// The machine, if it has a home folder.
    pub(crate) fn new(environment: &'a dyn Environment) -> Option<Self> {
        let home = environment
            .get("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)?;
        Some(Self { environment, home })
    }

    /// The client's file for a scope; a project's is looked for in the working folder.
    pub(crate) fn file(&self, client: Client, scope: Scope) -> Option<PathBuf> {
        let file = match (client, scope) {
            _ if !client.has_file() => return None,
            (Client::ClaudeCode, Scope::User) => {
                self.folder("CLAUDE_CONFIG_DIR", "").join(".claude.json")
            }
            (Client::CodexCli, Scope::User) => {
                self.folder("CODEX_HOME", ".codex").join("config.toml")
            }
            (Client::Vscode, Scope::User) => self.vscode().join("User/mcp.json"),
            _ => self.at(client.file(scope)),
        };
        Some(file)
    }

    /// A path in which `~` is the home folder.
    fn at(&self, path: &str) -> PathBuf {
        path.strip_prefix("~/")
            .map_or_else(|| PathBuf::from(path), |rest| self.home.join(rest))
    }

    fn vscode(&self) -> PathBuf {
        if cfg!(target_os = "macos") {
            return self.home.join("Library/Application Support/Code");
        }
        self.folder("XDG_CONFIG_HOME", ".config").join("Code")
    }

    /// The folder that a variable names, or the one in the home folder.
    fn folder(&self, variable: &str, otherwise: &str) -> PathBuf {
        let named = self
            .environment
            .get(variable)
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from);
        named.unwrap_or_else(|| self.home.join(otherwise))
    }

    /// The client's own command that registers servers, if it is here.
    pub(crate) fn command(&self, client: Client) -> Option<PathBuf> {
        self.on_path(argv::program(client)?)
    }

    /// A command on `PATH`; folders that depend on where one stands are passed over.
    fn on_path(&self, name: &str) -> Option<PathBuf> {
        let path = self.environment.get("PATH")?;
        let folders = path
            .split(':')
            .map(Path::new)
            .filter(|folder| folder.is_absolute());
        folders.map(|folder| folder.join(name)).find(|file| {
            fs::metadata(file)
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
    }

    /// By what one sees that the client is here: its command, its folder or its file.
    pub(crate) fn signs(&self, client: Client) -> Vec<PathBuf> {
        let (name, places) = match client {
            Client::ClaudeCode => (
                "claude",
                vec![
                    self.folder("CLAUDE_CONFIG_DIR", ".claude"),
                    self.home.join(".claude.json"),
                ],
            ),
            Client::GeminiCli => ("gemini", vec![self.home.join(".gemini")]),
            Client::CodexCli => ("codex", vec![self.folder("CODEX_HOME", ".codex")]),
            Client::Vscode => ("code", vec![self.vscode()]),
            Client::Cursor => ("cursor", vec![self.home.join(".cursor")]),
            _ => return Vec::new(),
        };
        self.on_path(name)
            .into_iter()
            .chain(places.into_iter().filter(|place| place.exists()))
            .collect()
    }

    /// The places in which a [`Client`] looks for servers.
    pub(crate) fn shelves(&self, client: Client) -> Vec<Shelf> {
        let shelf = |scope, word| {
            let keys = vec![entry::root(client).to_owned()];
            self.file(client, scope).map(|path| Shelf {
                path,
                scope: word,
                keys,
            })
        };
        let (user, project) = (shelf(Scope::User, "user"), shelf(Scope::Project, "project"));
        // Who stands in the home folder sees one file under both names.
        let whole = |shelf: &Option<Shelf>| {
            shelf
                .as_ref()
                .and_then(|shelf| fs::canonicalize(&shelf.path).ok())
        };
        let is_one = whole(&user).is_some_and(|path| whole(&project) == Some(path));
        let mut shelves: Vec<_> = user
            .into_iter()
            .chain(project.filter(|_| !is_one))
            .collect();
        if let (Client::ClaudeCode, Ok(folder)) = (client, fs::canonicalize(".")) {
            let keys = ["projects", &*folder.to_string_lossy(), "mcpServers"]
                .map(str::to_owned)
                .to_vec();
            shelves.extend(self.file(client, Scope::User).map(|path| Shelf {
                path,
                scope: "local",
                keys,
            }));
        }
        shelves
    }
}

impl Shelf {
    /// The servers that it holds, by name; a file that is not there holds none.
    pub(crate) fn servers(&self, client: Client) -> Result<Map<String, Value>, String> {
        let fault = |fault: String| format!("{} can't be read: {fault}", self.path.display());
        let text =
            files::read(&self.path, Links::Followed).map_err(|error| fault(error.to_string()))?;
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(Map::new());
        };
        if client == Client::CodexCli {
            return toml::all(&text, entry::root(client)).map_err(fault);
        }
        let keys: Vec<_> = self.keys.iter().map(String::as_str).collect();
        match json::get(&text, &keys).map_err(fault)? {
            Some(Value::Object(servers)) => Ok(servers),
            None => Ok(Map::new()),
            Some(_) => Err(fault(format!("`{}` is not an object", keys.join(".")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn environment(pairs: &[(&str, &Path)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, path)| ((*name).to_owned(), path.to_string_lossy().into_owned()))
            .collect()
    }

    #[test]
    fn a_client_is_seen_by_its_command_its_folder_or_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path();
        let environment = environment(&[("HOME", home), ("PATH", &home.join("bin"))]);
        let machine = Machine::new(&environment).expect("a home");
        assert!(
            Client::ALL
                .iter()
                .all(|client| machine.signs(*client).is_empty())
        );
        fs::create_dir_all(home.join(".cursor")).expect("made");
        fs::create_dir_all(home.join("bin")).expect("made");
        fs::write(home.join(".claude.json"), "{}").expect("written");
        fs::write(home.join("bin/codex"), "").expect("written");
        assert_eq!(machine.signs(Client::Cursor), [home.join(".cursor")]);
        assert_eq!(
            machine.signs(Client::ClaudeCode),
            [home.join(".claude.json")]
        );
        assert!(
            machine.signs(Client::CodexCli).is_empty(),
            "what can't be run is no command"
        );
        fs::set_permissions(home.join("bin/codex"), fs::Permissions::from_mode(0o755))
            .expect("set");
        assert_eq!(
            machine.command(Client::CodexCli),
            Some(home.join("bin/codex"))
        );
    }

    #[test]
    fn files_are_where_variables_say() {
        let (home, codex) = (Path::new("/home/a"), Path::new("/else/codex"));
        let environment = environment(&[
            ("HOME", home),
            ("CODEX_HOME", codex),
            ("CLAUDE_CONFIG_DIR", Path::new("/c")),
        ]);
        let machine = Machine::new(&environment).expect("a home");
        let file = |client| machine.file(client, Scope::User);
        assert_eq!(file(Client::CodexCli), Some(codex.join("config.toml")));
        assert_eq!(
            file(Client::ClaudeCode),
            Some(PathBuf::from("/c/.claude.json"))
        );
        assert_eq!(file(Client::Cursor), Some(home.join(".cursor/mcp.json")));
        assert_eq!(file(Client::Chatgpt), None);
        assert!(Machine::new(&BTreeMap::new()).is_none());
    }
}
