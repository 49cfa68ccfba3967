//! A key in a file, made on first use: what a laptop has instead of Secrets Manager.
//!
//! The file is its owner's alone; one that others can read is refused, never repaired in silence.

use std::fmt;
use std::fs;
use std::io::{ErrorKind as IoErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::{Given, SigningKey, SigningKeys};
use crate::error::{Error, Result};

/// [`SigningKeys`] of one key in a file.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    key: Given,
    is_new: bool,
}

impl File {
    /// Reads the key, or makes one. Of two processes that make one at once, both end up with the same.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the file can't be read or made,
    /// [`Invalid`](crate::ErrorKind::Invalid) if others may read it or it holds no key. The message names the path.
    pub fn open(path: &Path) -> Result<Self> {
        let is_new = !path.exists() && generate(path)?;
        let key = Given::new(read(path)?);
        Ok(Self { path: path.to_owned(), key, is_new })
    }

    /// Whether opening made the key.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = if self.is_new { ", made just now" } else { "" };
        write!(f, "key file {} (0600){made}", self.path.display())
    }
}

#[async_trait]
impl SigningKeys for File {
    async fn current(&self) -> Result<Arc<SigningKey>> {
        self.key.current().await
    }

    async fn verifying(&self, id: Option<&str>) -> Result<Vec<Arc<SigningKey>>> {
        self.key.verifying(id).await
    }
}

/// Writes a new key beside the path and links it there whole, so that nobody reads half a key; false if another
/// process was first.
fn generate(path: &Path) -> Result<bool> {
    let fault =
        |error| Error::unavailable(format!("the signing key {} can't be made", path.display())).with_source(error);
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    }
    let key = format!("{}{}\n", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let draft = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(key.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == IoErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(fault(error)),
    }
}

fn read(path: &Path) -> Result<SigningKey> {
    let shown = path.display();
    let fault = |error| Error::unavailable(format!("the signing key {shown} can't be read")).with_source(error);
    let mode = fs::metadata(path).map_err(fault)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::invalid(format!("the signing key {shown} can be read by others; run `chmod 600 {shown}`")));
    }
    let text = fs::read_to_string(path).map_err(fault)?;
    SigningKey::from_text(&text).map_err(|error| Error::invalid(format!("{shown}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::laws;

    #[tokio::test]
    async fn keeps_the_laws_and_is_the_same_when_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data/signing-key");
        let (first, again) = (File::open(&path).expect("made"), File::open(&path).expect("read"));
        laws::all(&first).await;
        assert_eq!((first.is_new(), again.is_new()), (true, false));
        let (one, other) = (first.current().await.expect("a key"), again.current().await.expect("a key"));
        assert_eq!(one.id(), other.id());
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path().join("data")).expect("there").count(), 1, "no draft is left over");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing-key");
        fs::write(&path, "k".repeat(64)).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("opened up");
        let error = File::open(&path).expect_err("too open");
        assert!(error.message().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_file_with_a_short_key_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing-key");
        fs::write(&path, "8 bytes.").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("closed");
        let error = File::open(&path).expect_err("too short");
        assert!(error.message().contains("signing-key: the signing key has 8 bytes"), "{error}");
    }
}
