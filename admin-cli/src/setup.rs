//! `setup.json`: the connections of one app, and which of them is in use. It may hold keys, so it is its owner's alone, and refused
//! where others may read or change it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mcp_lambda::config::{Environment, ProcessEnvironment};
use mcp_lambda::{Error, Secret};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::error::CliError;
use crate::files::{self, FileReaders, LinkPolicy, ReservedFile};
use crate::target::AdminTarget;

/// The shape of the file that this code writes.
const SHAPE: u32 = 2;

/// What `setup.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Setup {
    v: u32,
    current: String,
    connections: BTreeMap<String, Connection>,
}

impl Setup {
    /// Reads what is kept for an app; nothing yet is an empty setup.
    pub(crate) fn load(subject: &AdminTarget) -> Result<Self, CliError> {
        let path = path(subject)?;
        let text = files::read_own(&path);
        let text = text.map_err(|error| {
            CliError::NotConfigured(format!("{} is not used: {error}", path.display()))
        })?;
        let Some(text) = text else {
            return Ok(Self::default());
        };
        serde_json::from_str(&text).map_err(|error| {
            CliError::NotConfigured(format!(
                "{} is damaged ({error}); remove it and connect again",
                path.display()
            ))
        })
    }

    /// The connection of that name, or the one in use.
    pub(crate) fn chosen(
        &self,
        subject: &AdminTarget,
        name: Option<&str>,
    ) -> Result<&Connection, CliError> {
        match name {
            Some(name) => self.find(name).ok_or_else(|| self.unknown(name)),
            None => self
                .find(&self.current)
                .ok_or_else(|| self.none_in_use(subject)),
        }
    }

    /// The connection of that name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<&Connection> {
        self.connections.get(name)
    }

    /// All connections, and whether each is the one in use.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Connection, bool)> {
        self.connections
            .iter()
            .map(|(name, connection)| (name.as_str(), connection, *name == self.current))
    }

    /// Keeps a connection and uses it from now on.
    pub(crate) fn keep(
        subject: &AdminTarget,
        name: &str,
        connection: Connection,
    ) -> Result<PathBuf, CliError> {
        Self::change(subject, |setup| {
            setup.connections.insert(name.to_owned(), connection);
            name.clone_into(&mut setup.current);
            Ok(())
        })
    }

    /// Uses a connection from now on.
    pub(crate) fn using(subject: &AdminTarget, name: &str) -> Result<PathBuf, CliError> {
        Self::change(subject, |setup| {
            setup.find(name).ok_or_else(|| setup.unknown(name))?;
            name.clone_into(&mut setup.current);
            Ok(())
        })
    }

    /// Forgets a connection.
    pub(crate) fn forget(subject: &AdminTarget, name: &str) -> Result<PathBuf, CliError> {
        Self::change(subject, |setup| match setup.connections.remove(name) {
            Some(_) => Ok(()),
            None => Err(setup.unknown(name)),
        })
    }

    /// Which there are, in words.
    fn names(&self) -> String {
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

    fn none_in_use(&self, subject: &AdminTarget) -> CliError {
        if self.connections.is_empty() {
            return not_connected(subject);
        }
        let (known, command) = (self.names(), subject.command());
        CliError::NotConfigured(format!(
            "no connection is in use; {known}: say `{command} connections use NAME`, or `--on NAME`"
        ))
    }

    fn unknown(&self, name: &str) -> CliError {
        Error::not_found(format!(
            "no connection is called `{name}`; {}",
            self.names()
        ))
        .into()
    }

    /// Changes what is kept, as it is by now: another command may have changed it since it was read.
    fn change(
        subject: &AdminTarget,
        change: impl FnOnce(&mut Self) -> Result<(), CliError>,
    ) -> Result<PathBuf, CliError> {
        let path = path(subject)?;
        let _lock = files::lock(&path.with_extension("lock")).map_err(unwritable(&path))?;
        let mut setup = Self::load(subject)?;
        change(&mut setup)?;
        setup.v = SHAPE;
        let text = serde_json::to_string_pretty(&setup);
        let text = text.map_err(|error| {
            Error::internal("the setup can't be written as JSON").with_source(error)
        })?;
        files::write(&path, &text, FileReaders::Owner, LinkPolicy::Refuse)
            .map_err(unwritable(&path))?;
        Ok(path)
    }
}

fn not_connected(subject: &AdminTarget) -> CliError {
    let command = subject.command();
    let local = if matches!(subject, AdminTarget::App(_)) {
        format!("`{command} connect local` or ")
    } else {
        String::new()
    };
    CliError::NotConfigured(format!(
        "not connected to a server yet; say {local}`{command} connect URL --signing-key-env VARIABLE`"
    ))
}

/// Where tokens are written that nobody should read but the operator.
pub(crate) fn token_folder(subject: &AdminTarget) -> Result<PathBuf, CliError> {
    Ok(path(subject)?.with_file_name("tokens"))
}

/// Makes a file for a token before there is one: it can be written there, and nothing is lost by it. Its name tells nothing.
pub(crate) fn reserve_within(folder: &Path) -> Result<ReservedFile, Error> {
    ReservedFile::within(folder, ".token").map_err(unwritable(folder))
}

/// The same with a name that the operator chose.
pub(crate) fn reserve(path: &Path) -> Result<ReservedFile, Error> {
    ReservedFile::new(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::already_exists(format!(
            "{} exists already; name another file",
            path.display()
        )),
        _ => Error::invalid(format!("{} can't be written: {error}", path.display())),
    })
}

/// Writes a token into its file, and says where it is.
pub(crate) fn keep(file: ReservedFile, token: &Secret<String>) -> Result<PathBuf, Error> {
    let path = file.path().to_owned();
    file.keep(token.expose()).map_err(unwritable(&path))
}

/// That something of ours could not be written.
pub(crate) fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::unavailable(format!("{} can't be written: {error}", path.display()))
}

fn path(subject: &AdminTarget) -> Result<PathBuf, CliError> {
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
    Ok(folder.join(subject.name()).join("setup.json"))
}
