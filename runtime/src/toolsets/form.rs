//! A [`Toolset`] with a form for the user, made from a Rust type.
//!
//! It uses the schema and the checks of [`elicitation::form`](crate::elicitation::form()), for
//! clients that show pages and no forms of their own.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Toolset;
use super::question::{QuestionKind, ToolNames, build_toolset, take_text};
use crate::call::{ArgumentSchema, Arguments};
use crate::elicitation::{form, parse_answer};
use crate::error::{Error, Result};

/// A question whose answer is a `T`; see [`form_toolset`].
struct Form<T> {
    about: String,
    schema: Value,
    answer: PhantomData<fn() -> T>,
}

/// Makes a [`Toolset`] with a form for the user, on a page (MCP Apps): a field for each field of
/// `T`, under the title `about`.
///
/// With the name `contact`, the tool `collect_contact` shows the form; `contact_given` returns
/// `waiting`, `answered` with the content, or `expired` after a day.
///
/// Fields are text, numbers, booleans and enums without data, or an `Option` of one;
/// [`App::check`](crate::App::check) reports any other. A form must never ask for a secret: the
/// model reads the answer.
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
/// assert_eq!(App::new("office").mount(form).check(), Ok(()));
/// ```
#[must_use]
pub fn form_toolset<T: DeserializeOwned + JsonSchema + 'static>(
    name: &str,
    about: impl Into<String>,
) -> Toolset {
    let about = about.into();
    let schema = form::<T>("").schema().clone();
    let description = format!(
        "Has the user fill in a form: {about}. The answer to this call is not what was filled in: it says where to look \
         for it."
    );
    let names = ToolNames {
        toolset: name.to_owned(),
        ask: format!("collect_{name}"),
        about: description,
        decide: format!("submit_{name}"),
        status: format!("{name}_given"),
    };
    let problems = find_problems(name, &schema);
    build_toolset(
        Form::<T> {
            about,
            schema,
            answer: PhantomData,
        },
        names,
    )
    .with_problems(problems)
}

/// Returns the fields that the page can't show, as messages for [`App::check`](crate::App::check).
fn find_problems(name: &str, schema: &Value) -> Vec<String> {
    // A required field that the page does not show would make a form that nobody can send, so the
    // app does not start with one.
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

    fn declare_arguments(&self, schema: &mut ArgumentSchema) {
        schema.argument::<String>("message", "Why the user is asked, in a sentence.");
    }

    fn read(&self, arguments: &mut Arguments) -> Result<Value> {
        let message = take_text(arguments, "message")?;
        Ok(json!({ "title": self.about, "text": message, "schema": self.schema }))
    }

    fn check(&self, _question: &Value, content: &Map<String, Value>) -> Result<()> {
        // Read as a `T` and dropped: whoever uses the stored answer reads it as a `T` again, and
        // must not be the first to find out that it does not fit.
        let read = parse_answer::<T>(&self.schema, &Value::Object(content.clone()));
        read.map(drop).map_err(|problem| {
            Error::invalid(format!("the form is not filled in right: {problem}"))
        })
    }

    fn status(_answer: &Value) -> &'static str {
        "answered"
    }

    fn thank(_answer: &Map<String, Value>) -> String {
        "Thank you: what you filled in was kept.".to_owned()
    }
}
