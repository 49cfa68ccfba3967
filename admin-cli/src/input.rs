//! Values that a command takes from an argument, a file or standard input.

use std::fs;
use std::io::{Read, stdin};

use mcp_lambda::Error;
use serde_json::Value;

use crate::error::CliError;

/// Parses an argument as JSON, or, if it is `@FILE`, the text of that file.
///
/// # Errors
/// [`Error::invalid`] if the file can't be read, or the text is not JSON.
pub(crate) fn read_json(argument: &str) -> Result<Value, CliError> {
    let (source, text) = match argument.strip_prefix('@') {
        Some(path) => (path, read_file(path)?),
        None => ("what was given", argument.to_owned()),
    };
    serde_json::from_str(&text)
        .map_err(|error| Error::invalid(format!("{source} is not JSON: {error}")).into())
}

fn read_file(path: &str) -> Result<String, Error> {
    fs::read_to_string(path)
        .map_err(|error| Error::invalid(format!("the file {path} can't be read: {error}")))
}

/// Reads all of standard input, and removes the line break at its end.
///
/// # Errors
/// A message if it can't be read, or is empty.
pub(crate) fn read_stdin() -> Result<String, String> {
    let mut text = String::new();
    stdin()
        .read_to_string(&mut text)
        .map_err(|error| format!("standard input can't be read: {error}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err("standard input is empty".to_owned())
    } else {
        Ok(text.to_owned())
    }
}
