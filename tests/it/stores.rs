//! What stores and keys are to strangers, to others on the machine, and to processes that start at the same time.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use mcp_lambda::admin::{AdminApi, NewToken, NewUser};
use mcp_lambda::clock::SystemClock;
use mcp_lambda::keys::SigningKey;
use mcp_lambda::records::{UserRecord, Users};
use mcp_lambda::store::SqliteStore;
use mcp_lambda::testkit::SIGNING_KEY;
use mcp_lambda_admin::RemoteAdmin;
use mcp_lambda_tests::process::{Home, Server};
use mcp_lambda_tests::runtime_api::{tool_body, tool_headers};
use serde_json::json;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");
const ADMIN: &str = env!("CARGO_BIN_EXE_fixture-admin");

#[tokio::test]
async fn twelve_first_starts_at_once_make_one_store() {
    for _ in 0..5 {
        let home = Home::default();
        let starts = (0..12).map(|_| home.run(ADMIN, &["connect", "local"]));
        for output in futures_util::future::join_all(starts).await {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

/// Returns whether this text is anywhere in the data folder's files.
fn is_in_a_file(home: &Home, text: &str) -> bool {
    let files = std::fs::read_dir(home.data())
        .expect("there")
        .map(|entry| entry.expect("readable").path());
    let holds = |path| {
        std::fs::read(path).is_ok_and(|bytes| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        })
    };
    files.into_iter().any(holds)
}

/// Starts the fixture's server on this home's store; returns it with its admin API.
async fn serve(home: &Home) -> (Server, RemoteAdmin) {
    let mut command = home.command(FIXTURE);
    command.env(
        "SIGNING_KEY",
        String::from_utf8(SIGNING_KEY.to_vec()).expect("text"),
    );
    let server = Server::start(command).await;
    let key = SigningKey::new(*SIGNING_KEY).expect("long enough");
    let api = RemoteAdmin::new(&server.url, key, Arc::new(SystemClock)).expect("a client");
    (server, api)
}

#[tokio::test]
async fn nothing_of_a_purged_user_is_in_the_files_while_the_server_runs_and_after() {
    let home = Home::default();
    let (server, api) = serve(&home).await;
    let email: mcp_lambda::Email = "canary@example.com".parse().expect("valid");
    let profile = Some(json!({"token": "canary-profile"}));
    let user: NewUser =
        serde_json::from_value(json!({"email": email.as_str(), "profile": profile}))
            .expect("a user");
    let token = api
        .register(user)
        .await
        .expect("registered")
        .token
        .expose()
        .clone();
    for number in 0..30 {
        let word = format!("canary-word{number}");
        assert_eq!(call_keep(&server, &token, &word).await, 200);
    }
    assert!(is_in_a_file(&home, "canary"), "it was there");
    api.purge(&email).await.expect("purged");
    assert!(
        !is_in_a_file(&home, "canary"),
        "once the purge has answered"
    );
    server.stop().await;
    assert!(!is_in_a_file(&home, "canary"), "after the stop");
}

/// Calls the fixture's `keep` and returns the status.
async fn call_keep(server: &Server, token: &str, word: &str) -> u16 {
    let body = tool_body("keep", &json!({"word": word}));
    let request = reqwest::Client::new()
        .post(format!("{}/mcp", server.url))
        .body(body);
    let bearer = format!("Bearer {token}");
    let headers = tool_headers(&bearer, "keep");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.send().await.expect("answered").status().as_u16()
}

/// A server remembers records that it has read; another process changes them in the file.
#[tokio::test]
async fn what_another_process_revokes_in_the_file_is_refused_at_the_next_call() {
    let home = Home::default();
    let (server, api) = serve(&home).await;
    let email: mcp_lambda::Email = "alice@example.com".parse().expect("valid");
    api.register(NewUser::new(email.clone()))
        .await
        .expect("registered");
    let file = home.data().join("store.sqlite3");
    let here = Users::new(Arc::new(
        SqliteStore::open(&file, Arc::new(SystemClock)).expect("opens"),
    ));
    for _ in 0..20 {
        let issued = api.create_token(NewToken::new(email.clone())).await;
        let token = issued.expect("issued").token.expose().clone();
        for _ in 0..3 {
            assert_eq!(call_keep(&server, &token, "word").await, 200);
        }
        let revoke = |user: &mut UserRecord| {
            user.tokens.clear();
            Ok(())
        };
        here.change(&email, 0, revoke).await.expect("revoked");
        assert_eq!(
            call_keep(&server, &token, "word").await,
            401,
            "at the next call"
        );
    }
}

#[tokio::test]
async fn a_store_or_a_key_that_others_may_open_is_refused_with_what_mends_it() {
    for (file, mode, mends) in [
        ("store.sqlite3", 0o666, "chmod 600"),
        ("signing-key", 0o640, "chmod 600"),
        ("", 0o777, "chmod go-w"),
    ] {
        let home = Home::default();
        assert!(
            home.run(ADMIN, &["connect", "local"])
                .await
                .status
                .success()
        );
        let path = if file.is_empty() {
            home.data()
        } else {
            home.data().join(file)
        };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("opened up");
        let output = home.run(FIXTURE, &["serve", "--port", "0"]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(
            said.contains(&format!("`{mends} {}`", path.display())),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_note_of_the_servers_url_is_not_written_through_a_link() {
    let home = Home::default();
    assert!(
        home.run(ADMIN, &["connect", "local"])
            .await
            .status
            .success()
    );
    let (target, note) = (home.path().join("precious"), home.data().join("url"));
    std::fs::write(&target, "precious").expect("written");
    let _ = std::fs::remove_file(&note);
    std::os::unix::fs::symlink(&target, &note).expect("linked");
    let server = Server::start(home.command(FIXTURE)).await;
    assert_eq!(std::fs::read_to_string(&target).expect("there"), "precious");
    assert!(
        std::fs::symlink_metadata(&note)
            .expect("there")
            .is_symlink(),
        "it is left alone"
    );
    drop(server);
}

/// An outage that anyone can ask about is some lines of the log, however many ask at once.
#[tokio::test]
async fn an_outage_is_some_lines_whoever_asks_about_it() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command.envs([
        ("USERS_TABLE", "users"),
        ("SIGNING_KEY_SECRET", "prod/key"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    let server = Server::start(command).await;
    let client = reqwest::Client::new();
    for _ in 0..20 {
        let asking = (0..50).map(|number| {
            let request = if number % 2 == 0 {
                client.get(format!("{}/health", server.url))
            } else {
                let request = client.post(format!("{}/mcp", server.url));
                request.bearer_auth("eyJhbGciOiJIUzI1NiJ9.e30.AAAA")
            };
            async move { request.send().await.expect("answered").status().as_u16() }
        });
        let statuses = futures_util::future::join_all(asking).await;
        assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    }
    let (_, log) = server.stop().await;
    let lines = |part: &str| log.lines().filter(|line| line.contains(part)).count();
    assert!(
        (1..150).contains(&lines("refused")),
        "{} lines of 500",
        lines("refused")
    );
    assert!(
        lines("status=503") < 150,
        "{} lines of 1000",
        lines("status=503")
    );
    assert!(log.lines().count() < 400, "{} lines", log.lines().count());
}

/// While AWS is out of reach, whoever calls is told so, and not where our things are.
#[tokio::test]
async fn strangers_learn_no_name_of_a_table_or_a_secret() {
    let home = Home::default();
    let mut command = home.command(FIXTURE);
    command.envs([
        ("USERS_TABLE", "prod-notes-users"),
        (
            "SIGNING_KEY_SECRET",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/notes-AbCdEf",
        ),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    let server = Server::start(command).await;
    let client = reqwest::Client::new();
    let garbage = "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA";
    let call = tool_headers(garbage, "keep").iter().fold(
        client
            .post(format!("{}/mcp", server.url))
            .body(tool_body("keep", &json!({"word": "x"}))),
        |request, (name, value)| request.header(*name, *value),
    );
    let users = client
        .get(format!("{}/admin/users", server.url))
        .header("authorization", garbage);
    let health = client.get(format!("{}/health", server.url));
    for request in [call, users, health] {
        let answer = request.send().await.expect("answered");
        let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let body = answer.text().await.expect("a body");
        assert_eq!(status, 503, "{body}");
        for name in ["arn:", "123456789012", "prod", "notes-AbCdEf", "127.0.0.1"] {
            assert!(
                !body.contains(name) && !headers.contains(name),
                "`{name}` in {body}"
            );
        }
    }
    let (_, log) = server.stop().await;
    assert!(
        log.contains("prod/notes-AbCdEf"),
        "operators learn it: {log}"
    );
}
