//! The outcome of `register --apply` for one client, as JSON and as text.

use mcp_lambda::Error;
use serde_json::{Value, json};

use super::describe;
use crate::clients::KnownClient;

/// The result for one [`KnownClient`].
pub(super) struct ApplyResult {
    pub(super) client: &'static str,
    pub(super) state: &'static str,
    pub(super) place: String,
    pub(super) text: String,
    pub(super) notes: Vec<String>,
    pub(super) error: Option<Error>,
}

impl ApplyResult {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "client": self.client, "where": self.place, "text": self.text, "notes": self.notes,
            "state": self.state, "done": matches!(self.state, "added" | "replaced" | "already_there"),
        })
    }

    pub(super) fn message(&self) -> String {
        let heading = match self.state {
            "already_there" => format!("already there, in {}", self.place),
            "left_out" => "left out".to_owned(),
            "failed" => format!("FAILED, {}", self.place),
            state => format!("{state}; {}", self.place),
        };
        describe(
            &format!("{}: {heading}", self.client),
            &self.text,
            &self.notes,
        )
    }

    /// Returns the outcome for a client that nobody named and that is not registered.
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
