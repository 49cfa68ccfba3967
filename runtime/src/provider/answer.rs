//! The result of a call, typed and erased: [`Answer`] and [`Reply`].

use std::any::Any;
use std::fmt;

use crate::elicitation::InputRequired;
use crate::error::{Error, Result};

/// The result of a call of one [`Primitive`](super::Primitive).
pub trait Answer: Any + fmt::Debug + Send + Sync {
    /// Returns the approximate size on the wire, in bytes.
    fn size(&self) -> usize;

    /// Returns the failure that the answer reports, with its cause for the log; `None` for a success.
    fn failure(&self) -> Option<Option<&str>> {
        None
    }
}

/// The reply to a call: an answer, or a request for input (MCP 2026-07-28, multi round-trip requests).
///
/// Without a type argument it is the erased reply that a [`Middleware`](crate::middleware::Middleware) sees, which serves
/// tools, prompts and resources alike. [`downcast_ref`](Reply::downcast_ref) looks into it.
///
/// ```
/// use mcp_lambda::Outcome;
/// use mcp_lambda::provider::Reply;
///
/// let reply = Reply::from(Outcome::text("done"));
/// assert_eq!(reply.downcast_ref::<Outcome>(), Some(&Outcome::text("done")));
/// ```
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply<A = Box<dyn Answer>> {
    /// The answer.
    Answer(A),
    /// The handler needs input first; the client calls again with it
    /// ([`InputResponses`](crate::elicitation::InputResponses)).
    InputRequired(InputRequired),
}

impl<A> Reply<A> {
    /// Returns the answer.
    ///
    /// # Errors
    /// `Invalid` if input is required.
    pub fn into_answer(self) -> Result<A> {
        match self {
            Self::Answer(answer) => Ok(answer),
            Self::InputRequired(_) => {
                Err(Error::invalid("this needs an answer from the user first"))
            }
        }
    }
}

impl<A: Answer> Reply<A> {
    /// Erases the type of the answer; [`downcast`](Reply::downcast) restores it.
    #[must_use]
    pub(crate) fn erase(self) -> Reply {
        match self {
            Self::Answer(answer) => Reply::Answer(Box::new(answer)),
            Self::InputRequired(input) => Reply::InputRequired(input),
        }
    }
}

impl Reply {
    /// Returns the answer if it is of this type.
    #[must_use]
    pub fn downcast_ref<A: Answer>(&self) -> Option<&A> {
        match self {
            Self::Answer(answer) => (&**answer as &dyn Any).downcast_ref(),
            Self::InputRequired(_) => None,
        }
    }

    /// Returns the answer for changing if it is of this type.
    pub fn downcast_mut<A: Answer>(&mut self) -> Option<&mut A> {
        match self {
            Self::Answer(answer) => (&mut **answer as &mut dyn Any).downcast_mut(),
            Self::InputRequired(_) => None,
        }
    }

    /// Restores the type of the answer.
    ///
    /// # Errors
    /// `Internal` if the answer is of another type: a middleware answered a tool's call with a prompt's answer, say.
    pub fn downcast<A: Answer>(self) -> Result<Reply<A>> {
        match self {
            Self::Answer(answer) => match (answer as Box<dyn Any>).downcast() {
                Ok(answer) => Ok(Reply::Answer(*answer)),
                Err(_) => Err(Error::internal(
                    "a middleware answered with the answer of another primitive",
                )),
            },
            Self::InputRequired(input) => Ok(Reply::InputRequired(input)),
        }
    }
}

impl<A: Answer> From<A> for Reply {
    fn from(answer: A) -> Self {
        Self::Answer(Box::new(answer))
    }
}
