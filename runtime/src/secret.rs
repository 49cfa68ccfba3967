//! Secrets: values that print as a [mask](MASK) and do not serialize.
//!
//! A [`Secret`] must never derive or forward a format of its value; the only ways out are
//! [`Secret::expose`] and [`exposed`], which a reader can search for. It does not serialize as a
//! mask either: a secret that was stored as its mask would be lost.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroize;

/// The text that is shown in place of a secret.
pub const MASK: &str = "********";

/// A value that prints as [`MASK`], does not serialize, and is wiped from memory when dropped.
///
/// To store one with a user's data, store its value: `data.put("token", token.expose())`, and read
/// it back with `data.get::<Secret<String>>("token")`. A field of a stored struct opts in by
/// [`exposed`].
///
/// ```compile_fail,E0277
/// use mcp_lambda::prelude::*;
///
/// async fn save(data: UserData, token: Secret<String>) -> Result<()> {
///     data.put("token", &token).await // no `Serialize`: `token.expose()` can be stored
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
    /// Creates a secret from a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value itself. The caller is responsible for every copy of it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        // The compiler may remove a plain overwrite of memory that is freed next; `zeroize` writes
        // volatile. Copies that a caller made of the exposed value are not reached.
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

/// Serialization of a [`Secret`] as its value, for a field of a stored struct:
/// `#[serde(with = "mcp_lambda::secret::exposed")]`.
///
/// An `Option` needs `#[serde(default)]` beside it, if the field may be left out.
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
/// let text = r#"{"refresh_token":"r1","expires":60}"#;
/// let session: Session = serde_json::from_str(text)?;
/// assert_eq!(session.refresh_token.to_string(), "********");
/// assert_eq!(serde_json::to_string(&session)?, text);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub mod exposed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Expose;

    /// Serializes the value of a secret.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<E: Expose, S: Serializer>(
        secret: &E,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.expose().serialize(serializer)
    }

    /// Deserializes a value into a secret.
    ///
    /// # Errors
    /// The deserializer's own.
    pub fn deserialize<'de, E: Expose + Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<E, D::Error> {
        E::deserialize(deserializer)
    }
}

/// A [`Secret`], or several, that the module [`exposed`](mod@exposed) can serialize.
///
/// ```
/// use mcp_lambda::Secret;
/// use mcp_lambda::secret::Expose;
///
/// let tokens = vec![Secret::new("a".to_owned()), Secret::new("b".to_owned())];
/// assert_eq!(tokens.expose(), ["a", "b"]);
/// ```
pub trait Expose {
    /// The serializable form of the value.
    type Value<'a>: Serialize
    where
        Self: 'a;

    /// Returns the value itself, or the values in their order.
    fn expose(&self) -> Self::Value<'_>;
}

impl<T: Zeroize + Serialize> Expose for Secret<T> {
    type Value<'a>
        = &'a T
    where
        Self: 'a;

    fn expose(&self) -> &T {
        Self::expose(self)
    }
}

impl<E: Expose> Expose for Option<E> {
    type Value<'a>
        = Option<E::Value<'a>>
    where
        Self: 'a;

    fn expose(&self) -> Self::Value<'_> {
        self.as_ref().map(E::expose)
    }
}

impl<E: Expose> Expose for Vec<E> {
    type Value<'a>
        = Vec<E::Value<'a>>
    where
        Self: 'a;

    fn expose(&self) -> Self::Value<'_> {
        self.iter().map(E::expose).collect()
    }
}

/// The schema of the value itself, marked `writeOnly` (JSON Schema 2020-12, Validation §9.4): by
/// this mark the admin API and the CLI mask fields of a [`Profile`](crate::Profile).
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
        struct Stored {
            #[serde(with = "exposed")]
            token: Secret<String>,
            #[serde(with = "exposed", default)]
            spare: Option<Secret<String>>,
            #[serde(with = "exposed")]
            more: Vec<Secret<String>>,
        }
        let stored = serde_json::json!({"token": "a", "spare": "b", "more": ["c"]});
        let read: Stored = serde_json::from_value(stored.clone()).expect("readable");
        assert_eq!(serde_json::to_value(&read).expect("writable"), stored);
        assert_eq!(read.token.expose(), "a");
    }
}
