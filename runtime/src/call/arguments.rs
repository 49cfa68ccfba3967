//! The arguments of a typed function: their schema when the app is built, their values when it is called.
//!
//! They are taken one by one rather than as one derived type, so that a fault names the argument, and so that a type that
//! can't be one is refused by the compiler in one sentence.

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// What a parameter may be, when it is an argument.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a tool",
    label = "not something a model can give",
    note = "derive `Deserialize` and `JsonSchema` for it, or use one of the extractors `CurrentUser`, `Profile<T>`, `UserData`, `Context`"
)]
pub trait Argument: DeserializeOwned + JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> Argument for T {}

/// The schema of a tool's arguments in the making.
#[derive(Debug)]
pub struct ArgumentSchema {
    generator: SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Default for ArgumentSchema {
    fn default() -> Self {
        let generator = SchemaSettings::draft2020_12().into_generator();
        Self { generator, properties: Map::new(), required: Vec::new() }
    }
}

impl ArgumentSchema {
    /// An argument; whatever reads from nothing, as an `Option` does, may be left out.
    pub fn argument<T: Argument>(&mut self, name: &str, description: &str) {
        self.insert::<T>(name, description, None);
        if T::deserialize(Value::Null).is_err() {
            self.required.push(Value::from(name));
        }
    }

    /// An argument that may be left out for a default.
    pub fn argument_or<T: Argument + Serialize>(&mut self, name: &str, description: &str, default: &T) {
        self.insert::<T>(name, description, serde_json::to_value(default).ok());
    }

    /// The schema: an object that has no other arguments.
    #[must_use]
    pub fn finish(mut self) -> Value {
        let mut schema = json!({ "type": "object", "properties": self.properties, "additionalProperties": false });
        if !self.required.is_empty() {
            schema["required"] = Value::Array(self.required);
        }
        let definitions = self.generator.take_definitions(true);
        if !definitions.is_empty() {
            schema["$defs"] = Value::Object(definitions);
        }
        schema
    }

    fn insert<T: Argument>(&mut self, name: &str, description: &str, default: Option<Value>) {
        let mut schema = self.generator.subschema_for::<T>();
        if !description.is_empty() {
            schema.insert("description".into(), description.into());
        }
        if let Some(default) = default {
            schema.insert("default".into(), default);
        }
        self.properties.insert(name.to_owned(), schema.to_value());
    }
}

/// The arguments of one call, taken one by one.
///
/// A tool's are JSON. A prompt's and a resource's are always text; what is no text by its type is read from the text.
#[derive(Debug)]
pub struct Arguments {
    noun: &'static str,
    name: String,
    are_texts: bool,
    values: Map<String, Value>,
}

impl Arguments {
    /// The arguments that something of this kind and name was called with.
    #[must_use]
    pub(super) const fn new(noun: &'static str, name: String, are_texts: bool, values: Map<String, Value>) -> Self {
        Self { noun, name, are_texts, values }
    }

    /// Takes an argument.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the argument, if it is missing or does not fit.
    pub fn take<T: Argument>(&mut self, name: &str) -> Result<T> {
        match self.values.remove(name) {
            Some(value) => self.read(name, value),
            None => T::deserialize(Value::Null).map_err(|_| self.fault(&format!("`{name}` is missing"))),
        }
    }

    /// Takes an argument, or the default if it was left out.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_or<T: Argument>(&mut self, name: &str, default: impl FnOnce() -> T) -> Result<T> {
        self.values.remove(name).map_or_else(|| Ok(default()), |value| self.read(name, value))
    }

    /// Refuses what nobody took: a misspelt argument is no wish unheard.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), naming an argument that there is not.
    pub fn end(self) -> Result<()> {
        match self.values.keys().next() {
            Some(name) => Err(self.fault(&format!("there is no argument `{}`", shortened(name)))),
            None => Ok(()),
        }
    }

    fn read<T: Argument>(&self, name: &str, value: Value) -> Result<T> {
        let value = if self.are_texts { from_text::<T>(value) } else { value };
        serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let place = if path == "." { name.to_owned() } else { format!("{name}.{path}") };
            self.fault(&format!("`{place}` does not fit: {}", shortened(&error.into_inner().to_string())))
        })
    }

    fn fault(&self, words: &str) -> Error {
        Error::invalid(format!("the {} `{}` can't be called like this: {words}", self.noun, self.name))
    }
}

/// A name of somebody else's, for a message: no longer than anyone reads.
pub(crate) fn shortened(name: &str) -> String {
    const MOST: usize = 200;
    let start: String = name.chars().take(MOST).collect();
    if start.len() < name.len() { format!("{start}…") } else { start }
}

/// The text itself where the type takes text, else the JSON that it is.
fn from_text<T: Argument>(value: Value) -> Value {
    let parsed = |text: &String| serde_json::from_str(text).ok().filter(|parsed| T::deserialize(parsed).is_ok());
    match &value {
        Value::String(text) if T::deserialize(&value).is_err() => parsed(text).unwrap_or(value),
        _ => value,
    }
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
        Arguments::new("tool", "visit".into(), false, values.as_object().cloned().expect("an object"))
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
        assert!(schema["$defs"]["Place"].is_object());
    }

    #[test]
    fn values_are_taken_by_name_and_nothing_is_left() {
        let mut given = arguments(&json!({"place": {"city": "Oslo"}, "fast": false}));
        assert_eq!(given.take::<Place>("place").expect("fits"), Place { city: "Oslo".into() });
        assert_eq!(given.take::<Option<u8>>("nights").expect("optional"), None);
        assert!(!given.take_or("fast", || true).expect("fits"));
        given.end().expect("nothing is left");
    }

    #[test]
    fn text_is_read_as_what_it_is_to_be() {
        let values = json!({"count": "7", "name": "7", "fast": "true", "wrong": "seven"});
        let mut given = Arguments::new("prompt", "visit".into(), true, values.as_object().cloned().expect("an object"));
        assert_eq!(given.take::<u8>("count").expect("a number"), 7);
        assert_eq!(given.take::<String>("name").expect("text"), "7");
        assert_eq!(given.take::<Option<bool>>("fast").expect("a boolean"), Some(true));
        let error = given.take::<u8>("wrong").expect_err("no number");
        assert!(error.message().contains("the prompt `visit`"), "{error}");
    }

    #[test]
    fn faults_name_the_argument() {
        let fault = |values: Value, take: fn(&mut Arguments) -> Result<Place>| {
            take(&mut arguments(&values)).expect_err("does not fit").to_string()
        };
        assert!(fault(json!({}), |given| given.take("place")).ends_with("`place` is missing"));
        assert!(
            fault(json!({"place": {"city": 7}}), |given| given.take("place")).contains("`place.city` does not fit")
        );
        assert!(
            arguments(&json!({"plaec": 1}))
                .end()
                .expect_err("unknown")
                .message()
                .ends_with("there is no argument `plaec`")
        );
    }
}
