//! Opening the file: made for its owner alone, refused where it is open to others, and one shape for all who open it.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::lane::Caller;
use super::statements::{SCHEMA, SHAPE};
use crate::error::{Error, Result};
use crate::files;

/// The file as SQLite is to open it.
pub(super) struct Place {
    /// As the operator knows it.
    shown: PathBuf,
    /// Without a link in it.
    path: PathBuf,
}

impl Place {
    /// Makes the folder (0700) and the file (0600) before SQLite would make them wider, and looks at what is there.
    ///
    /// # Errors
    /// `Unavailable` if they can't be made, `Invalid` if others may open them or the disk is another machine's.
    pub(super) fn make(shown: &Path) -> Result<Self> {
        files::make_folder(shown.parent().unwrap_or(Path::new("/")))?;
        let (path, is_elsewhere) = files::resolve(shown).map_err(|error| unopened(shown, error))?;
        if is_elsewhere {
            return Err(Error::invalid(format!(
                "APP_USERS_PATH: {} is on a network file system, where SQLite's write-ahead log does not work; name a folder on a disk of this machine, or a DynamoDB table in USERS_TABLE",
                shown.display()
            )));
        }
        let place = Self {
            shown: shown.to_owned(),
            path,
        };
        if !files::check(&place.path)? {
            files::make(&place.path).map_err(|error| unopened(shown, error))?;
        }
        for file in [
            place.path.clone(),
            place.beside("-wal"),
            place.beside("-shm"),
        ] {
            files::check(&file)?;
        }
        Ok(place)
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(end);
        name.into()
    }

    /// Opens a connection. Of many processes that open a new file at once, each makes it as it is to be.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) fn connect(&self) -> Result<Connection> {
        // Turning a file to write-ahead mode is not waited for by SQLite itself.
        Caller::steadfast()
            .patiently(|| open(&self.path))
            .map_err(|error| unopened(&self.shown, error))
    }

    /// Makes the table if there is none.
    ///
    /// # Errors
    /// `Unavailable`, also for a file of another shape.
    pub(super) fn prepare(&self, connection: &Connection) -> Result<()> {
        let caller = Caller::steadfast();
        if caller.patiently(|| shape(connection))? == 0 {
            caller.write(connection, |connection| {
                match shape(connection).map_err(explain)? {
                    0 => connection
                        .execute_batch(&format!("{SCHEMA} PRAGMA user_version = {SHAPE};"))
                        .map_err(explain),
                    _ => Ok(()),
                }
            })?;
        }
        self.check(caller.patiently(|| shape(connection))?)
    }

    /// Refuses another shape.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) fn check(&self, shape: i64) -> Result<()> {
        if shape == SHAPE {
            return Ok(());
        }
        Err(Error::unavailable("the data file was written by another version of this program").with_source(format!(
            "{} has shape {shape}, and this version needs {SHAPE}; move it away to begin anew",
            self.shown.display()
        )))
    }

    /// The path as the operator knows it.
    pub(super) fn shown(&self) -> &Path {
        &self.shown
    }
}

pub(super) fn shape(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    // Whoever uses it waits, where waiting does no harm.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    // Else a statement is planned anew whenever its values change: a quarter of a call's time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    Ok(connection)
}

fn unopened(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable(format!(
        "the data file {} can't be opened for writing",
        path.display()
    ))
    .with_source(error)
}

/// What SQLite says, as something to act on.
pub(super) fn explain(error: rusqlite::Error) -> Error {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the data folder's disk is full; nothing was written",
        Some(ErrorCode::ReadOnly) => "the data folder is read-only; nothing was written",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return super::lane::busy().with_source(error);
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the data file is damaged; restore it from a backup"
        }
        _ => "the data file can't be read or written",
    };
    Error::unavailable(message).with_source(error)
}
