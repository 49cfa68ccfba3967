//! Notes as two users meet it, in memory.

use mcp_lambda_tests::client::house_with;
use serde_json::{Value, json};

#[test]
fn the_app_is_well_made() {
    assert_eq!(notes::app().check(), Ok(()));
}

#[tokio::test]
async fn notes_are_added_listed_in_pages_counted_and_removed() {
    let house = house_with(notes::app(), &[]).await;
    let alice = house.user("alice@example.com").await;
    let mut ids = Vec::new();
    for text in ["milk", "bread", "salt"] {
        let answer = house.call(&alice, "add_note", json!({ "text": text })).await;
        ids.push(answer.result()["structuredContent"]["id"].clone());
    }
    let first = house.call(&alice, "list_notes", json!({"limit": 2})).await.result()["structuredContent"].clone();
    assert_eq!(first["notes"].as_array().map(Vec::len), Some(2));
    let rest =
        house.call(&alice, "list_notes", json!({"after": first["next"]})).await.result()["structuredContent"].clone();
    assert_eq!((&rest["notes"][0]["text"], rest.get("next")), (&json!("salt"), None));
    let removed = house.call(&alice, "remove_note", json!({ "id": ids[0] })).await;
    assert_eq!(removed.result()["structuredContent"], json!({"removed": true}));
    let again = house.call(&alice, "remove_note", json!({ "id": ids[0] })).await;
    assert_eq!(again.result()["structuredContent"], json!({"removed": false}));
    assert_eq!(house.call(&alice, "count_notes", json!({})).await.result()["structuredContent"], json!({"count": 2}));
}

#[tokio::test]
async fn one_users_notes_are_not_anothers() {
    let house = house_with(notes::app(), &[]).await;
    let (alice, bob) = (house.user("alice@example.com").await, house.user("bob@example.com").await);
    let id = house.call(&alice, "add_note", json!({"text": "hers"})).await.result()["structuredContent"]["id"].clone();
    let his: Value = house.call(&bob, "list_notes", json!({})).await.result()["structuredContent"].clone();
    assert_eq!(his, json!({"notes": []}));
    assert_eq!(
        house.call(&bob, "remove_note", json!({ "id": id })).await.result()["structuredContent"],
        json!({"removed": false})
    );
    assert_eq!(house.call(&alice, "count_notes", json!({})).await.result()["structuredContent"], json!({"count": 1}));
}
