//! The stored connections of a CLI: `setup.json` in `~/.config/APP/`, and which connection is in use.
//!
//! The file may hold signing keys. It is written for its owner alone, and refused if others may read or change it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mcp_lambda::Error;
use mcp_lambda::config::{Environment, ProcessEnvironment};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::error::CliError;
use crate::files::{self, FileReaders, LinkPolicy, write_error};
use crate::target::AdminTarget;

/// The version of the file's form that this code writes.
const SCHEMA_VERSION: u32 = 2;

/// The contents of `setup.json`, as read from its path.
#[derive(Debug)]
pub(crate) struct Setup<'t> {
    target: &'t AdminTarget,
    path: PathBuf,
    contents: Contents,
}

/// The JSON of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    #[serde(rename = "v")]
    schema_version: u32,
    current: String,
    connections: BTreeMap<String, Connection>,
}

impl<'t> Setup<'t> {
    /// Reads the file of a target; without a file there are no connections.
    ///
    /// # Errors
    /// [`CliError::NotConfigured`] if there is no home folder, or if the file is open to others or damaged.
    pub(crate) fn load(target: &'t AdminTarget) -> Result<Self, CliError> {
        let path = config_folder(target)?.join("setup.json");
        let text = files::read_private(&path).map_err(|error| {
            CliError::NotConfigured(format!("{} is not used: {error}", path.display()))
        })?;
        let contents = match text {
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                CliError::NotConfigured(format!(
                    "{} is damaged ({error}); remove it and connect again",
                    path.display()
                ))
            })?,
            None => Contents::default(),
        };
        Ok(Self {
            target,
            path,
            contents,
        })
    }

    /// Returns the [`Connection`] of that name, or without a name the one in use.
    ///
    /// # Errors
    /// [`Error::not_found`] for an unknown name, and [`CliError::NotConfigured`] if none is in use.
    pub(crate) fn select(&self, name: Option<&str>) -> Result<&Connection, CliError> {
        match name {
            Some(name) => self
                .find(name)
                .ok_or_else(|| self.contents.unknown_name_error(name)),
            None => self
                .find(&self.contents.current)
                .ok_or_else(|| self.no_current_error()),
        }
    }

    /// Returns the [`Connection`] of that name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<&Connection> {
        self.contents.connections.get(name)
    }

    /// Returns each connection with its name, and whether it is the one in use.
    pub(crate) fn connections(&self) -> impl Iterator<Item = (&str, &Connection, bool)> {
        let current = &self.contents.current;
        self.contents
            .connections
            .iter()
            .map(move |(name, connection)| (name.as_str(), connection, name == current))
    }

    /// Stores a connection, makes it the one in use, and returns the path of the file.
    ///
    /// # Errors
    /// If the file can't be read again or written.
    pub(crate) fn store(self, name: &str, connection: Connection) -> Result<PathBuf, CliError> {
        self.change(|contents| {
            contents.connections.insert(name.to_owned(), connection);
            name.clone_into(&mut contents.current);
            Ok(())
        })
    }

    /// Makes a stored connection the one in use.
    ///
    /// # Errors
    /// [`Error::not_found`], and those of [`Setup::store`].
    pub(crate) fn set_current(self, name: &str) -> Result<PathBuf, CliError> {
        self.change(|contents| {
            if !contents.connections.contains_key(name) {
                return Err(contents.unknown_name_error(name));
            }
            name.clone_into(&mut contents.current);
            Ok(())
        })
    }

    /// Removes a connection, and with it a key that is stored in it.
    ///
    /// # Errors
    /// [`Error::not_found`], and those of [`Setup::store`].
    pub(crate) fn remove(self, name: &str) -> Result<PathBuf, CliError> {
        self.change(|contents| match contents.connections.remove(name) {
            Some(_) => Ok(()),
            None => Err(contents.unknown_name_error(name)),
        })
    }

    /// Changes the file under a lock. The contents are read again first: another command may have changed them.
    fn change(
        self,
        change: impl FnOnce(&mut Contents) -> Result<(), CliError>,
    ) -> Result<PathBuf, CliError> {
        let path = self.path;
        let _lock = files::lock(&path.with_extension("lock")).map_err(write_error(&path))?;
        let mut contents = Setup::load(self.target)?.contents;
        change(&mut contents)?;
        contents.schema_version = SCHEMA_VERSION;
        let text = serde_json::to_string_pretty(&contents).map_err(|error| {
            Error::internal("the setup can't be written as JSON").with_source(error)
        })?;
        files::write(&path, &text, FileReaders::Owner, LinkPolicy::Refuse)
            .map_err(write_error(&path))?;
        Ok(path)
    }

    /// Returns the error for a setup in which no connection is in use, with the commands that choose one.
    fn no_current_error(&self) -> CliError {
        let program = self.target.program_name();
        let message = if self.contents.connections.is_empty() {
            let local = match self.target {
                AdminTarget::App(_) => format!("`{program} connect local` or "),
                AdminTarget::AnyServer => String::new(),
            };
            format!(
                "not connected to a server yet; say {local}`{program} connect URL --signing-key-env VARIABLE`"
            )
        } else {
            let known = self.contents.describe_names();
            format!(
                "no connection is in use; {known}: say `{program} connections use NAME`, or `--on NAME`"
            )
        };
        CliError::NotConfigured(message)
    }
}

impl Contents {
    /// Lists the names in a clause for an error.
    fn describe_names(&self) -> String {
        let names: Vec<_> = self
            .connections
            .keys()
            .map(|name| format!("`{name}`"))
            .collect();
        match names.as_slice() {
            [] => "there is none".to_owned(),
            [one] => format!("there is {one}"),
            many => format!("there are {}", many.join(", ")),
        }
    }

    fn unknown_name_error(&self, name: &str) -> CliError {
        Error::not_found(format!(
            "no connection is called `{name}`; {}",
            self.describe_names()
        ))
        .into()
    }
}

/// Returns the folder of a target's files: `APP` in `XDG_CONFIG_HOME`, or in `~/.config`.
///
/// # Errors
/// [`CliError::NotConfigured`] if neither that variable nor `HOME` is set.
pub(crate) fn config_folder(target: &AdminTarget) -> Result<PathBuf, CliError> {
    let variable = |name| {
        ProcessEnvironment
            .get(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder =
        variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    let folder = folder.ok_or_else(|| {
        CliError::NotConfigured(
            "there is no home folder to keep the connection in; set HOME".into(),
        )
    })?;
    Ok(folder.join(target.name()))
}
