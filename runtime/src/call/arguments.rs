//! The [arguments](Arguments) of a typed function: their schema when the app is built, their values when it is called.
//!
//! They are taken one by one rather than as one derived type, so that an error names the argument, and so that a type that
//! can't be one is refused by the compiler in one sentence.

use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::printable::shorten;
use crate::schema::{Constraints, Purpose, Violation, coerce, normalize, to_json_terms, violation};

use super::StateType;

/// A type that a client can send as an argument: every type with `Deserialize` and [`JsonSchema`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a tool",
    label = "not something a model can give",
    note = "derive `Deserialize` and `JsonSchema` for it"
)]
pub trait Argument: DeserializeOwned + JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> Argument for T {}

/// Builds the JSON Schema of a handler's arguments, for one that no macro writes.
///
/// ```
/// use mcp_lambda::call::ArgumentSchema;
///
/// let mut schema = ArgumentSchema::default();
/// schema.argument::<String>("text", "The text.");
/// schema.argument::<Option<u32>>("limit", "");
/// let schema = schema.finish();
/// assert_eq!(schema["properties"]["text"]["description"], "The text.");
/// assert_eq!(schema["required"], serde_json::json!(["text"]));
/// ```
#[derive(Debug)]
pub struct ArgumentSchema {
    generator: SchemaGenerator,
    names: Vec<String>,
    properties: Map<String, Value>,
    required: Vec<Value>,
    states: Vec<StateType>,
}

impl Default for ArgumentSchema {
    fn default() -> Self {
        let generator = SchemaSettings::draft2020_12().into_generator();
        Self {
            generator,
            names: Vec::new(),
            properties: Map::new(),
            required: Vec::new(),
            states: Vec::new(),
        }
    }
}

impl ArgumentSchema {
    /// Adds an argument; one that reads from nothing, as an `Option` does, is optional.
    pub fn argument<T: Argument>(&mut self, name: &str, description: &str) {
        self.insert::<T>(name, description, None);
        if T::deserialize(&Value::Null).is_err() {
            self.required.push(Value::from(name));
        }
    }

    /// Adds an optional argument with a default.
    #[doc(hidden)]
    pub fn argument_or<T: Argument + Serialize>(
        &mut self,
        name: &str,
        description: &str,
        default: &T,
    ) {
        self.insert::<T>(name, description, serde_json::to_value(default).ok());
    }

    /// Adds constraints to the argument of this name, which must have been added before.
    #[doc(hidden)]
    pub fn constrain(&mut self, name: &str, constraints: &Constraints) {
        if let Some(Value::Object(property)) = self.properties.get_mut(name) {
            property.extend(constraints.to_schema());
        }
    }

    /// Declares that an extractor of the function needs the app's state of this type ([`State`](super::State)).
    pub fn state<T: 'static>(&mut self) {
        self.states.push(StateType::of::<T>());
    }

    /// Returns the types of the states that the function's extractors need.
    #[must_use]
    #[doc(hidden)]
    pub fn states(&self) -> &[StateType] {
        &self.states
    }

    /// Returns the names, in the order in which the arguments were added.
    #[must_use]
    #[doc(hidden)]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the schema of an object, [normalized](normalize()) for common clients.
    #[must_use]
    pub fn finish(mut self) -> Value {
        let mut schema = json!({ "type": "object", "properties": self.properties });
        if !self.required.is_empty() {
            schema["required"] = Value::Array(self.required);
        }
        schema["$defs"] = Value::Object(self.generator.take_definitions(true));
        normalize(schema, Purpose::Arguments)
    }

    fn insert<T: Argument>(&mut self, name: &str, description: &str, default: Option<Value>) {
        let mut schema = self.generator.subschema_for::<T>();
        if !description.is_empty() {
            schema.insert("description".into(), description.into());
        }
        if let Some(default) = default {
            schema.insert("default".into(), default);
        }
        self.names.push(name.to_owned());
        self.properties.insert(name.to_owned(), schema.to_value());
    }
}

/// The arguments of one call, taken one by one.
///
/// They were read as their schema means them when the call was resolved: a prompt's and a resource's text is a number here
/// where a number is due.
#[derive(Debug)]
pub struct Arguments {
    primitive: &'static str,
    name: String,
    values: Arc<Map<String, Value>>,
}

impl Arguments {
    /// Wraps the arguments of a call of this primitive and name.
    #[must_use]
    pub(super) const fn new(
        primitive: &'static str,
        name: String,
        values: Arc<Map<String, Value>>,
    ) -> Self {
        Self {
            primitive,
            name,
            values,
        }
    }

    /// Removes an argument and reads it.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the argument, if it is missing or does not fit.
    pub fn take<T: Argument>(&mut self, name: &str) -> Result<T> {
        match self.values.get(name) {
            Some(value) => self.read(name, value),
            None => T::deserialize(&Value::Null)
                .map_err(|_| self.error(&format!("`{name}` is missing"))),
        }
    }

    /// Removes an argument and reads it; makes the default if it was left out.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_or<T: Argument>(&mut self, name: &str, default: impl FnOnce() -> T) -> Result<T> {
        self.values
            .get(name)
            .map_or_else(|| Ok(default()), |value| self.read(name, value))
    }

    /// Checks an argument's constraints, before it is taken. An argument that is left out keeps all of them.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the argument and the constraint.
    pub fn check(&self, name: &str, constraints: &Constraints) -> Result<()> {
        let value = self.values.get(name).filter(|value| !value.is_null());
        match value.and_then(|value| constraints.violation(value)) {
            Some(violation) => Err(self.error(&format!("`{name}` {violation}"))),
            None => Ok(()),
        }
    }

    /// Reads a value; one that does not fit is coerced by its type's schema first, since a handler written by hand may have no other.
    fn read<T: Argument>(&self, name: &str, value: &Value) -> Result<T> {
        // The value as it came is tried first: a type may read more than its schema tells, and most values need no coercion, for
        // which a schema has to be made.
        if let Ok(read) = T::deserialize(value) {
            return Ok(read);
        }
        let mut named = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
        let mut schema = ArgumentSchema::default();
        schema.insert::<T>(name, "", None);
        let schema = schema.finish().as_object().cloned().unwrap_or_default();
        coerce(&mut named, &schema);
        serde_path_to_error::deserialize(&named[name]).map_err(|error| {
            let path = error.path().to_string();
            self.describe_misfit(
                name,
                &named,
                &schema,
                &path,
                &error.into_inner().to_string(),
            )
        })
    }

    /// Returns the error of a value that does not fit: the schema's message where it has one, since serde's speaks of Rust.
    fn describe_misfit(
        &self,
        name: &str,
        named: &Value,
        schema: &Map<String, Value>,
        path: &str,
        complaint: &str,
    ) -> Error {
        if let Some(Violation { path, message }) = violation(named, schema) {
            return self.error(&format!("`{}` {message}", path.trim_start_matches('.')));
        }
        let place = if path == "." {
            name.to_owned()
        } else {
            format!("{name}.{path}")
        };
        self.error(&format!("`{place}` {}", shorten(&to_json_terms(complaint))))
    }

    fn error(&self, problem: &str) -> Error {
        misfit(self.primitive, &self.name, problem)
    }
}

/// Returns the error of a call whose arguments don't fit.
pub(super) fn misfit(primitive: &str, name: &str, problem: &str) -> Error {
    Error::invalid(format!(
        "the {primitive} `{name}` can't be called like this: {problem}"
    ))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Place {
        city: String,
    }

    fn arguments(values: &Value) -> Arguments {
        Arguments::new(
            "tool",
            "visit".into(),
            Arc::new(values.as_object().cloned().expect("an object")),
        )
    }

    #[test]
    fn the_schema_says_what_is_needed_and_what_is_not() {
        let mut schema = ArgumentSchema::default();
        schema.argument::<Place>("place", "Where to go.");
        schema.argument::<Option<u8>>("nights", "");
        schema.argument_or::<bool>("fast", "", &true);
        let schema = schema.finish();
        assert_eq!(schema["required"], json!(["place"]));
        assert_eq!(schema["properties"]["place"]["description"], "Where to go.");
        assert_eq!(schema["properties"]["fast"]["default"], true);
        assert_eq!(
            schema["properties"]["place"]["properties"]["city"]["type"],
            "string"
        );
        assert_eq!(schema["properties"]["nights"]["type"], "integer");
    }

    #[test]
    fn values_are_taken_by_name_and_nothing_is_left() {
        let mut given = arguments(&json!({"place": {"city": "Oslo"}, "fast": false}));
        assert_eq!(
            given.take::<Place>("place").expect("fits"),
            Place {
                city: "Oslo".into()
            }
        );
        assert_eq!(given.take::<Option<u8>>("nights").expect("optional"), None);
        assert!(!given.take_or("fast", || true).expect("fits"));
    }

    #[test]
    fn faults_name_the_argument() {
        let message_of = |values: Value, take: fn(&mut Arguments) -> Result<Place>| {
            take(&mut arguments(&values))
                .expect_err("does not fit")
                .to_string()
        };
        assert!(message_of(json!({}), |given| given.take("place")).ends_with("`place` is missing"));
        for (value, expected) in [
            (json!({"city": 7}), "`place.city` must be text"),
            (json!({}), "`place.city` is missing"),
            (json!("Oslo"), "`place` must be an object"),
        ] {
            let message = message_of(json!({ "place": value }), |given| given.take("place"));
            assert!(message.ends_with(expected), "{message}");
        }
    }

    #[test]
    fn faults_are_told_in_the_words_of_json() {
        let message_of = |value: Value| {
            arguments(&json!({ "n": value }))
                .take::<u8>("n")
                .expect_err("unfit")
                .to_string()
        };
        for (value, expected) in [
            (json!("x"), "`n` must be a whole number"),
            (json!(1.5), "`n` must be a whole number"),
            (json!(256), "`n` must be 255 or less"),
            (json!(-1), "`n` must be 0 or more"),
        ] {
            assert!(
                message_of(value.clone()).ends_with(expected),
                "{value}: {}",
                message_of(value.clone())
            );
        }
        let huge = arguments(&json!({"n": 1e30}))
            .take::<u64>("n")
            .expect_err("unfit")
            .to_string();
        assert!(
            huge.ends_with("`n` must be a whole number, and not too large or too small"),
            "{huge}"
        );
        assert!(
            message_of(Value::Null).ends_with("`n` must be a whole number"),
            "{}",
            message_of(Value::Null)
        );
    }
}
