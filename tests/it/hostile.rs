//! The admin CLI in bad company: a server that lies, and words that terminals and shells obey.

use std::convert::Infallible;
use std::fs;
use std::process::Output;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mcp_lambda::printable::is_printable;
use mcp_lambda_tests::process::Home;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::cli::{ADMIN, KEY, connected, ends_with, err, json_of, out};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");
const GENERIC: &str = env!("CARGO_BIN_EXE_any-admin");
const ALICE: &str = "alice@example.com";

/// What a terminal would obey: a title, a cleared screen, a return, C1's CSI, DEL, and text read backwards.
const HOSTILE: &str = "x\u{1b}]0;TITLE\u{7}\u{1b}[2J\r\u{9b}2J\u{7f}\u{202e}y";

/// The colours that are ours.
const OURS: [&str; 5] = [
    "\u{1b}[0m",
    "\u{1b}[1m",
    "\u{1b}[31m",
    "\u{1b}[32m",
    "\u{1b}[33m",
];

/// A server whose every word is hostile, and whose tokens are these.
async fn liar(token: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let answer =
                service_fn(move |request| async move { Ok::<_, Infallible>(lie(&request, token)) });
            connections.spawn(async move {
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    (url, server)
}

fn lie(request: &Request<Incoming>, token: &str) -> Response<Full<Bytes>> {
    let (status, body) = told(request.method().as_str(), request.uri().path(), token);
    let method = request
        .headers()
        .get("mcp-method")
        .and_then(|method| method.to_str().ok())
        .unwrap_or("initialize");
    let body = if request.uri().path() == "/mcp" {
        json!({"jsonrpc": "2.0", "id": 1, "result": spoken(method)})
    } else {
        body
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    response.body(Full::from(body.to_string())).expect("valid")
}

fn told(method: &str, path: &str, token: &str) -> (u16, Value) {
    let issued = json!({"email": ALICE, "token": token, "duration_seconds": 60, "id": "id-1", "expires": HOSTILE});
    let user = json!({"email": ALICE, "created": HOSTILE, "revoke_after": null, "profile": {HOSTILE: HOSTILE}, "tokens": 1});
    let listed = json!({"id": "id-1", "name": HOSTILE, "created": HOSTILE, "expires": HOSTILE, "scopes": [HOSTILE]});
    match (method, path) {
        (_, "/health" | "/admin/health") => (
            200,
            json!({"status": "healthy", "checks": {HOSTILE: HOSTILE}, "details": {"app": HOSTILE, "version": HOSTILE}}),
        ),
        ("POST", "/admin/users" | "/admin/tokens") => (200, issued),
        ("GET", "/admin/users") => (200, json!([user])),
        (_, "/admin/safe-tool") => (
            200,
            json!({"schema_version": "1", "supported": true, "tool": {"name": HOSTILE, "description": HOSTILE, "arguments": {}}}),
        ),
        ("GET", path) if path.ends_with("/tokens") => (200, json!([listed])),
        (_, path) if path.ends_with("/profile") => {
            (200, json!({"email": ALICE, "profile": {HOSTILE: HOSTILE}}))
        }
        ("GET", path) if path.ends_with("alice%40example.com") => (200, user),
        ("DELETE", path) if path.contains("/tokens/") => (200, json!({"revoked": "id-1"})),
        _ => (404, json!({"error": HOSTILE, "code": "not_found"})),
    }
}

fn spoken(method: &str) -> Value {
    let schema = json!({"type": "object", "properties": {HOSTILE: {"type": "string", "description": HOSTILE}}});
    match method {
        "tools/list" => {
            json!({"tools": [{"name": "t", "description": HOSTILE, "inputSchema": schema, "_meta": {"mcp-lambda/scopes": [HOSTILE]}}]})
        }
        "tools/call" => json!({"content": [{"type": "text", "text": HOSTILE}], "isError": false}),
        _ => json!({"serverInfo": {"name": HOSTILE, "version": HOSTILE}}),
    }
}

/// Whether a terminal would show all of it, our colours aside, and obey nothing.
fn is_shown(output: &Output) -> bool {
    let all = OURS
        .iter()
        .fold(format!("{}{}", out(output), err(output)), |text, ours| {
            text.replace(ours, "")
        });
    all.chars().all(is_printable)
}

#[tokio::test]
async fn no_word_of_a_server_moves_a_cursor() {
    let (home, (url, _server)) = (Home::default(), liar("eyJ.t.s").await);
    ends_with(&home, GENERIC, 0, &["connect", &url, "--signing-key", KEY]).await;
    for command in [
        &["connect", &url, "--signing-key", KEY][..],
        &["health"],
        &["probe"],
        &["tools", "list"],
        &["tools", "show", "t"],
        &["tools", "show", HOSTILE],
        &["tools", "call", "t", "--user", ALICE],
        &["safe-tool"],
        &["safe-tool", "--invoke", ALICE],
        &["users", "list"],
        &["users", "show", ALICE],
        &["users", "add", ALICE],
        &["users", "get-profile", ALICE],
        &["users", "update-profile", ALICE, "a", HOSTILE],
        &["users", "show", "bob@example.com"],
        &["users", "revoke", ALICE],
        &["users", "purge", ALICE, "--yes"],
        &["users", "import", HOSTILE],
        &["tokens", "list", ALICE],
        &["tokens", "create", ALICE],
        &["tokens", "revoke", ALICE, HOSTILE],
        &["register"],
        &["register", "--client", "cursor", "--user", ALICE],
        &["register", "--name", HOSTILE],
        &["connections", "use", HOSTILE],
        &["users", "add", HOSTILE],
        &[HOSTILE],
    ] {
        for json in [&[][..], &["--json"]] {
            let mut run = home.command(GENERIC);
            run.args(command)
                .args(json)
                .env("CLICOLOR_FORCE", "1")
                .env("TERM", "xterm-256color");
            let output = run.output().await.expect("it runs");
            assert!(
                is_shown(&output),
                "{command:?}: {:?}{:?}",
                out(&output),
                err(&output)
            );
            if !(json.is_empty() || output.stdout.is_empty()) {
                json_of(&output);
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_and_not_shown() {
    let home = Home::default();
    for token in [
        "x\"; touch PWNED; echo \"",
        "$(touch PWNED)",
        "a b",
        "",
        "-x",
        "a\nb",
        "é",
    ] {
        let (url, _server) = liar(token).await;
        ends_with(&home, GENERIC, 0, &["connect", &url, "--signing-key", KEY]).await;
        for command in [
            &["users", "add", ALICE][..],
            &["tokens", "create", ALICE],
            &["register", "--client", "codex-cli", "--user", ALICE],
            &["register", "--apply", "--client", "cursor", "--user", ALICE],
        ] {
            let output = ends_with(&home, GENERIC, 7, command).await;
            let all = format!("{}{}", out(&output), err(&output));
            assert!(
                all.contains("nothing of it is shown")
                    && (token.is_empty() || !all.contains(token)),
                "{all}"
            );
        }
        assert!(!home.path().join(".cursor/mcp.json").exists());
    }
}

/// Runs a line that was printed, with our programs in it and nothing else, and gives the arguments that they were called with.
async fn pasted(home: &Home, line: &str) -> Vec<String> {
    let words = "words() { printf '%s\\0' \"$@\"; }\npwned() { : > pwned; }";
    let script =
        format!("{words}\nalias fixture-admin=words claude=words tokens='words tokens'\n{line}");
    let file = home.path().join("pasted.sh");
    fs::write(&file, script).expect("written");
    let mut shell = home.command("/bin/sh");
    let output = shell
        .env("PATH", "/usr/bin:/bin")
        .current_dir(home.path())
        .arg(&file)
        .output()
        .await
        .expect("a shell");
    assert!(output.status.success(), "{line}: {}", err(&output));
    out(&output)
        .split_terminator('\0')
        .map(str::to_owned)
        .collect()
}

/// The text between backticks with this at its beginning, to the next text.
fn line_in<'t>(text: &'t str, begin: &str, after: &str) -> &'t str {
    let start = text
        .find(begin)
        .unwrap_or_else(|| panic!("no `{begin}` in {text}"));
    text[start..]
        .split_once(after)
        .expect("the end of the line")
        .0
}

#[tokio::test]
async fn an_email_that_a_stranger_chose_runs_nothing_when_a_hint_is_pasted() {
    let email = "`pwned`$x&'{}|!@b.c";
    let (home, _) = connected("local").await;
    let added = out(&ends_with(&home, ADMIN, 0, &["users", "add", email]).await);
    let register = line_in(&added, "fixture-admin register", "` has the line");
    assert_eq!(
        pasted(&home, register).await,
        ["register", "--client", "CLIENT", "--user", email]
    );
    let claude = line_in(&added, "claude mcp add", "\n");
    assert_eq!(pasted(&home, claude).await[..2], ["mcp", "add"]);
    let again = err(&ends_with(&home, ADMIN, 5, &["users", "add", email]).await);
    assert_eq!(
        pasted(&home, line_in(&again, "tokens create", "` makes another")).await,
        ["tokens", "create", email]
    );
    let revoked = out(&ends_with(&home, ADMIN, 0, &["users", "revoke", email]).await);
    assert_eq!(
        pasted(&home, line_in(&revoked, "tokens create", "` makes a new")).await,
        ["tokens", "create", email]
    );
    let nobody = "`pwned`@nobody.example";
    let advised = err(&ends_with(&home, FIXTURE, 4, &["stdio", "--user", nobody]).await);
    let add = line_in(&advised, "fixture-admin users add", "`, or give");
    assert_eq!(pasted(&home, add).await, ["users", "add", nobody]);
    assert!(!home.path().join("pwned").exists());
}

#[tokio::test]
async fn codex_is_given_its_token_from_a_folder_of_any_name() {
    let (home, _) = connected("local").await;
    ends_with(&home, ADMIN, 0, &["users", "add", ALICE]).await;
    let config = home.path().join("my config; $(touch pwned)");
    fs::create_dir(&config).expect("made");
    fs::rename(home.path().join(".config/fixture"), config.join("fixture")).expect("moved");
    let mut command = home.command(ADMIN);
    command.args([
        "register",
        "--client",
        "codex-cli",
        "--user",
        ALICE,
        "--apply",
        "--json",
    ]);
    let told = json_of(
        &command
            .env("XDG_CONFIG_HOME", &config)
            .output()
            .await
            .expect("it runs"),
    );
    let notes = told[0]["notes"].to_string();
    let note: String =
        serde_json::from_value(told[0]["notes"][0].clone()).unwrap_or_else(|_| panic!("{notes}"));
    let export = line_in(&note, "export", "` where");
    assert!(
        pasted(&home, &format!("{export}; words \"$FIXTURE_TOKEN\"")).await[0].starts_with("eyJ"),
        "{export}"
    );
    assert!(!home.path().join("pwned").exists());
}
