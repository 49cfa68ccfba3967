//! What is handed to a client for later and must come back as it was: sealed, so that nobody reads or changes it.
//!
//! AES-256-GCM under a subkey of the signing key (HKDF-SHA256, RFC 5869, with the purpose as its label). It must never use
//! the signing key itself, nor tell why something does not open.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::keys::{SigningKey, SigningKeys};

/// Seals and opens with a deployment's keys.
#[derive(Clone, Debug)]
pub struct Sealer {
    keys: Arc<dyn SigningKeys>,
    /// Whose seals these are: another deployment may have the same key.
    owner: Vec<String>,
}

impl Sealer {
    /// Works with these keys, the current one of which seals and all of which open, for this app and this audience of
    /// tokens.
    #[must_use]
    pub fn new(keys: Arc<dyn SigningKeys>, app: &str, audience: Option<&str>) -> Self {
        let owner = [Some(app), audience]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        Self { keys, owner }
    }

    /// Seals text for a purpose; it opens only with the same purpose and the same `bound_to`.
    ///
    /// # Errors
    /// `Unavailable` if there is no key.
    pub async fn seal(&self, purpose: &str, bound_to: &[&str], text: &str) -> Result<String> {
        let key = self.keys.current().await?;
        let mut sealed = text.as_bytes().to_vec();
        let nonce = subkey(&key, purpose)?
            .seal_in_place_append_tag(Aad::from(self.bindings(bound_to)), &mut sealed)
            .map_err(|_| Error::internal("nothing can be sealed"))?;
        let bytes = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(format!(
            "{}.{}",
            key.id(),
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        ))
    }

    /// Opens what [`seal`](Self::seal) made; `None` if it was changed, or sealed for something else.
    ///
    /// # Errors
    /// `Unavailable` if there is no key.
    pub async fn open(
        &self,
        purpose: &str,
        bound_to: &[&str],
        sealed: &str,
    ) -> Result<Option<String>> {
        let Some((id, encoded)) = sealed.split_once('.') else {
            return Ok(None);
        };
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(encoded) else {
            return Ok(None);
        };
        let keys = self.keys.verifying(Some(id)).await?;
        let bindings = self.bindings(bound_to);
        Ok(keys
            .iter()
            .filter(|key| key.id() == id)
            .find_map(|key| opened(key, purpose, &bindings, &bytes)))
    }

    /// What is bound: the owner and the rest, each list with its length before it.
    fn bindings(&self, bound_to: &[&str]) -> Vec<u8> {
        let owner: Vec<_> = self.owner.iter().map(String::as_str).collect();
        [bindings(&owner), bindings(bound_to)].concat()
    }
}

fn opened(key: &SigningKey, purpose: &str, bindings: &[u8], bytes: &[u8]) -> Option<String> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let (nonce, mut sealed) = (
        Nonce::try_assume_unique_for_key(nonce).ok()?,
        sealed.to_vec(),
    );
    let key = subkey(key, purpose).ok()?;
    let text = key
        .open_in_place(nonce, Aad::from(bindings), &mut sealed)
        .ok()?;
    String::from_utf8(text.to_vec()).ok()
}

fn subkey(key: &SigningKey, purpose: &str) -> Result<RandomizedNonceKey> {
    let mut bytes = [0; 32];
    let label = [b"mcp-lambda/".as_slice(), purpose.as_bytes()];
    let derived = Salt::new(HKDF_SHA256, &[]).extract(key.secret());
    let filled = derived
        .expand(&label, HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut bytes));
    let made = filled.and_then(|()| RandomizedNonceKey::new(&AES_256_GCM, &bytes));
    zeroize::Zeroize::zeroize(&mut bytes);
    made.map_err(|_| Error::internal("no key can be derived"))
}

/// How many parts there are, and each with its length before it, so that no two lists look alike.
fn bindings(parts: &[&str]) -> Vec<u8> {
    let part = |part: &&str| [part.len().to_string().as_bytes(), b":", part.as_bytes()].concat();
    [
        format!("{};", parts.len()).into_bytes(),
        parts.iter().flat_map(part).collect(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::Given;

    fn sealer(secret: &[u8; 32]) -> Sealer {
        of(secret, "notes", None)
    }

    fn of(secret: &[u8; 32], app: &str, audience: Option<&str>) -> Sealer {
        Sealer::new(
            Arc::new(Given::new(SigningKey::new(*secret).expect("long enough"))),
            app,
            audience,
        )
    }

    fn wait<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(work)
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_for_its_purpose_alone(text: String, user: String, other: String) {
            let sealer = sealer(&[7; 32]);
            let sealed = wait(sealer.seal("state", &[&user, "x"], &text)).expect("sealed");
            let open = |purpose: &str, bound_to: &[&str]| wait(sealer.open(purpose, bound_to, &sealed)).expect("reachable");
            prop_assert_eq!(open("state", &[&user, "x"]), Some(text.clone()));
            prop_assert_eq!(open("cursor", &[&user, "x"]), None);
            prop_assert_eq!(open("state", &[&format!("{user}x")]), None);
            if other != user {
                prop_assert_eq!(open("state", &[&other, "x"]), None);
            }
            prop_assert!(text.len() < 4 || !sealed.contains(&text));
        }

        #[test]
        fn anything_else_does_not_open(sealed: String, place: prop::sample::Index) {
            let sealer = sealer(&[7; 32]);
            prop_assert_eq!(wait(sealer.open("state", &[], &sealed)).expect("reachable"), None);
            let mut good = wait(sealer.seal("state", &[], "content")).expect("sealed").into_bytes();
            let place = place.index(good.len() - 1);
            good[place] = if good[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(good).expect("ASCII");
            prop_assert_eq!(wait(sealer.open("state", &[], &changed)).expect("reachable"), None);
        }
    }

    #[test]
    fn a_seal_holds_in_its_app_and_for_its_audience_alone() {
        let key = &[7; 32];
        for (app, audience) in [("notes", None), ("notes", Some("https://a.example.com"))] {
            let sealed =
                wait(of(key, app, audience).seal("state", &["x"], "content")).expect("sealed");
            let open = |app, audience| {
                wait(of(key, app, audience).open("state", &["x"], &sealed)).expect("reachable")
            };
            assert_eq!(open(app, audience).as_deref(), Some("content"));
            for (app, audience) in [
                ("crm", audience),
                ("notes", Some("https://b.example.com")),
                ("notes", Some("")),
                ("notesx", audience),
            ] {
                assert_eq!(open(app, audience), None, "{app} {audience:?}");
            }
        }
        let sealed =
            wait(of(key, "a", Some("b")).seal("state", &["c"], "content")).expect("sealed");
        assert_eq!(
            wait(of(key, "a", None).open("state", &["b", "c"], &sealed)).expect("reachable"),
            None
        );
    }

    #[test]
    fn another_deployments_seal_does_not_hold() {
        let sealed = wait(sealer(&[7; 32]).seal("state", &[], "content")).expect("sealed");
        assert_eq!(
            wait(sealer(&[8; 32]).open("state", &[], &sealed)).expect("reachable"),
            None
        );
    }
}
