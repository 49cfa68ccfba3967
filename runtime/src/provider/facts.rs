//! [`Facts`]: what is known of a provider without a caller.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Definition, Primitive};

/// The facts about a [`Provider`](super::Provider) that hold for every caller.
///
/// A server announces its capabilities, bounds its requests and checks the scopes of new tokens by them. A provider whose
/// contents may change says so by [`changing`](Self::changing), and is treated as if it had every capability, could name
/// any scope, and needed the longest timeout.
///
/// ```
/// use std::time::Duration;
/// use mcp_lambda::provider::Facts;
/// use mcp_lambda::tool::Tools;
///
/// let facts = Facts::<Tools>::changing().with_longest_timeout(Duration::from_secs(5));
/// assert!(!facts.is_empty(), "it may have tools");
/// assert_eq!(facts.longest_timeout(), Some(Duration::from_secs(5)));
/// assert_eq!(facts.scopes(), None, "a token may name any scope");
/// ```
#[derive(Clone, Debug)]
pub struct Facts<P: Primitive> {
    definitions: Vec<Arc<Definition<P>>>,
    may_change: bool,
    has_completions: bool,
    longest_timeout: Option<Duration>,
    scopes: Option<BTreeSet<String>>,
}

impl<P: Primitive> Facts<P> {
    /// Describes a provider that always has just these [`Definition`]s.
    #[must_use]
    pub fn from_definitions(definitions: Vec<Arc<Definition<P>>>, has_completions: bool) -> Self {
        let timeouts = definitions.iter().filter_map(|one| one.timeout);
        let mut scopes = BTreeSet::new();
        for definition in &definitions {
            scopes.extend(definition.scopes.iter().cloned());
        }
        Self {
            longest_timeout: Some(timeouts.max().unwrap_or_default()),
            scopes: Some(scopes),
            may_change: false,
            definitions,
            has_completions,
        }
    }

    /// Describes a provider whose contents may change while the server runs: it may have anything.
    #[must_use]
    pub const fn changing() -> Self {
        Self {
            definitions: Vec::new(),
            may_change: true,
            has_completions: true,
            longest_timeout: None,
            scopes: None,
        }
    }

    /// Sets the longest timeout of any call, whatever the provider comes to hold.
    #[must_use]
    pub const fn with_longest_timeout(mut self, timeout: Duration) -> Self {
        self.longest_timeout = Some(timeout);
        self
    }

    /// Sets every scope that a [`Definition`] may name, whatever the provider comes to hold.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Sets whether the provider may suggest values for arguments ([`Provider`](super::Provider) with a
    /// [`CompletionRequest`](super::CompletionRequest)).
    #[must_use]
    pub const fn with_completions(mut self, has_completions: bool) -> Self {
        self.has_completions = has_completions;
        self
    }

    /// Returns the definitions that are always there.
    #[must_use]
    pub fn definitions(&self) -> &[Arc<Definition<P>>] {
        &self.definitions
    }

    /// Returns whether there may be other definitions than [`definitions`](Self::definitions), now or later.
    #[must_use]
    pub const fn may_change(&self) -> bool {
        self.may_change
    }

    /// Returns whether nothing is there and nothing will be.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.definitions.is_empty() && !self.may_change
    }

    /// Returns whether values may be suggested for arguments.
    #[must_use]
    pub const fn has_completions(&self) -> bool {
        self.has_completions
    }

    /// Returns the longest timeout that a definition sets, zero if none sets one; `None` if that is not known.
    #[must_use]
    pub const fn longest_timeout(&self) -> Option<Duration> {
        self.longest_timeout
    }

    /// Returns every scope that a definition names; `None` if that is not known.
    #[must_use]
    pub const fn scopes(&self) -> Option<&BTreeSet<String>> {
        self.scopes.as_ref()
    }

    /// Merges the facts of two providers that are served as one ([`Joined`](super::Joined)).
    #[must_use]
    pub(super) fn join(mut self, other: Self) -> Self {
        self.definitions.extend(other.definitions);
        self.may_change |= other.may_change;
        self.has_completions |= other.has_completions;
        let timeouts = self.longest_timeout.zip(other.longest_timeout);
        self.longest_timeout = timeouts.map(|(one, two)| one.max(two));
        let scopes = self.scopes.zip(other.scopes);
        self.scopes = scopes.map(|(mut one, mut two)| {
            one.append(&mut two);
            one
        });
        self
    }
}
