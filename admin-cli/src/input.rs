//! Values that a command takes as JSON or from a file.

use std::fs;

use mcp_lambda::Error;
use serde_json::Value;

use crate::error::CliError;

/// Reads JSON as it stands, or from a file behind `@`.
///
/// # Errors
/// [`CliError`] if the file can't be read, or if it is not JSON.
pub(crate) fn json_or_file(text: &str) -> Result<Value, CliError> {
    let (place, text) = match text.strip_prefix('@') {
        Some(path) => {
            let read = fs::read_to_string(path);
            (
                path,
                read.map_err(|error| {
                    Error::invalid(format!("the file {path} can't be read: {error}"))
                })?,
            )
        }
        None => ("what was given", text.to_owned()),
    };
    serde_json::from_str(&text)
        .map_err(|error| Error::invalid(format!("{place} is not JSON: {error}")).into())
}
