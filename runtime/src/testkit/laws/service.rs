//! The laws of the service: [health](crate::health), both eras of the protocol, other instances, outages.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::{ALICE, name};
use crate::testkit::{OLDER_REVISION, Suite};

/// [`App::check`](crate::App::check) reports no problem of the app.
///
/// # Panics
/// If it is broken.
pub async fn the_app_is_well_made(suite: &Suite) {
    if let Err(problems) = suite.app().check() {
        panic!("{}", problems.join("\n"));
    }
}

/// [Health](crate::health) needs no token, and answers with single words: no name, version, path or
/// user.
///
/// # Panics
/// If it is broken.
pub async fn health_is_for_everyone_and_tells_nothing(suite: &Suite) {
    let app = suite.open().await;
    suite.user(&app, ALICE).await;
    // Registration has used the store; the counts begin anew here.
    app.store().take_counts();
    let answer = app.anonymous().ask(Method::GET, "/health", None).await;
    assert_eq!(
        (answer.status, &answer.json["status"]),
        (200, &json!("healthy")),
        "{}",
        answer.text
    );
    let keys: BTreeSet<_> = answer
        .json
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        keys,
        BTreeSet::from(["checks", "status"]),
        "{}",
        answer.text
    );
    let words = answer.json["checks"].as_object().into_iter().flatten();
    for (part, word) in words {
        let word = word
            .as_str()
            .unwrap_or_else(|| panic!("the check `{part}` is no word: {}", answer.text));
        assert!(
            word.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{part}: {word}"
        );
    }
    assert_eq!(
        app.store().take_counts().0,
        0,
        "health reads nobody's record"
    );
}

/// The newest revision without a handshake and the one before it with one list the same tools.
///
/// # Panics
/// If it is broken.
pub async fn both_eras_answer(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    let discovered = alice.mcp("server/discover", json!({})).await;
    assert!(
        discovered.result()["supportedVersions"].is_array(),
        "{}",
        discovered.text
    );
    let info = json!({ "protocolVersion": OLDER_REVISION, "capabilities": {}, "clientInfo": { "name": "tests", "version": "0" } });
    let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": info });
    let begun = alice.older(&begin).await;
    assert_eq!(
        begun.result()["protocolVersion"],
        OLDER_REVISION,
        "{}",
        begun.text
    );
    let names = |tools: &[Value]| {
        tools
            .iter()
            .map(|tool| name(tool).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&alice.older_tools().await),
        names(&alice.tools().await)
    );
}

/// A second instance over the same store refuses what the first one revoked, at its next call.
///
/// # Panics
/// If it is broken.
pub async fn instances_see_each_others_revocations(suite: &Suite) {
    let one = suite.open().await;
    let two = one.second_instance(suite.app(), &[]).await;
    let alice = suite.user(&one, ALICE).await;
    let there = two.with_token(alice.token());
    assert_eq!(
        there.mcp("tools/list", json!({})).await.status,
        200,
        "a user of one is a user of both"
    );
    let revoked = one
        .admin()
        .ask(Method::DELETE, &format!("/admin/users/{ALICE}"), None)
        .await;
    assert_eq!(revoked.status, 200, "{}", revoked.text);
    assert_eq!(
        there.mcp("tools/list", json!({})).await.status,
        401,
        "the other instance does not know"
    );
}

/// While the store can't be reached, nobody is let in, and every client is
/// asked to retry (RFC 9110 §10.2.3).
///
/// # Panics
/// If it is broken.
pub async fn an_outage_lets_nobody_in(suite: &Suite) {
    let app = suite.open().await;
    let alice = suite.user(&app, ALICE).await;
    app.store().set_down(true);
    let answer = alice.mcp("tools/list", json!({})).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(
        answer.header("retry-after").is_some(),
        "it does not say when to come again"
    );
    assert!(
        !answer.text.contains("10.0.0.7"),
        "an outage tells strangers about the inside: {}",
        answer.text
    );
    app.store().set_down(false);
    assert_eq!(
        alice.mcp("tools/list", json!({})).await.status,
        200,
        "it does not come back"
    );
}
