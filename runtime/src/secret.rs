//! Values that must not be seen: every way of printing them gives a mask, and none serializes them.
//!
//! A secret must never derive or forward a format of what it holds; the only ways out are [`Secret::expose`] and
//! [`exposed`], which a reader can search for. It does not serialize as a mask either: what is kept so would be lost.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroize;

/// What is shown in place of a secret.
pub const MASK: &str = "********";

/// A value that prints as [`MASK`], does not serialize, and is wiped from memory when dropped.
///
/// To keep one with a user's data, keep what it exposes: `data.put("token", token.expose())`, and read it back with
/// `data.get::<Secret<String>>("token")`. A field of a struct that is kept says so by [`exposed`].
///
/// ```compile_fail,E0277
/// use mcp_lambda::prelude::*;
///
/// async fn keep(data: UserData, token: Secret<String>) -> Result<()> {
///     data.put("token", &token).await // no `Serialize`: `token.expose()` is what can be kept
/// }
/// ```
///
/// ```
/// use mcp_lambda::Secret;
///
/// let token = Secret::new(String::from("ghp_abc"));
/// assert_eq!(format!("{token} {token:?}"), "******** ********");
/// assert_eq!(token.expose(), "ghp_abc");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize = String>(T);

impl<T: Zeroize> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// A secret that is serialized as its value, for a field of what is kept: `#[serde(with = "mcp_lambda::secret::exposed")]`.
///
/// On an `Option` serde asks for `#[serde(default)]` beside it, if the field may be left out.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::secret::exposed;
///
/// #[derive(Serialize, Deserialize)]
/// struct Session {
///     #[serde(with = "exposed")]
///     refresh_token: Secret<String>,
///     expires: u64,
/// }
///
/// async fn keep(data: &UserData, session: &Session) -> Result<()> {
///     data.put("session", session).await
/// }
/// ```
pub mod exposed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Exposed;

    /// Writes the value that is hidden.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<E: Exposed, S: Serializer>(
        secret: &E,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.exposed().serialize(serializer)
    }

    /// Reads a value and hides it.
    ///
    /// # Errors
    /// The deserializer's own.
    pub fn deserialize<'de, E: Exposed + Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<E, D::Error> {
        E::deserialize(deserializer)
    }
}

/// A secret, or several, that [`exposed`] can serialize.
pub trait Exposed {
    /// What is hidden.
    type Value<'a>: Serialize
    where
        Self: 'a;

    /// The value itself.
    fn exposed(&self) -> Self::Value<'_>;
}

impl<T: Zeroize + Serialize> Exposed for Secret<T> {
    type Value<'a>
        = &'a T
    where
        Self: 'a;

    fn exposed(&self) -> &T {
        self.expose()
    }
}

impl<E: Exposed> Exposed for Option<E> {
    type Value<'a>
        = Option<E::Value<'a>>
    where
        Self: 'a;

    fn exposed(&self) -> Self::Value<'_> {
        self.as_ref().map(E::exposed)
    }
}

impl<E: Exposed> Exposed for Vec<E> {
    type Value<'a>
        = Vec<E::Value<'a>>
    where
        Self: 'a;

    fn exposed(&self) -> Self::Value<'_> {
        self.iter().map(E::exposed).collect()
    }
}

/// The schema of the value itself, marked `writeOnly` (JSON Schema 2020-12, Validation §9.4): this is how the admin
/// API and the CLI know which profile fields to mask.
impl<T: Zeroize + JsonSchema> JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Secret_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("writeOnly".into(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_format_shows_the_value() {
        let secret = Secret::new("hunter2".to_owned());
        for shown in [
            format!("{secret}"),
            format!("{secret:?}"),
            format!("{secret:#?}"),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
    #[test]
    fn what_says_so_is_kept_as_it_is() {
        #[derive(Serialize, Deserialize)]
        struct Kept {
            #[serde(with = "exposed")]
            token: Secret<String>,
            #[serde(with = "exposed", default)]
            spare: Option<Secret<String>>,
            #[serde(with = "exposed")]
            more: Vec<Secret<String>>,
        }
        let kept = serde_json::json!({"token": "a", "spare": "b", "more": ["c"]});
        let read: Kept = serde_json::from_value(kept.clone()).expect("readable");
        assert_eq!(serde_json::to_value(&read).expect("writable"), kept);
        assert_eq!(read.token.expose(), "a");
    }
}
