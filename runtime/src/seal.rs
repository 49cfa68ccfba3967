//! Sealed text: state that a client holds for a while and must return unread and unchanged.
//!
//! AES-256-GCM under a subkey of the signing key (HKDF-SHA256, RFC 5869, with the purpose as its
//! label). It must never use the signing key itself, nor say why a text does not open.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::keys::{SigningKey, SigningKeys};

/// Seals and opens text with a deployment's [`SigningKeys`].
#[derive(Clone, Debug)]
pub(crate) struct Sealer {
    keys: Arc<dyn SigningKeys>,
    /// The app and audience whose seals these are: another deployment may have the same key.
    owner: Vec<String>,
}

impl Sealer {
    /// Creates a sealer for this app and this audience of tokens: the current key seals, and every
    /// key of [`SigningKeys::verification_keys`] opens.
    #[must_use]
    pub(crate) fn new(keys: Arc<dyn SigningKeys>, app: &str, audience: Option<&str>) -> Self {
        let owner = [Some(app), audience]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        Self { keys, owner }
    }

    /// Seals text for a purpose; [`open`](Self::open) needs the same purpose and the same
    /// `bound_to`, which are authenticated as additional data (RFC 5116 §2.1).
    ///
    /// # Errors
    /// `Unavailable` if there is no key.
    pub(crate) async fn seal(
        &self,
        purpose: &str,
        bound_to: &[&str],
        text: &str,
    ) -> Result<String> {
        let key = self.keys.current().await?;
        let mut sealed = text.as_bytes().to_vec();
        let nonce = derive_subkey(&key, purpose)?
            .seal_in_place_append_tag(Aad::from(self.encode_bindings(bound_to)), &mut sealed)
            .map_err(|_| Error::internal("nothing can be sealed"))?;
        let bytes = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(format!(
            "{}.{}",
            key.id(),
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        ))
    }

    /// Opens the text that [`seal`](Self::seal) sealed; `None` if it was changed, or sealed for
    /// something else.
    ///
    /// # Errors
    /// `Unavailable` if there is no key.
    pub(crate) async fn open(
        &self,
        purpose: &str,
        bound_to: &[&str],
        sealed: &str,
    ) -> Result<Option<String>> {
        // Every failure below has the same answer, `None`: a caller that learns why a forgery failed
        // learns how to make a better one.
        let Some((id, encoded)) = sealed.split_once('.') else {
            return Ok(None);
        };
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(encoded) else {
            return Ok(None);
        };
        // The key before the current one opens too, so that a rotation does not break what clients
        // hold. The `id` is not authenticated; a wrong one only finds no key.
        let keys = self.keys.verification_keys(Some(id)).await?;
        let bindings = self.encode_bindings(bound_to);
        Ok(keys
            .iter()
            .filter(|key| key.id() == id)
            .find_map(|key| open_with(key, purpose, &bindings, &bytes)))
    }

    /// Encodes the owner and the caller's own bindings as additional data, each list with its
    /// length before it.
    fn encode_bindings(&self, bound_to: &[&str]) -> Vec<u8> {
        let owner: Vec<_> = self.owner.iter().map(String::as_str).collect();
        [encode_parts(&owner), encode_parts(bound_to)].concat()
    }
}

fn open_with(key: &SigningKey, purpose: &str, bindings: &[u8], bytes: &[u8]) -> Option<String> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    let key = derive_subkey(key, purpose).ok()?;
    let text = key
        .open_in_place(nonce, Aad::from(bindings), &mut sealed)
        .ok()?;
    String::from_utf8(text.to_vec()).ok()
}

fn derive_subkey(key: &SigningKey, purpose: &str) -> Result<RandomizedNonceKey> {
    // One subkey for each purpose: a text sealed as a cursor can then never open as state, and the key
    // that signs tokens is used for HMAC alone.
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

/// Encodes the number of parts, and each part with its length before it, so that no two lists have
/// the same encoding.
fn encode_parts(parts: &[&str]) -> Vec<u8> {
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
    use crate::keys::FixedKey;

    fn sealer(secret: &[u8; 32]) -> Sealer {
        of(secret, "notes", None)
    }

    fn of(secret: &[u8; 32], app: &str, audience: Option<&str>) -> Sealer {
        Sealer::new(
            Arc::new(FixedKey::new(
                SigningKey::new(*secret).expect("long enough"),
            )),
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
