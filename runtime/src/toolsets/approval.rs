//! A part that asks for approval. What was decided must be looked up on the server: a chat can say anything.

use serde_json::{Value, json};

use super::Toolset;
use super::question::{QuestionKind, ToolNames, part, said};
use crate::call::{ArgumentSchema, Arguments};
use crate::error::Result;

struct Approval;

/// Asks the user to approve something: `request_approval` shows the question on a page, `approval_status` tells the model
/// whether it is `waiting`, `approved`, `rejected` or `expired` (after a day).
///
/// The decision is made on the page, once, and kept with the user's data. Nothing that a model says can make one.
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// assert_eq!(App::new("desk").mount(mcp_lambda::toolsets::approval()).check(), Ok(()));
/// ```
#[must_use]
pub fn approval() -> Toolset {
    let about = "Asks the user to approve something before it is done. The answer to this call is not the decision: it \
                 says where to look for it.";
    let names = ToolNames {
        part: "approval".to_owned(),
        ask: ("request_approval".to_owned(), about.to_owned()),
        decide: "decide_approval".to_owned(),
        status: "approval_status".to_owned(),
    };
    part(Approval, names)
}

impl QuestionKind for Approval {
    const KIND: &'static str = "approval";
    type Answer = bool;

    fn arguments(&self, schema: &mut ArgumentSchema) {
        schema.argument::<String>("summary", "What is to be approved, in one sentence.");
        schema.argument::<Option<String>>("details", "What the user should know to decide.");
    }

    fn read(&self, arguments: &mut Arguments) -> Result<Value> {
        let summary = said(arguments, "summary")?;
        Ok(json!({ "title": summary, "details": arguments.take::<Option<String>>("details")? }))
    }

    fn check(&self, _question: &Value, _answer: &bool) -> Result<()> {
        Ok(())
    }

    fn status(answer: &Value) -> &'static str {
        if *answer == true {
            "approved"
        } else {
            "rejected"
        }
    }

    fn thanks(answer: &bool) -> String {
        if *answer {
            "You approved this."
        } else {
            "You rejected this."
        }
        .to_owned()
    }
}
