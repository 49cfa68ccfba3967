//! Calls that ask their user, over as many rounds as it takes.

use http::Method;
use mcp_lambda::prelude::*;
use mcp_lambda::testkit::{Client, TestApp, TestResponse};
use mcp_lambda_tests::protocol;
use serde_json::{Value, json};

use super::server;

fn able() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}})
}

fn accept(content: &Value) -> Value {
    json!({ "action": "accept", "content": content })
}

/// A round: what is called, and what the client brings back.
async fn round(
    client: &Client<'_>,
    tool: &str,
    responses: Value,
    state: Option<&str>,
) -> TestResponse {
    let mut params = json!({ "name": tool, "arguments": {}, "inputResponses": responses });
    if let Some(state) = state {
        params["requestState"] = state.into();
    }
    client.mcp("tools/call", params).await
}

fn asked(answer: &TestResponse) -> Vec<String> {
    let result = answer.result();
    assert_eq!(result["resultType"], "input_required", "{}", answer.text);
    result["inputRequests"]
        .as_object()
        .expect("requests")
        .keys()
        .cloned()
        .collect()
}

fn state(answer: &TestResponse) -> String {
    answer.result()["requestState"]
        .as_str()
        .expect("a state")
        .to_owned()
}

#[tokio::test]
async fn two_questions_are_asked_in_turn_and_the_first_answer_is_not_forgotten() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let first = alice.call("travel", json!({})).await;
    assert_eq!(asked(&first), ["city"]);
    let request = &first.result()["inputRequests"]["city"];
    assert_eq!(
        (&request["method"], &request["params"]["mode"]),
        (&json!("elicitation/create"), &json!("form"))
    );
    assert_eq!(
        request["params"]["requestedSchema"]["required"],
        json!(["name"])
    );
    let second = round(
        &alice,
        "travel",
        json!({"city": accept(&json!({"name": "Oslo"}))}),
        Some(&state(&first)),
    )
    .await;
    assert_eq!(asked(&second), ["stay"]);
    assert_ne!(state(&first), state(&second));
    assert!(
        !state(&second).contains("Oslo"),
        "what was answered can't be read on the way"
    );
    let done = round(
        &alice,
        "travel",
        json!({"stay": accept(&json!({"nights": 3}))}),
        Some(&state(&second)),
    )
    .await;
    assert_eq!(done.tool_text(), "3 nights in Oslo by train");
}

#[tokio::test]
async fn what_a_purged_user_was_asked_does_not_go_on_for_a_namesake() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let first = alice.call("travel", json!({})).await;
    server
        .admin()
        .ask(
            Method::DELETE,
            "/admin/users/alice@example.com?purge=true",
            None,
        )
        .await;
    let namesake = server.user("alice@example.com").await.able_to(able());
    let answer = json!({"city": accept(&json!({"name": "Oslo"}))});
    let refused = round(&namesake, "travel", answer.clone(), Some(&state(&first))).await;
    assert!(
        refused.json["error"]["message"]
            .as_str()
            .expect("refused")
            .contains("does not hold"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn a_state_of_one_app_or_audience_does_not_hold_in_another_with_the_same_key_and_store() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let first = alice.call("travel", json!({})).await;
    let stage = server
        .second_instance(protocol::app(), &[("JWT_AUD", "https://stage.example.com")])
        .await;
    let body = json!({"email": "alice@example.com"});
    let token = stage
        .admin()
        .ask(Method::POST, "/admin/tokens", Some(body))
        .await;
    let there = stage
        .with_token(token.json["token"].as_str().expect("a token"))
        .able_to(able());
    let answer = json!({"city": accept(&json!({"name": "Oslo"}))});
    let refused = round(&there, "travel", answer.clone(), Some(&state(&first))).await;
    assert!(
        refused.json["error"]["message"]
            .as_str()
            .expect("refused")
            .contains("does not hold"),
        "{}",
        refused.text
    );
    assert_eq!(
        asked(&round(&alice, "travel", answer, Some(&state(&first))).await),
        ["stay"]
    );
}

#[tokio::test]
async fn progress_goes_on_where_the_round_before_was() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let ask = async |responses: Value, state: Option<String>| {
        let mut params =
            json!({"name": "travel", "arguments": {}, "_meta": {"progressToken": "t"}});
        if let Some(state) = state {
            (params["inputResponses"], params["requestState"]) = (responses, state.into());
        }
        alice.mcp("tools/call", params).await
    };
    let reports = |answer: &TestResponse| -> Vec<f64> {
        let messages = answer.messages();
        messages
            .iter()
            .filter_map(|message| message["params"]["progress"].as_f64())
            .collect()
    };
    let first = ask(json!({}), None).await;
    let second = ask(
        json!({"city": accept(&json!({"name": "Oslo"}))}),
        Some(state(&first)),
    )
    .await;
    let done = ask(
        json!({"stay": accept(&json!({"nights": 3}))}),
        Some(state(&second)),
    )
    .await;
    assert_eq!(
        [reports(&first), reports(&second), reports(&done)],
        [[1.0], [2.0], [3.0]]
    );
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_again() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let first = alice.call("travel", json!({})).await;
    for wrong in [
        json!({}),
        json!({"other": accept(&json!({"name": "Oslo"}))}),
        json!({"city": 7}),
        json!({"city": null}),
        json!({"city": accept(&json!({"name": 7}))}),
        json!({"city": accept(&json!({}))}),
        json!({"city": {"action": "perhaps"}}),
    ] {
        assert_eq!(
            asked(&round(&alice, "travel", wrong.clone(), Some(&state(&first))).await),
            ["city"],
            "{wrong}"
        );
    }
    let again = round(
        &alice,
        "travel",
        json!({"city": accept(&json!({"name": 7}))}),
        Some(&state(&first)),
    )
    .await;
    let message = again.result()["inputRequests"]["city"]["params"]["message"]
        .as_str()
        .expect("words");
    assert!(
        message.ends_with("(The last answer did not fit: `name` must be text.)"),
        "{message}"
    );
    let extra = json!({"city": accept(&json!({"name": "Oslo", "more": 1})), "stay": accept(&json!({"nights": 9})), "x": 1});
    let second = round(&alice, "travel", extra, Some(&state(&first))).await;
    assert_eq!(
        asked(&second),
        ["stay"],
        "what was not asked is not answered"
    );
}

#[tokio::test]
async fn a_user_may_decline() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let first = alice.call("travel", json!({})).await;
    for action in ["decline", "cancel"] {
        let answer = round(
            &alice,
            "travel",
            json!({"city": {"action": action}}),
            Some(&state(&first)),
        )
        .await;
        assert_eq!(answer.tool_text(), "Stay at home.");
    }
}

#[tokio::test]
async fn a_state_holds_for_its_user_tool_and_arguments_alone() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let bob = server.user("bob@example.com").await.able_to(able());
    let kept = state(&alice.call("travel", json!({})).await);
    let city = json!({"city": accept(&json!({"name": "Oslo"}))});
    let with = async |arguments: Value| {
        let params = json!({"name": "travel", "arguments": arguments, "inputResponses": city, "requestState": kept});
        alice.mcp("tools/call", params).await
    };
    let cut = &kept[..kept.len() - 1];
    for refused in [
        round(&bob, "travel", city.clone(), Some(&kept)).await,
        round(&alice, "wander", city.clone(), Some(&kept)).await,
        with(json!({"by": "ship"})).await,
        round(
            &alice,
            "travel",
            city.clone(),
            Some(&format!("{kept}-TAMPERED")),
        )
        .await,
        round(&alice, "travel", city.clone(), Some(cut)).await,
        round(&alice, "travel", city.clone(), Some("")).await,
        round(&alice, "travel", city.clone(), Some("x.y")).await,
    ] {
        assert_eq!(refused.error_code(), -32_602, "{}", refused.text);
        assert!(
            refused.json["error"]["message"]
                .as_str()
                .expect("words")
                .contains("start anew"),
            "{}",
            refused.text
        );
    }
    assert_eq!(
        asked(&with(json!({})).await),
        ["stay"],
        "and it still holds for its own"
    );
}

#[tokio::test]
async fn a_state_holds_for_ten_minutes() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let kept = state(&alice.call("travel", json!({})).await);
    let city = json!({"city": accept(&json!({"name": "Oslo"}))});
    server.clock().advance(599);
    assert_eq!(
        asked(&round(&alice, "travel", city.clone(), Some(&kept)).await),
        ["stay"]
    );
    server.clock().advance(1);
    assert_eq!(
        round(&alice, "travel", city, Some(&kept))
            .await
            .error_code(),
        -32_602
    );
}

#[tokio::test]
async fn what_may_be_answered_once_is_answered_once_also_by_another_instance() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let city = json!({"city": accept(&json!({"name": "Oslo"}))});
    assert_eq!(
        asked(&round(&alice, "pay", city.clone(), None).await),
        ["city"],
        "an answer to nothing that was asked"
    );
    let kept = state(&alice.call("pay", json!({})).await);
    let other = server.second_instance(protocol::app(), &[]).await;
    let there = other.with_token(alice.token()).able_to(able());
    assert_eq!(
        round(&there, "pay", city.clone(), Some(&kept))
            .await
            .tool_text(),
        "paid in Oslo"
    );
    for client in [&alice, &there] {
        assert_eq!(
            round(client, "pay", city.clone(), Some(&kept))
                .await
                .error_code(),
            -32_602
        );
    }
    // Elsewhere an answer may come again: the call is the same.
    let kept = state(&alice.call("travel", json!({})).await);
    for _ in 0..2 {
        assert_eq!(
            asked(&round(&alice, "travel", city.clone(), Some(&kept)).await),
            ["stay"]
        );
    }
}

#[tokio::test]
async fn once_is_once_over_all_rounds() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let (city, stay) = (
        accept(&json!({"name": "Oslo"})),
        accept(&json!({"nights": 3})),
    );
    let first = state(&alice.call("order", json!({})).await);
    let second = state(&round(&alice, "order", json!({ "stay": stay }), Some(&first)).await);
    assert_eq!(
        round(&alice, "order", json!({ "city": city }), Some(&second))
            .await
            .tool_text(),
        "3 in Oslo"
    );
    for spent in [&first, &second] {
        let again = round(
            &alice,
            "order",
            json!({ "city": city, "stay": stay }),
            Some(spent),
        )
        .await;
        assert_eq!(again.error_code(), -32_602, "{}", again.text);
    }
    let early = round(&alice, "confirm", json!({ "stay": stay }), None).await;
    assert_eq!(asked(&early), ["city"]);
    let second = round(
        &alice,
        "confirm",
        json!({ "city": city }),
        Some(&state(&early)),
    )
    .await;
    assert_eq!(
        asked(&second),
        ["stay"],
        "what was answered before it was asked is no answer"
    );
    assert_eq!(
        round(
            &alice,
            "confirm",
            json!({ "stay": stay }),
            Some(&state(&second))
        )
        .await
        .tool_text(),
        "3 in Oslo"
    );
    assert_eq!(
        round(
            &alice,
            "confirm",
            json!({ "stay": stay }),
            Some(&state(&second))
        )
        .await
        .error_code(),
        -32_602
    );
}

#[tokio::test]
async fn several_questions_of_several_kinds_are_put_together() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let first = alice.call("all_at_once", json!({})).await;
    assert_eq!(asked(&first), ["city", "folders", "page"]);
    let requests = &first.result()["inputRequests"];
    assert_eq!(
        requests["page"]["params"]["url"],
        "https://pay.example.com/1"
    );
    assert_eq!(requests["folders"]["method"], "roots/list");
    let two = json!({"city": accept(&json!({"name": "Oslo"})), "page": {"action": "accept"}});
    let second = round(&alice, "all_at_once", two, Some(&state(&first))).await;
    assert_eq!(
        asked(&second),
        ["folders"],
        "what was answered is not asked again"
    );
    let folders = json!({"folders": {"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]}});
    let done = round(&alice, "all_at_once", folders, Some(&state(&second))).await;
    assert_eq!(done.tool_text(), "Some(\"Oslo\") true 2");
}

#[tokio::test]
async fn prompts_and_resources_ask_too() {
    let server = server().await;
    let alice = server.user("alice@example.com").await.able_to(able());
    let city = json!({"city": accept(&json!({"name": "Oslo"}))});
    for (method, key, value, path) in [
        (
            "prompts/get",
            "name",
            "interview",
            "/messages/0/content/text",
        ),
        ("resources/read", "uri", "test://guide", "/contents/0/text"),
    ] {
        let first = alice.mcp(method, json!({ key: value })).await;
        assert_eq!(asked(&first), ["city"], "{method}");
        let again = json!({ key: value, "inputResponses": city, "requestState": state(&first) });
        let done = alice.mcp(method, again).await;
        let text = done
            .result()
            .pointer(path)
            .and_then(Value::as_str)
            .expect("text");
        assert!(text.contains("Oslo"), "{text}");
    }
    let tools_state = state(&alice.call("pay", json!({})).await);
    let crossed = json!({"name": "interview", "inputResponses": city, "requestState": tools_state});
    assert_eq!(
        alice.mcp("prompts/get", crossed).await.error_code(),
        -32_602
    );
}

#[tokio::test]
async fn a_client_that_cannot_ask_is_told_so() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let answer = alice.call("travel", json!({})).await;
    assert!(
        answer.is_tool_error() && answer.tool_text().contains("can't ask its user by a form"),
        "{}",
        answer.text
    );
    let urls_alone = alice.clone().able_to(json!({"elicitation": {"url": {}}}));
    assert!(urls_alone.call("travel", json!({})).await.is_tool_error());
    assert_eq!(
        asked(
            &alice
                .clone()
                .able_to(json!({"elicitation": {}}))
                .call("travel", json!({}))
                .await
        ),
        ["city"]
    );
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "travel", "arguments": {}}});
    let older = alice.older(&call).await;
    let words = "over HTTP only a client of MCP 2026-07-28 can ask its user by a form, since no session is kept";
    assert!(
        older.is_tool_error() && older.tool_text().contains(words),
        "{}",
        older.text
    );
    assert!(
        !answer.tool_text().contains("over HTTP"),
        "here it is the client that can't: {}",
        answer.text
    );
}

#[expect(unreachable_pub, reason = "a tool is a public function")]
#[tools]
mod careful {
    use mcp_lambda::elicitation::form;
    use mcp_lambda::prelude::*;

    /// Empties the trash, once it is confirmed.
    pub async fn empty(context: Context) -> Result<&'static str> {
        Ok(
            if context.confirm("Empty the trash?").await?.is_accepted() {
                "empty"
            } else {
                "kept"
            },
        )
    }

    /// Asks by a form without fields.
    pub async fn sure(context: Context) -> Result<bool> {
        Ok(context.ask("sure", form::<()>("Sure?")).await?.is_some())
    }
}

#[tokio::test]
async fn what_needs_no_fields_is_accepted_or_declined() {
    let app = TestApp::new(App::new("careful").tools(careful::tools())).await;
    let alice = app.user("alice@example.com").await;
    let asked = alice.clone().able_to(able()).call("empty", json!({})).await;
    let requests = asked.result()["inputRequests"]
        .as_object()
        .expect("questions");
    let (key, request) = requests.iter().next().expect("a question");
    assert_eq!(request["params"]["message"], "Empty the trash?");
    assert_eq!(
        request["params"]["requestedSchema"],
        json!({"type": "object", "properties": {}})
    );
    for (result, said) in [
        (json!({"action": "accept"}), "empty"),
        (json!({"action": "accept", "content": {}}), "empty"),
        (json!({"action": "decline"}), "kept"),
        (json!({"action": "cancel"}), "kept"),
    ] {
        let able = alice.clone().able_to(able());
        let answer = round(
            &able,
            "empty",
            json!({ key.as_str(): result }),
            Some(&state(&asked)),
        )
        .await;
        assert_eq!(answer.tool_text(), said, "{result}");
    }
    assert_eq!(
        alice
            .clone()
            .confirm(true)
            .call("sure", json!({}))
            .await
            .data(),
        &json!({"result": true})
    );
    assert_eq!(
        alice
            .clone()
            .decline("sure")
            .call("sure", json!({}))
            .await
            .data(),
        &json!({"result": false})
    );
    assert_eq!(
        alice
            .clone()
            .answer("sure", json!({}))
            .call("sure", json!({}))
            .await
            .data(),
        &json!({"result": true})
    );
}

#[tokio::test]
async fn a_capability_that_is_required_is_named() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let answer = alice.call("ponder", json!({})).await;
    assert_eq!(
        (answer.status, answer.error_code()),
        (400, -32_021),
        "{}",
        answer.text
    );
    assert_eq!(
        answer.json["error"]["data"]["requiredCapabilities"],
        json!({"sampling": {}})
    );
    let able = alice.able_to(json!({"sampling": {}}));
    let first = able.call("ponder", json!({})).await;
    let thought = json!({"thought": {"role": "assistant", "content": {"type": "text", "text": "42"}, "model": "m"}});
    assert_eq!(
        round(&able, "ponder", thought, Some(&state(&first)))
            .await
            .tool_text(),
        "\"42\""
    );
}
