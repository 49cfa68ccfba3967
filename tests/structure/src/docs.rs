//! Doc comments: how they begin, whether they link, cite a source and show an example.

use crate::SourceFile;

/// Words that a doc comment must not begin with: they ask, and do not say what the thing is or does.
pub const OPENINGS: [&str; 12] = [
    "What", "Where", "Who", "How", "Whether", "When", "Why", "Which", "Whom", "Whose", "Whoever",
    "Whatever",
];

/// The marks of a source outside of the code.
const SOURCES: [&str; 12] = [
    "RFC ",
    "MCP ",
    "§",
    "https://",
    "http://",
    "Fetch standard",
    "ECMA",
    "Unicode",
    "JSON Schema",
    "OAuth 2",
    "AWS ",
    "HPACK",
];

/// The doc comments of some files, counted.
#[derive(Clone, Debug, Default)]
pub struct Docs {
    /// Doc blocks: runs of `///` or `//!` lines.
    pub blocks: usize,
    /// Blocks that begin with one of [`OPENINGS`], each as `path:line: first words`.
    pub openings: Vec<String>,
    /// Blocks with an intra-doc link to another item than the one they are in.
    pub linked: usize,
    /// Blocks that cite a specification, a standard or a URL.
    pub sourced: usize,
    /// Examples that rustdoc runs.
    pub examples: usize,
    /// Ordinary comment lines.
    pub comments: usize,
    /// Lines of code: neither blank nor a comment.
    pub code: usize,
}

impl Docs {
    /// Counts the doc comments of these files.
    #[must_use]
    pub fn of<'a>(files: impl IntoIterator<Item = &'a SourceFile>) -> Self {
        let mut docs = Self::default();
        for file in files {
            docs.count(file);
        }
        docs
    }

    /// A share of all blocks, in percent.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    pub fn percent(&self, blocks: usize) -> f64 {
        blocks as f64 * 100.0 / (self.blocks.max(1) as f64)
    }

    fn count(&mut self, file: &SourceFile) {
        let mut block: Vec<&str> = Vec::new();
        let mut parent = "";
        for (number, line) in file.text.lines().chain([""]).enumerate() {
            parent = type_name(line).unwrap_or(parent);
            let line = line.trim_start();
            let doc = ["///", "//!"]
                .iter()
                .find_map(|mark| line.strip_prefix(mark));
            if let Some(text) = doc.filter(|text| !text.starts_with('/')) {
                block.push(text.trim());
                continue;
            }
            self.close(&file.path, number, &std::mem::take(&mut block), parent);
            self.comments += usize::from(line.starts_with("//"));
            self.code += usize::from(!line.is_empty() && !line.starts_with("//"));
        }
    }

    fn close(&mut self, path: &str, line: usize, block: &[&str], parent: &str) {
        let Some(first) = block.iter().find(|text| !text.is_empty()) else {
            return;
        };
        let whole = block.join("\n");
        self.blocks += 1;
        let word = first
            .split(|letter: char| !letter.is_alphanumeric())
            .next()
            .unwrap_or_default();
        if OPENINGS.contains(&word) {
            self.openings.push(format!("{path}:{line}: {first}"));
        }
        self.linked += usize::from(has_link(&whole, parent));
        self.sourced += usize::from(SOURCES.iter().any(|mark| whole.contains(mark)));
        self.examples += examples(block);
    }
}

/// Returns the type or trait that a line without indentation begins, or implements something for.
fn type_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let (keyword, rest) = line.split_once([' ', '<'])?;
    let rest = match keyword {
        "struct" | "enum" | "trait" => rest,
        "impl" if line.starts_with("impl<") => rest.split_once("> ")?.1,
        "impl" => rest,
        _ => return None,
    };
    let rest = rest.split_once(" for ").map_or(rest, |(_, name)| name);
    rest.split(|letter: char| !letter.is_alphanumeric()).next()
}

/// Returns whether a block links to an item, ``[`Item`]`` or `[words](Item)`, other than its parent.
fn has_link(text: &str, parent: &str) -> bool {
    let is_other = |target: &str| {
        let target = target.split(')').next().unwrap_or_default();
        !target.starts_with("http") && target.rsplit("::").next() != Some(parent)
    };
    text.contains("[`")
        || text
            .match_indices("](")
            .any(|(place, _)| is_other(&text[place + 2..]))
}

/// The fences of a block that open an example which is run.
fn examples(block: &[&str]) -> usize {
    let mut is_open = false;
    let fences = block.iter().filter(|text| text.starts_with("```"));
    fences
        .filter(|fence| {
            is_open = !is_open;
            is_open
                && !["text", "json", "ignore", "toml", "sh", "console"].contains(&fence[3..].trim())
        })
        .count()
}
