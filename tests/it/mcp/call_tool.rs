//! `tools/call`: tools that behave, tools that don't, and callers kept apart.

use http::Method;
use mcp_lambda::testkit::TestApp;
use mcp_lambda_tests::client::server;
use mcp_lambda_tests::fixture;
use serde_json::json;

#[tokio::test]
async fn a_tool_is_called_with_arguments_and_answers_as_data_and_text() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.call("add", json!({"left": 2, "right": 3})).await;
    assert_eq!(answer.result()["structuredContent"], json!({"sum": 5}));
    assert_eq!(answer.tool_text(), r#"{"sum":5}"#);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        token.call("add", json!({"left": 2})).await.tool_text(),
        r#"{"sum":2}"#
    );
    assert_eq!(
        token.call("greet", json!({"times": 2})).await.tool_text(),
        "hello alice@example.comhello alice@example.com"
    );
    assert_eq!(
        token.call("raw", json!({"a": 1, "b": 2})).await.tool_text(),
        "2"
    );
}

#[tokio::test]
async fn content_is_sent_as_it_is() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.call("picture", json!({})).await;
    assert_eq!(
        answer.result()["content"],
        json!([{"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}])
    );
}

#[tokio::test]
async fn a_call_costs_one_read_of_the_store() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    server.store().take_counts();
    token.call("add", json!({"left": 1})).await.result();
    assert_eq!(server.store().take_counts(), (1, 0));
    token.mcp("tools/list", json!({})).await.result();
    assert_eq!(server.store().take_counts(), (1, 0));
}

#[tokio::test]
async fn users_see_themselves_and_their_own_data() {
    let server = server().await;
    let (alice, bob) = (
        server.user("alice@example.com").await,
        server.user("bob@example.com").await,
    );
    assert_eq!(
        alice.call("whoami", json!({})).await.tool_text(),
        "alice@example.com alice@example.com"
    );
    assert_eq!(
        bob.call("whoami", json!({})).await.tool_text(),
        "bob@example.com bob@example.com"
    );
    alice.call("keep", json!({"word": "hers"})).await.result();
    assert_eq!(
        alice.call("recall", json!({})).await.result()["structuredContent"],
        json!({"result": ["hers"]})
    );
    assert_eq!(
        bob.call("recall", json!({})).await.result()["structuredContent"],
        json!({"result": []})
    );
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_named_to_the_model() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    for (arguments, named) in [
        (json!({}), "`left` is missing"),
        (json!({"left": "two"}), "`left` must be a whole number"),
        (
            json!({"left": 1, "rihgt": 2}),
            "no argument `rihgt`; did you mean `right`?",
        ),
    ] {
        let answer = token.call("add", arguments).await;
        assert_eq!(answer.result()["isError"], true);
        assert!(answer.tool_text().contains(named), "{}", answer.text);
    }
}

#[tokio::test]
async fn what_goes_wrong_in_a_tool_is_an_answer_that_the_model_reads() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    for (tool, said) in [
        ("fails", "the upstream said no"),
        ("panics", "the tool `panics` panicked"),
        ("sleeps", "the tool `sleeps` did not answer in time"),
        ("floods", "answered with 7000000 bytes"),
    ] {
        let answer = token.call(tool, json!({})).await;
        assert_eq!(answer.result()["isError"], true, "{tool}");
        assert!(answer.tool_text().contains(said), "{tool}: {}", answer.text);
        assert!(
            !answer.text.contains("hunter2"),
            "a panic's words stay in the log"
        );
    }
    token.call("add", json!({"left": 1})).await.result();
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    let answer = token.call("no_such_tool", json!({})).await;
    assert_eq!(
        answer.json["error"],
        json!({"code": -32_602, "message": "unknown tool `no_such_tool`"})
    );
    assert_eq!(answer.json["id"], 7);
}

#[tokio::test]
async fn a_tool_that_needs_a_scope_is_there_for_tokens_that_have_it() {
    let server = server().await;
    let unlimited = server.user("alice@example.com").await;
    let mut tokens = Vec::new();
    for scopes in [json!(["paint:write"]), json!([])] {
        let body = json!({"email": "alice@example.com", "scopes": scopes});
        let answer = server
            .admin()
            .ask(Method::POST, "/admin/tokens", Some(body))
            .await;
        tokens.push(server.with_token(answer.json["token"].as_str().expect("a token")));
    }
    for token in [&unlimited, &tokens[0]] {
        assert_eq!(token.call("scoped", json!({})).await.tool_text(), "allowed");
    }
    for token in &tokens[1..] {
        assert_eq!(
            token.call("scoped", json!({})).await.json["error"]["message"],
            "unknown tool `scoped`"
        );
        token.call("add", json!({"left": 1})).await.result();
    }
}

#[tokio::test]
async fn the_probe_calls_nothing() {
    let server = server().await;
    let answer = server.probe().call("add", json!({"left": 1})).await;
    assert_eq!(answer.result()["isError"], true);
    assert!(answer.tool_text().contains("probe"), "{}", answer.text);
}

#[tokio::test]
async fn a_profile_that_no_longer_fits_stops_the_tools_that_need_it_and_nothing_else() {
    let older = TestApp::new(fixture::app()).await;
    let token = older
        .user_with(
            json!({"email": "alice@example.com", "profile": {"token": "s3cret", "port": "eighty"}}),
        )
        .await;
    let answer = token.call("paint", json!({})).await;
    assert_eq!(answer.result()["isError"], true);
    assert!(
        answer.tool_text().contains("`port`") && !answer.text.contains("eighty"),
        "{}",
        answer.text
    );
    token.call("add", json!({"left": 1})).await.result();
    assert_eq!(
        older
            .anonymous()
            .ask(Method::GET, "/health", None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_profile_is_given_typed() {
    let server = TestApp::new(fixture::app_with_profile()).await;
    let token = server
        .user_with(
            json!({"email": "alice@example.com", "profile": {"token": "s3cret", "colour": "blue"}}),
        )
        .await;
    assert_eq!(
        token.call("paint", json!({})).await.tool_text(),
        "blue with a token of 6 bytes"
    );
}
