//! A part that lets the user choose. What was chosen must be one of the options that were kept with the question.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Toolset;
use super::question::{QuestionKind, ToolNames, part, said};
use crate::call::{ArgumentSchema, Arguments};
use crate::error::{Error, Result};

const FEWEST: usize = 2;
const MOST: usize = 20;

struct Choice;

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Options(#[schemars(length(min = 2, max = 20))] Vec<String>);

/// Lets the user choose one of 2 to 20 options: `choose` shows them on a page, `choice_made` tells the model whether it is
/// `waiting`, `answered` or `expired` (after a day), and which it was.
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// assert_eq!(App::new("desk").mount(mcp_lambda::toolsets::choice()).check(), Ok(()));
/// ```
#[must_use]
pub fn choice() -> Toolset {
    let about = "Lets the user choose one of several options. The answer to this call is not the choice: it says where to \
                 look for it.";
    let names = ToolNames {
        part: "choice".to_owned(),
        ask: ("choose".to_owned(), about.to_owned()),
        decide: "record_choice".to_owned(),
        status: "choice_made".to_owned(),
    };
    part(Choice, names)
}

impl QuestionKind for Choice {
    const KIND: &'static str = "choice";
    type Answer = String;

    fn arguments(&self, schema: &mut ArgumentSchema) {
        schema.argument::<String>("prompt", "What the user is to choose, as a question.");
        schema.argument::<Options>("options", "The options, each in a few words.");
    }

    fn read(&self, arguments: &mut Arguments) -> Result<Value> {
        let (prompt, Options(options)) = (said(arguments, "prompt")?, arguments.take("options")?);
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

    fn thanks(answer: &String) -> String {
        format!("You chose “{answer}”.")
    }
}
