//! [`DefinitionView`], a definition without its type, as middleware sees it.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use http::Extensions;

use super::{Definition, Primitive};

/// The part of a [`Definition`] that tools, prompts and resources share, borrowed.
///
/// A [`Middleware`](crate::middleware::Middleware) decides by it, so that one rule serves all three primitives.
/// [`downcast`](Self::downcast) gives the whole definition where a rule is for one primitive alone.
///
/// ```
/// use mcp_lambda::provider::DefinitionView;
///
/// let view = DefinitionView::new("tool", "delete_note", false);
/// assert_eq!((view.primitive(), view.name(), view.is_read_only()), ("tool", "delete_note", false));
/// ```
#[derive(Clone, Copy)]
pub struct DefinitionView<'a> {
    primitive: &'static str,
    name: &'a str,
    key: &'a str,
    title: Option<&'a str>,
    scopes: &'a [String],
    timeout: Option<Duration>,
    is_read_only: bool,
    definition: Option<&'a (dyn Any + Send + Sync)>,
    extensions: Option<&'a Extensions>,
}

impl<'a> DefinitionView<'a> {
    /// Makes the view of something that has no [`Definition`], such as a foreign server's tool, or for a test.
    #[must_use]
    pub const fn new(primitive: &'static str, name: &'a str, is_read_only: bool) -> Self {
        Self {
            primitive,
            name,
            key: name,
            title: None,
            scopes: &[],
            timeout: None,
            is_read_only,
            definition: None,
            extensions: None,
        }
    }

    /// Sets the key where it is another than the name.
    pub(crate) const fn with_key(mut self, key: &'a str) -> Self {
        self.key = key;
        self
    }

    /// Returns [`Primitive::NAME`]: `tool`, `prompt` or `resource`; `request` for other requests of a foreign server.
    #[must_use]
    pub const fn primitive(&self) -> &'static str {
        self.primitive
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the key it is listed by ([`Primitive::key`]): the name, or a resource's URI or URI template.
    #[must_use]
    pub const fn key(&self) -> &'a str {
        self.key
    }

    /// Returns the title for people.
    #[must_use]
    pub const fn title(&self) -> Option<&'a str> {
        self.title
    }

    /// Returns the scopes that a token must hold, if it names any.
    #[must_use]
    pub const fn scopes(&self) -> &'a [String] {
        self.scopes
    }

    /// Returns the longest time that a call may take, where the definition sets one.
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns whether a call changes nothing.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Returns the value of this type that the author attached
    /// ([`Registration::extension`](super::Registration::extension)), if there is one.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&'a T> {
        self.extensions?.get()
    }

    /// Returns the typed [`Definition`] if it is one of this primitive.
    #[must_use]
    pub fn downcast<P: Primitive>(&self) -> Option<&'a Definition<P>> {
        self.definition?.downcast_ref()
    }
}

impl<'a, P: Primitive> From<&'a Definition<P>> for DefinitionView<'a> {
    fn from(definition: &'a Definition<P>) -> Self {
        Self {
            primitive: P::NAME,
            name: &definition.name,
            key: P::key(definition),
            title: definition.title.as_deref(),
            scopes: &definition.scopes,
            timeout: definition.timeout,
            is_read_only: P::is_read_only(definition),
            definition: Some(definition),
            extensions: Some(&definition.extensions),
        }
    }
}

impl fmt::Debug for DefinitionView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.primitive, self.name)
    }
}
