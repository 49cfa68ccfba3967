//! What a tool, a prompt or a resource says of itself.
//!
//! A definition is data: it must never know how the thing is run.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use super::Kind;
use crate::user::is_scope;

/// The longest name: it still fits where clients put a prefix of theirs before it and stop at 64.
pub const MAX_NAME_BYTES: usize = 48;

/// A name, a description, and what the kind adds.
#[derive(Clone, PartialEq)]
pub struct Definition<K: Kind> {
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
    pub detail: K::Detail,
}

impl<K: Kind> Definition<K> {
    /// Everything that is wrong with it, each in a sentence that names it.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let (noun, name) = (K::NOUN, &self.name);
        let mut faults = Vec::new();
        if !is_name(name) {
            faults.push(format!(
                "{noun} name `{name}` must be 1 to {MAX_NAME_BYTES} letters, digits, `_` or `-`"
            ));
        }
        if self.description.trim().is_empty() {
            faults
                .push(format!("{noun} `{name}` has no description; a model can't choose a {noun} it can't read about"));
        }
        for scope in self.scopes.iter().filter(|scope| !is_scope(scope)) {
            faults.push(format!(
                "{noun} `{name}`: scope `{scope}` must be letters, digits or `:._-`, and not `admin` or `probe`"
            ));
        }
        faults.extend(K::faults(self));
        faults
    }
}

impl<K: Kind> Deref for Definition<K> {
    type Target = K::Detail;

    fn deref(&self) -> &K::Detail {
        &self.detail
    }
}

impl<K: Kind> fmt::Debug for Definition<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", K::NOUN, self.name)
    }
}

fn is_name(name: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(lawful)
}
