//! A [`Toolset`] that asks the user for approval.
//!
//! The decision is looked up on the server and never taken from a chat, which can say anything.

use serde_json::{Value, json};

use super::Toolset;
use super::question::{QuestionKind, ToolNames, build_toolset, take_text};
use crate::call::{ArgumentSchema, Arguments};
use crate::error::Result;

/// A question with two answers; see [`approval`].
struct Approval;

/// Makes a [`Toolset`] that asks the user to approve something, on a page (MCP Apps).
///
/// The tool `request_approval` shows the question; `approval_status` returns `waiting`, `approved`,
/// `rejected`, or `expired` after a day. The decision is made on the page, once, and stored in the
/// user's [`UserData`](crate::UserData). No call of a model can make one.
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// assert_eq!(App::new("office").mount(mcp_lambda::toolsets::approval()).check(), Ok(()));
/// ```
#[must_use]
pub fn approval() -> Toolset {
    let about = "Asks the user to approve something before it is done. The answer to this call is not the decision: it \
                 says where to look for it.";
    let names = ToolNames {
        toolset: "approval".to_owned(),
        ask: "request_approval".to_owned(),
        about: about.to_owned(),
        decide: "decide_approval".to_owned(),
        status: "approval_status".to_owned(),
    };
    build_toolset(Approval, names)
}

impl QuestionKind for Approval {
    const KIND: &'static str = "approval";
    type Answer = bool;

    fn declare_arguments(&self, schema: &mut ArgumentSchema) {
        schema.argument::<String>("summary", "What is to be approved, in one sentence.");
        schema.argument::<Option<String>>("details", "What the user should know to decide.");
    }

    fn read(&self, arguments: &mut Arguments) -> Result<Value> {
        let summary = take_text(arguments, "summary")?;
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

    fn thank(answer: &bool) -> String {
        if *answer {
            "You approved this."
        } else {
            "You rejected this."
        }
        .to_owned()
    }
}
