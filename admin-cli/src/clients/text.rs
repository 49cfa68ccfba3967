//! What a person runs, writes or types to connect a client. Pure.
//!
//! Where a client reads a token from a variable, the token stays out of its file; a token in a command is in a shell's history,
//! so the note says so.

use mcp_lambda::shell;
use serde_json::{Value, json};

use super::{Client, Launch, Reach, Registration, Scope, Server, Token, argv, entry, toml};

/// Returns the [`Registration`] over HTTP.
pub(super) fn http(client: Client, server: &Server, token: &Token, scope: Scope) -> Registration {
    match client {
        Client::ClaudeAi => claude_ai(server, token),
        Client::Chatgpt => chatgpt(server, token),
        Client::Stdio => bridge(server, token),
        _ => {
            let (reach, notes) = (
                Reach::Http(token.clone()),
                notes(client, server, token, scope),
            );
            if argv::serves(client, scope) {
                run(client, server, &reach, scope, notes)
            } else {
                write(client, server, &reach, scope, notes)
            }
        }
    }
}

/// Returns the [`Registration`] by which the client starts the server itself; nothing, for clients that are not on this machine.
pub(super) fn process(
    client: Client,
    server: &Server,
    launch: &Launch,
    scope: Scope,
) -> Registration {
    let reach = Reach::Process(launch.clone());
    match client {
        Client::ClaudeAi | Client::Chatgpt => {
            let note =
                "it starts no process on this machine; it needs a URL, so leave out `--stdio`"
                    .to_owned();
            Registration {
                place: "not possible".to_owned(),
                text: String::new(),
                notes: vec![note],
            }
        }
        _ if argv::serves(client, scope) => {
            run(client, server, &reach, scope, process_notes(client, scope))
        }
        _ => write(client, server, &reach, scope, process_notes(client, scope)),
    }
}

/// Returns the notes on an entry over HTTP.
fn notes(client: Client, server: &Server, token: &Token, scope: Scope) -> Vec<String> {
    let mut notes = process_notes(client, scope);
    match client {
        Client::GeminiCli => notes.push(format!(
            "its tools are called mcp_{}_TOOL, cut at 63 characters",
            server.name
        )),
        Client::CodexCli => {
            if !matches!(token, Token::Variable(_)) {
                let line = shell::export(&token.variable(server), &token.behind(""));
                notes.push(format!(
                    "it takes no token itself: `{line}` where it is started"
                ));
            }
            notes.extend(token.needs());
            notes.push(
                "without the variable it does not start the server, and names the variable"
                    .to_owned(),
            );
        }
        Client::Vscode => notes.push(format!(
            "it asks for the token once, and keeps it with the system's secrets; type {}",
            token.to_paste()
        )),
        Client::Cursor => notes.extend(token.needs()),
        Client::ClaudeCode if scope == Scope::Project => notes.extend(token.needs()),
        _ => {}
    }
    notes
}

/// Returns the notes on any entry.
fn process_notes(client: Client, scope: Scope) -> Vec<String> {
    let note = match (client, scope) {
        (Client::CodexCli, Scope::Project) => {
            "it reads a project's file only in a project that it was told to trust"
        }
        (Client::GeminiCli, _) => {
            "in a folder that it does not trust all servers are off, the user's own too: `/permissions` in it trusts the folder"
        }
        (Client::ClaudeCode, Scope::Project) => {
            "a server of `.mcp.json` waits for approval: start `claude` in the folder once, and approve it"
        }
        _ => return Vec::new(),
    };
    vec![note.to_owned()]
}

fn run(
    client: Client,
    server: &Server,
    reach: &Reach,
    scope: Scope,
    notes: Vec<String>,
) -> Registration {
    let arguments = argv::for_shell(client, server, reach, scope);
    let text = argv::line(argv::program(client).unwrap_or_default(), arguments);
    Registration {
        place: "run".to_owned(),
        text,
        notes,
    }
}

fn write(
    client: Client,
    server: &Server,
    reach: &Reach,
    scope: Scope,
    notes: Vec<String>,
) -> Registration {
    Registration {
        place: format!("in {}", client.file(scope)),
        text: to_paste(client, server, reach),
        notes,
    }
}

/// The text of a file that holds nothing else.
pub(crate) fn to_paste(client: Client, server: &Server, reach: &Reach) -> String {
    let (root, entry) = (entry::root(client), entry::entry(client, server, reach));
    if client == Client::CodexCli {
        return toml::text(root, &server.name, &entry).trim_end().to_owned();
    }
    let mut text = json!({ root: { server.name.as_str(): entry } });
    if (client, matches!(reach, Reach::Http(_))) == (Client::Vscode, true) {
        text["inputs"] = json!([entry::input(server)]);
    }
    format!("{text:#}")
}

fn claude_ai(server: &Server, token: &Token) -> Registration {
    let text = format!(
        "Name: {}\nURL: {}\nRequest header Authorization: Bearer {}",
        server.name,
        server.endpoint(),
        token.to_paste()
    );
    let place = "Settings, Connectors, Add custom connector, Advanced, Request headers".to_owned();
    let note = "request headers are in beta, and not every account has them; the server must be reachable from the internet";
    Registration {
        place,
        text,
        notes: vec![note.to_owned()],
    }
}

fn chatgpt(server: &Server, token: &Token) -> Registration {
    let text = format!(
        "Name: {}\nURL: {}\nAccess token / API key: {}",
        server.name,
        server.endpoint(),
        token.to_paste()
    );
    let place = "Settings, Apps, Advanced, Developer mode, Create app".to_owned();
    let note = "where the dialog offers no access token, it takes OAuth alone, which this server does not speak";
    Registration {
        place,
        text,
        notes: vec![note.to_owned()],
    }
}

/// For a client that can only start a process: one that speaks HTTP for it.
fn bridge(server: &Server, token: &Token) -> Registration {
    let variable = token.variable(server);
    let arguments = json!([
        "-y",
        "mcp-remote",
        server.endpoint(),
        "--header",
        format!("Authorization:${{{variable}}}")
    ]);
    let value = match token {
        Token::Given(token) => format!("Bearer {token}"),
        Token::Variable(_) | Token::File(_) => "Bearer TOKEN".to_owned(),
    };
    let entry: Value =
        json!({ "command": "npx", "args": arguments, "env": { variable.as_str(): value } });
    let text = format!(
        "{:#}",
        json!({ "mcpServers": { server.name.as_str(): entry } })
    );
    let mut notes = vec![
        "for a client that can only start a process; there is no space after the colon, which some clients lose"
            .to_owned(),
    ];
    if let Token::Variable(name) = token {
        notes.push(format!("put what {name} holds in the place of TOKEN"));
    }
    Registration {
        place: "in the client's own file".to_owned(),
        text,
        notes,
    }
}
