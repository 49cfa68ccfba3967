//! The laws of an operator's work with [users](crate::CurrentUser).

use http::Method;
use serde_json::{Value, json};

use super::{ALICE, BOB};
use crate::profile::is_secret;
use crate::testkit::{Client, Suite, TestResponse};

/// Users are registered once, listed, shown, given tokens, revoked and purged.
///
/// # Panics
/// If it is broken.
pub async fn admins_go_round(suite: &Suite) {
    let app = suite.open().await;
    let admin = app.admin();
    let alice = suite.user(&app, ALICE).await;
    let again = admin
        .ask(
            Method::POST,
            "/admin/users",
            // In capitals: an address is the same user however it is written.
            Some(suite.registration(&ALICE.to_uppercase())),
        )
        .await;
    assert_eq!(again.status, 409, "registered twice: {}", again.text);
    suite.user(&app, BOB).await;
    let listed = get(&admin, "/admin/users").await;
    assert_eq!(
        (listed[0]["email"].as_str(), listed[1]["email"].as_str()),
        (Some(ALICE), Some(BOB))
    );
    let tokens = get(&admin, &format!("/admin/users/{ALICE}/tokens")).await;
    assert_eq!(tokens.as_array().map(Vec::len), Some(1));
    assert!(
        !tokens.to_string().contains(alice.token()),
        "a list of tokens holds no token"
    );
    assert_eq!(
        get(&admin, &format!("/admin/users/{ALICE}")).await["tokens"],
        1
    );
    let purged = admin
        .ask(
            Method::DELETE,
            &format!("/admin/users/{ALICE}?purge=true"),
            None,
        )
        .await;
    assert_eq!(purged.status, 200, "{}", purged.text);
    let gone = admin
        .ask(Method::GET, &format!("/admin/users/{ALICE}"), None)
        .await;
    assert_eq!(gone.status, 404, "{}", gone.text);
    assert_eq!(
        alice.mcp("tools/list", json!({})).await.status,
        401,
        "a purged user's token is dead"
    );
}

/// A profile that does not fit the app's type is refused with the field's name, and
/// the stored one stays.
///
/// Secrets are masked unless they are asked for. An app without a profile type stores a profile only
/// where that is meant.
///
/// # Panics
/// If it is broken.
pub async fn profiles_are_checked(suite: &Suite) {
    let app = suite.open().await;
    let admin = app.admin();
    suite.user(&app, ALICE).await;
    let path = format!("/admin/users/{ALICE}/profile");
    let Some(profile) = suite.app().profile_type().cloned() else {
        assert_eq!(
            get(&admin, &path).await["profile"],
            suite.registration(ALICE)["profile"]
        );
        return;
    };
    let before = get(&admin, &format!("{path}?reveal=true")).await;
    assert_eq!(before["profile"], suite.registration(ALICE)["profile"]);
    let unknown = admin
        .ask(Method::PATCH, &path, Some(json!({ "no_such_field": 1 })))
        .await;
    assert_refused(&unknown, "no_such_field");
    let schema = profile.schema();
    for field in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        let mut body = suite.registration(BOB);
        body["profile"]
            .as_object_mut()
            .expect("an object")
            .remove(field);
        assert_refused(
            &admin.ask(Method::POST, "/admin/users", Some(body)).await,
            field,
        );
        let taken = admin
            .ask(Method::PATCH, &path, Some(json!({ field: null })))
            .await;
        assert_refused(&taken, field);
    }
    assert_eq!(
        get(&admin, &format!("{path}?reveal=true")).await,
        before,
        "a refusal changes nothing"
    );
    assert_masked(
        &get(&admin, &path).await["profile"],
        &before["profile"],
        schema,
    );
}

fn assert_masked(shown: &Value, stored: &Value, schema: &Value) {
    for (field, about) in schema["properties"].as_object().into_iter().flatten() {
        if is_secret(about) && stored.get(field).is_some_and(|value| !value.is_null()) {
            assert_ne!(
                shown[field], stored[field],
                "the profile shows its secret `{field}`"
            );
        }
    }
}

fn assert_refused(answer: &TestResponse, field: &str) {
    assert_eq!(
        answer.status, 400,
        "the profile field `{field}`: {}",
        answer.text
    );
    assert!(
        answer.text.contains(field),
        "the refusal does not name `{field}`: {}",
        answer.text
    );
}

async fn get(admin: &Client<'_>, path: &str) -> Value {
    let answer = admin.ask(Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json
}
