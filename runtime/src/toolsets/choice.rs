//! A [`Toolset`] that lets the user choose one of several options.
//!
//! An answer is checked against the options that were stored with the question.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Toolset;
use super::question::{QuestionKind, ToolNames, build_toolset, take_text};
use crate::call::{ArgumentSchema, Arguments};
use crate::error::{Error, Result};

/// The least number of options: one option is no choice.
const FEWEST: usize = 2;

/// The greatest number of options that the page shows.
const MOST: usize = 20;

/// A question with a list of answers; see [`choice`].
struct Choice;

// The bounds are for the tool's input schema: `minItems` and `maxItems` (JSON Schema, validation
// §6.4). A doc comment here would become the description that models read.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Options(#[schemars(length(min = 2, max = 20))] Vec<String>);

/// Makes a [`Toolset`] that lets the user choose one of 2 to 20 options, on a page (MCP Apps).
///
/// The tool `choose` shows the options; `choice_made` returns `waiting`, `answered` with the
/// option, or `expired` after a day. See [`approval`](super::approval()) for a plain yes or no.
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// assert_eq!(App::new("office").mount(mcp_lambda::toolsets::choice()).check(), Ok(()));
/// ```
#[must_use]
pub fn choice() -> Toolset {
    let about = "Lets the user choose one of several options. The answer to this call is not the choice: it says where to \
                 look for it.";
    let names = ToolNames {
        toolset: "choice".to_owned(),
        ask: "choose".to_owned(),
        about: about.to_owned(),
        decide: "record_choice".to_owned(),
        status: "choice_made".to_owned(),
    };
    build_toolset(Choice, names)
}

impl QuestionKind for Choice {
    const KIND: &'static str = "choice";
    type Answer = String;

    fn declare_arguments(&self, schema: &mut ArgumentSchema) {
        schema.argument::<String>("prompt", "What the user is to choose, as a question.");
        schema.argument::<Options>("options", "The options, each in a few words.");
    }

    fn read(&self, arguments: &mut Arguments) -> Result<Value> {
        let prompt = take_text(arguments, "prompt")?;
        let Options(options) = arguments.take("options")?;
        // The schema bounds the list too, but schemas only advise a model: a client may send
        // anything, and the page would show what was stored.
        if !(FEWEST..=MOST).contains(&options.len()) {
            return Err(Error::invalid(format!(
                "`options` must be {FEWEST} to {MOST}, and there are {}",
                options.len()
            )));
        }
        if options.iter().any(|option| option.trim().is_empty()) {
            return Err(Error::invalid(
                "`options` has an empty one; the user could not tell what it is",
            ));
        }
        Ok(json!({ "title": prompt, "options": options }))
    }

    fn check(&self, question: &Value, answer: &String) -> Result<()> {
        // The question is the stored one, so a page that was tampered with can't add an option.
        let is_option = question["options"]
            .as_array()
            .is_some_and(|options| options.contains(&answer.as_str().into()));
        if is_option {
            Ok(())
        } else {
            Err(Error::invalid("this is none of the options"))
        }
    }

    fn status(_answer: &Value) -> &'static str {
        "answered"
    }

    fn thank(answer: &String) -> String {
        format!("You chose “{answer}”.")
    }
}
