//! Compares the public API of each crate with its committed listing.
//!
//! ```text
//! RUSTDOCFLAGS="-Z unstable-options --output-format json" RUSTDOC=$PWD/tests/public-api/rustdoc \
//!     cargo doc --workspace --no-deps --lib
//! cargo run --manifest-path tests/public-api/Cargo.toml [-- --write]
//! ```
//!
//! The listings are `docs/public-api/CRATE.txt`. `--write` makes them anew. A type of a crate in [`FOREIGN`] is refused wherever
//! it stands, [`App::serve_handler`](PERMITTED) aside.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// The crates whose API is kept.
const CRATES: [&str; 3] = ["mcp_lambda", "mcp_lambda_admin", "mcp_lambda_dynamo"];

/// Crates whose types must not be in it: their next major version would be one of ours.
const FOREIGN: [&str; 14] = [
    "rmcp", "tokio", "tokio_util", "futures_core", "futures_util", "http_body", "http_body_util", "hyper", "lambda_runtime",
    "rusqlite", "jsonwebtoken", "reqwest", "clap", "aws_sdk_dynamodb",
];

/// The item that may name a foreign type: it takes a server that is one.
const PERMITTED: &str = "App::serve_handler";

fn main() -> ExitCode {
    let write = env::args().any(|argument| argument == "--write");
    let mut problems = Vec::new();
    for name in CRATES {
        match check(name, write) {
            Ok(found) => problems.extend(found),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The problems of one crate's API.
fn check(name: &str, write: bool) -> Result<Vec<String>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let items = list(&root, name)?;
    let mut problems: Vec<_> = items.iter().filter_map(|item| foreign(item)).collect();
    let listing = root.join(format!("docs/public-api/{}.txt", name.replace('_', "-")));
    let text = format!("{}\n", items.join("\n"));
    if write {
        fs::write(&listing, text)?;
    } else {
        let committed = fs::read_to_string(&listing).map_err(|error| format!("{}: {error}", listing.display()))?;
        problems.extend(differences(&committed, &text));
    }
    println!("{name}: {} public items", items.len());
    Ok(problems)
}

/// The public items of a crate, each on a line.
fn list(root: &Path, name: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let api = public_api::Builder::from_rustdoc_json(target.join(format!("doc/{name}.json")))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    Ok(api.items().map(ToString::to_string).collect())
}

/// The foreign crate whose type an item names.
fn foreign(item: &str) -> Option<String> {
    let names = |foreign: &&&str| {
        item.match_indices(&format!("{foreign}::")).any(|(place, _)| {
            let before = item[..place].chars().next_back();
            before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
        })
    };
    let foreign = FOREIGN.iter().find(names).filter(|_| !item.contains(PERMITTED))?;
    Some(format!("a type of {foreign} is in the public API: {item}"))
}

/// The lines that one of two listings has alone.
fn differences(committed: &str, found: &str) -> Vec<String> {
    let missing = |these: &str, those: &str, sign: &str| {
        let those: Vec<_> = those.lines().collect();
        let lines = these.lines().filter(|line| !those.contains(line));
        lines.map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
    };
    let mut lines = missing(committed, found, "-");
    lines.extend(missing(found, committed, "+"));
    if !lines.is_empty() {
        lines.push("the public API differs from docs/public-api; if that is meant, run this with `-- --write`".to_owned());
    }
    lines
}
