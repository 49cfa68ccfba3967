//! The programs that are measured, built by cargo as they are deployed.
//!
//! A debug build of the bench takes debug builds: enough to see that it works.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The profile that the bench itself was built with, and so what it measures.
const PROFILE: &str = if cfg!(debug_assertions) {
    "debug"
} else {
    "release"
};

/// The paths of the programs.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) hello: PathBuf,
    pub(crate) bare_echo: PathBuf,
    pub(crate) bare_echo_dynamo: PathBuf,
    pub(crate) bare_echo_http: PathBuf,
    pub(crate) app_echo: PathBuf,
    /// The notes example with everything a laptop needs.
    pub(crate) notes: PathBuf,
    /// The notes example as it is deployed.
    pub(crate) notes_lambda: PathBuf,
}

/// Builds them. Both builds of notes have one name; the one for Lambda is put aside before the other takes its place.
///
/// # Errors
/// In words, if cargo fails or a file can't be copied.
pub(crate) fn build() -> Result<Programs, String> {
    let target = target();
    let bins = [
        "bare-hello",
        "bare-echo-lambda",
        "bare-echo-dynamo",
        "bare-echo-http",
        "app-echo",
    ];
    let bins: Vec<_> = bins.iter().flat_map(|bin| ["--bin", bin]).collect();
    cargo(&[&["-p", "mcp-lambda-tests"], bins.as_slice()].concat())?;
    let notes_lambda = build_notes_for_lambda()?;
    cargo(&["-p", "notes", "--bin", "notes"])?;
    let built = |name: &str| target.join(name);
    Ok(Programs {
        hello: built("bare-hello"),
        bare_echo: built("bare-echo-lambda"),
        bare_echo_dynamo: built("bare-echo-dynamo"),
        bare_echo_http: built("bare-echo-http"),
        app_echo: built("app-echo"),
        notes: built("notes"),
        notes_lambda,
    })
}

/// Builds the notes as they are deployed, and puts the program aside.
///
/// # Errors
/// In words, if cargo fails or the file can't be copied.
pub(crate) fn build_notes_for_lambda() -> Result<PathBuf, String> {
    cargo(&["-p", "notes", "--bin", "notes", "--no-default-features"])?;
    let (built, aside) = (target().join("notes"), target().join("notes-lambda"));
    std::fs::copy(&built, &aside).map_err(|error| format!("{}: {error}", built.display()))?;
    Ok(aside)
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target")
        .join(PROFILE)
}

fn cargo(what: &[&str]) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("build")
        .args((PROFILE == "release").then_some("--release"))
        .args(what);
    let status = command
        .status()
        .map_err(|error| format!("cargo can't be run: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{command:?}` failed"))
    }
}

/// Returns a program's bytes in a deployment's zip: its deflated size, and the zip's own 130 or so.
///
/// # Panics
/// If it can't be read.
pub(crate) fn zipped(program: &Path) -> usize {
    let bytes = std::fs::read(program).expect("built");
    let mut deflated =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflated.write_all(&bytes).expect("memory");
    deflated.finish().expect("memory").len() + 130
}
