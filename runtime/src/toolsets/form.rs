//! A part that has the user fill in a form, made from a Rust type. What was filled in must fit the type.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Toolset;
use super::question::{QuestionKind, ToolNames, part, said};
use crate::call::{ArgumentSchema, Arguments};
use crate::elicitation::{answer, form};
use crate::error::{Error, Result};

struct Form<T> {
    about: String,
    schema: Value,
    answer: PhantomData<fn() -> T>,
}

/// Has the user fill in a form with a field for each field of `T`; `about` is what people read above it.
///
/// Of the name `contact`, `collect_contact` shows it on a page, and `contact_given` tells the model whether it is `waiting`,
/// `answered` or `expired` (after a day), and what was filled in.
///
/// Fields are text, numbers, booleans and enums without data, or an `Option` of one; any other is a fault of the app. A
/// form must never ask for a secret: the model is told the answer.
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Contact {
///     /// First and last name.
///     name: String,
///     email: Option<String>,
/// }
///
/// let form = mcp_lambda::toolsets::form_toolset::<Contact>("contact", "A new contact");
/// assert_eq!(App::new("desk").mount(form).check(), Ok(()));
/// ```
#[must_use]
pub fn form_toolset<T: DeserializeOwned + JsonSchema + 'static>(
    name: &str,
    about: impl Into<String>,
) -> Toolset {
    let (about, schema) = (about.into(), form::<T>("").schema().clone());
    let told = format!(
        "Has the user fill in a form: {about}. The answer to this call is not what was filled in: it says where to look \
         for it."
    );
    let names = ToolNames {
        part: name.to_owned(),
        ask: (format!("collect_{name}"), told),
        decide: format!("submit_{name}"),
        status: format!("{name}_given"),
    };
    let problems = problems(name, &schema);
    part(
        Form::<T> {
            about,
            schema,
            answer: PhantomData,
        },
        names,
    )
    .with_problems(problems)
}

/// A field that the page can't show would make a form that nobody can send.
fn problems(name: &str, schema: &Value) -> Vec<String> {
    let fields = schema["properties"]
        .as_object()
        .filter(|fields| !fields.is_empty());
    let Some(fields) = fields else {
        return vec![format!("form `{name}` has no fields")];
    };
    let strange = fields.iter().filter(|(_, field)| !is_plain(field));
    strange
        .map(|(field, _)| {
            format!("form `{name}`: its field `{field}` is neither text, nor a number, a boolean or a choice")
        })
        .collect()
}

fn is_plain(field: &Value) -> bool {
    field["type"]
        .as_str()
        .is_some_and(|name| ["string", "integer", "number", "boolean"].contains(&name))
}

impl<T: DeserializeOwned + 'static> QuestionKind for Form<T> {
    const KIND: &'static str = "form";
    type Answer = Map<String, Value>;

    fn arguments(&self, schema: &mut ArgumentSchema) {
        schema.argument::<String>("message", "Why the user is asked, in a sentence.");
    }

    fn read(&self, arguments: &mut Arguments) -> Result<Value> {
        let message = said(arguments, "message")?;
        Ok(json!({ "title": self.about, "text": message, "schema": self.schema }))
    }

    fn check(&self, _question: &Value, given: &Map<String, Value>) -> Result<()> {
        let read = answer::<T>(&self.schema, &Value::Object(given.clone()));
        read.map(drop)
            .map_err(|fault| Error::invalid(format!("the form is not filled in right: {fault}")))
    }

    fn status(_answer: &Value) -> &'static str {
        "answered"
    }

    fn thanks(_answer: &Map<String, Value>) -> String {
        "Thank you: what you filled in was kept.".to_owned()
    }
}
