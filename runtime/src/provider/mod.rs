//! The [`Provider`] trait, and the parts that tools, prompts and resources have in common.
//!
//! A provider knows nothing of HTTP or MCP. Every protocol serves from it, so no rule may be written in a protocol.

mod answer;
mod catalog;
mod completion;
mod definition;
mod facts;
mod index;
mod into_answer;
mod joined;
mod page;
mod primitive;
mod registration;
mod resolved;
mod view;

#[cfg(any(test, feature = "laws"))]
pub mod laws;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use answer::{Answer, Reply};
pub use catalog::Catalog;
pub use completion::{Completer, CompletionRequest, completer};
pub use definition::Definition;
pub use facts::Facts;
pub use into_answer::IntoAnswer;
pub(crate) use joined::Joined;
pub(crate) use page::{ListPage, PageRequest, Pager};
#[doc(hidden)] // The primitives are MCP's three, and ours.
pub use primitive::Pattern;
pub use primitive::Primitive;
pub(crate) use primitive::sealed::Sealed;
pub use registration::Registration;
pub(crate) use resolved::Callable;
pub use resolved::Resolved;
pub use view::DefinitionView;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::printable::shorten;
use crate::user::Caller;

/// The longest name or URI that is looked up, in bytes.
pub(crate) const MAX_KEY_BYTES: usize = 4_096;

/// The [`Definition`]s that a caller may see.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listing<P: Primitive> {
    /// The definitions, in order of [`Primitive::key`].
    pub definitions: Vec<Arc<Definition<P>>>,
    /// True where another caller may see others, so that no shared cache may keep the list (RFC 9111 §5.2.2.7).
    pub is_private: bool,
}

impl<P: Primitive> Listing<P> {
    /// Makes the list of definitions that every caller may see.
    #[must_use]
    pub const fn public(definitions: Vec<Arc<Definition<P>>>) -> Self {
        Self {
            definitions,
            is_private: false,
        }
    }

    /// Makes the list of definitions that this caller may see, where another may see others.
    #[must_use]
    pub const fn private(definitions: Vec<Arc<Definition<P>>>) -> Self {
        Self {
            definitions,
            is_private: true,
        }
    }
}

impl<P: Primitive> Default for Listing<P> {
    fn default() -> Self {
        Self::public(Vec::new())
    }
}

/// A source of tools, prompts or resources: it lists them for a caller and resolves their names.
///
/// [`Catalog`] holds what an app's code registers; an app adds its own by [`App::provider`](crate::App::provider), and
/// all of them are served as one. The laws in `provider::laws` (feature `laws`) hold for every implementation.
///
/// ```
/// use async_trait::async_trait;
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::provider::{Listing, Provider, Resolved};
/// use mcp_lambda::tool::Tools;
/// use mcp_lambda::user::Caller;
/// use serde_json::json;
///
/// /// One tool for each user: `greet_alice`.
/// #[derive(Debug)]
/// struct Greeters;
///
/// fn greeter(caller: &Caller) -> Option<Tool> {
///     let name = caller.email()?.as_str().split('@').next()?.to_owned();
///     let greeting = format!("hello {name}");
///     let tool = Tool::raw(format!("greet_{name}"), json!({"type": "object"}), move |_| {
///         let greeting = greeting.clone();
///         async move { Ok(Outcome::text(greeting)) }
///     });
///     Some(tool.description("Greets its user."))
/// }
///
/// #[async_trait]
/// impl Provider<Tools> for Greeters {
///     async fn list(&self, caller: &Caller) -> Result<Listing<Tools>> {
///         Ok(Listing::private(greeter(caller).iter().map(|tool| tool.definition().clone()).collect()))
///     }
///
///     async fn resolve(&self, caller: &Caller, name: &str) -> Result<Option<Resolved<Tools>>> {
///         let tool = greeter(caller).filter(|tool| tool.definition().name == name);
///         Ok(tool.map(Resolved::new))
///     }
/// }
///
/// assert_eq!(App::new("greeters").provider(Greeters).check(), Ok(()));
/// ```
#[async_trait]
pub trait Provider<P: Primitive>: fmt::Debug + Send + Sync + 'static {
    /// Lists the definitions that this caller may see, in order of [`Primitive::key`].
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, caller: &Caller) -> Result<Listing<P>>;

    /// Resolves a name, an alias or a URI for this caller to a [`Resolved`], in a time that does not grow with the
    /// list.
    ///
    /// A thing that the caller may not use is `None`, as one that does not exist.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn resolve(&self, caller: &Caller, name: &str) -> Result<Option<Resolved<P>>>;

    /// Returns the [`Facts`] that hold without a caller. The default is [`Facts::changing`]: the provider may have
    /// anything.
    fn facts(&self) -> Facts<P> {
        Facts::changing()
    }
}

/// A [`Provider`] that several owners share.
pub(crate) type SharedProvider<P> = Arc<dyn Provider<P>>;

/// Resolves what a call names ([`Provider::resolve`]), in the version it asks for. Every protocol resolves here.
///
/// # Errors
/// `NotFound` for a thing that does not exist for this caller, by this name, in this version; `Unavailable`.
pub(crate) async fn resolve<P: Primitive>(
    provider: &dyn Provider<P>,
    call: &Call,
) -> Result<Resolved<P>> {
    if call.name.len() > MAX_KEY_BYTES {
        return Err(unknown(P::NAME, &call.name));
    }
    let resolved = provider.resolve(&call.caller, &call.name).await?;
    let is_version = |resolved: &Resolved<P>| {
        call.version.is_none() || P::version(resolved.definition()) == call.version.as_deref()
    };
    resolved
        .filter(is_version)
        .ok_or_else(|| unknown(P::NAME, &call.name))
}

/// Makes the error for a thing that does not exist for a caller; it is the same for every reason
/// ([`Error::not_found`]).
#[must_use]
pub(crate) fn unknown(primitive: &str, name: &str) -> Error {
    Error::not_found(format!("unknown {primitive} `{}`", shorten(name)))
}
