//! The admin CLI as a real process, against its own store and against a real server.

use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use mcp_lambda_tests::process::{Home, Server};
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");
pub(crate) const ADMIN: &str = env!("CARGO_BIN_EXE_fixture-admin");
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("JSON: {} {}", out(output), err(output)))
}

/// Runs a command that must end with this code.
async fn ends(home: &Home, code: i32, arguments: &[&str]) -> Output {
    ends_with(home, ADMIN, code, arguments).await
}

/// Runs a command of this binary that must end with this code.
pub(crate) async fn ends_with(home: &Home, binary: &str, code: i32, arguments: &[&str]) -> Output {
    let output = home.run(binary, arguments).await;
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}{}",
        out(&output),
        err(&output)
    );
    output
}

/// A home connected in one of the two ways; both must do the same.
pub(crate) async fn connected(place: &str) -> (Home, Option<Server>) {
    let home = Home::default();
    if place == "local" {
        ends(&home, 0, &["connect", "local"]).await;
        return (home, None);
    }
    let mut command = home.command(FIXTURE);
    command
        .env("SIGNING_KEY", KEY)
        .env("JWT_AUD", "https://mcp.example.com");
    let server = Server::start(command).await;
    ends(&home, 0, &["connect", &server.url, "--signing-key", KEY]).await;
    (home, Some(server))
}

#[tokio::test]
async fn a_token_goes_to_a_file_and_not_to_the_terminal() {
    let (home, _server) = connected("remote").await;
    for arguments in [
        ["users", "add", "alice@example.com"],
        ["tokens", "create", "alice@example.com"],
    ] {
        let file = home.path().join(format!("{}.token", arguments[0]));
        let path = file.to_string_lossy().into_owned();
        let output = ends(&home, 0, &[&arguments[..], &["--save-to", &path]].concat()).await;
        assert!(
            !out(&output).contains("eyJ") && out(&output).contains(&path),
            "{}",
            out(&output)
        );
        let mode = std::fs::metadata(&file)
            .expect("written")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let token = std::fs::read_to_string(&file).expect("readable");
        assert!(token.starts_with("eyJ"));
        ends(
            &home,
            5,
            &["tokens", "create", "alice@example.com", "--save-to", &path],
        )
        .await;
        assert_eq!(
            std::fs::read_to_string(&file).expect("readable"),
            token,
            "a file that is there stays"
        );
    }
    let nowhere = home
        .path()
        .join("no/such/folder")
        .to_string_lossy()
        .into_owned();
    ends(
        &home,
        2,
        &[
            "tokens",
            "create",
            "alice@example.com",
            "--save-to",
            &nowhere,
        ],
    )
    .await;
    let file = home
        .path()
        .join("nobody.token")
        .to_string_lossy()
        .into_owned();
    ends(
        &home,
        4,
        &["tokens", "create", "nobody@example.com", "--save-to", &file],
    )
    .await;
    assert!(
        !std::path::Path::new(&file).exists(),
        "no empty file is left"
    );
    let tokens = json_of(&ends(&home, 0, &["tokens", "list", "alice@example.com", "--json"]).await);
    assert_eq!(
        tokens.as_array().map(Vec::len),
        Some(2),
        "what could not be kept was not made: {tokens}"
    );
}

#[tokio::test]
async fn a_lost_key_or_a_mistyped_folder_is_named_and_nothing_is_made() {
    let (home, _) = connected("local").await;
    let key = home.data().join("signing-key");
    std::fs::remove_file(&key).expect("there");
    let said = err(&ends(&home, 3, &["probe"]).await);
    assert!(
        said.contains("signing-key is not there") && said.contains("connect local"),
        "{said}"
    );
    assert!(!key.exists());
    ends(&home, 0, &["connect", "local"]).await;
    let mut command = home.command(ADMIN);
    command
        .args(["users", "list"])
        .env("APP_USERS_PATH", home.path().join("mistyped"));
    assert_eq!(
        command.output().await.expect("it runs").status.code(),
        Some(3)
    );
    assert!(!home.path().join("mistyped").exists());
}

#[tokio::test]
async fn connections_made_at_once_are_all_kept() {
    let home = Home::default();
    let names: Vec<_> = (0..8).map(|number| format!("c{number}")).collect();
    let connects = names.iter().map(|name| {
        let mut command = home.command(ADMIN);
        command.args([
            "connect",
            "http://127.0.0.1:1",
            "--signing-key",
            KEY,
            "--offline",
            "--as",
            name,
        ]);
        async move { command.output().await.expect("it runs").status.success() }
    });
    assert!(
        futures_util::future::join_all(connects)
            .await
            .into_iter()
            .all(|is_done| is_done)
    );
    let listed = json_of(&ends(&home, 0, &["connections", "list", "--json"]).await);
    assert_eq!(listed.as_array().map(Vec::len), Some(8), "{listed}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_a_failure() {
    let (home, _) = connected("local").await;
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("it is there")
    };
    for arguments in [&["users", "list"][..], &["completions", "bash"]] {
        let mut command = home.command(ADMIN);
        let child = command
            .args(arguments)
            .stdout(full())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = child.wait_with_output().await.expect("it ends");
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(
            err(&output).contains("can't be written"),
            "{}",
            err(&output)
        );
    }
}

#[tokio::test]
async fn an_operators_day_is_the_same_on_a_laptop_and_over_the_network() {
    for place in ["local", "remote"] {
        let (home, server) = connected(place).await;
        assert_eq!(
            out(&ends(&home, 0, &["users", "list"]).await),
            "No users yet.\n",
            "{place}"
        );
        let added = out(&ends(&home, 0, &["users", "add", "Alice@example.com"]).await);
        let url = server
            .as_ref()
            .map_or("http://127.0.0.1:8080", |server| &server.url);
        let line = format!(
            "claude mcp add --transport http --scope user fixture {url}/mcp --header 'Authorization: Bearer eyJ"
        );
        assert!(
            added.starts_with("Registered alice@example.com.") && added.contains(&line),
            "{added}"
        );
        ends(&home, 5, &["users", "add", "alice@example.com"]).await;
        let made = json_of(
            &ends(
                &home,
                0,
                &[
                    "tokens",
                    "create",
                    "alice@example.com",
                    "--name",
                    "laptop",
                    "--expires",
                    "12h",
                    "--json",
                ],
            )
            .await,
        );
        assert_eq!(made["duration_seconds"], 43_200);
        let id = made["id"].as_str().expect("an id");
        let listed = out(&ends(&home, 0, &["tokens", "list", "alice@example.com"]).await);
        assert!(
            listed.starts_with("ID ")
                && listed.contains(id)
                && listed.contains("laptop")
                && !listed.contains("eyJ"),
            "{listed}"
        );
        ends(&home, 0, &["tokens", "revoke", "alice@example.com", id]).await;
        ends(
            &home,
            4,
            &["tokens", "revoke", "alice@example.com", "no-such-token"],
        )
        .await;
        let user =
            json_of(&ends(&home, 0, &["--json", "users", "show", "alice@example.com"]).await);
        assert_eq!(
            (&user["email"], &user["tokens"]),
            (&json!("alice@example.com"), &json!(1))
        );
        ends(&home, 0, &["users", "revoke", "alice@example.com"]).await;
        let listed = json_of(&ends(&home, 0, &["users", "list", "--json"]).await);
        assert!(listed[0]["revoke_after"].is_u64(), "{listed}");
        assert!(out(&ends(&home, 0, &["health"]).await).starts_with("healthy\n"));
        let refused = ends(&home, 2, &["users", "purge", "alice@example.com"]).await;
        assert!(err(&refused).contains("--yes"));
        ends(&home, 0, &["users", "purge", "alice@example.com", "--yes"]).await;
        ends(&home, 4, &["users", "show", "alice@example.com"]).await;
    }
}

#[tokio::test]
async fn nothing_works_before_connecting_and_the_error_says_how() {
    let home = Home::default();
    for command in [
        &["users", "list"][..],
        &["health"],
        &["tokens", "list", "a@b.c"],
    ] {
        assert!(err(&ends(&home, 3, command).await).contains("fixture-admin connect local"));
    }
    let told: Value = serde_json::from_str(&err(&ends(&home, 3, &["health", "--json"]).await))
        .expect("JSON for programs");
    assert_eq!(told["code"], "not_configured");
}

#[tokio::test]
async fn the_state_is_the_owners_alone_and_a_key_is_kept_when_connecting_again() {
    let (home, server) = connected("remote").await;
    let server = server.expect("remote");
    let setup = home.path().join(".config/fixture/setup.json");
    assert_eq!(
        std::fs::metadata(&setup)
            .expect("there")
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    ends(&home, 0, &["connect", &server.url]).await;
    ends(&home, 0, &["users", "list"]).await;
    assert!(!out(&ends(&home, 0, &["health", "--json"]).await).contains(KEY));
}

#[tokio::test]
async fn a_key_in_a_variable_is_read_at_each_use_and_never_stored() {
    let (home, server) = connected("remote").await;
    let url = server.as_ref().expect("remote").url.clone();
    let connect = ["connect", url.as_str(), "--signing-key-env", "THE_KEY"];
    let output = home
        .command(ADMIN)
        .args(connect)
        .env("THE_KEY", KEY)
        .output()
        .await
        .expect("it runs");
    assert!(output.status.success(), "{}", err(&output));
    assert!(
        !std::fs::read_to_string(home.path().join(".config/fixture/setup.json"))
            .expect("there")
            .contains(KEY)
    );
    assert!(err(&ends(&home, 3, &["users", "list"]).await).contains("THE_KEY"));
    let output = home
        .command(ADMIN)
        .args(["users", "list"])
        .env("THE_KEY", KEY)
        .output()
        .await
        .expect("it runs");
    assert!(output.status.success());
}

#[tokio::test]
async fn what_cannot_be_reached_is_7_and_not_kept_and_a_wrong_key_6() {
    let (home, server) = connected("remote").await;
    let server = server.expect("remote");
    ends(
        &home,
        6,
        &["connect", &server.url, "--signing-key", &"x".repeat(32)],
    )
    .await;
    ends(
        &home,
        3,
        &["connect", &server.url, "--signing-key", "short"],
    )
    .await;
    ends(
        &home,
        7,
        &["connect", "http://127.0.0.1:1", "--signing-key", KEY],
    )
    .await;
    ends(&home, 0, &["users", "list"]).await;
    ends(
        &home,
        0,
        &[
            "connect",
            "http://127.0.0.1:1",
            "--signing-key",
            KEY,
            "--offline",
        ],
    )
    .await;
    ends(&home, 7, &["users", "list"]).await;
}

#[tokio::test]
async fn a_laptops_cli_knows_where_its_server_listens() {
    let home = Home::default();
    let server = Server::start(home.command(FIXTURE)).await;
    ends(&home, 0, &["connect", "local"]).await;
    let added = json_of(&ends(&home, 0, &["users", "add", "alice@example.com", "--json"]).await);
    assert!(
        added["register"]
            .as_str()
            .expect("a line")
            .contains(&format!("{}/mcp", server.url)),
        "{added}"
    );
}

#[tokio::test]
async fn wrong_usage_is_2() {
    let home = Home::default();
    for arguments in [
        &["users", "add", "../../x"][..],
        &["users", "add", "not-an-email"],
        &["users", "add", ""],
        &["users", "add"],
        &["users"],
        &["nonsense"],
        &["connect", "mcp.example.com"],
        &["connect", "http://mcp.example.com"],
        &["tokens", "create", "a@b.c", "--expires", "soon"],
        &[
            "connect",
            "local",
            "--signing-key",
            "a",
            "--signing-key-env",
            "b",
        ],
    ] {
        ends(&home, 2, arguments).await;
    }
    assert!(out(&ends(&home, 0, &["--help"]).await).contains("Exit codes: 0 ok"));
}

#[tokio::test]
async fn a_damaged_state_file_is_named() {
    let home = Home::default();
    ends(&home, 0, &["connect", "local"]).await;
    std::fs::write(home.path().join(".config/fixture/setup.json"), "{").expect("written");
    assert!(err(&ends(&home, 3, &["users", "list"]).await).contains("setup.json is damaged"));
}

#[tokio::test]
async fn profiles_come_as_json_or_from_a_file() {
    let (home, _) = connected("local").await;
    let file = home.path().join("profile.json");
    std::fs::write(&file, r#"{"colour": "blue"}"#).expect("written");
    ends(
        &home,
        0,
        &[
            "users",
            "add",
            "alice@example.com",
            "--profile",
            &format!("@{}", file.display()),
        ],
    )
    .await;
    let user = json_of(&ends(&home, 0, &["users", "show", "alice@example.com", "--json"]).await);
    assert_eq!(
        user["profile"],
        json!({"colour": "********"}),
        "an app without a type declares nothing as harmless"
    );
    let get = [
        "users",
        "get-profile",
        "alice@example.com",
        "--reveal",
        "--json",
    ];
    assert_eq!(
        json_of(&ends(&home, 0, &get).await)["profile"],
        json!({"colour": "blue"})
    );
    for profile in ["{", "@/nonexistent", "7"] {
        ends(
            &home,
            2,
            &["users", "add", "bob@example.com", "--profile", profile],
        )
        .await;
    }
    ends(&home, 4, &["users", "show", "bob@example.com"]).await;
}
