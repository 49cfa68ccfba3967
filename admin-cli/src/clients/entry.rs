//! What a client's file holds for one server, and what such an entry means. Pure; it never tells a token.
//!
//! Two entries are the same if they mean the same: a client's own command writes fields that ours does not, and a token is
//! a token whichever it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Client, Launch, Reach, Server, Token};

/// The member of a client's file that holds its servers.
pub(crate) const fn root(client: Client) -> &'static str {
    match client {
        Client::CodexCli => "mcp_servers",
        Client::Vscode => "servers",
        _ => "mcpServers",
    }
}

/// The entry of a server.
pub(crate) fn entry(client: Client, server: &Server, reach: &Reach) -> Value {
    match reach {
        Reach::Http(token) => http(client, server, token),
        Reach::Process(launch) => process(client, launch),
    }
}

fn http(client: Client, server: &Server, token: &Token) -> Value {
    let (url, headers) = (
        server.endpoint(),
        json!({ "Authorization": format!("Bearer {}", bearer(client, server, token)) }),
    );
    match client {
        Client::CodexCli => json!({ "url": url, "bearer_token_env_var": token.variable(server) }),
        Client::GeminiCli => json!({ "httpUrl": url, "headers": headers }),
        Client::Cursor => json!({ "url": url, "headers": headers }),
        _ => json!({ "type": "http", "url": url, "headers": headers }),
    }
}

/// The token, or the client's own words for where it is.
fn bearer(client: Client, server: &Server, token: &Token) -> String {
    match (client, token) {
        (Client::Vscode, _) => format!("${{input:{}}}", input_id(server)),
        (_, Token::Given(token)) => token.clone(),
        (Client::Cursor, Token::Variable(name)) => format!("${{env:{name}}}"),
        (_, Token::Variable(name)) => format!("${{{name}}}"),
        (_, Token::File(_)) => token.to_paste(),
    }
}

fn process(client: Client, launch: &Launch) -> Value {
    let mut entry = Map::new();
    if matches!(client, Client::ClaudeCode | Client::Vscode) {
        entry.insert("type".to_owned(), json!("stdio"));
    }
    entry.insert("command".to_owned(), json!(launch.command));
    entry.insert("args".to_owned(), json!(launch.arguments));
    if !launch.environment.is_empty() {
        entry.insert("env".to_owned(), json!(launch.environment));
    }
    Value::Object(entry)
}

/// The name by which VS Code asks for the token.
fn input_id(server: &Server) -> String {
    format!("{}-token", server.name)
}

/// The member beside the entry by which VS Code asks for the token (VS Code, MCP configuration, input variables).
pub(crate) fn input(server: &Server) -> Value {
    let description = format!("Token of {}", server.name);
    json!({ "id": input_id(server), "type": "promptString", "description": description, "password": true })
}

/// The credential of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Not at all.
    None,
    /// By a token in the file.
    Token,
    /// By what something else holds, in the client's words.
    Reference(String),
}

/// The meaning of an entry, in no client's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) url: Option<String>,
    pub(crate) credential: Credential,
    pub(crate) command: Option<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

impl Meaning {
    /// Reads an entry of any client.
    pub(crate) fn of(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let url = text("httpUrl")
            .or_else(|| text("url"))
            .or_else(|| text("serverUrl"));
        let strings = |value: &Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(text_of)
                .collect()
        };
        let environment = entry["env"].as_object().into_iter().flatten();
        Self {
            url: url.map(|url| url.trim_end_matches('/').to_owned()),
            credential: credential(entry),
            command: text("command"),
            arguments: strings(&entry["args"]),
            environment: environment
                .filter_map(|(name, value)| Some((name.clone(), text_of(value)?)))
                .collect(),
        }
    }

    /// Returns true if it leads to this URL, by itself or through a process that is told the URL.
    pub(crate) fn leads_to(&self, endpoint: &str) -> bool {
        let same = |url: &String| url.trim_end_matches('/') == endpoint;
        self.url.as_ref().is_some_and(same) || self.arguments.iter().any(same)
    }

    /// The credential in a word, for people and programs.
    pub(crate) fn credential_words(&self) -> String {
        match &self.credential {
            Credential::None => "none".to_owned(),
            Credential::Token => "token in the file".to_owned(),
            Credential::Reference(text) => reference_name(text),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn credential(entry: &Value) -> Credential {
    if let Some(name) = entry["bearer_token_env_var"].as_str() {
        return Credential::Reference(format!("${{{name}}}"));
    }
    let header = |field: &str| {
        let headers = entry[field].as_object()?;
        headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
            .and_then(|(_, value)| text_of(value))
    };
    if let Some(name) = header("env_http_headers") {
        return Credential::Reference(format!("${{{name}}}"));
    }
    match header("headers").or_else(|| header("http_headers")) {
        None => Credential::None,
        Some(value) if value.contains('$') => {
            Credential::Reference(without_braces(value.trim_start_matches("Bearer ")))
        }
        Some(_) => Credential::Token,
    }
}

/// `$NAME` as `${NAME}`: Gemini takes both.
fn without_braces(value: &str) -> String {
    match value.strip_prefix('$') {
        Some(name) if !name.starts_with('{') => format!("${{{name}}}"),
        _ => value.to_owned(),
    }
}

/// The name in a reference, without what may stand after the name, such as a default that is a secret.
fn reference_name(text: &str) -> String {
    let inside = text.split_once("${").map_or("", |(_, inside)| inside);
    let (kind, inside) = match inside.split_once(':') {
        Some(("input", name)) => ("input", name),
        Some(("env", name)) => ("variable", name),
        _ => ("variable", inside),
    };
    let name: String = inside
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .collect();
    format!("{kind} {}", name.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [Client; 5] = [
        Client::ClaudeCode,
        Client::GeminiCli,
        Client::CodexCli,
        Client::Vscode,
        Client::Cursor,
    ];

    fn server() -> Server {
        Server {
            name: "notes".to_owned(),
            url: "https://mcp.example.com".to_owned(),
        }
    }

    fn meaning(client: Client, token: &Token) -> Meaning {
        Meaning::of(&entry(client, &server(), &Reach::Http(token.clone())))
    }

    #[test]
    fn every_entry_leads_to_the_server_and_says_how_it_is_let_in() {
        let (given, variable) = (
            Token::Given("eyJ.t.s".to_owned()),
            Token::Variable("OTHER".to_owned()),
        );
        for (client, by_token, by_variable) in [
            (Client::ClaudeCode, "token in the file", "variable OTHER"),
            (Client::GeminiCli, "token in the file", "variable OTHER"),
            (Client::CodexCli, "variable NOTES_TOKEN", "variable OTHER"),
            (Client::Vscode, "input notes-token", "input notes-token"),
            (Client::Cursor, "token in the file", "variable OTHER"),
        ] {
            assert!(
                meaning(client, &given).leads_to("https://mcp.example.com/mcp"),
                "{client}"
            );
            assert_eq!(
                meaning(client, &given).credential_words(),
                by_token,
                "{client}"
            );
            assert_eq!(
                meaning(client, &variable).credential_words(),
                by_variable,
                "{client}"
            );
        }
    }

    #[test]
    fn a_token_is_a_token_whichever_it_is_and_no_variable() {
        let (one, other) = (
            Token::Given("eyJ.1".to_owned()),
            Token::Given("eyJ.2".to_owned()),
        );
        let variable = Token::Variable("V".to_owned());
        for client in FILES {
            assert_eq!(meaning(client, &one), meaning(client, &other), "{client}");
            assert_eq!(
                meaning(client, &one) == meaning(client, &variable),
                client == Client::Vscode,
                "{client}"
            );
        }
        let shell = json!({ "httpUrl": "https://mcp.example.com/mcp/", "headers": { "authorization": "Bearer $V" } });
        assert_eq!(Meaning::of(&shell), meaning(Client::GeminiCli, &variable));
    }

    #[test]
    fn a_reference_tells_its_name_and_no_default() {
        for (text, told) in [
            ("${A_B}", "variable A_B"),
            ("${A:-hush}", "variable A"),
            ("${env:A}", "variable A"),
            ("${input:my-a}", "input my-a"),
            ("x$y", "variable "),
        ] {
            assert_eq!(reference_name(text), told, "{text}");
        }
    }

    #[test]
    fn a_process_has_its_environment_only_where_it_needs_one() {
        let mut launch = Launch::new("/bin/notes".to_owned(), "alice@example.com");
        for client in FILES {
            let plain = entry(client, &server(), &Reach::Process(launch.clone()));
            assert_eq!(
                plain["args"],
                json!(["stdio", "--user", "alice@example.com"]),
                "{client}"
            );
            assert!(plain.get("env").is_none(), "{client}");
        }
        launch
            .environment
            .insert("APP_USERS_PATH".to_owned(), "/data".to_owned());
        let entry = entry(Client::Vscode, &server(), &Reach::Process(launch));
        assert_eq!(
            (&entry["type"], &entry["env"]),
            (&json!("stdio"), &json!({ "APP_USERS_PATH": "/data" }))
        );
    }
}
