//! Hides what an app disables.

use std::collections::BTreeSet;

use super::Middleware;
use crate::provider::DefinitionView;
use crate::user::Caller;

/// Hides definitions by name or key, from everyone. It reaches what providers come to hold after the app was built.
#[derive(Debug)]
pub(crate) struct Disabled {
    names: BTreeSet<String>,
}

impl Disabled {
    /// Hides these names and URIs.
    pub(crate) const fn new(names: BTreeSet<String>) -> Self {
        Self { names }
    }
}

impl Middleware for Disabled {
    fn visible(&self, _caller: &Caller, definition: &DefinitionView<'_>) -> bool {
        !self.names.contains(definition.name()) && !self.names.contains(definition.key())
    }

    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }
}
