//! An app that its author has opened to anyone.

use std::collections::BTreeMap;
use std::process::Stdio;

use mcp_lambda::config::Settings;
use mcp_lambda::testkit::TestApp;
use mcp_lambda_tests::{fixture, protocol};
use serde_json::json;

#[tokio::test]
async fn anyone_may_call_and_owns_nothing() {
    let server = TestApp::new(fixture::app().allow_anonymous()).await;
    let anyone = server.anonymous();
    assert_eq!(
        anyone
            .call("add", json!({"left": 1, "right": 2}))
            .await
            .data(),
        &json!({"sum": 3})
    );
    let owned = anyone.call("keep", json!({"word": "x"})).await;
    assert!(
        owned.is_tool_error() && owned.tool_text().contains("not made by a registered user"),
        "{}",
        owned.text
    );
    assert_eq!(server.store().take_counts().0, 0, "nobody is looked up");
}

#[tokio::test]
async fn a_token_still_says_who_asks_and_must_hold() {
    let server = TestApp::new(fixture::app().allow_anonymous()).await;
    let alice = server.user("alice@example.com").await;
    assert_eq!(
        alice.call("whoami", json!({})).await.tool_text(),
        "alice@example.com alice@example.com"
    );
    assert_eq!(
        server
            .with_token("forged")
            .call("add", json!({"left": 1}))
            .await
            .status,
        401
    );
    assert_eq!(
        server
            .with_token("")
            .call("add", json!({"left": 1}))
            .await
            .status,
        401
    );
    assert_eq!(
        server
            .anonymous()
            .ask(http::Method::GET, "/admin/users", None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn the_setting_alone_opens_nothing() {
    let server = TestApp::with_settings(fixture::app(), &[("ALLOW_ANONYMOUS", "true")]).await;
    assert_eq!(
        server
            .anonymous()
            .call("add", json!({"left": 1}))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn under_lambda_the_code_alone_opens_nothing() {
    let settings = |more: &[(&str, &str)]| {
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("SIGNING_KEY", "0123456789abcdef0123456789abcdef"),
            ("APP_USERS_PATH", "/dev/null/users"),
        ];
        let all: BTreeMap<_, _> = lambda
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::read(&all, "protocol").expect("valid")
    };
    let refusal = async |more: &[(&str, &str)]| {
        let server = protocol::app()
            .allow_anonymous()
            .build(&settings(more))
            .await;
        server
            .expect_err("its folder can't be opened anyway")
            .to_string()
    };
    assert!(refusal(&[]).await.contains("ALLOW_ANONYMOUS"));
    assert!(
        refusal(&[("ALLOW_ANONYMOUS", "false")])
            .await
            .contains("ALLOW_ANONYMOUS")
    );
    assert!(
        !refusal(&[("ALLOW_ANONYMOUS", "true")])
            .await
            .contains("ALLOW_ANONYMOUS")
    );
}

#[tokio::test]
async fn it_serves_this_machine_alone_and_says_so() {
    let home = tempfile::tempdir().expect("a folder");
    let serve = |host: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_open"));
        command
            .env_clear()
            .env("HOME", home.path())
            .args(["serve", "--port", "0", "--host", host]);
        command
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    };
    let refused = serve("0.0.0.0").output().await.expect("it ends");
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("open to anyone"));
    let mut serving = serve("127.0.0.1").spawn().expect("it starts");
    let mut said = tokio::io::BufReader::new(serving.stderr.take().expect("piped"));
    let mut text = String::new();
    while !text.contains("needs no token") {
        let read = tokio::io::AsyncBufReadExt::read_line(&mut said, &mut text)
            .await
            .expect("readable");
        assert_ne!(read, 0, "{text}");
    }
}
