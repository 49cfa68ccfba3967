//! Who is let in, over HTTP: the forms a token may come in, audiences and outages. The 401/403 matrix is a law of the kit.

use http::Method;
use mcp_lambda::testkit::{Client, TestApp, mcp_request, request};
use mcp_lambda_tests::client::server;
use mcp_lambda_tests::fixture;
use serde_json::json;

const TOOL: &str = "whoami";

async fn status(client: &Client<'_>) -> u16 {
    client.call(TOOL, json!({})).await.status
}

#[tokio::test]
async fn no_token_and_a_bad_one_are_401_with_a_challenge_in_header_and_body() {
    let server = server().await;
    for path in ["/", "/mcp", "/admin/users"] {
        let method = if path == "/admin/users" {
            Method::GET
        } else {
            Method::POST
        };
        let answer = server.anonymous().ask(method.clone(), path, None).await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, Some("Bearer")),
            "{path}"
        );
        assert_eq!(
            (&answer.json["code"], &answer.json["www_authenticate"]),
            (&json!("unauthenticated"), &json!("Bearer"))
        );
        let answer = server.with_token("forged").ask(method, path, None).await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (
                401,
                Some(r#"Bearer error="invalid_token", error_description="the token is not valid""#)
            ),
            "{path}"
        );
        assert_eq!(
            answer.json["error_description"], "the token is not valid",
            "nobody outside learns more"
        );
    }
}

#[tokio::test]
async fn a_purged_users_old_token_does_not_work_for_a_namesake() {
    let server = server().await;
    let old = server.user("alice@example.com").await;
    old.call("keep", json!({"word": "hers"})).await.result();
    server
        .admin()
        .ask(
            Method::DELETE,
            "/admin/users/alice@example.com?purge=true",
            None,
        )
        .await;
    assert_eq!(status(&old).await, 401);
    let new = server.user("alice@example.com").await;
    assert_eq!(status(&old).await, 401);
    assert_eq!(
        new.call("recall", json!({})).await.result()["structuredContent"],
        json!({"result": []})
    );
}

#[tokio::test]
async fn every_form_of_a_token_opens_the_same_door() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let token = alice.token();
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("bearer {token}")),
        ("authorization", token.to_owned()),
        ("x-api-key", token.to_owned()),
    ] {
        let mut request = mcp_request(Some("replaced"), &json!({}), "tools/list", json!({}));
        request.headers_mut().remove("authorization");
        request.headers_mut().insert(
            http::HeaderName::from_static(if name == "x-api-key" {
                "x-api-key"
            } else {
                "authorization"
            }),
            value.parse().expect("valid"),
        );
        assert_eq!(server.send(request).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn credentials_of_another_scheme_hide_no_token() {
    const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=AKID/20261125/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc";
    let (server, open) = (
        server().await,
        TestApp::new(fixture::app().allow_anonymous()).await,
    );
    let alice = server.user("alice@example.com").await;
    for other in [SIGNATURE, "Basic YWxpY2U6cGFzcw==", "Negotiate abc"] {
        let mut request = mcp_request(None, &json!({}), "tools/list", json!({}));
        request
            .headers_mut()
            .insert("authorization", other.parse().expect("valid"));
        let refused = server.send(request.clone()).await;
        assert_eq!(
            (refused.status, refused.header("www-authenticate")),
            (401, Some("Bearer")),
            "{other}"
        );
        assert_eq!(open.send(request.clone()).await.status, 200, "{other}");
        request
            .headers_mut()
            .insert("x-api-key", alice.token().parse().expect("valid"));
        assert_eq!(server.send(request).await.status, 200, "{other}");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_400() {
    let server = server().await;
    let alice = server.user("alice@example.com").await;
    let token = alice.token();
    let mut twice = mcp_request(Some(token), &json!({}), "tools/list", json!({}));
    twice
        .headers_mut()
        .append("authorization", "Bearer other".parse().expect("valid"));
    assert_eq!(server.send(twice).await.status, 400);
    let mut joined = mcp_request(Some(token), &json!({}), "tools/list", json!({}));
    joined.headers_mut().insert(
        "authorization",
        format!("Bearer {token},Bearer {token}")
            .parse()
            .expect("valid"),
    );
    assert_eq!(server.send(joined).await.status, 400);
}

#[tokio::test]
async fn a_query_token_counts_where_it_is_allowed_and_never_on_admin() {
    let allowed = TestApp::with_settings(fixture::app(), &[("ALLOW_QUERY_TOKEN", "true")]).await;
    let refused = server().await;
    for (server, expected) in [(&allowed, 200), (&refused, 401)] {
        let token = server.user("alice@example.com").await;
        let mut request = mcp_request(Some("replaced"), &json!({}), "tools/list", json!({}));
        request.headers_mut().remove("authorization");
        *request.uri_mut() = format!("/mcp?token={}", token.token())
            .parse()
            .expect("valid");
        assert_eq!(server.send(request).await.status, expected);
    }
    let path = format!("/admin/users?token={}", allowed.admin().token());
    assert_eq!(
        allowed
            .anonymous()
            .ask(Method::GET, &path, None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn an_audience_is_carried_asked_for_and_named_to_operators() {
    let server =
        TestApp::with_settings(fixture::app(), &[("JWT_AUD", "https://mcp.example.com")]).await;
    let elsewhere = TestApp::new(fixture::app()).await;
    let unnamed = server.with_token(elsewhere.admin().token());
    let answer = unnamed.ask(Method::GET, "/admin/users", None).await;
    assert_eq!(
        (answer.status, &answer.json["audience"]),
        (401, &json!("https://mcp.example.com"))
    );
    let body = Some(json!({"email": "alice@example.com"}));
    let answer = server.admin().ask(Method::POST, "/admin/users", body).await;
    assert_eq!(
        status(&server.with_token(answer.json["token"].as_str().expect("a token"))).await,
        200
    );
    let answer = server.anonymous().ask(Method::POST, "/mcp", None).await;
    assert_eq!(
        (answer.status, answer.json.get("audience")),
        (401, None),
        "users need not know it"
    );
}

#[tokio::test]
async fn an_outage_is_503_and_never_an_open_door() {
    let server = server().await;
    let token = server.user("alice@example.com").await;
    server.store().set_down(true);
    let answer = token.call(TOOL, json!({})).await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (503, &json!("unavailable"))
    );
    assert!(answer.header("retry-after").is_some() && !answer.text.contains("10.0.0.7"));
    assert_eq!(
        server
            .admin()
            .ask(Method::GET, "/admin/users", None)
            .await
            .status,
        503
    );
    assert_eq!(
        server
            .with_token("forged")
            .call(TOOL, json!({}))
            .await
            .status,
        401,
        "a forged token is known without the store"
    );
    server.store().set_down(false);
    assert_eq!(status(&token).await, 200);
}

#[tokio::test]
async fn a_page_on_another_host_name_is_refused() {
    let server = server().await;
    let mut rebound = request(Method::GET, "/health", None, None);
    rebound
        .headers_mut()
        .insert("host", "evil.example.com".parse().expect("valid"));
    assert_eq!(server.send(rebound).await.status, 403);
}
