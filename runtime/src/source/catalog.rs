//! An app's tools, prompts or resources as one source: the innermost leaf.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;

use super::{Completion, Definition, Kind, Listing, Offer, Pattern, Reply, Source, unknown};
use crate::call::Call;
use crate::error::Result;
use crate::user::Caller;

/// What an app offers of one kind, in order of [`Kind::key`].
#[derive(Debug)]
pub struct Catalog<K: Kind> {
    offers: BTreeMap<String, Offer<K>>,
    definitions: Vec<Arc<Definition<K>>>,
    aliases: BTreeMap<String, usize>,
    patterns: Vec<usize>,
}

impl<K: Kind> Default for Catalog<K> {
    fn default() -> Self {
        Self {
            offers: BTreeMap::new(),
            definitions: Vec::new(),
            aliases: BTreeMap::new(),
            patterns: Vec::new(),
        }
    }
}

impl<K: Kind> Catalog<K> {
    /// All these in one list.
    ///
    /// # Errors
    /// Everything that is wrong with them, all at once: names, duplicates, descriptions, schemas, scopes.
    pub fn new(
        offers: impl IntoIterator<Item = Offer<K>>,
    ) -> std::result::Result<Self, Vec<String>> {
        let (mut faults, mut catalog, mut names) = (Vec::new(), Self::default(), BTreeSet::new());
        for offer in offers {
            let definition = offer.definition();
            faults.extend(definition.faults());
            if !names.insert(definition.name.clone()) {
                faults.push(format!(
                    "{} name `{}` is used twice",
                    K::NOUN,
                    definition.name
                ));
            }
            let key = K::key(definition).to_owned();
            if catalog
                .offers
                .insert(key.clone(), offer)
                .is_some_and(|other| other.definition().name != key)
            {
                faults.push(format!("{} `{key}` is there twice", K::NOUN));
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
            .offers
            .values()
            .map(|offer| Arc::clone(offer.definition()))
            .collect();
        for (place, definition) in self.definitions.iter().enumerate() {
            let Some(alias) = K::alias(definition) else {
                continue;
            };
            let is_taken = self.aliases.insert(alias.to_owned(), place).is_some()
                || self.offers.contains_key(alias);
            if is_taken {
                faults.push(format!(
                    "{} `{}` shares its address with another: the same part is mounted more than once, and no call from a page could be routed; give one of the parts another name",
                    K::NOUN, definition.name
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
            }) = K::pattern(definition)
            else {
                continue;
            };
            if !shapes.insert(shape) {
                faults.push(format!(
                    "{} `{}` stands for the same as another",
                    K::NOUN,
                    K::key(definition)
                ));
            }
            patterns.push((std::cmp::Reverse(literal_bytes), place));
        }
        patterns.sort();
        self.patterns = patterns.into_iter().map(|(_, place)| place).collect();
    }

    /// What everything says of itself.
    #[must_use]
    pub fn definitions(&self) -> &[Arc<Definition<K>>] {
        &self.definitions
    }

    /// Whether anything suggests values for an argument.
    #[must_use]
    pub fn has_completions(&self) -> bool {
        self.offers.values().any(Offer::has_completions)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let listed = self
            .definitions
            .binary_search_by(|definition| K::key(definition).cmp(name))
            .ok();
        let called = || self.aliases.get(name).copied();
        let matching = || {
            self.patterns
                .iter()
                .copied()
                .find(|place| K::matches(&self.definitions[*place], name))
        };
        listed.or_else(called).or_else(matching)
    }

    fn offer(&self, found: &Definition<K>) -> Result<&Offer<K>> {
        self.offers
            .get(K::key(found))
            .ok_or_else(|| unknown::<K>(&found.name))
    }
}

#[async_trait]
impl<K: Kind> Source<K> for Catalog<K> {
    async fn list(&self, _caller: &Caller) -> Result<Listing<K>> {
        Ok(Listing {
            definitions: self.definitions.clone(),
            is_private: false,
        })
    }

    async fn find(&self, _caller: &Caller, name: &str) -> Result<Option<Arc<Definition<K>>>> {
        Ok(self
            .place(name)
            .map(|place| Arc::clone(&self.definitions[place])))
    }

    async fn call(&self, found: &Arc<Definition<K>>, mut call: Call) -> Result<Reply<K::Answer>> {
        K::bind(found, &mut call)?;
        self.offer(found)?.call(call).await
    }

    async fn complete(
        &self,
        found: &Arc<Definition<K>>,
        completion: Completion,
    ) -> Result<Vec<String>> {
        self.offer(found)?.complete(completion).await
    }
}
