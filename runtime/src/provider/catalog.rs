//! [`Catalog`], the provider of everything that an app's own code registers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{Definition, Facts, Listing, Pattern, Primitive, Provider, Registration, Resolved};
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
        let mut registrations: Vec<_> = registrations.into_iter().collect();
        let mut problems = problems(&registrations);
        registrations.sort_by(|one, two| key(one).cmp(key(two)));
        registrations.dedup_by(|one, two| key(one) == key(two));
        let definitions = registrations.iter().map(Registration::definition).cloned();
        let mut catalog = Self {
            definitions: definitions.collect(),
            registrations,
            ..Self::default()
        };
        problems.extend(catalog.index_aliases());
        problems.extend(catalog.index_patterns());
        if problems.is_empty() {
            Ok(catalog)
        } else {
            Err(problems)
        }
    }

    fn index_aliases(&mut self) -> Vec<String> {
        let mut problems = Vec::new();
        for (place, definition) in self.definitions.iter().enumerate() {
            let Some(alias) = P::alias(definition) else {
                continue;
            };
            let is_taken = self.aliases.insert(alias.to_owned(), place).is_some();
            if is_taken || self.place_of_key(alias).is_some() {
                problems.push(format!(
                    "{} `{}` shares its address with another: the same part is mounted more than once, and no call from a page could be routed; give one of the parts another name",
                    P::NAME, definition.name
                ));
            }
        }
        problems
    }

    /// Ranks the patterns: where two match one URI, the one with more literal bytes is the one that was meant
    /// ([`Pattern::literal_bytes`]).
    fn index_patterns(&mut self) -> Vec<String> {
        let (mut problems, mut shapes) = (Vec::new(), BTreeSet::new());
        let mut ranked = Vec::new();
        for (place, definition) in self.definitions.iter().enumerate() {
            let Some(Pattern {
                shape,
                literal_bytes,
            }) = P::pattern(definition)
            else {
                continue;
            };
            if !shapes.insert(shape) {
                problems.push(format!(
                    "{} `{}` stands for the same as another",
                    P::NAME,
                    P::key(definition)
                ));
            }
            ranked.push((std::cmp::Reverse(literal_bytes), place));
        }
        ranked.sort();
        self.patterns = ranked.into_iter().map(|(_, place)| place).collect();
        problems
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

fn key<P: Primitive>(registration: &Registration<P>) -> &str {
    P::key(registration.definition())
}

/// Returns the problems of each definition, and every name and key that is used twice.
fn problems<P: Primitive>(registrations: &[Registration<P>]) -> Vec<String> {
    let mut problems = Vec::new();
    let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for registration in registrations {
        let definition = registration.definition();
        problems.extend(definition.problems());
        let (name, key) = (definition.name.as_str(), P::key(definition));
        if !names.insert(name) {
            problems.push(format!("{} name `{name}` is used twice", P::NAME));
        }
        if !keys.insert(key) && name != key {
            problems.push(format!("{} `{key}` is there twice", P::NAME));
        }
    }
    problems
}

#[async_trait]
impl<P: Primitive> Provider<P> for Catalog<P> {
    async fn list(&self, _caller: &Caller) -> Result<Listing<P>> {
        Ok(Listing {
            definitions: self.definitions.clone(),
            is_private: false,
        })
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
