//! Values that must not be seen: every way of printing or serializing them gives a mask.
//!
//! A secret must never derive or forward a format of what it holds; the only way out is [`Secret::expose`], which a
//! reader can search for.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

/// What is shown in place of a secret.
pub const MASK: &str = "********";

/// A value that prints and serializes as [`MASK`] and is wiped from memory when dropped.
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

impl<T: Zeroize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
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
        let json = serde_json::to_string(&secret).expect("a mask serializes");
        for shown in [format!("{secret}"), format!("{secret:?}"), format!("{secret:#?}"), json] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
