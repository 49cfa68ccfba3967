//! Parts of a server's entry that several clients write alike.

use serde_json::{Map, Value, json};

use super::Launch;

/// Returns the headers that carry a token (RFC 6750 §2.1).
pub(super) fn bearer_headers(token: &str) -> Value {
    json!({ "Authorization": format!("Bearer {token}") })
}

/// Returns the entry of a process that the client starts: a [`Launch`] in the members that all clients read.
pub(super) fn stdio(launch: &Launch) -> Value {
    let mut entry = Map::new();
    entry.insert("command".to_owned(), json!(launch.command));
    entry.insert("args".to_owned(), json!(launch.arguments));
    if !launch.environment.is_empty() {
        entry.insert("env".to_owned(), json!(launch.environment));
    }
    Value::Object(entry)
}

/// Returns an entry that names its transport.
pub(super) fn with_type(mut entry: Value, transport: &str) -> Value {
    entry["type"] = json!(transport);
    entry
}
