//! What can be called: the [`Provider`] seam, and what an author's tools, prompts and resources have in common.
//!
//! A source knows nothing of HTTP or MCP; every voice speaks for it, so no rule may live in a voice.

mod catalog;
mod completion;
mod definition;
mod into_answer;
mod registration;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use catalog::Catalog;
pub use completion::{Completer, Completion, completer};
pub use definition::{Definition, MAX_NAME_BYTES};
pub use into_answer::IntoAnswer;
pub use registration::{Handler, Registration};

use crate::call::Call;
use crate::elicitation::InputRequired;
use crate::error::{Error, Result};
use crate::printable::shortened;
use crate::user::Caller;

/// A kind of thing that an app offers: tools, prompts, resources.
pub trait Primitive: fmt::Debug + Clone + Copy + Send + Sync + 'static {
    /// What one is called.
    const NAME: &'static str;

    /// What a definition of this kind says beyond a name and a description.
    type Detail: fmt::Debug + Clone + PartialEq + Send + Sync;

    /// What a call gives.
    type Answer: Answer;

    /// Everything that is wrong with a definition, each in a sentence that names it.
    fn faults(definition: &Definition<Self>) -> Vec<String>;

    /// What it is found and listed by: its name, or a resource's URI.
    fn key(definition: &Definition<Self>) -> &str {
        &definition.name
    }

    /// Its version, where it says one.
    fn version(_definition: &Definition<Self>) -> Option<&str> {
        None
    }

    /// Another name under which it may be called.
    fn alias(_definition: &Definition<Self>) -> Option<&str> {
        None
    }

    /// Whether it answers to this name too, as a template does to URIs. Asked of what has a [`pattern`](Self::pattern).
    fn matches(_definition: &Definition<Self>, _name: &str) -> bool {
        false
    }

    /// What of a name it fixes, if it answers to more names than one can list.
    fn pattern(_definition: &Definition<Self>) -> Option<Pattern> {
        None
    }

    /// Whether a call changes nothing, so that a token that only reads may make it. Getting a prompt and reading a resource
    /// are reads by the protocol.
    fn changes_nothing(_definition: &Definition<Self>) -> bool {
        true
    }

    /// What a call takes from the definition it was resolved to: its arguments, as the definition means them.
    ///
    /// # Errors
    /// `Invalid` for arguments that were likely meant otherwise.
    fn bind(definition: &Definition<Self>, call: &mut Call) -> Result<()>;
}

/// What of a name is fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What stands for the same names in every definition that has it.
    pub shape: String,
    /// How much it fixes: of two that a name fits, the one that fixes more is meant.
    pub literal_bytes: usize,
}

/// What a call gives.
pub trait Answer: fmt::Debug + Send + 'static {
    /// About how many bytes it takes on the wire.
    fn size(&self) -> usize;

    /// Whether it tells of a failure, and why, for the log.
    fn failure(&self) -> Option<Option<&str>> {
        None
    }
}

/// An answer, or what must be known first.
#[derive(Debug, PartialEq)]
pub enum Reply<A> {
    /// The answer.
    Answer(A),
    /// The call begins anew when this has been answered.
    Asks(InputRequired),
}

impl<A> Reply<A> {
    /// The answer.
    ///
    /// # Errors
    /// `Invalid` if something is asked instead.
    pub fn answer(self) -> Result<A> {
        match self {
            Self::Answer(answer) => Ok(answer),
            Self::Asks(_) => Err(Error::invalid("this needs an answer from the user first")),
        }
    }
}

/// What a caller may see.
#[derive(Clone, Debug)]
pub struct Listing<P: Primitive> {
    /// The definitions, in order of [`Primitive::key`].
    pub definitions: Vec<Arc<Definition<P>>>,
    /// Whether another caller may see others: then nobody may keep the list for anyone else.
    pub is_private: bool,
}

/// Something that lists what it offers, and calls it for a caller.
///
/// A name is resolved once, by [`find`](Self::find), and what was found is called: a thing that is disabled, hidden, of
/// another version, or forbidden is unknown by every way in. Wrappers add rules, leaves do the work; the laws
/// (`tool::laws`, feature `laws`) hold for all of them.
#[async_trait]
pub trait Provider<P: Primitive>: fmt::Debug + Send + Sync + 'static {
    /// What this caller may see.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, caller: &Caller) -> Result<Listing<P>>;

    /// What this name, address or URI means for this caller. Costs the same however much is listed.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition<P>>>>;

    /// Calls what was found. What the author's function reports as wrong is an answer, not an error.
    ///
    /// # Errors
    /// `NotFound` if the caller may not see it, `Invalid` if the arguments don't fit, `Forbidden`, `Stale`,
    /// `Unsupported`, `DeadlineExceeded`, `Unavailable`, `Internal`.
    async fn call(&self, found: &Arc<Definition<P>>, call: Call) -> Result<Reply<P::Answer>>;

    /// Suggests values for one of its arguments, the best first.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    async fn complete(
        &self,
        found: &Arc<Definition<P>>,
        completion: Completion,
    ) -> Result<Vec<String>>;
}

/// A source that many parts share.
pub type SharedProvider<P> = Arc<dyn Provider<P>>;

/// What a call means for its caller: the one way in for every voice.
///
/// # Errors
/// `NotFound` for whatever is not there for this caller, by this name, in this version; `Unavailable`.
pub async fn resolve<P: Primitive>(
    source: &dyn Provider<P>,
    call: &Call,
) -> Result<Arc<Definition<P>>> {
    if call.name.len() > MAX_ASKED_BYTES {
        return Err(unknown::<P>(&call.name));
    }
    let found = source.find(&call.caller, &call.name).await?;
    let found = found
        .filter(|found| call.version.is_none() || P::version(found) == call.version.as_deref());
    found.ok_or_else(|| unknown::<P>(&call.name))
}

/// Resolves a call and makes it: what it means, and what came of it.
///
/// # Errors
/// As [`resolve`] and [`Provider::call`].
pub async fn reach<P: Primitive>(
    source: &dyn Provider<P>,
    call: Call,
) -> Result<(Arc<Definition<P>>, Reply<P::Answer>)> {
    let found = resolve(source, &call).await?;
    let reply = source.call(&found, call).await?;
    Ok((found, reply))
}

/// The longest name or URI that is looked for.
pub(crate) const MAX_ASKED_BYTES: usize = 4_096;

/// What anyone is told about something that is not there for them: the same for every reason.
#[must_use]
pub fn unknown<P: Primitive>(name: &str) -> Error {
    Error::not_found(format!("unknown {} `{}`", P::NAME, shortened(name)))
}
