//! [`DisabledNames`]: hides what an app disables ([`App::disable`](crate::App::disable)).

use std::collections::BTreeSet;

use super::Middleware;
use crate::provider::DefinitionView;
use crate::user::Caller;

/// The rule that hides definitions by name or key, from everyone. It reaches what providers come to hold after the app
/// was built.
#[derive(Debug)]
pub(crate) struct DisabledNames {
    names: BTreeSet<String>,
}

impl DisabledNames {
    /// Creates the rule for these names and URIs.
    pub(crate) const fn new(names: BTreeSet<String>) -> Self {
        Self { names }
    }
}

impl Middleware for DisabledNames {
    fn visible(&self, _caller: &Caller, definition: &DefinitionView<'_>) -> bool {
        !self.names.contains(definition.name()) && !self.names.contains(definition.key())
    }

    fn depends_on_caller(&self, _definition: &DefinitionView<'_>) -> bool {
        false
    }
}
