//! What the admin CLI says, word for word: its help (`docs/cli.md`), the fields of its JSON (`docs/json.md`), and a transcript
//! of every command (`snapshots/*.txt`), each held equal to what the real binaries print.
//!
//! A change fails with a diff. To accept what was meant, and nothing else:
//! `SNAPSHOTS=overwrite cargo test -p mcp-lambda-tests --test it snapshots`, then read `git diff`.
//! (The law that every command has a transcript reads the files: where one is new, it holds from the next run on.)
//! `docs/json.md` is written by hand, since its words are; a test tells what does not fit.

mod colour;
mod commands;
mod help;
mod json;
mod people;
mod transcript;

use std::path::{Path, PathBuf};

use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::cli::ADMIN;

const ACCOUNT: &str = env!("CARGO_BIN_EXE_account-admin");
const GENERIC: &str = env!("CARGO_BIN_EXE_any-admin");

/// A file of the repository.
fn place(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

/// Holds a file equal to this text, or makes it so where `SNAPSHOTS=overwrite` is set.
fn hold(file: &str, text: &str) {
    // Raw: neither wildcards nor redactions of snapbox's own, so that what is held is what is seen.
    let held = Data::read_from(&place(file), Some(DataFormat::Text)).raw();
    Assert::new().action_env(DEFAULT_ACTION_ENV).eq(text, held);
}
