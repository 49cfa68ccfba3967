//! A signing key in a file, created on first use: the laptop's counterpart of AWS Secrets Manager.
//!
//! The file is its owner's alone; a file that others can open is refused and never repaired
//! silently.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::{FixedKey, SigningKey, SigningKeys};
use crate::error::{Error, Result};
use crate::files;

/// [`SigningKeys`] of one key in a file.
#[derive(Debug)]
pub(crate) struct KeyFile {
    path: PathBuf,
    key: FixedKey,
    /// True if [`open`](Self::open) created the key.
    is_new: bool,
}

impl KeyFile {
    /// Reads the key, or creates one. Two processes that create one at once get the same
    /// [`SigningKey`].
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the file can't be read or made,
    /// [`Invalid`](crate::ErrorKind::Invalid) if others may open it or write to its folder, or if
    /// it holds no key. The message names the path.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        files::make_folder(path.parent().unwrap_or(Path::new("/")))?;
        let is_new = !files::check(path)? && generate(path)?;
        // Checked again: the file that another process created in between must be as private.
        files::check(path)?;
        let key = FixedKey::new(read(path)?);
        Ok(Self {
            path: path.to_owned(),
            key,
            is_new,
        })
    }
}

impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = if self.is_new { ", made just now" } else { "" };
        write!(f, "key file {} (0600){made}", self.path.display())
    }
}

#[async_trait]
impl SigningKeys for KeyFile {
    async fn current(&self) -> Result<Arc<SigningKey>> {
        self.key.current().await
    }

    async fn verification_keys(&self, id: Option<&str>) -> Result<Vec<Arc<SigningKey>>> {
        self.key.verification_keys(id).await
    }
}

/// Creates the key file in one step, so that no process reads half of it; returns false if another
/// process was first.
fn generate(path: &Path) -> Result<bool> {
    let key = format!(
        "{}{}\n",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    );
    files::create(path, &key).map_err(|error| {
        Error::unavailable(format!("the signing key {} can't be made", path.display()))
            .with_source(error)
    })
}

fn read(path: &Path) -> Result<SigningKey> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Error::unavailable(format!("the signing key {shown} can't be read")).with_source(error)
    })?;
    SigningKey::from_text(&text).map_err(|error| Error::invalid(format!("{shown}: {error}")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::keys::laws;

    #[tokio::test]
    async fn keeps_the_laws_and_is_the_same_when_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data/signing-key");
        let (first, again) = (
            KeyFile::open(&path).expect("made"),
            KeyFile::open(&path).expect("read"),
        );
        laws::all(&first).await;
        assert_eq!((first.is_new, again.is_new), (true, false));
        let (one, other) = (
            first.current().await.expect("a key"),
            again.current().await.expect("a key"),
        );
        assert_eq!(one.id(), other.id());
        assert_eq!(
            fs::metadata(&path).expect("there").permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::read_dir(folder.path().join("data"))
                .expect("there")
                .count(),
            1,
            "no draft is left over"
        );
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing-key");
        fs::write(&path, "k".repeat(64)).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("opened up");
        let error = KeyFile::open(&path).expect_err("too open");
        assert!(error.message().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_key_is_neither_made_nor_read_through_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, path) = (
            folder.path().join("target"),
            folder.path().join("signing-key"),
        );
        std::os::unix::fs::symlink(&target, &path).expect("linked");
        for there in [false, true] {
            if there {
                fs::write(&target, "k".repeat(64)).expect("written");
                fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).expect("closed");
            }
            let error = KeyFile::open(&path).expect_err("a link");
            assert!(error.message().contains("signing-key is a link"), "{error}");
            assert_eq!(target.exists(), there);
        }
    }

    #[test]
    fn a_key_in_a_folder_that_others_may_write_to_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("opened up");
        let error =
            KeyFile::open(&folder.path().join("signing-key")).expect_err("anyone could replace it");
        assert!(error.message().contains("chmod go-w"), "{error}");
    }

    #[test]
    fn a_file_with_a_short_key_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing-key");
        fs::write(&path, "8 bytes.").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("closed");
        let error = KeyFile::open(&path).expect_err("too short");
        assert!(
            error
                .message()
                .contains("signing-key: the signing key has 8 bytes"),
            "{error}"
        );
    }
}
