//! [`Signatures`] that were verified, remembered by a digest of the token.
//!
//! The memory says that a key signed these claims, and nothing else: times, audience and revocation are judged anew
//! at every request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::token::Verified;
use crate::keys::SigningKey;

/// The number of tokens that one generation holds: two of them stay below about one megabyte.
const GENERATION: usize = 512;

/// The longest token that is remembered, in bytes; a longer one is verified each time.
const MAX_TOKEN_BYTES: usize = 4_096;

type TokenDigest = [u8; 32];

/// A bounded memory of verified signatures.
pub(super) struct Signatures {
    seed: [u8; 32],
    generations: Mutex<Generations>,
}

/// Entries in two generations: when the young one is full it becomes the old one, and what nobody used since is dropped.
#[derive(Default)]
struct Generations {
    young: HashMap<TokenDigest, Verified>,
    old: HashMap<TokenDigest, Verified>,
}

impl Signatures {
    pub(super) fn new() -> Self {
        let mut seed = [0; 32];
        for half in seed.chunks_exact_mut(16) {
            half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        }
        Self {
            seed,
            generations: Mutex::default(),
        }
    }

    /// Returns the claims of a token whose signature one of these keys has verified ([`Signatures::insert`]) and whose
    /// `exp` is after `now`.
    pub(super) fn find(&self, token: &str, keys: &[Arc<SigningKey>], now: u64) -> Option<Verified> {
        let digest = self.digest(token)?;
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let verified = generations.take(&digest)?;
        // A key that verifies no more has been rotated out. Everything is dropped then, for a tampered memory of what it
        // signed is worth nothing, and the tokens of the other keys are verified again within their next request.
        if !keys.iter().any(|key| key.id() == verified.key.id()) {
            *generations = Generations::default();
            return None;
        }
        if verified.claims.exp <= now {
            return None;
        }
        generations.insert(digest, verified.clone());
        Some(verified)
    }

    /// Remembers a token whose signature has just been verified.
    pub(super) fn insert(&self, token: &str, verified: &Verified) {
        if let Some(digest) = self.digest(token) {
            let mut generations = self
                .generations
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            generations.insert(digest, verified.clone());
        }
    }

    /// Hashes a token with a seed of this process, if it is short enough to be remembered.
    ///
    /// The map compares digests byte by byte, which takes longer the more of them agree. Nobody outside knows the seed, so
    /// nobody can choose tokens by their digests, and the time says nothing about a token.
    fn digest(&self, token: &str) -> Option<TokenDigest> {
        let is_short = token.len() <= MAX_TOKEN_BYTES;
        is_short.then(|| {
            Sha256::new()
                .chain_update(self.seed)
                .chain_update(token)
                .finalize()
                .into()
        })
    }
}

impl Generations {
    fn take(&mut self, digest: &TokenDigest) -> Option<Verified> {
        self.young
            .remove(digest)
            .or_else(|| self.old.remove(digest))
    }

    fn insert(&mut self, digest: TokenDigest, verified: Verified) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::token::TokenClaims;

    fn key(byte: u8) -> Arc<SigningKey> {
        Arc::new(SigningKey::new([byte; 32]).expect("long enough"))
    }

    fn verified(key: &Arc<SigningKey>) -> Verified {
        let claims = TokenClaims {
            sub: "alice@example.com".to_owned(),
            iat: None,
            exp: 100,
            nbf: None,
            jti: None,
            aud: None,
            scope: None,
        };
        Verified {
            claims: Arc::new(claims),
            key: Arc::clone(key),
        }
    }

    #[test]
    fn a_token_is_remembered_until_it_expires_and_no_other_is_found() {
        let signatures = Signatures::new();
        let keys = [key(1)];
        signatures.insert("a.b.c", &verified(&keys[0]));
        assert!(signatures.find("a.b.c", &keys, 99).is_some());
        assert!(signatures.find("a.b.d", &keys, 99).is_none());
        assert!(signatures.find("a.b.c", &keys, 100).is_none());
    }

    #[test]
    fn nothing_is_remembered_of_a_key_that_was_rotated_out() {
        let signatures = Signatures::new();
        let [old, new] = [key(1), key(2)];
        signatures.insert("a.b.c", &verified(&old));
        let both = [Arc::clone(&new), Arc::clone(&old)];
        assert!(signatures.find("a.b.c", &both, 1).is_some());
        assert!(signatures.find("a.b.c", &[new], 1).is_none());
        assert!(
            signatures.find("a.b.c", &both, 1).is_none(),
            "forgotten, also if the key comes back"
        );
    }

    #[test]
    fn the_number_of_tokens_is_bounded_and_used_ones_stay() {
        let signatures = Signatures::new();
        let keys = [key(1)];
        signatures.insert("used", &verified(&keys[0]));
        for number in 0..10 * GENERATION {
            signatures.insert(&number.to_string(), &verified(&keys[0]));
            assert!(signatures.find("used", &keys, 1).is_some());
        }
        let generations = signatures.generations.lock().expect("no panic");
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }

    #[test]
    fn a_long_token_is_not_remembered() {
        let signatures = Signatures::new();
        let (keys, long) = ([key(1)], "x".repeat(MAX_TOKEN_BYTES + 1));
        signatures.insert(&long, &verified(&keys[0]));
        assert!(signatures.find(&long, &keys, 1).is_none());
    }
}
