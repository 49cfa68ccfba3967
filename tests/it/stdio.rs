//! A real binary over standard input and output.

use std::process::Stdio;

use mcp_lambda_tests::process::Home;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

/// Says these messages, one a line, and gives the lines that come back once the input has ended.
async fn converse(mut command: Command, messages: &[Value], answers: usize) -> (Vec<Value>, Option<i32>) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let (mut input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    for message in messages {
        input.write_all(format!("{message}\n").as_bytes()).await.expect("written");
    }
    let mut lines = BufReader::new(output).lines();
    let mut said = Vec::new();
    while said.len() < answers {
        let line = lines.next_line().await.expect("readable").expect("an answer before the end");
        said.push(serde_json::from_str(&line).unwrap_or_else(|_| panic!("only MCP on standard output: {line}")));
    }
    drop(input);
    assert_eq!(lines.next_line().await.expect("readable"), None, "nothing else is said");
    (said, child.wait().await.expect("a status").code())
}

fn conversation() -> [Value; 4] {
    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
    [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "panics", "arguments": {}}}),
    ]
}

#[tokio::test]
async fn a_user_calls_tools_and_nothing_but_mcp_is_on_standard_output() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command.args(["stdio", "--user", "Alice@example.com", "--create"]).env("LOG_LEVEL", "trace");
    let (mut said, code) = converse(command, &conversation(), 3).await;
    said.sort_by_key(|message| message["id"].as_u64());
    assert_eq!(said[0]["result"]["serverInfo"]["name"], "fixture");
    assert_eq!(said[1]["result"]["content"][0]["text"], "alice@example.com alice@example.com");
    assert_eq!(said[2]["result"]["isError"], true);
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn an_unknown_user_is_refused_with_what_to_do() {
    let home = Home::default();
    let output = home.run(FIXTURE, &["stdio", "--user", "nobody@example.com"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0));
    assert!(said.contains("fixture-admin users add nobody@example.com") && said.contains("--create"), "{said}");
}

#[tokio::test]
async fn creating_twice_keeps_the_user() {
    let home = Home::default();
    for _ in 0..2 {
        let mut command = home.command(FIXTURE);
        command.args(["stdio", "--user", "alice@example.com", "--create"]);
        let (said, code) = converse(command, &conversation()[..1], 1).await;
        assert_eq!((said.len(), code), (1, Some(0)));
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_first_is_no_fault_of_the_settings() {
    let home = Home::default();
    let output = home.run(FIXTURE, &["stdio", "--user", "alice@example.com", "--create"]).await;
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hung up"));
}
