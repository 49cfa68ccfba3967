//! Compares the public API of each crate with its committed listing.
//!
//! ```text
//! RUSTDOCFLAGS="-Z unstable-options --output-format json" RUSTDOC=$PWD/tests/public-api/rustdoc \
//!     cargo doc --workspace --no-deps --lib
//! cargo run --manifest-path tests/public-api/Cargo.toml [-- --write]
//! ```
//!
//! The listings are `docs/public-api/CRATE.txt`; [`listing`] says what has a line. `--write` makes them anew. A type of a crate in [`FOREIGN`] is refused wherever
//! it stands, [`App::serve_handler`](PERMITTED) aside.

mod listing;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use public_api::PublicApi;

/// The crates whose API is kept.
const CRATES: [&str; 3] = ["mcp_lambda", "mcp_lambda_admin", "mcp_lambda_dynamo"];

/// Crates whose types must not be in it: their next major version would be one of ours.
const FOREIGN: [&str; 21] = [
    "rmcp", "tokio", "tokio_util", "futures_core", "futures_util", "http_body", "http_body_util", "hyper", "lambda_runtime",
    "rusqlite", "tracing", "tracing_core", "tracing_subscriber", "jsonwebtoken", "reqwest", "clap", "aws_sdk_dynamodb",
    "aws_sdk_secretsmanager", "aws_config", "jiff", "aws_lc_rs",
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

/// Returns the problems of one crate's API.
fn check(name: &str, write: bool) -> Result<Vec<String>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let api = read(&root, name)?;
    let mut problems: Vec<_> = api.items().filter_map(|item| find_foreign(&item.to_string())).collect();
    let listing = root.join(format!("docs/public-api/{}.txt", name.replace('_', "-")));
    let lines = listing::lines(&api);
    let text = format!("{}\n", lines.join("\n"));
    if write {
        fs::write(&listing, text)?;
    } else {
        let committed = fs::read_to_string(&listing).map_err(|error| format!("{}: {error}", listing.display()))?;
        problems.extend(compare(&committed, &text));
    }
    println!("{name}: {} lines", lines.len());
    Ok(problems)
}

/// Reads the public items of a crate from rustdoc's JSON.
fn read(root: &Path, name: &str) -> Result<PublicApi, Box<dyn Error>> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(public_api::Builder::from_rustdoc_json(target.join(format!("doc/{name}.json")))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?)
}

/// Describes the foreign type that an item names, if it names one that is not permitted.
fn find_foreign(item: &str) -> Option<String> {
    let names = |foreign: &&&str| {
        item.match_indices(&format!("{foreign}::")).any(|(place, _)| {
            let before = item[..place].chars().next_back();
            before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
        })
    };
    let foreign = FOREIGN.iter().find(names).filter(|_| !item.contains(PERMITTED))?;
    Some(format!("a type of {foreign} is in the public API: {item}"))
}

/// Returns the lines that one of two listings has alone.
fn compare(committed: &str, found: &str) -> Vec<String> {
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
