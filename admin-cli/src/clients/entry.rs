//! Parts of a server's entry that several clients have in common.

use serde_json::{Map, Value, json};

use super::ServerProcess;

/// Returns the headers that carry a token (RFC 6750 §2.1).
pub(super) fn bearer_headers(token: &str) -> Value {
    json!({ "Authorization": format!("Bearer {token}") })
}

/// Returns the entry for a [`ServerProcess`], in the members that all clients read.
pub(super) fn process_entry(process: &ServerProcess) -> Value {
    let mut entry = Map::new();
    entry.insert("command".to_owned(), json!(process.command));
    entry.insert("args".to_owned(), json!(process.arguments));
    if !process.environment.is_empty() {
        entry.insert("env".to_owned(), json!(process.environment));
    }
    Value::Object(entry)
}

/// Returns the entry with a member `type` that names its transport.
pub(super) fn add_type(mut entry: Value, transport: &str) -> Value {
    entry["type"] = json!(transport);
    entry
}
