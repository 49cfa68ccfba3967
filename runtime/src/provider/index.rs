//! The order of definitions and the names they answer to, compiled once for all primitives.
//!
//! A [`Catalog`](super::Catalog) and a [`Joined`](super::Joined) exist for each [`Primitive`]; what they do with names does
//! not depend on it, and in here it is not in a Lambda's binary three times.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Definition, Pattern, Primitive};

/// The names of a [`Definition`], and its problems.
pub(super) struct IndexEntry<'a> {
    name: &'a str,
    key: &'a str,
    alias: Option<&'a str>,
    pattern: Option<Pattern>,
    problems: Vec<String>,
}

impl<'a, P: Primitive> From<&'a Definition<P>> for IndexEntry<'a> {
    fn from(definition: &'a Definition<P>) -> Self {
        Self {
            name: &definition.name,
            key: P::key(definition),
            alias: P::alias(definition),
            pattern: P::pattern(definition),
            problems: definition.problems(),
        }
    }
}

/// The places of entries, by what they are found by.
#[derive(Default)]
pub(super) struct Index {
    /// The places that entries had before they were sorted, in the order of their keys; of equal keys the first.
    pub(super) order: Vec<usize>,
    /// The places of sorted entries by alias.
    pub(super) aliases: BTreeMap<String, usize>,
    /// The places of sorted entries with a [`Pattern`], the most specific first.
    pub(super) patterns: Vec<usize>,
    /// The problems of the entries, and everything that two of them share.
    pub(super) problems: Vec<String>,
}

impl Index {
    /// Sorts entries of a primitive ([`Primitive::NAME`]) by their keys, and finds their problems.
    pub(super) fn new(primitive: &str, entries: Vec<IndexEntry<'_>>) -> Self {
        let mut index = Self::default();
        let keys: Vec<_> = entries.iter().map(|entry| entry.key).collect();
        index.order = sort_places(&keys);
        index.find_duplicates(primitive, &entries);
        index.add_aliases(primitive, &entries);
        index.add_patterns(primitive, entries);
        index
    }

    fn find_duplicates(&mut self, primitive: &str, entries: &[IndexEntry<'_>]) {
        let mut names = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for IndexEntry {
            name,
            key,
            problems,
            ..
        } in entries
        {
            self.problems.extend_from_slice(problems);
            if !names.insert(*name) {
                self.problems
                    .push(format!("{primitive} name `{name}` is used twice"));
            }
            if !keys.insert(*key) && name != key {
                self.problems
                    .push(format!("{primitive} `{key}` is there twice"));
            }
        }
    }

    fn add_aliases(&mut self, primitive: &str, entries: &[IndexEntry<'_>]) {
        let keys: BTreeSet<_> = entries.iter().map(|entry| entry.key).collect();
        for (place, entry) in self.order.iter().map(|place| &entries[*place]).enumerate() {
            let Some(alias) = entry.alias else { continue };
            let is_taken = self.aliases.insert(alias.to_owned(), place).is_some();
            if is_taken || keys.contains(alias) {
                self.problems.push(format!(
                    "{primitive} `{}` shares its address with another: the same toolset is mounted more than once, and no call from a page could be routed; give one of them another name",
                    entry.name
                ));
            }
        }
    }

    /// Ranks the patterns: where two match one URI, the one with more literal bytes is the one that was meant
    /// ([`Pattern::literal_bytes`]).
    fn add_patterns(&mut self, primitive: &str, mut entries: Vec<IndexEntry<'_>>) {
        let mut shapes = BTreeSet::new();
        let mut ranked = Vec::new();
        for (place, unsorted) in self.order.iter().enumerate() {
            let entry = &mut entries[*unsorted];
            let Some(pattern) = entry.pattern.take() else {
                continue;
            };
            if !shapes.insert(pattern.shape) {
                let key = entry.key;
                self.problems.push(format!(
                    "{primitive} `{key}` stands for the same as another"
                ));
            }
            ranked.push((Reverse(pattern.literal_bytes), place));
        }
        ranked.sort_unstable();
        self.patterns = ranked.into_iter().map(|(_, place)| place).collect();
    }
}

/// Returns the places of keys in the order of the keys; of equal keys the first.
pub(super) fn sort_places(keys: &[&str]) -> Vec<usize> {
    let mut places: Vec<_> = (0..keys.len()).collect();
    places.sort_by(|one, two| keys[*one].cmp(keys[*two]));
    places.dedup_by(|one, two| keys[*one] == keys[*two]);
    places
}

/// Returns the values at these places, each of which may be named once.
pub(super) fn pick<T>(values: Vec<T>, places: &[usize]) -> Vec<T> {
    let mut values: Vec<_> = values.into_iter().map(Some).collect();
    let picked = places.iter().filter_map(|place| values[*place].take());
    picked.collect()
}

/// Returns every name that two providers of a primitive have, each as a sentence.
pub(super) fn find_collisions(primitive: &str, providers: Vec<BTreeSet<String>>) -> Vec<String> {
    let mut earlier = BTreeSet::new();
    let mut collisions = BTreeSet::new();
    for mut names in providers {
        let twice = names.iter().filter(|name| earlier.contains(*name));
        collisions.extend(twice.map(|name| format!("{primitive} name `{name}` is used twice")));
        earlier.append(&mut names);
    }
    collisions.into_iter().collect()
}
