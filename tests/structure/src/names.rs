//! The names of types and traits, and those that have two meanings.

use std::collections::BTreeMap;

use syn::{Item, Visibility};

use crate::SourceFile;

/// A type or a trait, wherever it can be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeName {
    /// The name.
    pub name: String,
    /// The path of its file.
    pub path: String,
    /// True if it is `pub` without a bound.
    pub is_public: bool,
}

impl TypeName {
    /// The types and traits of a file.
    #[must_use]
    pub fn all(file: &SourceFile) -> Vec<Self> {
        let mut found = Vec::new();
        collect(&file.syntax.items, &file.path, &mut found);
        found
    }
}

fn collect(items: &[Item], path: &str, found: &mut Vec<TypeName>) {
    for item in items {
        let named = match item {
            Item::Struct(item) => Some((&item.vis, &item.ident)),
            Item::Enum(item) => Some((&item.vis, &item.ident)),
            Item::Trait(item) => Some((&item.vis, &item.ident)),
            Item::Type(item) => Some((&item.vis, &item.ident)),
            Item::Mod(module) => {
                let inner = module.content.as_ref().map(|(_, items)| items.as_slice());
                collect(inner.unwrap_or_default(), path, found);
                None
            }
            _ => None,
        };
        if let Some((visibility, name)) = named {
            found.push(TypeName {
                name: name.to_string(),
                path: path.to_owned(),
                is_public: matches!(visibility, Visibility::Public(_)),
            });
        }
    }
}

/// The names that more than one place defines, each with its places.
#[must_use]
pub fn defined_twice(names: &[TypeName]) -> BTreeMap<String, Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for TypeName { name, path, .. } in names {
        places.entry(name.clone()).or_default().push(path.clone());
    }
    places.retain(|_, places| places.len() > 1);
    places
}
