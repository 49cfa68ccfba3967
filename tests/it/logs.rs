//! What a server logs: enough to follow a call, and never a token, a key, an argument or a profile.

use mcp_lambda::admin::{AdminApi, NewUser};
use mcp_lambda::clock::SystemClock;
use mcp_lambda::keys::SigningKey;
use mcp_lambda::testkit::SIGNING_KEY;
use mcp_lambda_admin::RemoteAdmin;
use mcp_lambda_tests::process::{Home, Server};
use mcp_lambda_tests::runtime_api::{tool_body, tool_headers};
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

async fn call(url: &str, token: &str, tool: &str, arguments: Value) -> u16 {
    let bearer = format!("Bearer {token}");
    let request = reqwest::Client::new()
        .post(format!("{url}/mcp?token={token}"))
        .body(tool_body(tool, &arguments));
    let headers = tool_headers(&bearer, tool);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.send().await.expect("answered").status().as_u16()
}

/// Everything that a server logged while it was used in every way.
async fn log_of(level: &str) -> (String, Vec<String>) {
    let home = Home::default();
    let key = String::from_utf8(SIGNING_KEY.to_vec()).expect("text");
    let mut command = home.command(FIXTURE);
    command
        .env("SIGNING_KEY", &key)
        .env("LOG_LEVEL", level)
        .env("LOG_FORMAT", "json")
        .env("ALLOW_QUERY_TOKEN", "true");
    let server = Server::start(command).await;
    let api = RemoteAdmin::new(
        &server.url,
        SigningKey::new(*SIGNING_KEY).expect("long enough"),
        std::sync::Arc::new(SystemClock),
    )
    .expect("a client");
    let mut user = NewUser::new("alice@example.com".parse().expect("valid"));
    user.profile = Some(json!({"token": "profile-s3cret"}));
    let token = api
        .register(user)
        .await
        .expect("registered")
        .token
        .expose()
        .clone();
    api.profile(&"alice@example.com".parse().expect("valid"), true)
        .await
        .expect("revealed");
    for (tool, arguments) in [
        ("keep", json!({"word": "argument-s3cret"})),
        ("add", json!({"left": 424_242})),
        ("add", json!({"left": "argument-s3cret"})),
        ("fails", json!({})),
        ("panics", json!({})),
        ("no_such_tool", json!({"word": "argument-s3cret"})),
    ] {
        assert_eq!(
            call(&server.url, &token, tool, arguments).await,
            200,
            "{tool}"
        );
    }
    assert_eq!(
        call(&server.url, "forged-t0ken", "keep", json!({})).await,
        401
    );
    let (_, log) = server.stop().await;
    let signature = token.rsplit('.').next().expect("a signature").to_owned();
    (
        log,
        vec![
            key,
            signature,
            "forged-t0ken".into(),
            "argument-s3cret".into(),
            "424242".into(),
            "profile-s3cret".into(),
            "hunter2".into(),
        ],
    )
}

#[tokio::test]
async fn what_is_read_is_not_in_the_log() {
    let home = Home::default();
    let mut command = home.command(env!("CARGO_BIN_EXE_open"));
    command.env("LOG_LEVEL", "trace");
    let server = Server::start(command).await;
    for (method, params) in [
        ("resources/read", json!({"uri": "note://uri-s3cret"})),
        ("resources/read", json!({"uri": "nowhere://uri-s3cret"})),
        ("resources/read", json!({"uri": "files:///uri-s3cret"})),
        (
            "prompts/get",
            json!({"name": "write", "arguments": {"topic": "argument-s3cret", "tone": "argument-s3cret"}}),
        ),
        (
            "prompts/get",
            json!({"name": "write", "arguments": {"argument-s3cret": "x"}}),
        ),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "write"}, "argument": {"name": "topic", "value": "argument-s3cret"}}),
        ),
        (
            "tools/call",
            json!({"name": "route", "arguments": {"region": "argument-s3cret"}}),
        ),
        (
            "tools/call",
            json!({"name": "travel", "arguments": {"by": "argument-s3cret"}}),
        ),
    ] {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = reqwest::Client::new()
            .post(format!("{}/mcp", server.url))
            .body(message.to_string());
        let request = request
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2025-11-25");
        let answer = request
            .header("accept", "application/json, text/event-stream")
            .send()
            .await
            .expect("answered");
        assert_eq!(answer.status().as_u16(), 200, "{method}");
    }
    let (_, log) = server.stop().await;
    assert_eq!(log.lines().find(|line| line.contains("s3cret")), None);
    assert!(log.contains("kind=\"resource\" name=\"note\""), "{log}");
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    for level in ["trace", "info"] {
        let (log, secrets) = log_of(level).await;
        for secret in secrets {
            let line = log.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "`{secret}` at {level}");
        }
    }
}

#[tokio::test]
async fn a_call_and_a_denial_can_be_followed() {
    let (log, _) = log_of("info").await;
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let find = |name: &str, value: &str| {
        lines
            .iter()
            .find(|line| line[name] == value)
            .unwrap_or_else(|| panic!("{name}={value} in {log}"))
    };
    let kept = find("name", "keep");
    assert_eq!(
        (&kept["user.email"], kept["duration_ms"].is_u64()),
        (&json!("alice@example.com"), true)
    );
    assert_eq!(find("name", "fails")["error"], "tool");
    assert!(
        find("message", "a function panicked")["place"]
            .as_str()
            .expect("a place")
            .contains("fixture.rs:")
    );
    assert!(
        !log.contains("hunter2"),
        "a panic's words may be an argument's"
    );
    assert_eq!(
        find("cause", "the token is not valid: malformed")["level"],
        "WARN"
    );
    assert_eq!(
        find("path", "/mcp")["status"],
        401,
        "what was answered well has the call's own line"
    );
    let bytes = find("name", "add").to_string().len();
    assert!(bytes <= 300, "{bytes} bytes for a call");
}

#[tokio::test]
async fn an_authors_own_line_says_whose_call_it_is_of() {
    let (log, _) = log_of("info").await;
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let line = lines
        .iter()
        .find(|line| line["message"] == "a word to keep");
    let line = line.unwrap_or_else(|| panic!("no line of the author's in {log}"));
    let call = &line["spans"][0];
    assert_eq!(
        (&call["name"], &call["tool"], &call["user.email"]),
        (&json!("call"), &json!("keep"), &json!("alice@example.com"))
    );
    assert_eq!(call.get("prompt"), None, "{line}");
}
