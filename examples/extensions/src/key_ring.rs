//! [`SigningKeys`] of a file with one key on each line, and the opener for the file that `SIGNING_KEY_SECRET` names.
//!
//! A key is rotated by a new first line: it signs from then on, and the lines below go on verifying until they are taken out.
//! Whoever reads the file can sign tokens, so it must be readable by the server alone.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use mcp_lambda::backend::KeyOpener;
use mcp_lambda::clock::Clock;
use mcp_lambda::keys::{SigningKey, SigningKeys};
use mcp_lambda::{Error, Result, Secret};

/// The keys of a file: the first signs, and all verify.
pub struct KeyRing {
    path: PathBuf,
    keys: RwLock<Vec<Arc<SigningKey>>>,
}

impl KeyRing {
    /// Reads the keys of a file.
    ///
    /// # Errors
    /// [`Invalid`](mcp_lambda::ErrorKind::Invalid) for a file that can't be read, has no key, or has a line that is none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let keys = RwLock::new(read(&path)?);
        Ok(Self { path, keys })
    }

    fn known(&self) -> Vec<Arc<SigningKey>> {
        let keys = self.keys.read();
        keys.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again. Where that fails the known keys go on: an outage of the disk must not refuse every token.
    fn refresh(&self) -> Vec<Arc<SigningKey>> {
        match read(&self.path) {
            Ok(keys) => {
                let mut known = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                known.clone_from(&keys);
                keys
            }
            Err(error) => {
                tracing::warn!(%error, "the key ring can't be read; its known keys go on");
                self.known()
            }
        }
    }
}

/// Reads the lines of a file as keys. It is small, and read so seldom that no thread of its own is worth it.
fn read(path: &Path) -> Result<Vec<Arc<SigningKey>>> {
    let invalid = |what: String| Error::invalid(format!("key ring {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    let text = Secret::new(text);
    let lines = text.expose().lines().filter(|line| !line.trim().is_empty());
    let keys: Result<Vec<_>> = lines
        .map(|line| SigningKey::from_text(line).map(Arc::new))
        .collect();
    let keys = keys.map_err(|error| invalid(error.message().to_owned()))?;
    if keys.is_empty() {
        return Err(invalid("there is no key in it".to_owned()));
    }
    Ok(keys)
}

fn first(keys: Vec<Arc<SigningKey>>) -> Result<Arc<SigningKey>> {
    let first = keys.into_iter().next();
    first.ok_or_else(|| Error::unavailable("the key ring is empty"))
}

#[async_trait]
impl SigningKeys for KeyRing {
    async fn current(&self) -> Result<Arc<SigningKey>> {
        first(self.known())
    }

    async fn current_fresh(&self) -> Result<Arc<SigningKey>> {
        first(self.refresh())
    }

    /// Reads the file again for an id that is not known: another process may have rotated the key.
    async fn verification_keys(&self, id: Option<&str>) -> Result<Vec<Arc<SigningKey>>> {
        let known = self.known();
        let is_known = id.is_none_or(|id| known.iter().any(|key| key.id() == id));
        Ok(if is_known { known } else { self.refresh() })
    }
}

impl fmt::Display for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key ring {}", self.path.display())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({})", self.path.display())
    }
}

/// The [`KeyOpener`] of [`KeyRing`]s: `SIGNING_KEY_SECRET` is the path of the file.
///
/// ```
/// use extensions::key_ring::KeyRings;
/// use mcp_lambda::App;
///
/// assert_eq!(App::new("notes").key_opener(KeyRings).check(), Ok(()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KeyRings;

#[async_trait]
impl KeyOpener for KeyRings {
    async fn open_keys(&self, path: &str, _: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>> {
        Ok(Arc::new(KeyRing::open(path)?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use mcp_lambda::App;
    use mcp_lambda::admin::NewUser;
    use mcp_lambda::config::Settings;
    use mcp_lambda::keys::laws;
    use mcp_lambda::testkit::block_on;

    use super::*;

    fn line(letter: &str) -> String {
        format!("{}\n", letter.repeat(64))
    }

    fn ring(folder: &tempfile::TempDir, lines: &[String]) -> PathBuf {
        let path = folder.path().join("keys");
        fs::write(&path, lines.concat()).expect("written");
        path
    }

    #[test]
    fn it_keeps_the_laws_of_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = ring(&folder, &[line("a"), "\n".to_owned(), line("b")]);
        block_on(laws::all(&KeyRing::open(path).expect("keys")));
    }

    #[test]
    fn a_new_first_line_signs_and_the_old_one_verifies_until_it_is_taken_out() {
        block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let path = ring(&folder, &[line("a")]);
            let [running, other] = [0, 1].map(|_| KeyRing::open(&path).expect("a key"));
            let old = running.current().await.expect("a key");
            ring(&folder, &[line("b"), line("a")]);
            let new = other.current_fresh().await.expect("a key");
            assert_ne!(old.id(), new.id());
            let keys = running.verification_keys(Some(new.id())).await;
            let keys = keys.expect("both");
            let ids: Vec<_> = keys.iter().map(|key| key.id()).collect();
            assert_eq!(ids, [new.id(), old.id()]);
            ring(&folder, &[line("b")]);
            assert_eq!(other.current_fresh().await.expect("a key").id(), new.id());
            let keys = other.verification_keys(None).await.expect("one");
            assert_eq!(keys.len(), 1, "the old one is out");
        });
    }

    #[test]
    fn a_file_that_is_gone_or_broken_takes_no_known_key_away() {
        block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let path = ring(&folder, &[line("a")]);
            let keys = KeyRing::open(&path).expect("a key");
            for text in [Some("short\n"), Some(""), None] {
                match text {
                    Some(text) => fs::write(&path, text).expect("written"),
                    None => fs::remove_file(&path).expect("removed"),
                }
                assert!(KeyRing::open(&path).is_err());
                keys.current_fresh().await.expect("the known one");
                let verifying = keys.verification_keys(Some("unknown")).await;
                assert_eq!(verifying.expect("the known one").len(), 1);
            }
        });
    }

    #[test]
    fn an_app_signs_with_the_ring_that_its_setting_names() {
        block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let path = ring(&folder, &[line("a")]);
            let app = App::new("notes").key_opener(KeyRings);
            let settings = |path: &Path| {
                let users = folder.path().join("users").display().to_string();
                let path = path.display().to_string();
                let pairs = [("APP_USERS_PATH", users), ("SIGNING_KEY_SECRET", path)];
                let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
                Settings::read(&BTreeMap::from(pairs), "notes").expect("valid")
            };
            let server = app.build(&settings(&path)).await.expect("built");
            let alice = NewUser::new("alice@example.com".parse().expect("valid"));
            let user = server.admin().register(alice).await.expect("registered");
            assert_eq!(user.token.expose().split('.').count(), 3);
            let missing = app.build(&settings(&folder.path().join("none"))).await;
            let error = missing.expect_err("no file");
            assert!(error.message().contains("none: "), "{error}");
            let error = App::new("notes").build(&settings(&path)).await;
            let error = error.expect_err("no opener");
            assert!(error.message().contains("`App::backend`"), "{error}");
        });
    }
}
