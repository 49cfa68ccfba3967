//! What can be called: the [`ToolSource`] seam, the tools an author writes, and what passes between them.
//!
//! A source knows nothing of HTTP or MCP; every voice speaks for it, so no rule may live in a voice.

mod arguments;
mod build;
mod call;
mod catalog;
mod content;
mod context;
mod definition;
mod returns;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use arguments::{Argument, ArgumentSchema, Arguments};
pub use build::{Handler, Tool};
pub use call::{Call, FromCall};
pub use catalog::{Catalog, unknown};
pub use content::{Content, Outcome};
pub use context::{Context, Deadline};
pub use definition::{Definition, Hints, MAX_NAME_BYTES, is_scope};
pub use returns::{Return, answer, answer_result, output_schema};

use crate::error::Result;
use crate::user::Caller;

/// Something that lists tools and calls them for a caller.
///
/// Wrappers add rules, leaves do the work; the laws (feature `laws`) hold for all of them.
#[async_trait]
pub trait ToolSource: fmt::Debug + Send + Sync + 'static {
    /// The tools this caller may see, in order of name.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, caller: &Caller) -> Result<Vec<Arc<Definition>>>;

    /// The tool of this name, if this caller may see it. Costs the same however many there are.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn find(&self, caller: &Caller, name: &str) -> Result<Option<Arc<Definition>>>;

    /// Calls a tool. What the tool itself reports as wrong is an [`Outcome`], not an error.
    ///
    /// # Errors
    /// `NotFound` if the caller sees no tool of this name, `Invalid` if the arguments don't fit, `Forbidden`,
    /// `DeadlineExceeded`, `Unavailable`, `Internal`.
    async fn call(&self, call: Call) -> Result<Outcome>;
}

/// A source that many parts share.
pub type Shared = Arc<dyn ToolSource>;
