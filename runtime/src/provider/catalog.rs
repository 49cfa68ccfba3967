//! [`Catalog`], the provider of everything that an app's own code registers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::index::{self, Index, IndexEntry};
use super::{Definition, Facts, Listing, Primitive, Provider, Registration, Resolved};
use crate::error::Result;
use crate::user::Caller;

/// A fixed set of [`Registration`]s of one primitive, in order of [`Primitive::key`].
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::provider::Catalog;
/// use serde_json::json;
///
/// let tool = |name: &str| Tool::raw(name, json!({"type": "object"}), |_| async { Ok(Outcome::default()) });
/// let catalog = Catalog::new([tool("write").description("Writes."), tool("read").description("Reads.")]);
/// let names: Vec<_> = catalog.unwrap().definitions().iter().map(|one| one.name.clone()).collect();
/// assert_eq!(names, ["read", "write"]);
/// assert!(Catalog::new([tool("read"), tool("read")]).is_err());
/// ```
#[derive(Debug)]
pub struct Catalog<P: Primitive> {
    registrations: Vec<Registration<P>>,
    definitions: Vec<Arc<Definition<P>>>,
    /// The places of registrations by alias.
    aliases: BTreeMap<String, usize>,
    /// The places of registrations with a pattern, the most specific first.
    patterns: Vec<usize>,
}

impl<P: Primitive> Default for Catalog<P> {
    fn default() -> Self {
        Self {
            registrations: Vec::new(),
            definitions: Vec::new(),
            aliases: BTreeMap::new(),
            patterns: Vec::new(),
        }
    }
}

impl<P: Primitive> Catalog<P> {
    /// Makes a catalog of these [`Registration`]s.
    ///
    /// # Errors
    /// Every problem at once: names, duplicates, descriptions, schemas, scopes.
    pub fn new(
        registrations: impl IntoIterator<Item = Registration<P>>,
    ) -> std::result::Result<Self, Vec<String>> {
        let registrations: Vec<_> = registrations.into_iter().collect();
        let entries = registrations
            .iter()
            .map(|one| IndexEntry::from(&**one.definition()));
        let Index {
            order,
            aliases,
            patterns,
            problems,
        } = Index::new(P::NAME, entries.collect());
        if !problems.is_empty() {
            return Err(problems);
        }
        let registrations = index::pick(registrations, &order);
        let definitions = registrations.iter().map(Registration::definition).cloned();
        Ok(Self {
            definitions: definitions.collect(),
            registrations,
            aliases,
            patterns,
        })
    }

    /// Returns the definitions, in order of [`Primitive::key`].
    #[must_use]
    pub fn definitions(&self) -> &[Arc<Definition<P>>] {
        &self.definitions
    }

    fn place_of_key(&self, key: &str) -> Option<usize> {
        self.definitions
            .binary_search_by(|definition| P::key(definition).cmp(key))
            .ok()
    }

    /// Finds the registration that a name stands for: by key, by alias, and then by pattern, with what the pattern held.
    fn find(&self, name: &str) -> Option<(usize, Option<Map<String, Value>>)> {
        let named = self.place_of_key(name);
        if let Some(place) = named.or_else(|| self.aliases.get(name).copied()) {
            return Some((place, None));
        }
        self.patterns.iter().find_map(|place| {
            let captures = P::captures(&self.definitions[*place], name)?;
            Some((*place, Some(captures)))
        })
    }
}

#[async_trait]
impl<P: Primitive> Provider<P> for Catalog<P> {
    async fn list(&self, _caller: &Caller) -> Result<Listing<P>> {
        Ok(Listing::public(self.definitions.clone()))
    }

    async fn resolve(&self, _caller: &Caller, name: &str) -> Result<Option<Resolved<P>>> {
        let found = self.find(name);
        Ok(found.map(|(place, captures)| {
            Resolved::with_captures(self.registrations[place].clone(), captures)
        }))
    }

    fn facts(&self) -> Facts<P> {
        let has_completions = self.registrations.iter().any(Registration::has_completions);
        Facts::from_definitions(self.definitions.clone(), has_completions)
    }
}
