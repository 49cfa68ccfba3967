//! The lines of a listing, as a person reads them in a review.
//!
//! A listing has one line for each item, field, inherent method, method of a trait's definition and `impl Trait for Type`.
//! It leaves out what those lines say already: the methods of trait impls, and the members of an item that another module
//! exports again, which is a `pub use`. Names of the standard library have no paths, and a method of
//! `async_trait` as the `async fn` that its author wrote.

use std::collections::HashSet;

use public_api::{PublicApi, PublicItem};

/// Returns the lines of a crate's listing.
pub fn lines(api: &PublicApi) -> Vec<String> {
    let items: Vec<_> = api.items().collect();
    let trait_impls: HashSet<_> = items.iter().filter(|item| is_trait_impl(item)).map(|item| item.id()).collect();
    let is_listed = |item: &&&PublicItem| item.parent_id().is_none_or(|parent| !trait_impls.contains(&parent));
    let mut seen = HashSet::new();
    let mut is_in_prelude = false;
    let lines = items.iter().filter(is_listed).filter_map(|item| {
        let line = without_async_trait(&without_std(&item.to_string()));
        let reexport = reexport(&line);
        if reexport.is_some() || line.starts_with("pub mod ") || line.starts_with("pub use ") {
            is_in_prelude = line.contains("::prelude::");
        }
        // An item's members follow it where it is defined, and not in the prelude, which comes before some of these.
        let is_new = !is_in_prelude && seen.insert(item.id());
        let is_use = is_in_prelude && line.starts_with("pub use ");
        if is_new || is_use { Some(line) } else { reexport }
    });
    let mut lines: Vec<_> = lines.collect();
    let mut unique = HashSet::new();
    lines.retain(|line| unique.insert(line.clone()));
    lines
}

fn is_trait_impl(item: &PublicItem) -> bool {
    let text = item.to_string();
    text.starts_with("impl") && text.contains(" for ")
}

/// Returns the `pub use` of an item that is listed elsewhere; `None` for a member of one.
fn reexport(line: &str) -> Option<String> {
    const KINDS: [&str; 6] = ["struct ", "enum ", "trait ", "type ", "const ", "fn "];
    let item = line.rsplit_once("] ").map_or(line, |(_, item)| item).strip_prefix("pub ")?;
    let item = item.trim_start_matches("async ").trim_start_matches("const fn").trim_start();
    let path = KINDS.iter().find_map(|kind| item.strip_prefix(kind))?;
    let end = path.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
    let path = path[..end.unwrap_or(path.len())].trim_end_matches(':');
    let parent = path.rsplit("::").nth(1).unwrap_or_default();
    let is_member = parent.starts_with(|letter: char| letter.is_uppercase());
    (!is_member).then(|| format!("pub use {path}"))
}

/// Shortens the paths of the standard library to their last names.
fn without_std(line: &str) -> String {
    let mut short = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':').unwrap_or(rest.len());
        let (path, after) = rest.split_at(end);
        let is_std = ["core::", "alloc::", "std::"].iter().any(|start| path.starts_with(start));
        let is_path_only = path.ends_with(':');
        let name = path.rsplit("::").next().filter(|_| is_std && !is_path_only);
        short.push_str(name.unwrap_or(path));
        let mut letters = after.chars();
        short.extend(letters.next());
        rest = letters.as_str();
    }
    short
}

/// Writes a method of `async_trait` as an `async fn`.
fn without_async_trait(line: &str) -> String {
    const FUTURE: &str = " -> Pin<Box<(dyn Future<Output = ";
    let Some((head, tail)) = line.split_once(FUTURE).filter(|(_, tail)| tail.contains("'async_trait")) else {
        return line.to_owned();
    };
    let output = tail.split_once("> + Send + 'async_trait").map_or(tail, |(output, _)| output);
    let (name, arguments) = head.split_once('(').unwrap_or((head, ""));
    let (name, generics) = name.split_once("<'").unwrap_or((name, ""));
    let generics: Vec<_> = generics.trim_end_matches('>').split(", ").filter(|one| !is_lifetime(one)).collect();
    let generics = if generics.is_empty() { String::new() } else { format!("<{}>", generics.join(", ")) };
    let mut arguments = arguments.to_owned();
    for number in 0..10 {
        arguments = arguments.replace(&format!("'life{number} "), "");
    }
    let output = if output == "()" { String::new() } else { format!(" -> {output}") };
    format!("{}{generics}({arguments}{output}", name.replacen("pub fn ", "pub async fn ", 1))
}

/// Returns whether a generic parameter is a lifetime that `async_trait` wrote.
fn is_lifetime(parameter: &str) -> bool {
    let name = parameter.trim_start_matches('\'');
    name.is_empty() || name.starts_with("life") || name.starts_with("async_trait")
}
