//! The file in which a server on this machine notes its URL, for the admin CLI beside it.
//!
//! The server holds a lock on the file (flock(2)) for as long as it runs, so that the URL of one that has ended is never
//! taken for one that listens, and a second server does not write over the first one's. Links are not followed, and a file
//! that somebody else owns or may change is neither written nor believed.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use crate::config::Settings;

/// How often, and after what pause, a lock is tried again that the admin CLI may hold for a moment while it looks.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The most that is read.
const MAX_BYTES: u64 = 4_096;

/// What came of noting a URL.
#[derive(Debug)]
pub(super) enum Noted {
    /// It is noted until this is dropped.
    Here(#[expect(dead_code, reason = "it is held, and never read")] File),
    /// Another server of the same folder runs, and its URL stays.
    Another,
    /// There is no file to note it in.
    Nowhere,
}

/// Notes the URL under which this process serves.
pub(super) async fn note(settings: &Settings, url: &str) -> Noted {
    // Without such a folder users are not kept on this machine, and nobody here would read it.
    let Some(file) = settings.url_file().and_then(|path| opened(&path, true)) else {
        return Noted::Nowhere;
    };
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return written(file, url).map_or(Noted::Nowhere, Noted::Here),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            Err(TryLockError::Error(_)) => return Noted::Nowhere,
        }
    }
    Noted::Another
}

/// The URL of the server that runs on the store of these settings now, if one does.
#[must_use]
pub fn served_url(settings: &Settings) -> Option<String> {
    let file = opened(&settings.url_file()?, false)?;
    // Who gets the lock finds nobody who serves.
    let is_served = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut url = String::new();
    file.take(MAX_BYTES).read_to_string(&mut url).ok()?;
    Some(url).filter(|url| is_served && !url.is_empty())
}

/// The file, if it is this user's own and no one else may change it; made for the user alone where it is missing.
fn opened(path: &Path, is_made: bool) -> Option<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(is_made)
        .create(is_made)
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

fn written(mut file: File, url: &str) -> Option<File> {
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
        Settings::read(&environment, "notes").expect("lawful")
    }

    #[tokio::test]
    async fn the_url_is_that_of_the_server_that_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path());
        assert_eq!(served_url(&settings), None);
        let first = note(&settings, "http://127.0.0.1:18080").await;
        assert_eq!(
            served_url(&settings).as_deref(),
            Some("http://127.0.0.1:18080")
        );
        let trial = note(&settings, "http://127.0.0.1:18081").await;
        assert!(matches!(trial, Noted::Another), "{trial:?}");
        assert_eq!(
            served_url(&settings).as_deref(),
            Some("http://127.0.0.1:18080")
        );
        drop(first);
        assert_eq!(served_url(&settings), None, "nobody serves any more");
        let next = note(&settings, "http://[::1]:9").await;
        assert!(matches!(next, Noted::Here(_)));
        assert_eq!(
            served_url(&settings).as_deref(),
            Some("http://[::1]:9"),
            "a shorter one leaves nothing behind"
        );
    }

    #[tokio::test]
    async fn a_link_is_not_followed_and_a_file_of_others_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (settings, victim) = (settings(folder.path()), folder.path().join("victim"));
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
            served_url(&settings),
            None,
            "anyone may have written it: {held:?}"
        );
    }
}
