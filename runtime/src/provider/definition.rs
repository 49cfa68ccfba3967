//! What a tool, a prompt or a resource says of itself.
//!
//! A definition is data: it must never know how the thing is run.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use super::Primitive;
use crate::user::is_scope;

/// The longest name: it still fits where clients put a prefix of theirs before it and stop at 64.
pub const MAX_NAME_BYTES: usize = 48;

/// A name, a description, and what the kind adds.
#[derive(Clone, PartialEq)]
pub struct Definition<P: Primitive> {
    /// What it is called by: at most [`MAX_NAME_BYTES`] of `[A-Za-z0-9_-]`.
    pub name: String,
    /// What people see instead of the name.
    pub title: Option<String>,
    /// What the model reads.
    pub description: String,
    /// What a token that names scopes must name to use it.
    pub scopes: Vec<String>,
    /// How long a call may take, if not as long as the app allows.
    pub timeout: Option<Duration>,
    /// What its kind adds.
    pub detail: P::Detail,
}

impl<P: Primitive> Definition<P> {
    /// Everything that is wrong with it, each in a sentence that names it.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let (primitive, name) = (P::NAME, &self.name);
        let mut faults = Vec::new();
        if !is_name(name) {
            faults.push(format!(
                "{primitive} name `{name}` must be 1 to {MAX_NAME_BYTES} letters, digits, `_` or `-`"
            ));
        }
        if self.description.trim().is_empty() {
            faults
                .push(format!("{primitive} `{name}` has no description; a model can't choose a {primitive} it can't read about"));
        }
        for scope in self.scopes.iter().filter(|scope| !is_scope(scope)) {
            faults.push(format!(
                "{primitive} `{name}`: scope `{scope}` must be letters, digits or `:._-`, and not `admin` or `probe`"
            ));
        }
        faults.extend(P::faults(self));
        faults
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

fn is_name(name: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(lawful)
}
