//! A client's file with one server put in, whichever language it is written in. Pure.

use serde_json::Value;

use super::{Client, Reach, Server, entry, json, toml};

/// The entry of that name, if the text has one.
pub(crate) fn get(client: Client, text: &str, name: &str) -> Result<Option<Value>, String> {
    let root = entry::root(client);
    match client {
        Client::CodexCli => toml::get(text, root, name),
        _ => json::get(or_empty(text), &[root, name]),
    }
}

/// The text with the server in it; all else stays as it was.
pub(crate) fn set(
    client: Client,
    text: &str,
    server: &Server,
    reach: &Reach,
) -> Result<String, String> {
    let (root, entry) = (entry::root(client), entry::entry(client, server, reach));
    if client == Client::CodexCli {
        return toml::set(text, root, &server.name, &entry);
    }
    let new = json::set(or_empty(text), &[root, &server.name], &entry)?;
    match (client, reach) {
        (Client::Vscode, Reach::Http(_)) => with_input(&new, &entry::input(server)),
        _ => Ok(new),
    }
}

/// VS Code's file with the question for the token, unless it is asked already.
fn with_input(text: &str, input: &Value) -> Result<String, String> {
    let inputs = json::get(text, &["inputs"])?;
    let is_there = |inputs: &Vec<Value>| inputs.iter().any(|known| known["id"] == input["id"]);
    if inputs
        .as_ref()
        .and_then(Value::as_array)
        .is_some_and(is_there)
    {
        return Ok(text.to_owned());
    }
    json::append(text, "inputs", input)
}

/// An empty file holds nothing that could be lost.
fn or_empty(text: &str) -> &str {
    if text.trim().is_empty() { "{}\n" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Token;

    fn server() -> Server {
        Server {
            name: "notes".to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    #[test]
    fn what_is_put_in_is_found_again_and_putting_it_twice_changes_nothing() {
        let reach = Reach::Http(Token::Variable("V".to_owned()));
        for client in Client::ALL.into_iter().filter(|client| client.has_file()) {
            let once = set(client, "", &server(), &reach).expect("lawful");
            assert_eq!(
                get(client, &once, "notes"),
                Ok(Some(entry::entry(client, &server(), &reach))),
                "{client}"
            );
            assert!(
                once.ends_with('\n') && get(client, &once, "other") == Ok(None),
                "{client}"
            );
            assert_eq!(
                set(client, &once, &server(), &reach).expect("lawful"),
                once,
                "{client}"
            );
        }
    }

    #[test]
    fn vscode_asks_for_each_servers_token_by_itself() {
        let other = r#"{"inputs": [{"id": "token"}], "servers": {"other": {"url": "u"}}}"#;
        let set = set(
            Client::Vscode,
            other,
            &server(),
            &Reach::Http(Token::Variable("V".to_owned())),
        )
        .expect("lawful");
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
