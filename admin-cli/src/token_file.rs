//! A file for one new token, which only the operator can read.
//!
//! The file is created before the token: where no file can be made, no token is created that nobody would have.

use std::io;
use std::path::{Path, PathBuf};

use mcp_lambda::{Error, Secret};

use crate::error::CliError;
use crate::files::{ReservedFile, write_error};
use crate::setup::config_folder;
use crate::target::AdminTarget;

/// A new, empty file for a token. It is removed when this is dropped, unless a token was stored.
#[derive(Debug)]
pub(crate) struct TokenFile(ReservedFile);

impl TokenFile {
    /// Creates a file at a path that the operator chose.
    ///
    /// # Errors
    /// [`Error::already_exists`], or [`Error::invalid`] if it can't be created.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let file = ReservedFile::create(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::already_exists(format!(
                "{} exists already; name another file",
                path.display()
            )),
            _ => Error::invalid(format!("{} can't be written: {error}", path.display())),
        })?;
        Ok(Self(file))
    }

    /// Creates a file with a random name, which tells nothing of the user, in the [`token_folder`].
    ///
    /// # Errors
    /// [`Error::unavailable`] if the folder is open to others, or the file can't be created.
    pub(crate) fn create_in(folder: &Path) -> Result<Self, Error> {
        ReservedFile::create_in(folder, ".token")
            .map(Self)
            .map_err(write_error(folder))
    }

    /// Writes the token into the file, and returns the path.
    ///
    /// # Errors
    /// [`Error::unavailable`] if it can't be written. The token is then nobody's, and the caller revokes it.
    pub(crate) fn store(self, token: &Secret<String>) -> Result<PathBuf, Error> {
        let path = self.0.path().to_owned();
        self.0.store(token.expose()).map_err(write_error(&path))
    }
}

/// Returns the folder of token files, `tokens` in the [`config_folder`].
///
/// # Errors
/// [`CliError::NotConfigured`] if there is no home folder.
pub(crate) fn token_folder(target: &AdminTarget) -> Result<PathBuf, CliError> {
    Ok(config_folder(target)?.join("tokens"))
}
