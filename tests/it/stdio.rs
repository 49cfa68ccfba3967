//! A real binary over standard input and output.

use mcp_lambda_tests::process::{Home, Talk};
use serde_json::json;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

#[tokio::test]
async fn a_user_calls_tools_and_nothing_but_mcp_is_on_standard_output() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command.args(["stdio", "--user", "Alice@example.com", "--create"]).env("LOG_LEVEL", "trace");
    let (mut talk, hello) = Talk::start(command).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "fixture");
    let who = talk.call("whoami", json!({})).await;
    assert_eq!(who["content"][0]["text"], "alice@example.com alice@example.com");
    assert_eq!(talk.call("panics", json!({})).await["isError"], true);
    assert_eq!(talk.end().await.code(), Some(0));
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
        let (talk, _) = Talk::start(command).await;
        assert_eq!(talk.end().await.code(), Some(0));
    }
}

#[tokio::test]
async fn who_is_created_has_no_token_that_nobody_sees() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command.args(["stdio", "--user", "alice@example.com", "--create"]);
    Talk::start(command).await.0.end().await;
    home.run(crate::cli::ADMIN, &["connect", "local"]).await;
    let listed = home.run(crate::cli::ADMIN, &["tokens", "list", "alice@example.com", "--json"]).await;
    assert_eq!(crate::cli::json_of(&listed), json!([]));
}

#[tokio::test]
async fn help_needs_no_settings() {
    let home = Home::default();
    for (arguments, code) in [(["--help"], 0), (["--version"], 0), (["serve"], 3)] {
        let mut command = home.command(FIXTURE);
        let output = command.args(arguments).env_remove("HOME").output().await.expect("it runs");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_first_is_no_fault_of_the_settings() {
    let home = Home::default();
    let output = home.run(FIXTURE, &["stdio", "--user", "alice@example.com", "--create"]).await;
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hung up"));
}
