//! The three [`Primitive`]s of MCP, and how their definitions differ.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Answer, Definition};

pub(crate) mod sealed {
    /// The bound that keeps [`Primitive`](super::Primitive) to this crate: a server has a field for each of the three.
    pub trait Sealed {}
}

/// A primitive of MCP: tools, prompts or resources ([server features](https://modelcontextprotocol.io/specification/2025-11-25/server)).
///
/// [`Tools`](crate::tool::Tools), [`Prompts`](crate::prompt::Prompts) and [`Resources`](crate::resource::Resources)
/// implement it, and nobody else can. It ties a [`Definition`] to its [`Answer`], so that one [`Provider`](super::Provider) trait serves all three.
pub trait Primitive: sealed::Sealed + fmt::Debug + Clone + Copy + Send + Sync + 'static {
    /// The primitive's name in messages and logs: `tool`, `prompt` or `resource`.
    const NAME: &'static str;

    /// The fields of a [`Definition`] that only this primitive has.
    type Detail: fmt::Debug + Clone + PartialEq + Send + Sync;

    /// The result of a call.
    type Answer: Answer;

    /// Returns every problem of a [`Definition`], each as a sentence that names it.
    #[doc(hidden)]
    fn problems(definition: &Definition<Self>) -> Vec<String>;

    /// Returns the JSON Schema by which the arguments of a [`Call`](crate::call::Call) are read.
    #[doc(hidden)]
    fn argument_schema(definition: &Definition<Self>) -> &Arc<Map<String, Value>>;

    /// Returns the key that a definition is listed and found by: its name, or a resource's URI.
    fn key(definition: &Definition<Self>) -> &str {
        &definition.name
    }

    /// Returns the version of a definition, if it declares one.
    #[doc(hidden)]
    fn version(_definition: &Definition<Self>) -> Option<&str> {
        None
    }

    /// Returns a second name by which a definition may be called: the page address of a [`Tool`](crate::Tool).
    #[doc(hidden)]
    fn alias(_definition: &Definition<Self>) -> Option<&str> {
        None
    }

    /// Returns the [`Pattern`] of a definition that answers to more names than can be listed: a URI template (RFC
    /// 6570).
    #[doc(hidden)]
    fn pattern(_definition: &Definition<Self>) -> Option<Pattern> {
        None
    }

    /// Returns the variables that a name holds for a definition with a [`pattern`](Self::pattern), or `None` if the name
    /// does not match. They become the arguments of the call.
    #[doc(hidden)]
    fn captures(_definition: &Definition<Self>, _name: &str) -> Option<Map<String, Value>> {
        None
    }

    /// Returns whether a call changes nothing, so that a read-only token may make it.
    ///
    /// Getting a prompt and reading a resource are reads by the protocol (MCP, server features).
    #[doc(hidden)]
    fn is_read_only(_definition: &Definition<Self>) -> bool {
        true
    }
}

/// The fixed part of a definition that answers to many names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// A canonical form: two definitions with equal shapes match the same names.
    pub shape: String,
    /// The number of literal bytes. Of two matching patterns the one with more is chosen.
    pub literal_bytes: usize,
}
