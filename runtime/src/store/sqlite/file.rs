//! The data file on disk: created for its owner alone, refused where others can open it, and one
//! schema for all processes that open it.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::lane::WaitingCaller;
use super::statements::{SCHEMA, SHAPE};
use crate::error::{Error, Result};
use crate::files;

/// The location of the data file, checked and ready for SQLite to open.
pub(super) struct DatabaseFile {
    /// The path as the operator wrote it, for messages.
    shown: PathBuf,
    /// The path with its symbolic links resolved.
    path: PathBuf,
}

impl DatabaseFile {
    /// Creates the folder (0700) and the file (0600) before SQLite would create them with wider
    /// permissions, and checks the permissions of all that exists.
    ///
    /// # Errors
    /// `Unavailable` if they can't be made, `Invalid` if others may open them or the disk is
    /// another machine's.
    pub(super) fn make(shown: &Path) -> Result<Self> {
        files::make_folder(shown.parent().unwrap_or(Path::new("/")))?;
        let (path, is_elsewhere) =
            files::resolve(shown).map_err(|error| explain_open(shown, error))?;
        if is_elsewhere {
            return Err(Error::invalid(format!(
                "APP_USERS_PATH: {} is on a network file system, where SQLite's write-ahead log does not work; name a folder on a disk of this machine, or a DynamoDB table in USERS_TABLE",
                shown.display()
            )));
        }
        let file = Self {
            shown: shown.to_owned(),
            path,
        };
        if !files::check(&file.path)? {
            files::make(&file.path).map_err(|error| explain_open(shown, error))?;
        }
        for file in [
            file.path.clone(),
            file.with_suffix("-wal"),
            file.with_suffix("-shm"),
        ] {
            files::check(&file)?;
        }
        Ok(file)
    }

    fn with_suffix(&self, end: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(end);
        name.into()
    }

    /// Opens a [`Connection`]. Several processes may open a new file at once.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) fn connect(&self) -> Result<Connection> {
        // Switching a file to write-ahead mode fails at once while another process has it locked, whatever
        // the busy timeout is, so it is retried here.
        WaitingCaller::new()
            .retry_while_busy(|| open(&self.path))
            .map_err(|error| explain_open(&self.shown, error))
    }

    /// Creates the table if there is none.
    ///
    /// # Errors
    /// `Unavailable`, also for a file of another shape.
    pub(super) fn prepare(&self, connection: &Connection) -> Result<()> {
        let caller = WaitingCaller::new();
        if caller.retry_while_busy(|| read_shape(connection))? == 0 {
            // Read again inside the transaction: another process may have created the table since.
            caller.write(connection, |connection| {
                match read_shape(connection).map_err(explain)? {
                    0 => connection
                        .execute_batch(&format!("{SCHEMA} PRAGMA user_version = {SHAPE};"))
                        .map_err(explain),
                    _ => Ok(()),
                }
            })?;
        }
        self.check(caller.retry_while_busy(|| read_shape(connection))?)
    }

    /// Checks the schema version of the file against [`SHAPE`].
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

    /// Returns the path as the operator wrote it.
    pub(super) fn display_path(&self) -> &Path {
        &self.shown
    }
}

pub(super) fn read_shape(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    // SQLite would block its thread while it waits. Callers retry instead, where waiting does no harm and
    // ends when nobody waits for the answer any more.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    // The query planner stability guarantee (https://sqlite.org/queryplanner-ng.html): without it a
    // statement is planned again whenever its values change, a quarter of a call's time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    Ok(connection)
}

fn explain_open(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable(format!(
        "the data file {} can't be opened for writing",
        path.display()
    ))
    .with_source(error)
}

/// Converts an error of SQLite into an [`Error`] that says what to do
/// (<https://sqlite.org/rescode.html>).
pub(super) fn explain(error: rusqlite::Error) -> Error {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the data folder's disk is full; nothing was written",
        Some(ErrorCode::ReadOnly) => "the data folder is read-only; nothing was written",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return super::lane::report_busy().with_source(error);
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the data file is damaged; restore it from a backup"
        }
        _ => "the data file can't be read or written",
    };
    Error::unavailable(message).with_source(error)
}
