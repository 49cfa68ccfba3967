//! Tokens as text: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256.
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

/// How long an operator's token lives, in seconds.
const OPERATOR_SECONDS: u64 = 300;

/// How far an operator's clock may be ahead of ours, in seconds.
const SKEW_SECONDS: u64 = 60;

/// HS256 and nothing else; what the claims say is checked by `Identity`, against its own clock.
static SIGNATURE_ALONE: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
});

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims {
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

/// A token that no user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Opens `/admin`, and nothing else does.
    Admin,
    /// Discovers and lists, and never calls.
    Probe,
}

impl Operator {
    const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Probe => "probe",
        }
    }
}

impl Claims {
    /// Whose token this is, if not a user's.
    pub(super) fn operator(&self) -> Option<Operator> {
        [Operator::Admin, Operator::Probe]
            .into_iter()
            .find(|operator| {
                self.sub == operator.word() && self.scope.as_deref() == Some(operator.word())
            })
    }

    /// Whether an operator's token is as short-lived as those that are made here, and not made for later.
    pub(super) fn is_short_lived(&self, now: u64) -> bool {
        self.iat.is_some_and(|issued| {
            issued <= now.saturating_add(SKEW_SECONDS)
                && self
                    .exp
                    .checked_sub(issued)
                    .is_some_and(|life| life <= OPERATOR_SECONDS)
        })
    }

    /// Whether `aud`, a string or a list of them (RFC 7519 §4.1.3), names this audience.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().any(|one| one == audience),
            _ => false,
        }
    }
}

/// A token for an operator, from the signing key: good for five minutes.
///
/// # Errors
/// `Internal` if signing fails.
pub fn operator_token(
    key: &SigningKey,
    operator: Operator,
    audience: Option<&str>,
    now: u64,
) -> Result<Secret<String>> {
    let claims = Claims {
        sub: operator.word().to_owned(),
        iat: Some(now),
        exp: now + OPERATOR_SECONDS,
        nbf: None,
        jti: Some(uuid::Uuid::new_v4().simple().to_string()),
        aud: audience.map(Into::into),
        scope: Some(operator.word().to_owned()),
    };
    sign(key, &claims)
}

pub(super) fn sign(key: &SigningKey, claims: &Claims) -> Result<Secret<String>> {
    let header = Header {
        kid: Some(key.id().to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    encode(&header, claims, &EncodingKey::from_secret(key.secret()))
        .map(Secret::new)
        .map_err(|error| Error::internal("the token can't be signed").with_source(error))
}

/// The `kid` of a token that claims to be HS256 and asks for no extension: one that is critical must be understood, and we
/// understand none (RFC 7515 §4.1.11).
pub(super) fn key_id(token: &str) -> Result<Option<String>, Denial> {
    let header = decode_header(token).map_err(|_| Denial::Malformed)?;
    let is_plain = header.alg == Algorithm::HS256 && header.crit.is_none();
    if is_plain {
        Ok(header.kid)
    } else {
        Err(Denial::Malformed)
    }
}

/// What a token says, and the key that signed it.
pub(super) struct Verified {
    pub(super) claims: Claims,
    pub(super) key: Arc<SigningKey>,
}

/// The claims of a token that one of these keys signed. Header, times and audience are still to be checked.
pub(super) fn verify(keys: &[Arc<SigningKey>], token: &str) -> Result<Verified, Denial> {
    for key in keys {
        match decode::<Claims>(
            token,
            &DecodingKey::from_secret(key.secret()),
            &SIGNATURE_ALONE,
        ) {
            Ok(data) if data.header.crit.is_some() => return Err(Denial::Malformed),
            Ok(data) => {
                return Ok(Verified {
                    claims: data.claims,
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
