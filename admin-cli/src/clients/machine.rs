//! The clients on this machine: their programs, their files, and the servers in these.
//!
//! Nothing here writes. Variables are read through the [`Environment`] trait.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mcp_lambda::config::Environment;
use serde_json::{Map, Value};

use super::{ClientConfig, FileFormat, Scope, argv, json, toml};
use crate::files::{self, LinkPolicy};

/// A machine with a home folder and a search path.
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    environment: &'a dyn Environment,
    home: PathBuf,
}

/// A file that may hold servers of a client, or a part of one.
#[derive(Debug)]
pub(crate) struct ConfigFile<'c> {
    pub(super) config: &'c dyn ClientConfig,
    pub(crate) path: PathBuf,
    /// `user`, `project`, or `local` (for one person in one folder).
    pub(crate) scope: &'static str,
    /// The names of the members around the [`ClientConfig::root`], from outside in.
    pub(super) parents: Vec<String>,
}

impl<'a> Machine<'a> {
    /// Returns the machine of an environment, if `HOME` is set.
    pub(crate) fn new(environment: &'a dyn Environment) -> Option<Self> {
        let home = environment
            .get("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)?;
        Some(Self { environment, home })
    }

    /// Returns the path with the home folder for `~/`.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        path.strip_prefix("~/")
            .map_or_else(|| PathBuf::from(path), |rest| self.home.join(rest))
    }

    /// Returns the home folder.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the folder that a variable names, or else that of the name `otherwise` in the home folder.
    pub(super) fn folder(&self, variable: &str, otherwise: &str) -> PathBuf {
        let named = self
            .environment
            .get(variable)
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from);
        named.unwrap_or_else(|| self.home.join(otherwise))
    }

    /// Returns the executable of that name on `PATH`. Relative folders are skipped: a project could put a program there.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
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

    /// Returns those paths that exist, and that of the program, if it is found.
    pub(super) fn traces(
        &self,
        program: &str,
        places: impl IntoIterator<Item = PathBuf>,
    ) -> Vec<PathBuf> {
        let places = places.into_iter().filter(|place| place.exists());
        self.find_program(program)
            .into_iter()
            .chain(places)
            .collect()
    }

    /// Returns the files from which a client reads servers, each once.
    pub(crate) fn config_files<'c>(&self, config: &'c dyn ClientConfig) -> Vec<ConfigFile<'c>> {
        let file = |scope| ConfigFile {
            config,
            path: config.path(self, scope),
            scope: argv::scope_word(scope),
            parents: Vec::new(),
        };
        let mut files = vec![file(Scope::User)];
        // In the home folder, the user's file and the project's may be one.
        let project = file(Scope::Project);
        if !is_same_file(&files[0].path, &project.path) {
            files.push(project);
        }
        files.extend(config.more_files(self));
        files
    }
}

/// Returns true if both paths lead to the same existing file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

/// Returns the working folder with all links resolved, if it exists.
pub(super) fn working_folder() -> Option<PathBuf> {
    fs::canonicalize(".").ok()
}

impl ConfigFile<'_> {
    /// Reads the servers, by name. A file that does not exist, or is empty, has none.
    ///
    /// # Errors
    /// A message with the path, if the file can't be read or parsed.
    pub(crate) fn servers(&self) -> Result<Map<String, Value>, String> {
        let problem = |text: String| format!("{} can't be read: {text}", self.path.display());
        let text = files::read(&self.path, LinkPolicy::Follow)
            .map_err(|error| problem(error.to_string()))?;
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(Map::new());
        };
        if self.config.format() == FileFormat::Toml {
            return toml::get_all(&text, self.config.root()).map_err(problem);
        }
        let parents = self.parents.iter().map(String::as_str);
        let keys: Vec<_> = parents.chain([self.config.root()]).collect();
        match json::get(&text, &keys).map_err(problem)? {
            Some(Value::Object(servers)) => Ok(servers),
            None => Ok(Map::new()),
            Some(_) => Err(problem(format!("`{}` is not an object", keys.join(".")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::clients::KnownClient;
    use crate::clients::tests::{command, find};

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
        let traces = |client: KnownClient| {
            let config = client.config();
            config.map_or_else(Vec::new, |config| config.traces(&machine))
        };
        assert!(
            KnownClient::ALL
                .iter()
                .all(|client| traces(*client).is_empty())
        );
        fs::create_dir_all(home.join(".cursor")).expect("made");
        fs::create_dir_all(home.join("bin")).expect("made");
        fs::write(home.join(".claude.json"), "{}").expect("written");
        fs::write(home.join("bin/codex"), "").expect("written");
        assert_eq!(traces(find("cursor")), [home.join(".cursor")]);
        assert_eq!(traces(find("claude-code")), [home.join(".claude.json")]);
        assert!(
            traces(find("codex-cli")).is_empty(),
            "what can't be run is no command"
        );
        fs::set_permissions(home.join("bin/codex"), fs::Permissions::from_mode(0o755))
            .expect("set");
        assert_eq!(
            machine.find_program(command(find("codex-cli")).program()),
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
        let file = |client: KnownClient| Some(client.config()?.path(&machine, Scope::User));
        assert_eq!(file(find("codex-cli")), Some(codex.join("config.toml")));
        assert_eq!(
            file(find("claude-code")),
            Some(PathBuf::from("/c/.claude.json"))
        );
        assert_eq!(file(find("cursor")), Some(home.join(".cursor/mcp.json")));
        assert_eq!(file(find("chatgpt")), None);
        assert!(Machine::new(&BTreeMap::new()).is_none());
    }
}
