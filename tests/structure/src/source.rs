//! The production files of a checkout.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// The folders with production code, in the order in which tables name them.
const CRATES: [&str; 4] = [
    "runtime/src",
    "runtime/macros/src",
    "store-dynamo/src",
    "admin-cli/src",
];

/// The production files of one checkout.
#[derive(Debug)]
pub struct Checkout {
    /// The files, sorted by path.
    pub files: Vec<SourceFile>,
}

/// One file of production code, without its tests.
#[derive(Debug)]
pub struct SourceFile {
    /// The path below the checkout, with `/`.
    pub path: String,
    /// The text before the file's `#[cfg(test)] mod tests`.
    pub text: String,
    /// The same text, parsed.
    pub syntax: syn::File,
}

impl Checkout {
    /// Reads the production files below a folder. Files of laws and of tests are left out.
    ///
    /// # Errors
    /// A file that can't be read, or that is not Rust.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        for folder in CRATES {
            collect(&root.join(folder), &mut paths)?;
        }
        paths.retain(|path| is_production(path.strip_prefix(root).unwrap_or(path)));
        paths.sort();
        let files = paths.iter().map(|path| SourceFile::read(root, path));
        Ok(Self {
            files: files.collect::<io::Result<_>>()?,
        })
    }

    /// The files of one crate, by the folder of its sources.
    pub fn files_of<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        self.files
            .iter()
            .filter(move |file| file.path.starts_with(folder))
    }

    /// The folders with production code.
    #[must_use]
    pub const fn crates() -> [&'static str; 4] {
        CRATES
    }
}

impl SourceFile {
    fn read(root: &Path, path: &Path) -> io::Result<Self> {
        let whole = fs::read_to_string(path)?;
        let text = without_tests(&whole).to_owned();
        let name = path
            .strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/");
        let syntax =
            syn::parse_file(&text).map_err(|error| io::Error::other(format!("{name}: {error}")))?;
        Ok(Self {
            path: name,
            text,
            syntax,
        })
    }

    /// The number of lines before the tests.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

/// The part of a file before its tests.
fn without_tests(text: &str) -> &str {
    let tests = ["\n#[cfg(test)]\nmod tests", "\n#[cfg(test)]\n#[path"];
    let end = tests.iter().filter_map(|mark| text.find(mark)).min();
    &text[..end.unwrap_or(text.len())]
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn is_production(path: &Path) -> bool {
    let is_test = |part: &std::ffi::OsStr| {
        ["laws", "laws.rs", "tests", "tests.rs", "fails_after.rs"]
            .iter()
            .any(|name| part == *name)
    };
    path.extension().is_some_and(|extension| extension == "rs") && !path.iter().any(is_test)
}
