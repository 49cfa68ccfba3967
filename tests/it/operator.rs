//! The operator's commands beyond users and tokens, on a laptop's own store and over the network.

use mcp_lambda_tests::process::{Home, Server};
use serde_json::{Value, json};

use crate::cli::{ADMIN, KEY, connected, ends_with, err, json_of, out};

const ACCOUNT: &str = env!("CARGO_BIN_EXE_account-admin");

async fn ends(home: &Home, code: i32, arguments: &[&str]) -> std::process::Output {
    ends_with(home, ADMIN, code, arguments).await
}

#[tokio::test]
async fn several_connections_are_kept_and_each_command_may_choose() {
    let (home, server) = connected("remote").await;
    let server = server.expect("remote");
    ends(&home, 0, &["connect", "local", "--as", "here"]).await;
    let probed = async |arguments: &[&str]| {
        json_of(&ends(&home, 0, arguments).await)["steps"][0]["found"].clone()
    };
    assert_eq!(
        probed(&["probe", "--json"]).await,
        "this machine's own store"
    );
    assert_eq!(
        probed(&["probe", "--json", "--on", "default"]).await,
        "it answers"
    );
    let listed = json_of(&ends(&home, 0, &["connections", "list", "--json"]).await);
    assert_eq!(
        listed[0],
        json!({"name": "default", "server": server.url, "key": "stored here", "in_use": false})
    );
    assert_eq!(listed[1]["in_use"], true);
    ends(&home, 0, &["connections", "use", "default"]).await;
    assert_eq!(probed(&["probe", "--json"]).await, "it answers");
    for command in [
        &["connections", "use", "nowhere"][..],
        &["connections", "remove", "nowhere"],
        &["health", "--on", "nowhere"],
    ] {
        assert!(
            err(&ends(&home, 4, command).await).contains("`default`, `here`"),
            "{command:?}"
        );
    }
    ends(&home, 0, &["connections", "remove", "default"]).await;
    let setup =
        std::fs::read_to_string(home.path().join(".config/fixture/setup.json")).expect("there");
    assert!(!setup.contains(KEY), "its key is forgotten with it");
    ends(&home, 3, &["users", "list"]).await;
    ends(&home, 0, &["users", "list", "--on", "here"]).await;
}

#[tokio::test]
async fn a_key_comes_from_standard_input_too() {
    let (home, server) = connected("remote").await;
    let url = server.as_ref().expect("remote").url.clone();
    let key = home.path().join("key");
    std::fs::write(&key, format!("{KEY}\n")).expect("written");
    let mut command = home.command(ADMIN);
    command
        .args(["connect", &url, "--signing-key-stdin", "--as", "piped"])
        .stdin(std::fs::File::open(&key).expect("there"));
    let output = command.output().await.expect("it runs");
    assert!(
        output.status.success() && out(&output).contains("the key is accepted"),
        "{}{}",
        out(&output),
        err(&output)
    );
}

#[tokio::test]
async fn probe_goes_on_to_the_tools_and_names_the_step_that_fails() {
    for place in ["local", "remote"] {
        let (home, server) = connected(place).await;
        let probed = json_of(&ends(&home, 0, &["probe", "--json"]).await);
        let steps: Vec<_> = probed["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .map(|step| step["step"].clone())
            .collect();
        let all = [
            "reach",
            "health",
            "signing key",
            "discover 2026-07-28",
            "initialize 2025-11-25",
            "tools",
        ];
        assert_eq!(steps, all, "{place}");
        assert!(out(&ends(&home, 0, &["probe"]).await).contains("listed"));
        let Some(server) = server else { continue };
        ends(
            &home,
            0,
            &[
                "connect",
                &server.url,
                "--signing-key",
                &"x".repeat(32),
                "--offline",
                "--as",
                "wrong",
            ],
        )
        .await;
        let broken = ends(&home, 6, &["probe"]).await;
        assert!(
            out(&broken).contains("FAILED") && err(&broken).contains("`signing key`"),
            "{}",
            err(&broken)
        );
        ends(
            &home,
            0,
            &[
                "connect",
                "http://127.0.0.1:1",
                "--signing-key",
                KEY,
                "--offline",
                "--as",
                "gone",
            ],
        )
        .await;
        assert!(err(&ends(&home, 7, &["probe"]).await).contains("`reach`"));
    }
}

#[tokio::test]
async fn a_tool_that_panics_here_tells_where_and_not_what() {
    let home = Home::default();
    ends(&home, 0, &["connect", "local"]).await;
    ends(&home, 0, &["users", "add", "alice@example.com"]).await;
    let output = ends(
        &home,
        6,
        &["tools", "call", "panics", "--user", "alice@example.com"],
    )
    .await;
    let said = format!("{}{}", out(&output), err(&output));
    assert!(
        said.contains("a function panicked at ") && said.contains("fixture.rs:"),
        "{said}"
    );
    assert!(
        !said.contains("hunter2"),
        "a panic's words may be an argument's: {said}"
    );
}

/// One line, whatever the environment asks Rust for: frames name files of whoever built the CLI.
#[tokio::test]
async fn a_panic_shows_no_backtrace() {
    let home = Home::default();
    ends(&home, 0, &["connect", "local"]).await;
    ends(&home, 0, &["users", "add", "alice@example.com"]).await;
    let mut command = home.command(ADMIN);
    command.env("RUST_BACKTRACE", "full");
    command.args(["tools", "call", "panics", "--user", "alice@example.com"]);
    let output = command.output().await.expect("it starts");
    assert_eq!(output.status.code(), Some(6));
    let said = err(&output);
    let of_panic: Vec<_> = said.lines().filter(|line| line.contains(".rs")).collect();
    assert_eq!(of_panic.len(), 1, "{said}");
    assert!(of_panic[0].starts_with("a function panicked at "), "{said}");
    for part in ["backtrace", "hunter2", "rust_begin_unwind", "/rustc/"] {
        assert!(!said.contains(part), "`{part}` in {said}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn tools_are_listed_shown_and_called_as_a_user() {
    for place in ["local", "remote"] {
        let (home, _server) = connected(place).await;
        assert!(
            out(&ends(&home, 0, &["tools", "list"]).await).contains("add  "),
            "{place}"
        );
        let shown = out(&ends(&home, 0, &["tools", "show", "add"]).await);
        assert!(
            shown.contains("left")
                && shown.contains("needed")
                && shown.contains("The first number."),
            "{shown}"
        );
        ends(&home, 4, &["tools", "show", "nothing"]).await;
        ends(&home, 0, &["users", "add", "alice@example.com"]).await;
        let call = [
            "tools",
            "call",
            "add",
            "--user",
            "alice@example.com",
            "--arg",
            "left=2",
            "--arg",
            "right=3",
        ];
        let called = ends(&home, 0, &call).await;
        assert!(
            out(&called).contains('5')
                && err(&called).contains("tools/call add")
                && !err(&called).contains("eyJ")
        );
        let body = [
            "tools",
            "call",
            "add",
            "--user",
            "alice@example.com",
            "--body",
            r#"{"left": 4}"#,
            "--json",
        ];
        assert_eq!(
            json_of(&ends(&home, 0, &body).await)["structuredContent"],
            json!({"sum": 4})
        );
        ends(
            &home,
            6,
            &["tools", "call", "fails", "--user", "alice@example.com"],
        )
        .await;
        ends(
            &home,
            2,
            &[
                "tools",
                "call",
                "add",
                "--user",
                "alice@example.com",
                "--arg",
                "left=two",
            ],
        )
        .await;
        ends(
            &home,
            2,
            &[
                "tools",
                "call",
                "add",
                "--user",
                "alice@example.com",
                "--arg",
                "middle=2",
            ],
        )
        .await;
        ends(
            &home,
            4,
            &[
                "tools",
                "call",
                "add",
                "--user",
                "nobody@example.com",
                "--arg",
                "left=2",
            ],
        )
        .await;
        let tokens =
            json_of(&ends(&home, 0, &["tokens", "list", "alice@example.com", "--json"]).await);
        assert_eq!(
            tokens.as_array().map(Vec::len),
            Some(1),
            "a call leaves no token that works: {tokens}"
        );
        assert!(out(&ends(&home, 0, &["safe-tool"]).await).starts_with("whoami: "));
    }
}

/// The tools that a token opens.
async fn opened_by(server: &Server, token: &str, tool: &str) -> String {
    let bearer = format!("Bearer {token}");
    let headers = mcp_lambda_tests::runtime_api::tool_headers(&bearer, tool);
    let request = reqwest::Client::new().post(format!("{}/mcp", server.url));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let body = mcp_lambda_tests::runtime_api::tool_body(tool, &json!({"word": "milk"}));
    request
        .body(body)
        .send()
        .await
        .expect("answered")
        .text()
        .await
        .expect("text")
}

#[tokio::test]
async fn a_token_that_may_only_read_changes_nothing() {
    let (home, server) = connected("remote").await;
    let server = server.expect("remote");
    let first = [
        "users",
        "add",
        "alice@example.com",
        "--name",
        "viewer",
        "--read-only",
        "--json",
    ];
    let second = [
        "tokens",
        "create",
        "alice@example.com",
        "--read-only",
        "--json",
    ];
    let whole = ["tokens", "create", "alice@example.com", "--json"];
    for (arguments, may_write) in [(&first[..], false), (&second, false), (&whole, true)] {
        let made = json_of(&ends(&home, 0, arguments).await);
        let token = made["token"].as_str().expect("a token");
        assert_eq!(
            opened_by(&server, token, "keep").await.contains("kept"),
            may_write,
            "{arguments:?}"
        );
        assert!(
            !opened_by(&server, token, "recall")
                .await
                .contains("unknown"),
            "{arguments:?}"
        );
    }
    let listed = json_of(&ends(&home, 0, &["tokens", "list", "alice@example.com", "--json"]).await);
    let only = listed
        .as_array()
        .expect("tokens")
        .iter()
        .filter(|token| token["read_only"] == true)
        .count();
    assert_eq!(only, 2, "{listed}");
    ends(
        &home,
        0,
        &["tokens", "revoke", "alice@example.com", "viewer"],
    )
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn a_profile_is_flags_and_secrets_stay_out_of_the_shell() {
    let home = Home::default();
    let run = |code, arguments: &'static [&'static str]| {
        let home = &home;
        async move { ends_with(home, ACCOUNT, code, arguments).await }
    };
    run(0, &["connect", "local"]).await;
    let help = out(&run(0, &["users", "add", "--help"]).await);
    assert!(
        help.contains("--token <TEXT>") && help.contains("Token from the upstream's settings page"),
        "{help}"
    );
    assert!(err(&run(2, &["users", "add", "alice@example.com"]).await).contains("--token"));
    run(
        2,
        &[
            "users",
            "add",
            "alice@example.com",
            "--token",
            "t",
            "--port",
            "many",
        ],
    )
    .await;
    let mut command = home.command(ACCOUNT);
    command
        .args([
            "users",
            "add",
            "alice@example.com",
            "--token-env",
            "UPSTREAM",
            "--port",
            "7",
        ])
        .env("UPSTREAM", "s3cret");
    assert!(command.output().await.expect("it runs").status.success());
    let masked = json_of(&run(0, &["users", "get-profile", "alice@example.com", "--json"]).await);
    assert_eq!(
        masked["profile"],
        json!({"token": mcp_lambda::secret::MASK, "port": 7}),
        "{masked}"
    );
    let plain = json_of(
        &run(
            0,
            &[
                "users",
                "get-profile",
                "alice@example.com",
                "--reveal",
                "--json",
            ],
        )
        .await,
    );
    assert_eq!(plain["profile"]["token"], "s3cret");
    run(
        0,
        &[
            "users",
            "update-profile",
            "alice@example.com",
            "--colour",
            "blue",
            "--unset",
            "port",
        ],
    )
    .await;
    run(
        0,
        &[
            "users",
            "update-profile",
            "alice@example.com",
            "token",
            "n3w",
        ],
    )
    .await;
    let plain = json_of(
        &run(
            0,
            &[
                "users",
                "get-profile",
                "alice@example.com",
                "--reveal",
                "--json",
            ],
        )
        .await,
    );
    assert_eq!(plain["profile"], json!({"token": "n3w", "colour": "blue"}));
    run(2, &["users", "update-profile", "alice@example.com"]).await;
    run(
        2,
        &[
            "users",
            "update-profile",
            "alice@example.com",
            "port",
            "many",
        ],
    )
    .await;
    run(
        2,
        &["users", "update-profile", "alice@example.com", "prot", "7"],
    )
    .await;
    run(
        4,
        &["users", "update-profile", "bob@example.com", "port", "7"],
    )
    .await;
}

#[tokio::test]
async fn each_client_is_told_in_its_own_way() {
    let (home, server) = connected("remote").await;
    let url = server
        .as_ref()
        .map(|server: &Server| server.url.clone())
        .expect("remote");
    let all = json_of(&ends(&home, 0, &["register", "--json"]).await);
    let clients: Vec<_> = all
        .as_array()
        .expect("clients")
        .iter()
        .map(|one| one["client"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        clients,
        [
            "claude-code",
            "gemini-cli",
            "codex-cli",
            "vscode",
            "cursor",
            "claude-ai",
            "chatgpt",
            "stdio"
        ]
    );
    assert!(all.to_string().contains("FIXTURE_TOKEN") && !all.to_string().contains("eyJ"));
    ends(&home, 0, &["users", "add", "alice@example.com"]).await;
    let arguments = [
        "register",
        "--client",
        "gemini-cli",
        "--user",
        "alice@example.com",
        "--json",
    ];
    let one: Value = json_of(&ends(&home, 0, &arguments).await);
    let text = one[0]["text"].as_str().expect("a command");
    assert!(
        text.starts_with(
            "gemini mcp add --transport http -s user --header 'Authorization: Bearer eyJ"
        ),
        "{text}"
    );
    assert!(text.ends_with(&format!("fixture {url}/mcp")), "{text}");
    let tokens = json_of(&ends(&home, 0, &["tokens", "list", "alice@example.com", "--json"]).await);
    assert!(
        tokens.to_string().contains("gemini-cli"),
        "the token is called after its client"
    );
    ends(
        &home,
        2,
        &["register", "--client", "gemini-cli", "--name", "my_notes"],
    )
    .await;
    ends(
        &home,
        4,
        &[
            "register",
            "--client",
            "cursor",
            "--user",
            "nobody@example.com",
        ],
    )
    .await;
    ends(&home, 2, &["register", "--user", "alice@example.com"]).await;
}

#[tokio::test]
async fn shells_complete_commands() {
    let home = Home::default();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            out(&ends(&home, 0, &["completions", shell]).await).contains("fixture-admin"),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn a_python_users_folder_comes_over_and_its_tokens_work() {
    let (home, server) = connected("remote").await;
    let server = server.expect("remote");
    let folder = home.path().join("users");
    let record = r#"{"email": "alice@example.com", "created": "2024-05-01T12:00:00+00:00", "revoke_after": null, "profile": null}"#;
    std::fs::create_dir_all(folder.join("alice~example.com")).expect("made");
    std::fs::write(folder.join("alice~example.com/user.json"), record).expect("written");
    std::fs::write(folder.join("alice~example.com/word.json"), "\"milk\"").expect("written");
    let path = folder.to_string_lossy().into_owned();
    assert!(
        out(&ends(&home, 0, &["users", "import", &path]).await).contains("Nothing was changed")
    );
    assert_eq!(
        out(&ends(&home, 0, &["users", "list"]).await),
        "No users yet.\n"
    );
    assert!(
        out(&ends(&home, 0, &["users", "import", &path, "--apply"]).await)
            .contains("new; values new: 1")
    );
    assert!(
        out(&ends(&home, 0, &["users", "import", &path, "--apply"]).await)
            .contains("was there; values new: 0")
    );
    // As PyJWT makes it there: no `kid` and no `jti`.
    let now = std::time::UNIX_EPOCH
        .elapsed()
        .expect("after 1970")
        .as_secs();
    let claims = json!({"sub": "alice@example.com", "iat": now, "exp": now + 60, "aud": "https://mcp.example.com"});
    let key = jsonwebtoken::EncodingKey::from_secret(KEY.as_bytes());
    let token =
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("signed");
    let bearer = format!("Bearer {token}");
    let headers = mcp_lambda_tests::runtime_api::tool_headers(&bearer, "recall");
    let request = reqwest::Client::new().post(format!("{}/mcp", server.url));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let body = mcp_lambda_tests::runtime_api::tool_body("recall", &json!({}));
    let answer = request
        .body(body)
        .send()
        .await
        .expect("answered")
        .text()
        .await
        .expect("text");
    assert!(
        answer.contains("milk") && !answer.contains("error"),
        "{answer}"
    );
    std::fs::create_dir_all(folder.join("nobody")).expect("made");
    assert!(
        err(&ends(&home, 2, &["users", "import", &path]).await)
            .contains("1 of the folder's entries")
    );
    ends(&home, 2, &["users", "import", "/nonexistent"]).await;
}
