//! The [profile](Profile) of a user: its schema, its check, its merge and its mask.
//!
//! A message from here names fields and never values: a profile is where credentials live.

use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::secret::MASK;

/// The profile type that an app declares by [`App::profile`](crate::App::profile), without its Rust
/// type.
///
/// ```
/// use mcp_lambda::secret::MASK;
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::profile::ProfileType;
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Account {
///     token: Secret<String>,
///     language: Option<String>,
/// }
///
/// let profile = ProfileType::of::<Account>();
/// assert!(profile.validate(&json!({"language": "nb"})).is_err(), "the token is missing");
/// let shown = profile.mask(json!({"token": "s3cret", "language": "nb"}));
/// assert_eq!(shown, json!({"token": MASK, "language": "nb"}));
/// ```
#[derive(Clone)]
#[doc(hidden)] // For the admin CLI and our tests.
pub struct ProfileType {
    schema: Value,
    check: fn(&Value) -> Result<()>,
}

impl ProfileType {
    /// Makes the [profile](Profile) type `T`.
    #[must_use]
    pub fn of<T: DeserializeOwned + JsonSchema>() -> Self {
        Self {
            schema: schemars::schema_for!(T).to_value(),
            check: |profile| hydrate::<T>(Some(profile)).map(drop),
        }
    }

    /// Returns the JSON Schema (draft 2020-12) of the [profile](Profile).
    #[must_use]
    pub const fn schema(&self) -> &Value {
        &self.schema
    }

    /// Checks a whole profile: an object without unknown fields, each of which the type can read.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the field.
    pub fn validate(&self, profile: &Value) -> Result<()> {
        let fields = profile
            .as_object()
            .ok_or_else(|| Error::invalid("`profile` must be a JSON object"))?;
        // Serde ignores unknown fields, and a mistyped `tokn` would then be stored and never read: an
        // operator would look for the cause in the tools.
        let unknown = fields.keys().find(|name| !self.declares(name));
        match unknown {
            Some(name) => Err(Error::invalid(format!(
                "profile field `{name}` is unknown; {}",
                self.list_names()
            ))),
            None => (self.check)(profile),
        }
    }

    /// Masks everything that the type does not declare, or marks as [secret](crate::Secret).
    #[must_use]
    pub fn mask(&self, mut profile: Value) -> Value {
        mask(
            &mut profile,
            &applicable(&self.schema, &self.schema),
            &self.schema,
        );
        profile
    }

    fn declares(&self, name: &str) -> bool {
        // JSON Schema lets an object without `additionalProperties` have any (core §10.3.2.3), and
        // schemars writes none for a plain struct. A profile is the app's own, so only a type that
        // asks for others, by a map or `#[serde(flatten)]`, has them.
        let is_closed = self
            .schema
            .get("additionalProperties")
            .is_none_or(|allowed| allowed == &Value::Bool(false));
        !is_closed
            || self
                .properties()
                .is_none_or(|fields| fields.contains_key(name))
    }

    fn properties(&self) -> Option<&Map<String, Value>> {
        self.schema.get("properties")?.as_object()
    }

    fn list_names(&self) -> String {
        let names: Vec<_> = self
            .properties()
            .into_iter()
            .flat_map(Map::keys)
            .map(|name| format!("`{name}`"))
            .collect();
        format!("the fields are {}", names.join(", "))
    }
}

impl fmt::Debug for ProfileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileType")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// The caller's profile as a `T`; an extractor ([`FromCall`](crate::call::FromCall)).
///
/// A stored profile that does not fit `T` makes such a tool answer with an error that names the
/// field; other tools go on.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// pub struct Account {
///     /// Token for the upstream.
///     token: Secret<String>,
///     /// The language of answers.
///     language: Option<String>,
/// }
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Names the language of the caller.
///     #[tool(read_only)]
///     pub async fn language(account: Profile<Account>) -> String {
///         account.language.clone().unwrap_or_else(|| "en".to_owned())
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("hello").profile::<Account>().tools(tools::tools())).await;
///     let alice = app.user("alice@example.com").profile(json!({"token": "t", "language": "nb"})).await;
///     assert_eq!(alice.call("language", json!({})).await.tool_text(), "nb");
/// });
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Profile<T>(pub T);

impl<T> Deref for Profile<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Reads a stored profile as the app's type; no profile reads as an empty one.
///
/// ```
/// use mcp_lambda::profile::hydrate;
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Account {
///     port: Option<u16>,
/// }
///
/// assert_eq!(hydrate::<Account>(None).unwrap().port, None);
/// let error = hydrate::<Account>(Some(&json!({"port": "s3cret"}))).err().unwrap();
/// assert_eq!(error.message(), "profile field `port` does not fit: expected u16");
/// ```
///
/// # Errors
/// [`Invalid`](crate::ErrorKind::Invalid), naming the field and not its value.
#[doc(hidden)]
pub fn hydrate<T: DeserializeOwned>(profile: Option<&Value>) -> Result<T> {
    // A type whose fields are all optional works for users without a profile; one with a required
    // field then fails by naming it, which tells an operator what to set.
    let empty = Value::Object(Map::new());
    serde_path_to_error::deserialize(profile.unwrap_or(&empty)).map_err(|error| {
        let path = error.path().to_string();
        Error::invalid(describe(&path, &error.into_inner().to_string()))
    })
}

/// Merges a patch into a [profile](Profile) by RFC 7396: `null` removes a key, objects merge, all
/// else replaces.
///
/// ```
/// use serde_json::json;
///
/// let mut profile = json!({"token": "old", "nested": {"a": 1, "b": 2}});
/// mcp_lambda::profile::merge(&mut profile, &json!({"token": "new", "nested": {"a": null}}));
/// assert_eq!(profile, json!({"token": "new", "nested": {"b": 2}}));
/// ```
#[doc(hidden)]
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    // An object patches even what is none: it merges into an empty object, so that a `null` within
    // it is never stored (RFC 7396 §2).
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Rewrites serde's complaint about a profile without the value that it quotes.
fn describe(path: &str, complaint: &str) -> String {
    if let Some(field) = complaint.strip_prefix("missing field ") {
        return format!("the profile needs {field}");
    }
    // Of `invalid type: string "s3cret", expected u64` only what was expected may be shown: the value
    // may be a credential that was put into the wrong field.
    let expected = complaint
        .rsplit_once(", expected ")
        .map_or("another value", |(_, expected)| expected);
    format!("profile field `{path}` does not fit: expected {expected}")
}

/// Checks a whole profile against the type that an app declares; without one, any object is valid.
///
/// # Errors
/// As [`ProfileType::validate`].
pub(crate) fn check_profile(declared: Option<&ProfileType>, profile: Option<&Value>) -> Result<()> {
    let empty = Value::Object(serde_json::Map::new());
    match (declared, profile) {
        (Some(declared), profile) => declared.validate(profile.unwrap_or(&empty)),
        (None, None | Some(Value::Object(_))) => Ok(()),
        (None, Some(_)) => Err(Error::invalid("`profile` must be a JSON object")),
    }
}

/// Masks every value of a [profile](Profile) without a declared type; its names stay.
#[must_use]
pub(crate) fn mask_whole(mut profile: Value) -> Value {
    if let Value::Object(fields) = &mut profile {
        fields
            .values_mut()
            .for_each(|field| mask(field, &[], &Value::Null));
    }
    profile
}

/// Masks a value, all the way down, except for what these schemas declare and none of them marks as
/// [secret](is_secret).
fn mask(value: &mut Value, schemas: &[&Value], root: &Value) {
    // A value may be of any of several schemas, and which one it is can't be told for sure: one that
    // says secret is enough. An undeclared value is masked whole, since the names inside of it may
    // be somebody's too.
    let is_hidden = schemas.is_empty() || schemas.iter().any(|schema| is_secret(schema));
    if is_hidden && !value.is_null() {
        *value = Value::from(MASK);
        return;
    }
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| {
            mask_member(field, schemas, root, &|schema| field_schema(schema, name));
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| {
            mask_member(item, schemas, root, &|schema| schema.get("items"));
        }),
        Value::Null => {}
        // A scalar of another type than the declared one is left from an older version of the type, in
        // which the field may have been a secret.
        scalar => {
            if !schemas.iter().any(|schema| declares(schema, scalar)) {
                *scalar = Value::from(MASK);
            }
        }
    }
}

/// Masks a field or an entry by the schemas that those of the value around it declare for it.
fn mask_member<'a>(
    member: &mut Value,
    schemas: &[&'a Value],
    root: &'a Value,
    find: &dyn Fn(&'a Value) -> Option<&'a Value>,
) {
    let declared = schemas.iter().filter_map(|schema| find(schema));
    let declared: Vec<_> = declared
        .flat_map(|schema| applicable(schema, root))
        .collect();
    mask(member, &declared, root);
}

/// Returns the schema of an object's field; of one that it does not name, the schema of all others.
fn field_schema<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let named = schema
        .get("properties")
        .and_then(|properties| properties.get(name));
    named.or_else(|| schema.get("additionalProperties"))
}

/// Returns `true` if a schema declares values of a scalar's type. One that allows anything declares
/// nothing.
fn declares(schema: &Value, scalar: &Value) -> bool {
    let kind = match scalar {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        _ => "number",
    };
    let is_kind = |named: &Value| named == kind || (named == "integer" && scalar.is_number());
    let is_listed = |word: &str| {
        schema
            .get(word)
            .and_then(Value::as_array)
            .is_some_and(|all| all.contains(scalar))
    };
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_kind),
        Some(named) => is_kind(named),
        None => is_listed("enum") || schema.get("const") == Some(scalar),
    }
}

/// The greatest depth of references and alternatives that are followed: a recursive type has no end.
const MAX_STEPS: usize = 16;

/// Returns every schema that may apply to a value: this one, its reference's target, and its
/// alternatives.
fn applicable<'a>(schema: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    let mut found = Vec::new();
    gather(schema, root, MAX_STEPS, &mut found);
    found
}

/// Adds a schema and all that it leads to, in at most this many steps.
fn gather<'a>(schema: &'a Value, root: &'a Value, steps: usize, found: &mut Vec<&'a Value>) {
    found.push(schema);
    let Some(steps) = steps.checked_sub(1) else {
        return;
    };
    let target = follow_reference(schema, root);
    if !std::ptr::eq(target, schema) {
        gather(target, root, steps, found);
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        let alternatives = schema
            .get(word)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        alternatives.for_each(|alternative| gather(alternative, root, steps, found));
    }
}

/// Returns `true` if a schema marks its value as secret, as that of [`Secret`](crate::Secret) does.
#[must_use]
#[doc(hidden)]
pub fn is_secret(schema: &Value) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
        || schema.get("format") == Some(&Value::from("password"))
}

/// Returns the [schema](ProfileType::schema) behind a reference; any other as it is.
#[must_use]
#[doc(hidden)]
pub fn follow_reference<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let pointer = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::secret::Secret;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Account {
        token: Secret<String>,
        spare: Option<Secret<String>>,
        port: Option<u16>,
        nested: Option<Nested>,
        spares: Option<Vec<Secret<String>>>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Nested {
        password: Secret<String>,
        name: String,
    }

    #[test]
    fn faults_name_the_field_and_never_the_value() {
        let profile = ProfileType::of::<Account>();
        for (given, expected) in [
            (json!({}), "the profile needs `token`"),
            (
                json!({"token": "t", "port": "s3cret"}),
                "profile field `port` does not fit: expected u16",
            ),
            (
                json!({"token": 7}),
                "profile field `token` does not fit: expected a string",
            ),
            (
                json!({"tokn": "t"}),
                "profile field `tokn` is unknown; the fields are `nested`, `port`, `spare`, `spares`, `token`",
            ),
            (json!("s3cret"), "`profile` must be a JSON object"),
        ] {
            let error = profile.validate(&given).expect_err("does not fit");
            assert_eq!(error.message(), expected);
        }
        profile.validate(&json!({"token": "t"})).expect("fits");
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let given = json!({"token": "a", "spare": "b", "port": 1, "nested": {"password": "c", "name": "n"}, "spares": ["d"]});
        let masked = ProfileType::of::<Account>().mask(given);
        let nested = json!({"password": MASK, "name": "n"});
        assert_eq!(
            masked,
            json!({"token": MASK, "spare": MASK, "port": 1, "nested": nested, "spares": [MASK]})
        );
    }

    #[test]
    fn what_the_type_does_not_declare_is_masked() {
        let given = json!({
            "token": "a", "port": "a secret of an older version", "pat": "b", "nested": {"name": "n", "old": ["c", {"d": 1}]},
            "spares": {"e": "f"}, "flag": true, "nothing": null,
        });
        let masked = ProfileType::of::<Account>().mask(given);
        let nested = json!({"name": "n", "old": MASK});
        let expected = json!({
            "token": MASK, "port": MASK, "pat": MASK, "nested": nested, "spares": {"e": MASK}, "flag": MASK, "nothing": null,
        });
        assert_eq!(masked, expected);
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Loose {
        labels: std::collections::BTreeMap<String, String>,
        anything: Value,
        level: Level,
        choice: Choice,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        /// Speaks.
        Loud,
        /// Does not.
        Quiet,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its shape matters")]
    enum Choice {
        Plain { name: String },
        Hidden { name: Secret<String> },
    }

    #[test]
    fn maps_and_words_are_declared_and_anything_at_all_is_not() {
        let given = json!({
            "labels": {"team": "blue"}, "anything": {"key": "hush"}, "level": "quiet", "choice": {"name": "which of the two?"},
        });
        let expected = json!({
            "labels": {"team": "blue"}, "anything": {"key": MASK}, "level": "quiet", "choice": {"name": MASK},
        });
        assert_eq!(ProfileType::of::<Loose>().mask(given), expected);
    }

    #[test]
    fn without_a_type_names_are_shown_and_no_value() {
        let given =
            json!({"pat": "a", "n": 1, "b": false, "list": ["c", null], "deep": {"d": {"e": "f"}}});
        let expected = json!({"pat": MASK, "n": MASK, "b": MASK, "list": MASK, "deep": MASK});
        assert_eq!(mask_whole(given), expected);
    }

    #[test]
    fn merging_follows_rfc_7396() {
        let mut target = json!({"a": "b", "c": {"d": "e", "f": "g"}});
        merge(&mut target, &json!({"a": "z", "c": {"f": null}}));
        assert_eq!(target, json!({"a": "z", "c": {"d": "e"}}));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect()))
        })
    }

    proptest! {
        #[test]
        fn merging_twice_is_merging_once(mut target in any_json(), patch in any_json()) {
            merge(&mut target, &patch);
            let once = target.clone();
            merge(&mut target, &patch);
            prop_assert_eq!(target, once);
        }
    }
}
