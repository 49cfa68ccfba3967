//! The text of a client's file: the entry of a server in it, and the text with an entry set. Pure.

use serde_json::{Value, json};

use super::client::SideEntry;
use super::{ClientConfig, FileFormat, McpServer, Transport, json, toml};

/// Returns the entry of that name, if the text has one.
///
/// # Errors
/// A message if the text is not in the client's format.
pub(crate) fn get(
    config: &dyn ClientConfig,
    text: &str,
    name: &str,
) -> Result<Option<Value>, String> {
    match config.format() {
        FileFormat::Toml => toml::get(text, config.root(), name),
        FileFormat::Json => json::get(replace_empty(text), &[config.root(), name]),
    }
}

/// Returns the text with the entry of a [`McpServer`] set. All else stays as it was, comments and layout too.
///
/// # Errors
/// A message if the text is not in the client's format, or has another kind of value where the servers belong.
pub(crate) fn set(
    config: &dyn ClientConfig,
    text: &str,
    server: &McpServer,
    transport: &Transport,
) -> Result<String, String> {
    let entry = config.entry(server, transport);
    if config.format() == FileFormat::Toml {
        return toml::set(text, config.root(), &server.name, &entry);
    }
    let new = json::set(replace_empty(text), &[config.root(), &server.name], &entry)?;
    match config.side_entry(server, transport) {
        Some(side_entry) => add_side_entry(&new, &side_entry),
        None => Ok(new),
    }
}

/// Returns the text of a file with one entry and nothing else, for a person to paste.
pub(crate) fn to_paste(
    config: &dyn ClientConfig,
    server: &McpServer,
    transport: &Transport,
) -> String {
    let entry = config.entry(server, transport);
    if config.format() == FileFormat::Toml {
        return toml::build_document(config.root(), &server.name, &entry)
            .trim_end()
            .to_owned();
    }
    let mut text = json!({ config.root(): { server.name.as_str(): entry } });
    if let Some(SideEntry { member, value }) = config.side_entry(server, transport) {
        text[member] = json!([value]);
    }
    format!("{text:#}")
}

/// Returns the text with a [`SideEntry`] appended, unless one with its `id` is there.
fn add_side_entry(text: &str, side_entry: &SideEntry) -> Result<String, String> {
    let SideEntry { member, value } = side_entry;
    let list = json::get(text, &[*member])?;
    let mut known = list.iter().filter_map(Value::as_array).flatten();
    if known.any(|known| known["id"] == value["id"]) {
        return Ok(text.to_owned());
    }
    json::append(text, member, value)
}

/// Returns an empty JSON object for an empty file.
fn replace_empty(text: &str) -> &str {
    if text.trim().is_empty() { "{}\n" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::tests::find;
    use crate::clients::{KnownClient, TokenSource};

    fn server() -> McpServer {
        McpServer {
            name: "notes".to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    #[test]
    fn what_is_put_in_is_found_again_and_putting_it_twice_changes_nothing() {
        let transport = Transport::Http(TokenSource::Variable("V".to_owned()));
        for client in KnownClient::ALL.iter().filter_map(|client| client.config()) {
            let once = set(client, "", &server(), &transport).expect("valid");
            assert_eq!(
                get(client, &once, "notes"),
                Ok(Some(client.entry(&server(), &transport))),
                "{client:?}"
            );
            assert!(
                once.ends_with('\n') && get(client, &once, "other") == Ok(None),
                "{client:?}"
            );
            assert_eq!(
                set(client, &once, &server(), &transport).expect("valid"),
                once,
                "{client:?}"
            );
        }
    }

    #[test]
    fn vscode_asks_for_each_servers_token_by_itself() {
        let other = r#"{"inputs": [{"id": "token"}], "servers": {"other": {"url": "u"}}}"#;
        let set = set(
            find("vscode").config().expect("a file"),
            other,
            &server(),
            &Transport::Http(TokenSource::Variable("V".to_owned())),
        )
        .expect("valid");
        let value: Value = serde_json::from_str(&set).expect("JSON");
        assert_eq!(value["inputs"][0]["id"], "token");
        assert_eq!(value["inputs"][1]["id"], "notes-token");
        assert_eq!(
            value["servers"]["notes"]["headers"]["Authorization"],
            "Bearer ${input:notes-token}"
        );
        assert_eq!(value["servers"]["other"]["url"], "u");
    }
}
