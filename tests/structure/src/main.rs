//! `cargo run -p mcp-lambda-structure -- FOLDER …`: a table of the structure of each checkout, side by side.

use std::env::args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mcp_lambda_structure::{Checkout, Docs, Function, Lengths, TypeName, cycles, defined_twice};

fn main() -> io::Result<()> {
    let mut folders: Vec<PathBuf> = args().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    }
    let columns = folders
        .iter()
        .map(|folder| Checkout::read(folder).map(|checkout| rows(&checkout)));
    let columns = columns.collect::<io::Result<Vec<_>>>()?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(
        std::iter::once("measure".to_owned())
            .chain(folders.iter().map(|folder| folder.display().to_string())),
    );
    for (place, (measure, _)) in columns.first().into_iter().flatten().enumerate() {
        let values = columns.iter().map(|rows| rows[place].1.clone());
        table.add_row(std::iter::once((*measure).to_owned()).chain(values));
    }
    writeln!(io::stdout(), "{table}")
}

/// Each measure and its value.
fn rows(checkout: &Checkout) -> Vec<(&'static str, String)> {
    let functions: Vec<_> = checkout.files.iter().flat_map(Function::all).collect();
    let lines = Lengths::of(functions.iter().map(|function| function.lines).collect());
    let statements = Lengths::of(
        functions
            .iter()
            .map(|function| function.statements)
            .collect(),
    );
    let docs = Docs::of(&checkout.files);
    let names = checkout.files.iter().flat_map(TypeName::all);
    let names: Vec<_> = names.filter(|name| name.is_public).collect();
    let cycles: Vec<_> = Checkout::crates()
        .map(|folder| cycles(folder, checkout.files_of(folder)).len().to_string())
        .to_vec();
    vec![
        ("files", checkout.files.len().to_string()),
        (
            "files over 300 lines",
            checkout
                .files
                .iter()
                .filter(|file| file.lines() > 300)
                .count()
                .to_string(),
        ),
        ("functions", functions.len().to_string()),
        (
            "lines of a function: median / p90 / p99 / max",
            distribution(lines),
        ),
        (
            "statements of a function: median / p90 / p99 / max",
            distribution(statements),
        ),
        ("doc blocks", docs.blocks.to_string()),
        (
            "doc blocks that open with a question word, %",
            format!("{:.1}", docs.percent(docs.openings.len())),
        ),
        (
            "doc blocks with a link, %",
            format!("{:.1}", docs.percent(docs.linked)),
        ),
        (
            "doc blocks with a source, %",
            format!("{:.1}", docs.percent(docs.sourced)),
        ),
        ("runnable examples", docs.examples.to_string()),
        (
            "comment lines / lines of code",
            format!("{} / {}", docs.comments, docs.code),
        ),
        ("public types and traits", names.len().to_string()),
        (
            "public names defined twice",
            defined_twice(&names).len().to_string(),
        ),
        ("cycles of modules, by crate", cycles.join(" / ")),
    ]
}

fn distribution(lengths: Lengths) -> String {
    let Lengths {
        median,
        p90,
        p99,
        max,
    } = lengths;
    format!("{median} / {p90} / {p99} / {max}")
}
