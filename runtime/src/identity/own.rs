//! [`OwnTokens`], the verifier of the tokens that this server and its CLI sign.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::signatures::Signatures;
use super::token::{TokenClaims, Verified, key_id, verify_signature};
use super::{Challenge, Claims, Credential, Denial, Operator, Verdict, Verifier};
use crate::clock::Clock;
use crate::error::Result;
use crate::keys::{SigningKey, SigningKeys};
use crate::user::{Scopes, is_reserved};

/// The [`Verifier`] of tokens signed by one of the server's own keys (JSON Web Tokens, HS256).
pub(crate) struct OwnTokens {
    keys: Arc<dyn SigningKeys>,
    clock: Arc<dyn Clock>,
    audience: Option<String>,
    signatures: Signatures,
}

impl OwnTokens {
    /// Creates a verifier of tokens signed by these [`SigningKeys`], and for this audience if one is given.
    #[must_use]
    pub(crate) fn new(
        keys: Arc<dyn SigningKeys>,
        clock: Arc<dyn Clock>,
        audience: Option<String>,
    ) -> Self {
        Self {
            keys,
            clock,
            audience,
            signatures: Signatures::new(),
        }
    }

    /// Returns the audience that tokens must carry, if one is set.
    #[must_use]
    pub(crate) fn audience(&self) -> Option<&str> {
        self.audience.as_deref()
    }

    /// Returns whether this is the key that signs now, as of a minute ago or less.
    pub(super) async fn is_current_fresh(&self, key: &SigningKey) -> Result<bool> {
        Ok(self.keys.current_fresh().await?.id() == key.id())
    }

    /// Checks signature, times and audience. The outer error is an outage, the inner one a [`Denial`].
    pub(super) async fn examine(&self, token: &str) -> Result<Result<Verified, Denial>> {
        let keys = self.keys.verification_keys(None).await?;
        if let Some(verified) = self.signatures.find(token, &keys, self.clock.now()) {
            return Ok(self.check(&verified.claims).map(|()| verified));
        }
        let verified = match verify_signature(&keys, token) {
            Err(Denial::BadSignature) => self.verify_by_newer_key(token).await?,
            verified => verified,
        };
        Ok(verified.and_then(|verified| {
            self.signatures.insert(token, &verified);
            self.check(&verified.claims).map(|()| verified)
        }))
    }

    /// Verifies with the keys as they are now: the token may name a key that is newer than those in memory.
    async fn verify_by_newer_key(&self, token: &str) -> Result<Result<Verified, Denial>> {
        let id = match key_id(token) {
            Ok(id) => id,
            Err(denial) => return Ok(Err(denial)),
        };
        let keys = self.keys.verification_keys(id.as_deref()).await?;
        Ok(verify_signature(&keys, token))
    }

    fn check(&self, claims: &TokenClaims) -> Result<(), Denial> {
        let now = self.clock.now();
        if claims.exp <= now {
            return Err(Denial::Expired);
        }
        if claims.nbf.is_some_and(|from| from > now) {
            return Err(Denial::NotYetValid);
        }
        match &self.audience {
            Some(audience) if !claims.is_for(audience) => Err(Denial::WrongAudience),
            _ => Ok(()),
        }
    }

    /// Refuses an operator's token that lives longer than operators' tokens do.
    pub(super) fn check_operator(&self, claims: &TokenClaims) -> Result<(), Denial> {
        if claims.is_short_lived(self.clock.now()) {
            Ok(())
        } else {
            Err(Denial::LongLived)
        }
    }

    /// Converts the claims of a verified token to [`Claims`].
    pub(super) fn claims(&self, token: &TokenClaims) -> Result<Claims, Denial> {
        let issued_at = token.iat.unwrap_or_default();
        if let Some(operator) = token.operator() {
            if operator == Operator::Probe {
                self.check_operator(token)?;
            }
            return Ok(Claims::operator(operator, issued_at));
        }
        let email = token.sub.parse().map_err(|_| Denial::BadSubject)?;
        if token.scope.as_deref().is_some_and(is_reserved) {
            return Err(Denial::BadSubject);
        }
        let scopes = Scopes::from_claim(token.scope.as_deref());
        let claims = Claims::user(email, issued_at).with_scopes(scopes);
        Ok(Claims {
            token_id: token.jti.clone(),
            ..claims
        })
    }
}

#[async_trait]
impl Verifier for OwnTokens {
    async fn verify(&self, credential: &Credential) -> Result<Verdict> {
        let Some(token) = credential.token() else {
            return Ok(Verdict::Unrecognized);
        };
        let examined = self.examine(token).await?;
        Ok(
            match examined.and_then(|verified| self.claims(&verified.claims)) {
                Ok(claims) => Verdict::Valid(claims),
                Err(denial) if denial.is_of_signed_token() => {
                    Verdict::Refused(denial.into_reason())
                }
                Err(_) => Verdict::Unrecognized,
            },
        )
    }

    fn challenge(&self) -> Challenge {
        Challenge::bearer()
    }
}

impl fmt::Debug for OwnTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnTokens")
            .field("keys", &self.keys)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
