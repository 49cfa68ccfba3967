//! Cycles among the top-level modules of a crate.

use std::collections::{BTreeMap, BTreeSet};

use crate::SourceFile;

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The pairs of top-level modules of a crate that reach each other, by what their files name after `crate::`.
#[must_use]
pub fn cycles<'a>(
    folder: &str,
    files: impl IntoIterator<Item = &'a SourceFile>,
) -> Vec<(String, String)> {
    let graph = graph(folder, files);
    let reached: BTreeMap<_, _> = graph
        .keys()
        .map(|module| (module, reach(&graph, module)))
        .collect();
    let mut pairs = Vec::new();
    for (module, others) in &reached {
        let back = others.iter().filter(|other| *other > *module);
        let back = back.filter(|other| {
            reached
                .get(other)
                .is_some_and(|there| there.contains(*module))
        });
        pairs.extend(back.map(|other| ((*module).clone(), other.clone())));
    }
    pairs
}

fn graph<'a>(folder: &str, files: impl IntoIterator<Item = &'a SourceFile>) -> Graph {
    let mut graph = Graph::new();
    for file in files {
        let Some(rest) = file.path.strip_prefix(folder) else {
            continue;
        };
        let module = rest
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default();
        let module = module.trim_end_matches(".rs").to_owned();
        if !["lib", "main"].contains(&module.as_str()) {
            graph.entry(module).or_default().extend(named(&file.text));
        }
    }
    let modules: BTreeSet<_> = graph.keys().cloned().collect();
    for (module, others) in &mut graph {
        others.retain(|other| other != module && modules.contains(other));
    }
    graph
}

/// The modules that a file's code names.
fn named(text: &str) -> impl Iterator<Item = String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| {
        line.match_indices("crate::").map(|(place, mark)| {
            let rest = &line[place + mark.len()..];
            rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
    })
    .collect::<Vec<_>>()
    .into_iter()
}

fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(module) = next.pop() {
        for other in graph.get(&module).into_iter().flatten() {
            if reached.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    reached
}
