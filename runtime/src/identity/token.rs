//! Tokens as text: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256, read by [`verify_signature`].
//!
//! A header may not choose its algorithm: anything but HS256 is refused before a signature is looked at.

use std::sync::{Arc, LazyLock};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Denial;
use crate::error::{Error, Result};
use crate::keys::SigningKey;
use crate::secret::Secret;

/// The lifetime of an operator's token, in seconds.
const OPERATOR_SECONDS: u64 = 300;

/// The tolerated lead of an operator's clock over the server's, in seconds.
const SKEW_SECONDS: u64 = 60;

/// Checks for HS256 and nothing else; times and audience are checked by [`OwnTokens`](super::OwnTokens), against its clock.
static SIGNATURE_ALONE: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
});

/// The claims of a token (RFC 7519 §4.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TokenClaims {
    pub(super) sub: String,
    #[serde(
        default,
        deserialize_with = "date",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) iat: Option<u64>,
    #[serde(deserialize_with = "mandatory_date")]
    pub(super) exp: u64,
    #[serde(
        default,
        deserialize_with = "date",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) nbf: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) jti: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) aud: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
}

/// The holder of a token that belongs to no user ([`Claims`](super::Claims)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// An operator, whose token opens `/admin` and nothing else.
    Admin,
    /// A health probe, which discovers and lists and never calls.
    Probe,
}

impl Operator {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Probe => "probe",
        }
    }
}

impl TokenClaims {
    /// Returns the [`Operator`] whose token this is; `None` for a user's.
    pub(super) fn operator(&self) -> Option<Operator> {
        [Operator::Admin, Operator::Probe]
            .into_iter()
            .find(|operator| {
                self.sub == operator.as_str() && self.scope.as_deref() == Some(operator.as_str())
            })
    }

    /// Returns whether the token lives no longer than [`operator_token`] makes it, and was not issued for later.
    pub(super) fn is_short_lived(&self, now: u64) -> bool {
        self.iat.is_some_and(|issued| {
            issued <= now.saturating_add(SKEW_SECONDS)
                && self
                    .exp
                    .checked_sub(issued)
                    .is_some_and(|life| life <= OPERATOR_SECONDS)
        })
    }

    /// Returns whether `aud`, a string or a list of them (RFC 7519 §4.1.3), names this audience.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().any(|one| one == audience),
            _ => false,
        }
    }
}

/// Signs a token for an operator, good for five minutes.
///
/// # Errors
/// `Internal` if signing fails.
pub fn operator_token(
    key: &SigningKey,
    operator: Operator,
    audience: Option<&str>,
    now: u64,
) -> Result<Secret<String>> {
    let claims = TokenClaims {
        sub: operator.as_str().to_owned(),
        iat: Some(now),
        exp: now + OPERATOR_SECONDS,
        nbf: None,
        jti: Some(uuid::Uuid::new_v4().simple().to_string()),
        aud: audience.map(Into::into),
        scope: Some(operator.as_str().to_owned()),
    };
    sign(key, &claims)
}

pub(super) fn sign(key: &SigningKey, claims: &TokenClaims) -> Result<Secret<String>> {
    let header = Header {
        kid: Some(key.id().to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    encode(&header, claims, &EncodingKey::from_secret(key.secret()))
        .map(Secret::new)
        .map_err(|error| Error::internal("the token can't be signed").with_source(error))
}

/// Returns the `kid` of a token whose header says HS256 and asks for no extension: one that is critical must be understood,
/// and none is understood here (RFC 7515 §4.1.11).
pub(super) fn key_id(token: &str) -> Result<Option<String>, Denial> {
    let header = decode_header(token).map_err(|_| Denial::Malformed)?;
    let is_plain = header.alg == Algorithm::HS256 && header.crit.is_none();
    if is_plain {
        Ok(header.kid)
    } else {
        Err(Denial::Malformed)
    }
}

/// The claims of a token and the key that signed it.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) claims: Arc<TokenClaims>,
    pub(super) key: Arc<SigningKey>,
}

/// Verifies the signature of a token with each of these [`SigningKey`]s. Times and audience are still to be checked.
pub(super) fn verify_signature(keys: &[Arc<SigningKey>], token: &str) -> Result<Verified, Denial> {
    for key in keys {
        match decode::<TokenClaims>(
            token,
            &DecodingKey::from_secret(key.secret()),
            &SIGNATURE_ALONE,
        ) {
            Ok(data) if data.header.crit.is_some() => return Err(Denial::Malformed),
            Ok(data) => {
                return Ok(Verified {
                    claims: Arc::new(data.claims),
                    key: Arc::clone(key),
                });
            }
            Err(error)
                if matches!(
                    error.kind(),
                    jsonwebtoken::errors::ErrorKind::InvalidSignature
                ) => {}
            Err(_) => return Err(Denial::Malformed),
        }
    }
    Err(Denial::BadSignature)
}

/// Reads a `NumericDate` (RFC 7519 §2), which may have a fraction; we keep whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is what a date out of range should do"
)]
fn mandatory_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    f64::deserialize(deserializer).map(|seconds| seconds as u64)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    mandatory_date(deserializer).map(Some)
}
