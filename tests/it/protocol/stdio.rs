//! The same over standard input and output, where the connection stays: an older client is asked for real.

use mcp_lambda_tests::process::{Home, Talk};
use serde_json::{Value, json};

async fn talk(home: &Home, capabilities: Value) -> Talk {
    let mut command = home.command(env!("CARGO_BIN_EXE_open"));
    command.args(["stdio", "--user", "alice@example.com", "--create"]);
    Talk::start_able(command, capabilities).await.0
}

async fn answer(talk: &mut Talk, request: &Value, result: &Value) -> Value {
    talk.say(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
        .await;
    talk.hear().await
}

#[tokio::test]
async fn an_older_client_is_asked_while_its_call_waits() {
    let home = Home::default();
    let mut talk = talk(&home, json!({"elicitation": {}})).await;
    let city = talk
        .ask("tools/call", json!({"name": "travel", "arguments": {}}))
        .await;
    assert_eq!(
        (&city["method"], &city["params"]["mode"]),
        (&json!("elicitation/create"), &json!("form")),
        "{city}"
    );
    let again = answer(
        &mut talk,
        &city,
        &json!({"action": "accept", "content": {"name": 7}}),
    )
    .await;
    let message = again["params"]["message"].as_str().expect("words");
    assert!(
        message.starts_with("Which city? (The last answer did not fit: "),
        "and why not: {message}"
    );
    let stay = answer(
        &mut talk,
        &again,
        &json!({"action": "accept", "content": {"name": "Oslo"}}),
    )
    .await;
    assert_eq!(stay["params"]["message"], "How many nights?");
    let done = answer(
        &mut talk,
        &stay,
        &json!({"action": "accept", "content": {"nights": 3}}),
    )
    .await;
    assert_eq!(
        done["result"]["content"][0]["text"], "3 nights in Oslo by train",
        "{done}"
    );
    let declined = talk
        .ask("tools/call", json!({"name": "travel", "arguments": {}}))
        .await;
    let done = answer(&mut talk, &declined, &json!({"action": "decline"})).await;
    assert_eq!(done["result"]["content"][0]["text"], "Stay at home.");
    assert_eq!(talk.end().await.code(), Some(0));
}

#[tokio::test]
async fn an_answer_that_never_fits_ends_in_words() {
    let home = Home::default();
    let mut talk = talk(&home, json!({"elicitation": {}})).await;
    let mut asked = talk
        .ask("tools/call", json!({"name": "travel", "arguments": {}}))
        .await;
    for _ in 0..3 {
        assert_eq!(asked["method"], "elicitation/create");
        asked = answer(
            &mut talk,
            &asked,
            &json!({"action": "accept", "content": {}}),
        )
        .await;
    }
    assert_eq!(asked["result"]["isError"], true, "{asked}");
    assert!(asked.to_string().contains("does not fit"));
}

#[tokio::test]
async fn an_older_client_is_asked_for_its_model_and_its_folders() {
    let home = Home::default();
    let mut talk = talk(
        &home,
        json!({"elicitation": {}, "sampling": {}, "roots": {}}),
    )
    .await;
    let thought = talk
        .ask("tools/call", json!({"name": "ponder", "arguments": {}}))
        .await;
    assert_eq!(thought["method"], "sampling/createMessage", "{thought}");
    let model =
        json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "42"}});
    let done = answer(&mut talk, &thought, &model).await;
    assert!(
        done["result"]["content"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("42")),
        "{done}"
    );
}

#[tokio::test]
async fn a_level_that_an_older_client_sets_holds_for_it() {
    let home = Home::default();
    let mut talk = talk(&home, json!({})).await;
    for (level, count) in [("debug", 3), ("error", 1), ("emergency", 0)] {
        assert_eq!(
            talk.ask("logging/setLevel", json!({ "level": level }))
                .await["result"],
            json!({})
        );
        let mut heard = talk
            .ask("tools/call", json!({"name": "logs", "arguments": {}}))
            .await;
        for _ in 0..count {
            assert_eq!(heard["method"], "notifications/message", "{level}: {heard}");
            heard = talk.hear().await;
        }
        assert_eq!(heard["result"]["content"][0]["text"], "logged", "{level}");
    }
    assert_eq!(talk.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_cancelled_call_is_given_up() {
    let home = Home::default();
    let mut talk = talk(&home, json!({})).await;
    talk.say(&json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": "waits", "arguments": {}}}))
        .await;
    talk.say(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9}}),
    )
    .await;
    let known = talk.call("knows", json!({})).await;
    assert!(
        known["content"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("\"t\"")),
        "{known}"
    );
    assert_eq!(
        talk.end().await.code(),
        Some(0),
        "and nobody answers for it"
    );
}
