//! Prompts and the completion of their arguments.

use http::Method;
use mcp_lambda::testkit::{Client, TestResponse};
use serde_json::{Value, json};

use super::server;

async fn get(client: &Client<'_>, name: &str, arguments: Value) -> TestResponse {
    client
        .mcp(
            "prompts/get",
            json!({ "name": name, "arguments": arguments }),
        )
        .await
}

async fn complete(
    client: &Client<'_>,
    reference: Value,
    argument: &str,
    value: &str,
) -> TestResponse {
    let params = json!({ "ref": reference, "argument": { "name": argument, "value": value } });
    client.mcp("completion/complete", params).await
}

#[tokio::test]
async fn prompts_are_listed_with_their_arguments() {
    let server = server().await;
    let answer = server
        .user("alice@example.com")
        .await
        .mcp("prompts/list", json!({}))
        .await;
    let write = answer.result()["prompts"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|prompt| prompt["name"] == "write");
    let write = write.expect("listed");
    assert_eq!(
        (&write["title"], &write["description"]),
        (&json!("Write"), &json!("Writes about something."))
    );
    let arguments = &write["arguments"];
    let names = arguments
        .as_array()
        .into_iter()
        .flatten()
        .map(|argument| argument["name"].as_str().expect("a name"));
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["topic", "tone", "lines"],
        "the order is the function's"
    );
    assert_eq!(
        arguments[0],
        json!({"name": "topic", "description": "What of.", "required": true})
    );
    assert_eq!(arguments[1]["required"], false);
}

#[tokio::test]
async fn arguments_are_text_that_is_read_as_its_type() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let answer = get(
        &alice,
        "write",
        json!({"topic": "7", "tone": "warm", "lines": "5"}),
    )
    .await;
    let messages = &answer.result()["messages"];
    assert_eq!(
        messages[0],
        json!({"role": "user", "content": {"type": "text", "text": "Write 5 lines about 7, Warm."}})
    );
    assert_eq!(messages[1]["role"], "assistant");
    for (arguments, word) in [
        (json!({}), "`topic` is missing"),
        (
            json!({"topic": "x", "lines": "many"}),
            "`lines` must be a whole number",
        ),
        (
            json!({"topic": "x", "tone": "loud"}),
            "`tone` must be one of `warm`, `dry`",
        ),
        (
            json!({"topics": "y"}),
            "no argument `topics`; did you mean `topic`?",
        ),
    ] {
        let answer = get(&alice, "write", arguments).await;
        assert_eq!(answer.error_code(), -32_602, "{}", answer.text);
        assert!(
            answer.json["error"]["message"]
                .as_str()
                .expect("words")
                .contains(word),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn arguments_are_completed_a_hundred_at_most() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let write = json!({"type": "ref/prompt", "name": "write"});
    let answer = complete(&alice, write.clone(), "topic", "sea").await;
    let found = &answer.result()["completion"];
    assert_eq!(found["values"].as_array().map(Vec::len), Some(100));
    assert_eq!(
        (&found["total"], &found["hasMore"]),
        (&json!(151), &json!(true))
    );
    assert_eq!(
        (&found["values"][0], &found["values"][1]),
        (&json!("alice@example.com"), &json!("sea0"))
    );
    let tones = complete(&alice, write.clone(), "tone", "W").await;
    assert_eq!(
        tones.result()["completion"]["values"],
        json!(["warm"]),
        "an enum completes itself"
    );
    for argument in ["lines", "nothing"] {
        assert_eq!(
            complete(&alice, write.clone(), argument, "").await.result()["completion"]["values"],
            json!([])
        );
    }
    let day = json!({"type": "ref/resource", "uri": "days://{year}/{tone}"});
    assert_eq!(
        complete(&alice, day, "tone", "").await.result()["completion"]["values"],
        json!(["warm", "dry"])
    );
}

#[tokio::test]
async fn what_is_hidden_is_unknown_by_every_way_in() {
    let server = server().await;
    server.user("alice@example.com").await;
    let body = json!({"email": "alice@example.com", "scopes": []});
    let token = server
        .admin()
        .ask(Method::POST, "/admin/tokens", Some(body))
        .await;
    let reader = server.with_token(token.json["token"].as_str().expect("a token"));
    let listed = reader.mcp("prompts/list", json!({})).await;
    assert!(!listed.text.contains("secret_prompt"));
    let same =
        |answer: &TestResponse, name: &str| answer.json["error"].to_string().replace(name, "NAME");
    let absent = get(&reader, "nothing", json!({})).await;
    assert_eq!(
        same(
            &get(&reader, "secret_prompt", json!({})).await,
            "secret_prompt"
        ),
        same(&absent, "nothing")
    );
    let completed = async |name: &str| {
        complete(
            &reader,
            json!({"type": "ref/prompt", "name": name}),
            "word",
            "",
        )
        .await
    };
    assert_eq!(
        same(&completed("secret_prompt").await, "secret_prompt"),
        same(&completed("nothing").await, "nothing")
    );
}

#[tokio::test]
async fn an_app_without_prompts_has_no_method_for_them() {
    let server = mcp_lambda_tests::client::server().await;
    let alice = server.user("alice@example.com").await;
    let answer = complete(&alice, json!({"type": "ref/prompt", "name": "x"}), "a", "").await;
    assert_eq!(answer.error_code(), -32_601, "{}", answer.text);
    assert_eq!(
        alice.mcp("prompts/list", json!({})).await.result()["prompts"],
        json!([])
    );
    assert_eq!(get(&alice, "x", json!({})).await.error_code(), -32_602);
}

#[tokio::test]
async fn a_probe_lists_and_asks_for_nothing() {
    let server = server().await;
    let probe = server.probe();
    assert_eq!(probe.mcp("prompts/list", json!({})).await.status, 200);
    for answer in [
        get(&probe, "write", json!({"topic": "x"})).await,
        complete(
            &probe,
            json!({"type": "ref/prompt", "name": "write"}),
            "topic",
            "",
        )
        .await,
        probe.read("test://about").await,
    ] {
        assert!(
            answer.json["error"]["message"]
                .as_str()
                .is_some_and(|words| words.contains("probe")),
            "{}",
            answer.text
        );
    }
}
