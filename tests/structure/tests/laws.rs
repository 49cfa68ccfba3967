//! The laws of structure: how long functions and files are, how docs begin and what they link to, and that a public name is
//! one thing.

use std::path::Path;

use mcp_lambda_structure::{Checkout, Docs, Function, TypeName, cycles, defined_twice};

/// The most lines of a function, as rustfmt lays it out by default. 40 is the aim; what is longer may only become shorter.
const MAX_FUNCTION_LINES: usize = 40;

/// The most statements and match arms of a function.
const MAX_STATEMENTS: usize = 25;

/// The most lines of a file before its tests. 400 is the aim.
const MAX_FILE_LINES: usize = 400;

/// The least share of doc blocks with a link, in percent.
const MIN_LINKED: f64 = 30.0;

/// The most functions that are named by a participle: three are those of a foreign trait, and `issued_at` is the claim `iat`.
const MAX_PARTICIPLES: usize = 4;

/// Participles that English forms without `-ed`.
const PARTICIPLES: [&str; 23] = [
    "begun", "bound", "brought", "built", "done", "drawn", "found", "foreseen", "given", "gone",
    "held", "kept", "known", "left", "made", "meant", "said", "seen", "sent", "shown", "taken",
    "told", "written",
];

/// The names that have more than one meaning, all but one of them private. The list may only become shorter.
const NAMESAKES: &[&str] = &["Function", "Parameter", "Primitive"];

/// Words in `-ed` that are no participles.
const VERBS: [&str; 5] = ["embed", "exceed", "feed", "need", "seed"];

fn checkout() -> Checkout {
    Checkout::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .expect("the checkout can be read")
}

fn report(broken: &[String]) {
    assert!(
        broken.is_empty(),
        "{} broken:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

#[test]
fn functions_are_short() {
    let functions: Vec<_> = checkout().files.iter().flat_map(Function::all).collect();
    let is_long = |function: &&Function| {
        function.lines > MAX_FUNCTION_LINES || function.statements > MAX_STATEMENTS
    };
    let broken = functions.iter().filter(is_long).map(|function| {
        let Function {
            path,
            name,
            lines,
            statements,
        } = function;
        format!("{path}: `{name}` has {lines} lines and {statements} statements")
    });
    report(&broken.collect::<Vec<_>>());
}

#[test]
fn files_are_short() {
    let checkout = checkout();
    let broken = checkout
        .files
        .iter()
        .filter(|file| file.lines() > MAX_FILE_LINES);
    let broken =
        broken.map(|file| format!("{}: {} lines before its tests", file.path, file.lines()));
    report(&broken.collect::<Vec<_>>());
}

#[test]
fn a_public_name_is_one_thing() {
    let checkout = checkout();
    let names = checkout.files.iter().flat_map(TypeName::all);
    let public: Vec<_> = names.filter(|name| name.is_public).collect();
    let broken = defined_twice(&public)
        .into_iter()
        .map(|(name, places)| format!("{name}: {}", places.join(", ")));
    report(&broken.collect::<Vec<_>>());
}

#[test]
fn a_name_is_one_thing_in_private_too() {
    let names: Vec<_> = checkout().files.iter().flat_map(TypeName::all).collect();
    let shared = defined_twice(&names);
    let is_new = |name: &&String| !NAMESAKES.contains(&name.as_str());
    let news = shared.keys().filter(is_new);
    let broken = news.map(|name| format!("{name}: {}", shared[name].join(", ")));
    report(&broken.collect::<Vec<_>>());
    let gone = NAMESAKES.iter().filter(|name| !shared.contains_key(**name));
    let gone = gone.map(|name| format!("{name} is one thing now: take it out of `NAMESAKES`"));
    report(&gone.collect::<Vec<_>>());
}

#[test]
fn modules_form_no_cycle() {
    let checkout = checkout();
    let broken = Checkout::crates().into_iter().flat_map(|folder| {
        let cycles = cycles(folder, checkout.files_of(folder));
        cycles
            .into_iter()
            .map(move |(one, other)| format!("{folder}: `{one}` and `{other}`"))
    });
    report(&broken.collect::<Vec<_>>());
}

#[test]
fn docs_say_what_a_thing_is() {
    let docs = Docs::of(&checkout().files);
    let share = docs.percent(docs.openings.len());
    assert!(
        share < 5.0,
        "{share:.1} % of doc blocks open with a question word:\n{}",
        docs.openings.join("\n")
    );
}

#[test]
fn docs_link_to_their_neighbours_and_name_their_sources() {
    let docs = Docs::of(&checkout().files);
    let (linked, sourced) = (docs.percent(docs.linked), docs.percent(docs.sourced));
    assert!(
        linked >= MIN_LINKED,
        "{linked:.1} % of doc blocks have a link"
    );
    assert!(
        sourced >= 10.0,
        "{sourced:.1} % of doc blocks name a source"
    );
}

#[test]
fn functions_are_verbs() {
    let functions: Vec<_> = checkout().files.iter().flat_map(Function::all).collect();
    let broken = functions
        .iter()
        .filter(|function| is_participle(&function.name));
    let broken: Vec<_> = broken
        .map(|function| format!("{}: `{}`", function.path, function.name))
        .collect();
    assert!(
        broken.len() <= MAX_PARTICIPLES,
        "{} of at most {MAX_PARTICIPLES}:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

/// Returns whether a name is a participle, or begins with one.
fn is_participle(name: &str) -> bool {
    let word = name.split('_').next().unwrap_or_default();
    let ends_so = word.ends_with("ed") && word.len() > 3 && !VERBS.contains(&word);
    ends_so || PARTICIPLES.contains(&word)
}

#[test]
fn participles_are_told_from_verbs() {
    for name in ["told", "worded", "given", "renamed", "kept_until"] {
        assert!(is_participle(name), "{name}");
    }
    for name in [
        "is_revoked",
        "embed",
        "read",
        "tell",
        "needs",
        "red",
        "feed_back",
    ] {
        assert!(!is_participle(name), "{name}");
    }
}
