//! The result of `register --apply` for one client, as JSON and as text.

use mcp_lambda::Error;
use serde_json::{Value, json};

use super::print::format_section;
use crate::clients::KnownClient;

/// The result for one client.
pub(super) struct ApplyResult {
    pub(super) client: &'static str,
    /// `added`, `replaced`, `already_there`, `left_out` or `failed`.
    pub(super) state: &'static str,
    /// The file that was written or the command that was run.
    pub(super) place: String,
    /// The text that was put in, with a mask for a token.
    pub(super) text: String,
    pub(super) notes: Vec<String>,
    /// The error of `failed`.
    pub(super) error: Option<Error>,
}

impl ApplyResult {
    /// Returns the result as the JSON of `register --apply`.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "client": self.client, "where": self.place, "text": self.text, "notes": self.notes,
            "state": self.state, "done": matches!(self.state, "added" | "replaced" | "already_there"),
        })
    }

    /// Returns the result as text for people.
    pub(super) fn to_text(&self) -> String {
        let state = match self.state {
            "already_there" => format!("already there, in {}", self.place),
            "left_out" => "left out".to_owned(),
            "failed" => format!("FAILED, {}", self.place),
            state => format!("{state}; {}", self.place),
        };
        format_section(
            &format!("{}: {state}", self.client),
            &self.text,
            &self.notes,
        )
    }

    /// Returns the result of a client that `--client` did not name and that was not found, or can't be registered from here.
    pub(super) fn skip(client: KnownClient) -> Self {
        let note = if client.config().is_some() {
            "it was not found on this machine; name it with `--client` to do it all the same"
                .to_owned()
        } else {
            format!(
                "it can't be registered from here; `register --client {client}` prints what to do"
            )
        };
        Self {
            client: client.name(),
            state: "left_out",
            place: String::new(),
            text: String::new(),
            notes: vec![note],
            error: None,
        }
    }
}
