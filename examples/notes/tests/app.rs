//! The laws of every app, and notes as two users meet them.

use mcp_lambda::testkit::{Suite, TestApp, block_on};
use serde_json::json;

mcp_lambda::app_suite!(Suite::new(notes::app()).after(
    "remove_note",
    "add_note",
    json!({"text": "milk"}),
    |added| json!({"id": added["id"]})
));

#[test]
fn notes_are_added_listed_in_pages_counted_and_removed() {
    block_on(async {
        let app = TestApp::new(notes::app()).await;
        let alice = app.user("alice@example.com").await;
        let mut ids = Vec::new();
        for text in ["milk", "bread", "salt"] {
            ids.push(alice.call("add_note", json!({ "text": text })).await.data()["id"].clone());
        }
        let first = alice
            .call("list_notes", json!({"limit": 2}))
            .await
            .data()
            .clone();
        assert_eq!(first["notes"].as_array().map(Vec::len), Some(2));
        let rest = alice
            .call("list_notes", json!({"after": first["next"]}))
            .await
            .data()
            .clone();
        assert_eq!(
            (&rest["notes"][0]["text"], rest.get("next")),
            (&json!("salt"), None)
        );
        for removed in [true, false] {
            let answer = alice.call("remove_note", json!({ "id": ids[0] })).await;
            assert_eq!(answer.data(), &json!({ "removed": removed }));
        }
        assert_eq!(
            alice.call("count_notes", json!({})).await.data(),
            &json!({"count": 2})
        );
    });
}

#[test]
fn one_users_notes_are_not_anothers() {
    block_on(async {
        let app = TestApp::new(notes::app()).await;
        let alice = app.user("alice@example.com").await;
        let bob = app.user("bob@example.com").await;
        let id = alice.call("add_note", json!({"text": "hers"})).await.data()["id"].clone();
        assert_eq!(
            bob.call("list_notes", json!({})).await.data(),
            &json!({"notes": []})
        );
        assert_eq!(
            bob.call("remove_note", json!({ "id": id })).await.data(),
            &json!({"removed": false})
        );
        assert_eq!(
            alice.call("count_notes", json!({})).await.data(),
            &json!({"count": 1})
        );
    });
}
