//! The definition of a tool, a prompt or a resource.
//!
//! A definition is data: it must never know how the thing is run.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use http::Extensions;

use super::Primitive;
use crate::user::is_scope;

/// The longest [name](Definition::name), in bytes. Clients put a prefix before a name and accept 64 bytes in all.
pub(super) const MAX_NAME_BYTES: usize = 48;

/// The definition of a tool, a prompt or a resource: the data that clients list it by.
///
/// A [`Registration`](super::Registration) makes one. It dereferences to its [`Primitive::Detail`].
#[derive(Clone)]
pub struct Definition<P: Primitive> {
    /// The name: at most 48 bytes of `[A-Za-z0-9_-]`.
    pub name: String,
    /// The title for people, shown instead of the name.
    pub title: Option<String>,
    /// The description that the model reads.
    pub description: String,
    /// The scopes that a token must hold, if it names any (RFC 6749 §3.3).
    pub scopes: Vec<String>,
    /// The longest time that a call may take; the app's ([`App::timeout`](crate::App::timeout)) if it is not set.
    pub timeout: Option<Duration>,
    /// The fields that only its primitive has ([`Primitive::Detail`]).
    pub(crate) detail: P::Detail,
    /// The values that its author attached ([`Registration::extension`](super::Registration::extension)).
    pub(crate) extensions: Extensions,
}

impl<P: Primitive> Definition<P> {
    /// Returns every problem of the definition, each as a sentence that names it.
    #[must_use]
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = common_problems(P::NAME, &self.name, &self.description, &self.scopes);
        problems.extend(P::problems(self));
        problems
    }
}

/// Two definitions are equal if clients see the same of them; extensions can't be compared.
impl<P: Primitive> PartialEq for Definition<P> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.title == other.title
            && self.description == other.description
            && self.scopes == other.scopes
            && self.timeout == other.timeout
            && self.detail == other.detail
    }
}

impl<P: Primitive> Deref for Definition<P> {
    type Target = P::Detail;

    fn deref(&self) -> &P::Detail {
        &self.detail
    }
}

impl<P: Primitive> fmt::Debug for Definition<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", P::NAME, self.name)
    }
}

/// Returns the problems of the fields that every primitive has.
fn common_problems(
    primitive: &str,
    name: &str,
    description: &str,
    scopes: &[String],
) -> Vec<String> {
    let mut problems = Vec::new();
    if !is_name(name) {
        problems.push(format!(
            "{primitive} name `{name}` must be 1 to {MAX_NAME_BYTES} letters, digits, `_` or `-`"
        ));
    }
    if description.trim().is_empty() {
        problems.push(format!("{primitive} `{name}` has no description; a model can't choose a {primitive} it can't read about"));
    }
    for scope in scopes.iter().filter(|scope| !is_scope(scope)) {
        problems.push(format!(
            "{primitive} `{name}`: scope `{scope}` must be letters, digits or `:._-`, and not `admin` or `probe`"
        ));
    }
    problems
}

fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(is_allowed)
}
