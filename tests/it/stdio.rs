//! A real binary over standard input and output.

use mcp_lambda_tests::process::{Home, Talk};
use serde_json::json;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

#[tokio::test]
async fn a_user_calls_tools_and_nothing_but_mcp_is_on_standard_output() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command
        .args(["stdio", "--user", "Alice@example.com", "--create"])
        .env("LOG_LEVEL", "trace");
    let (mut talk, hello) = Talk::start(command).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "fixture");
    let who = talk.call("whoami", json!({})).await;
    assert_eq!(
        who["content"][0]["text"],
        "alice@example.com alice@example.com"
    );
    assert_eq!(talk.call("panics", json!({})).await["isError"], true);
    assert_eq!(talk.end().await.code(), Some(0));
}

#[tokio::test]
async fn an_unknown_user_is_refused_with_what_to_do() {
    let home = Home::default();
    let output = home
        .run(FIXTURE, &["stdio", "--user", "nobody@example.com"])
        .await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0));
    assert!(
        said.contains("fixture-admin users add nobody@example.com") && said.contains("--create"),
        "{said}"
    );
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
    let listed = home
        .run(
            crate::cli::ADMIN,
            &["tokens", "list", "alice@example.com", "--json"],
        )
        .await;
    assert_eq!(crate::cli::json_of(&listed), json!([]));
}

#[tokio::test]
async fn help_needs_no_settings() {
    let home = Home::default();
    for (arguments, code) in [(["--help"], 0), (["--version"], 0), (["serve"], 3)] {
        let mut command = home.command(FIXTURE);
        let output = command
            .args(arguments)
            .env_remove("HOME")
            .output()
            .await
            .expect("it runs");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_first_is_no_fault_of_the_settings() {
    let home = Home::default();
    let output = home
        .run(
            FIXTURE,
            &["stdio", "--user", "alice@example.com", "--create"],
        )
        .await;
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hung up"));
}

/// A conversation of alice's, who is registered and has kept a word.
async fn pending(home: &Home, binary: &str) -> Talk {
    let mut command = home.command(binary);
    command.args(["stdio", "--user", "alice@example.com"]);
    Talk::start(command).await.0
}

async fn admin(home: &Home, arguments: &[&str]) {
    let output = home.run(crate::cli::ADMIN, arguments).await;
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        crate::cli::err(&output)
    );
}

#[tokio::test]
async fn a_conversation_ends_with_a_sentence_once_its_user_is_revoked_or_gone() {
    for (command, said) in [
        (
            &["users", "revoke", "alice@example.com"][..],
            "user `alice@example.com` was revoked; this process ends",
        ),
        (
            &["users", "purge", "alice@example.com", "--yes"],
            "user `alice@example.com` is not registered any more; this process ends",
        ),
    ] {
        let home = Home::default();
        admin(&home, &["connect", "local"]).await;
        admin(&home, &["users", "add", "alice@example.com"]).await;
        let mut talk = pending(&home, FIXTURE).await;
        assert_eq!(
            talk.call("keep", json!({"word": "hers"})).await["content"][0]["text"],
            "kept"
        );
        admin(&home, command).await;
        let refused = talk
            .ask(
                "tools/call",
                json!({"name": "keep", "arguments": {"word": "late"}}),
            )
            .await;
        assert!(
            refused["error"]["message"]
                .as_str()
                .expect("a refusal")
                .contains(said),
            "{refused}"
        );
        let (status, words) = talk.ended().await;
        assert_eq!(status.code(), Some(6), "{words}");
        assert!(words.contains(&format!("error: {said}")), "{words}");
    }
}

#[tokio::test]
async fn a_conversation_of_before_never_reaches_a_namesake_and_a_new_one_starts() {
    let home = Home::default();
    admin(&home, &["connect", "local"]).await;
    admin(&home, &["users", "add", "alice@example.com"]).await;
    let mut old = pending(&home, FIXTURE).await;
    old.call("keep", json!({"word": "the old one's"})).await;
    admin(&home, &["users", "purge", "alice@example.com", "--yes"]).await;
    admin(&home, &["users", "add", "alice@example.com"]).await;
    let mut new = pending(&home, FIXTURE).await;
    assert_eq!(
        new.call("recall", json!({})).await["structuredContent"]["result"],
        json!([])
    );
    new.call("keep", json!({"word": "the new one's"})).await;
    let refused = old
        .ask("tools/call", json!({"name": "recall", "arguments": {}}))
        .await;
    assert!(
        refused["error"]["message"]
            .as_str()
            .expect("a refusal")
            .contains("not registered any more"),
        "{refused}"
    );
    assert_eq!(old.ended().await.0.code(), Some(6));
    admin(&home, &["users", "revoke", "alice@example.com"]).await;
    let mut again = pending(&home, FIXTURE).await;
    assert_eq!(
        again.call("recall", json!({})).await["structuredContent"]["result"],
        json!(["the new one's"])
    );
    assert_eq!(
        again.end().await.code(),
        Some(0),
        "the process's owner needs no token"
    );
}

#[tokio::test]
async fn a_changed_profile_holds_at_the_next_call() {
    let home = Home::default();
    admin(&home, &["connect", "local"]).await;
    admin(&home, &["users", "add", "alice@example.com"]).await;
    let mut talk = pending(&home, FIXTURE).await;
    for colour in ["red", "blue"] {
        let profile = json!({"token": "t", "colour": colour}).to_string();
        admin(
            &home,
            &[
                "users",
                "update-profile",
                "alice@example.com",
                "--profile",
                &profile,
            ],
        )
        .await;
        let painted = talk.call("paint", json!({})).await;
        assert_eq!(
            painted["content"][0]["text"],
            format!("{colour} with a token of 1 bytes")
        );
    }
    assert_eq!(talk.end().await.code(), Some(0));
}

#[tokio::test]
async fn what_is_no_message_is_answered_and_a_last_line_needs_no_newline() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command.args(["stdio", "--user", "alice@example.com", "--create"]);
    let (mut talk, _) = Talk::start(command).await;
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":8,"method":"ping","x":{}}}"#,
        "[".repeat(100_000)
    );
    let many = format!(
        r#"{{"jsonrpc":"2.0","id":9,"method":"ping","x":[{{}}{}]}}"#,
        ",{}".repeat(500_000)
    );
    for (line, code, id) in [
        ("{oops", -32_700, json!(null)),
        (&*deep, -32_700, json!(null)),
        (&*many, -32_600, json!(9)),
        (&*"x".repeat(5_000_000), -32_600, json!(null)),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            -32_600,
            json!(null),
        ),
    ] {
        talk.write(&format!("{line}\n")).await;
        let answer = talk.hear().await;
        assert_eq!(
            (&answer["error"]["code"], &answer["id"]),
            (&json!(code), &id),
            "{answer}"
        );
    }
    let last = talk
        .write_last(r#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#)
        .await;
    assert_eq!(
        (&last["id"], &last["result"]),
        (&json!("last"), &json!({})),
        "{last}"
    );
}
