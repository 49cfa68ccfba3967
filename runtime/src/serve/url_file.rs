//! The file in which a local server notes its URL for the admin CLI
//! ([`Settings::url_file`]).
//!
//! The server holds a lock on the file (flock(2)) for as long as it runs. So the URL of a server
//! that has ended is never taken for one that listens, and a second server does not overwrite the
//! first one's. Links are not followed, and a file that somebody else owns or may change is neither
//! written nor trusted.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use crate::config::Settings;

/// The number of attempts to get the lock, which the admin CLI may hold for a moment while it
/// looks.
const TRIES: u32 = 5;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// The most bytes of the file that are read.
const MAX_BYTES: u64 = 4_096;

/// The outcome of noting a URL.
#[derive(Debug)]
pub(super) enum Noted {
    /// The URL is noted until this locked file is dropped.
    Here(#[expect(dead_code, reason = "it is held, and never read")] File),
    /// Another server of the same folder runs, and its URL stays.
    Another,
    /// There is no file for it.
    Nowhere,
}

/// Notes the URL of this process's server, for [`find_served_url`].
pub(super) async fn note(settings: &Settings, url: &str) -> Noted {
    // Without a data folder the users are not stored on this machine, and no CLI here would read
    // the file.
    let Some(file) = settings.url_file().and_then(|path| open(&path, true)) else {
        return Noted::Nowhere;
    };
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return write_url(file, url).map_or(Noted::Nowhere, Noted::Here),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            Err(TryLockError::Error(_)) => return Noted::Nowhere,
        }
    }
    Noted::Another
}

/// Returns the URL of the running server on the store of these
/// [`Settings`], if there is one.
#[must_use]
pub fn find_served_url(settings: &Settings) -> Option<String> {
    let file = open(&settings.url_file()?, false)?;
    // A server holds the exclusive lock, and the system releases it when the process ends, however
    // it ends. So a shared lock that can be had means that no server runs, and the URL is an old
    // one.
    let is_served = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut url = String::new();
    file.take(MAX_BYTES).read_to_string(&mut url).ok()?;
    Some(url).filter(|url| is_served && !url.is_empty())
}

/// Opens the file if it is this user's own and no one else may change it. A missing one is created
/// for the user alone if `is_created`.
fn open(path: &Path, is_created: bool) -> Option<File> {
    // No link is followed, and opening a named pipe does not wait for its other end (open(2)). The
    // checks below are of the opened file: a path could be replaced between a check and the
    // opening. A second hard link would be a file of ours under a name that others chose.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(is_created)
        .create(is_created)
        .truncate(false)
        .mode(0o600);
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .ok()?;
    let found = file.metadata().ok()?;
    let is_own =
        found.is_file() && found.uid() == rustix::process::geteuid().as_raw() && found.nlink() == 1;
    (is_own && found.mode() & 0o022 == 0).then_some(file)
}

/// Writes the URL over the content of the file.
fn write_url(mut file: File, url: &str) -> Option<File> {
    file.set_permissions(Permissions::from_mode(0o600)).ok()?;
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(url.as_bytes()))
        .ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    fn settings(folder: &Path) -> Settings {
        let path = folder.to_string_lossy().into_owned();
        let environment = BTreeMap::from([("APP_USERS_PATH".to_owned(), path)]);
        Settings::read(&environment, "notes").expect("valid")
    }

    #[tokio::test]
    async fn the_url_is_that_of_the_server_that_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path());
        assert_eq!(find_served_url(&settings), None);
        let first = note(&settings, "http://127.0.0.1:18080").await;
        assert_eq!(
            find_served_url(&settings).as_deref(),
            Some("http://127.0.0.1:18080")
        );
        let trial = note(&settings, "http://127.0.0.1:18081").await;
        assert!(matches!(trial, Noted::Another), "{trial:?}");
        assert_eq!(
            find_served_url(&settings).as_deref(),
            Some("http://127.0.0.1:18080")
        );
        drop(first);
        assert_eq!(find_served_url(&settings), None, "nobody serves any more");
        let next = note(&settings, "http://[::1]:9").await;
        assert!(matches!(next, Noted::Here(_)));
        assert_eq!(
            find_served_url(&settings).as_deref(),
            Some("http://[::1]:9"),
            "a shorter one leaves nothing behind"
        );
    }

    #[tokio::test]
    async fn a_link_is_not_followed_and_a_file_of_others_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path());
        let victim = folder.path().join("victim");
        let path = settings.url_file().expect("a file");
        fs::write(&victim, "precious").expect("written");
        std::os::unix::fs::symlink(&victim, &path).expect("linked");
        assert!(matches!(
            note(&settings, "http://127.0.0.1:1").await,
            Noted::Nowhere
        ));
        fs::remove_file(&path).expect("removed");
        fs::hard_link(&victim, &path).expect("linked");
        assert!(matches!(
            note(&settings, "http://127.0.0.1:1").await,
            Noted::Nowhere
        ));
        assert_eq!(fs::read_to_string(&victim).expect("there"), "precious");
        fs::remove_file(&path).expect("removed");
        let held = note(&settings, "http://127.0.0.1:1").await;
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o622)).expect("set");
        assert_eq!(
            find_served_url(&settings),
            None,
            "anyone may have written it: {held:?}"
        );
    }
}
