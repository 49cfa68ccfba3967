//! An app's tools, prompts or resources as one source: the innermost leaf.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Completion, Definition, Listing, Pattern, Primitive, Provider, Registration, Reply, unknown,
};
use crate::call::Call;
use crate::error::Result;
use crate::user::Caller;

/// What an app offers of one kind, in order of [`Primitive::key`].
#[derive(Debug)]
pub struct Catalog<P: Primitive> {
    registrations: BTreeMap<String, Registration<P>>,
    definitions: Vec<Arc<Definition<P>>>,
    aliases: BTreeMap<String, usize>,
    patterns: Vec<usize>,
}

impl<P: Primitive> Default for Catalog<P> {
    fn default() -> Self {
        Self {
            registrations: BTreeMap::new(),
            definitions: Vec::new(),
            aliases: BTreeMap::new(),
            patterns: Vec::new(),
        }
    }
}

impl<P: Primitive> Catalog<P> {
    /// All these in one list.
    ///
    /// # Errors
    /// Everything that is wrong with them, all at once: names, duplicates, descriptions, schemas, scopes.
    pub fn new(
        registrations: impl IntoIterator<Item = Registration<P>>,
    ) -> std::result::Result<Self, Vec<String>> {
        let (mut faults, mut catalog, mut names) = (Vec::new(), Self::default(), BTreeSet::new());
        for registration in registrations {
            let definition = registration.definition();
            faults.extend(definition.faults());
            if !names.insert(definition.name.clone()) {
                faults.push(format!(
                    "{} name `{}` is used twice",
                    P::NAME,
                    definition.name
                ));
            }
            let key = P::key(definition).to_owned();
            if catalog
                .registrations
                .insert(key.clone(), registration)
                .is_some_and(|other| other.definition().name != key)
            {
                faults.push(format!("{} `{key}` is there twice", P::NAME));
            }
        }
        catalog.index(&mut faults);
        if faults.is_empty() {
            Ok(catalog)
        } else {
            Err(faults)
        }
    }

    fn index(&mut self, faults: &mut Vec<String>) {
        self.definitions = self
            .registrations
            .values()
            .map(|registration| Arc::clone(registration.definition()))
            .collect();
        for (place, definition) in self.definitions.iter().enumerate() {
            let Some(alias) = P::alias(definition) else {
                continue;
            };
            let is_taken = self.aliases.insert(alias.to_owned(), place).is_some()
                || self.registrations.contains_key(alias);
            if is_taken {
                faults.push(format!(
                    "{} `{}` shares its address with another: the same part is mounted more than once, and no call from a page could be routed; give one of the parts another name",
                    P::NAME, definition.name
                ));
            }
        }
        self.index_patterns(faults);
    }

    /// The pattern that fixes most goes first.
    fn index_patterns(&mut self, faults: &mut Vec<String>) {
        let (mut patterns, mut shapes) = (Vec::new(), BTreeSet::new());
        for (place, definition) in self.definitions.iter().enumerate() {
            let Some(Pattern {
                shape,
                literal_bytes,
            }) = P::pattern(definition)
            else {
                continue;
            };
            if !shapes.insert(shape) {
                faults.push(format!(
                    "{} `{}` stands for the same as another",
                    P::NAME,
                    P::key(definition)
                ));
            }
            patterns.push((std::cmp::Reverse(literal_bytes), place));
        }
        patterns.sort();
        self.patterns = patterns.into_iter().map(|(_, place)| place).collect();
    }

    /// What everything says of itself.
    #[must_use]
    pub fn definitions(&self) -> &[Arc<Definition<P>>] {
        &self.definitions
    }

    /// Whether anything suggests values for an argument.
    #[must_use]
    pub fn has_completions(&self) -> bool {
        self.registrations
            .values()
            .any(Registration::has_completions)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let listed = self
            .definitions
            .binary_search_by(|definition| P::key(definition).cmp(name))
            .ok();
        let called = || self.aliases.get(name).copied();
        let matching = || {
            self.patterns
                .iter()
                .copied()
                .find(|place| P::matches(&self.definitions[*place], name))
        };
        listed.or_else(called).or_else(matching)
    }

    fn registration(&self, found: &Definition<P>) -> Result<&Registration<P>> {
        self.registrations
            .get(P::key(found))
            .ok_or_else(|| unknown::<P>(&found.name))
    }
}

#[async_trait]
impl<P: Primitive> Provider<P> for Catalog<P> {
    async fn list(&self, _caller: &Caller) -> Result<Listing<P>> {
        Ok(Listing {
            definitions: self.definitions.clone(),
            is_private: false,
        })
    }

    async fn find(&self, _caller: &Caller, name: &str) -> Result<Option<Arc<Definition<P>>>> {
        Ok(self
            .place(name)
            .map(|place| Arc::clone(&self.definitions[place])))
    }

    async fn call(&self, found: &Arc<Definition<P>>, mut call: Call) -> Result<Reply<P::Answer>> {
        P::bind(found, &mut call)?;
        self.registration(found)?.call(call).await
    }

    async fn complete(
        &self,
        found: &Arc<Definition<P>>,
        completion: Completion,
    ) -> Result<Vec<String>> {
        self.registration(found)?.complete(completion).await
    }
}
