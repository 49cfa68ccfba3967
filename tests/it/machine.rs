//! The admin CLI on a machine on which others may write, disks are full, proxies are set, terminals are gone and processes are
//! killed; and what it knows of this machine and of AWS.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;

use mcp_lambda_tests::aws::SecretsManager;
use mcp_lambda_tests::process::{Home, Server, Talk};
use serde_json::{Value, json};

use crate::cli::{ADMIN, KEY, connected, ends_with, err, json_of, out};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");
const ALICE: &str = "alice@example.com";

#[tokio::test]
async fn a_token_whose_file_cannot_be_made_is_not_made() {
    let (home, _server) = connected("remote").await;
    ends_with(
        &home,
        ADMIN,
        0,
        &[
            "users",
            "add",
            "bob@example.com",
            "--save-to",
            &path(&home, "bob"),
        ],
    )
    .await;
    fs::write(home.path().join(".config/fixture/tokens"), "no folder").expect("written");
    let mut command = home.command(ADMIN);
    command.arg("admin-tools");
    let (mut talk, _) = Talk::start(command).await;
    for (tool, email) in [
        ("register_user", ALICE),
        ("create_token", "bob@example.com"),
    ] {
        let result = talk.call(tool, json!({ "email": email })).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
    }
    let users = talk.call("list_users", json!({})).await["structuredContent"]["users"].clone();
    assert_eq!(users.as_array().map(Vec::len), Some(1), "{users}");
    assert_eq!(tokens(&home, "bob@example.com").await, 1);
    fs::remove_file(home.path().join(".config/fixture/tokens")).expect("there");
    let long = format!("{}@b.c", "/".repeat(64));
    let made = talk.call("register_user", json!({ "email": long })).await;
    assert!(
        made["structuredContent"]["token_file"].is_string(),
        "an email is no name of a file: {made}"
    );
}

/// How many tokens of a user work.
async fn tokens(home: &Home, email: &str) -> usize {
    let tokens = json_of(&ends_with(home, ADMIN, 0, &["tokens", "list", email, "--json"]).await);
    tokens.as_array().expect("tokens").len()
}

fn path(home: &Home, file: &str) -> String {
    home.path().join(file).to_string_lossy().into_owned()
}

/// A command that can make files and write nothing into them, as on a full disk; `sh` waits for no signal of it.
fn on_a_full_disk(home: &Home, arguments: &str) -> tokio::process::Command {
    let mut command = home.command("/bin/sh");
    command.args([
        "-c",
        &format!("trap '' XFSZ; ulimit -f 0; exec {ADMIN} {arguments}"),
    ]);
    command
}

#[tokio::test]
async fn a_token_that_cannot_be_written_is_revoked() {
    let (home, _server) = connected("remote").await;
    ends_with(&home, ADMIN, 0, &["users", "add", "bob@example.com"]).await;
    let file = path(&home, "token");
    for (arguments, user) in [
        (format!("users add {ALICE} --save-to {file}"), ALICE),
        (format!("tokens create {ALICE} --save-to {file}"), ALICE),
        (
            format!("register --apply --client vscode --user {ALICE}"),
            ALICE,
        ),
    ] {
        let output = on_a_full_disk(&home, &arguments)
            .output()
            .await
            .expect("it runs");
        let all = format!("{}{}", out(&output), err(&output));
        assert!(
            !output.status.success() && all.contains("was revoked"),
            "{arguments}: {all}"
        );
        assert_eq!(tokens(&home, user).await, 0, "{arguments}");
        assert!(!Path::new(&file).exists(), "{arguments}");
    }
    let (mut talk, _) = Talk::start(on_a_full_disk(&home, "admin-tools")).await;
    for (tool, email, live) in [
        ("register_user", "carol@example.com", 0),
        ("create_token", "bob@example.com", 1),
    ] {
        let result = talk.call(tool, json!({ "email": email })).await;
        let text = result["content"][0]["text"].to_string();
        assert!(
            result["isError"] == true && text.contains("the token was revoked"),
            "{tool}: {result}"
        );
        assert_eq!(tokens(&home, email).await, live, "{tool}");
    }
    assert_eq!(
        fs::read_dir(home.path().join(".config/fixture/tokens"))
            .expect("there")
            .count(),
        0
    );
}

#[tokio::test]
async fn a_token_that_nobody_saw_is_revoked() {
    let (home, _server) = connected("remote").await;
    for arguments in [["users", "add", ALICE], ["tokens", "create", ALICE]] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("it is there");
        let mut command = home.command(ADMIN);
        let child = command
            .args(arguments)
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = child.wait_with_output().await.expect("it ends");
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        assert!(err(&output).contains("was revoked"), "{}", err(&output));
        assert_eq!(tokens(&home, ALICE).await, 0);
    }
}

/// The files below a folder that hold this text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("there").filter_map(Result::ok) {
        if entry.path().is_dir() {
            found.extend(holding(&entry.path(), text));
        } else if String::from_utf8_lossy(&fs::read(entry.path()).expect("readable")).contains(text)
        {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

#[tokio::test]
async fn a_killed_command_leaves_no_key_behind_after_the_next() {
    let home = Home::default();
    let connect = |name: &str, key: &str| {
        let name = name.to_owned();
        format!("connect http://127.0.0.1:1 --offline --signing-key {key} --as {name}")
    };
    let run =
        async |line: &str| ends_with(&home, ADMIN, 0, &line.split(' ').collect::<Vec<_>>()).await;
    run(&connect("a", KEY)).await;
    for number in 0..40 {
        run(&connect(
            &format!("b{number}"),
            "another-key-of-32-bytes-or-more-x",
        ))
        .await;
    }
    // The system kills it (SIGXFSZ) amid the draft, whose beginning has the key already.
    let mut killed = home.command("/bin/sh");
    killed.args([
        "-c",
        &format!("ulimit -f 1; exec {ADMIN} {}", connect("b0", KEY)),
    ]);
    let output = killed.output().await.expect("it runs");
    assert_eq!(
        output.status.code(),
        None,
        "killed: {}{}",
        out(&output),
        err(&output)
    );
    let folder = home.path().join(".config/fixture");
    assert_eq!(
        holding(&folder, KEY).len(),
        2,
        "the setup, and the draft that was left"
    );
    let listed = json_of(&run("connections list --json").await);
    assert_eq!(
        listed.as_array().map(Vec::len),
        Some(41),
        "what was kept is whole"
    );
    assert_eq!(holding(&folder, KEY), ["setup.json"]);
    run("connections remove a").await;
    assert_eq!(holding(home.path(), KEY), Vec::<String>::new());
}

#[tokio::test]
async fn a_setup_that_others_may_read_or_change_is_refused_with_what_mends_it() {
    let (home, _server) = connected("remote").await;
    let setup = home.path().join(".config/fixture/setup.json");
    let folder = setup.parent().expect("a folder");
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set")
    };
    for (path, mode, mended) in [
        (setup.as_path(), 0o644, "chmod 600 "),
        (folder, 0o777, "chmod go-w "),
    ] {
        set(path, mode);
        let said = err(&ends_with(&home, ADMIN, 3, &["users", "list"]).await);
        let line = said
            .split('`')
            .nth(1)
            .unwrap_or_else(|| panic!("a line in {said}"));
        assert!(line.starts_with(mended), "{said}");
        let mut shell = home.command("/bin/sh");
        assert!(
            shell
                .env("PATH", "/usr/bin:/bin")
                .args(["-c", line])
                .status()
                .await
                .expect("a shell")
                .success()
        );
        ends_with(&home, ADMIN, 0, &["users", "list"]).await;
    }
    let elsewhere = home.path().join("elsewhere.json");
    fs::rename(&setup, &elsewhere).expect("moved");
    symlink(&elsewhere, &setup).expect("linked");
    let before = fs::read_to_string(&elsewhere).expect("there");
    assert!(err(&ends_with(&home, ADMIN, 3, &["users", "list"]).await).contains("link"));
    ends_with(
        &home,
        ADMIN,
        3,
        &["connect", "http://127.0.0.1:1", "--offline"],
    )
    .await;
    assert_eq!(fs::read_to_string(&elsewhere).expect("there"), before);
}

#[tokio::test]
async fn a_projects_file_is_not_written_through_a_link() {
    let (home, _) = connected("local").await;
    ends_with(&home, ADMIN, 0, &["users", "add", ALICE]).await;
    let (project, victim) = (home.path().join("project"), home.path().join("victim.json"));
    fs::create_dir(&project).expect("made");
    fs::write(&victim, "{}").expect("written");
    symlink(&victim, project.join(".mcp.json")).expect("linked");
    let mut command = home.command(ADMIN);
    command.args([
        "register",
        "--apply",
        "--client",
        "claude-code",
        "--scope",
        "project",
        "--user",
        ALICE,
    ]);
    let output = command
        .current_dir(&project)
        .output()
        .await
        .expect("it runs");
    assert!(
        !output.status.success() && err(&output).contains("link"),
        "{}{}",
        out(&output),
        err(&output)
    );
    assert_eq!(fs::read_to_string(&victim).expect("there"), "{}");
    assert_eq!(tokens(&home, ALICE).await, 1, "and no token was made");
}

#[tokio::test]
async fn no_proxy_sees_what_goes_to_this_machine() {
    let home = Home::default();
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", proxy.local_addr().expect("an address"));
    proxy.set_nonblocking(true).expect("set");
    for place in ["http://localhost:9", "http://127.0.0.1:9", "http://[::1]:9"] {
        let mut command = home.command(ADMIN);
        command.args(["connect", place, "--signing-key", KEY]);
        command
            .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, &url)));
        assert_eq!(
            command.output().await.expect("it runs").status.code(),
            Some(7),
            "{place}"
        );
        let asked = proxy.accept().map(drop).map_err(|error| error.kind());
        assert_eq!(
            asked,
            Err(std::io::ErrorKind::WouldBlock),
            "{place}: a token went to the proxy"
        );
    }
}

#[tokio::test]
async fn a_terminal_that_is_gone_stops_nothing() {
    let (home, _server) = connected("remote").await;
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("it is there")
    };
    for (code, arguments) in [
        (0, &["users", "list"][..]),
        (4, &["users", "show", ALICE]),
        (2, &["users", "purge", ALICE]),
        (2, &["nonsense"]),
    ] {
        let mut command = home.command(ADMIN);
        let status = command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(full())
            .status()
            .await
            .expect("it runs");
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
    let mut server = home.command(FIXTURE);
    server
        .args(["stdio", "--user", "nobody@example.com"])
        .stdout(Stdio::null())
        .stderr(full());
    assert_eq!(server.status().await.expect("it runs").code(), Some(4));
}

#[tokio::test]
async fn a_key_in_the_shell_that_is_not_the_folders_is_warned_of() {
    let (home, _) = connected("local").await;
    let run = async |json: &[&str], key: Option<&str>| {
        let mut command = home.command(ADMIN);
        command
            .args(["users", "list"])
            .args(json)
            .envs(key.map(|key| ("SIGNING_KEY", key)));
        let output = command.output().await.expect("it runs");
        assert!(output.status.success(), "{}", err(&output));
        err(&output)
    };
    assert_eq!(run(&[], None).await, "");
    let said = run(&[], Some(KEY)).await;
    assert!(
        said.starts_with("warning: ")
            && said.contains("SIGNING_KEY")
            && said.contains("signing-key"),
        "{said}"
    );
    assert!(!said.contains(KEY));
    let told: Value =
        serde_json::from_str(&run(&["--json"], Some(KEY)).await).expect("JSON for programs");
    assert!(
        told["warning"]
            .as_str()
            .expect("a sentence")
            .contains("unset SIGNING_KEY")
    );
    let own = fs::read_to_string(home.data().join("signing-key")).expect("there");
    assert_eq!(run(&[], Some(own.trim())).await, "");
}

#[tokio::test]
async fn a_url_is_noted_for_as_long_as_its_server_runs() {
    let home = Home::default();
    let first = Server::start(home.command(FIXTURE)).await;
    ends_with(&home, ADMIN, 0, &["connect", "local"]).await;
    let line = async |email: &str| out(&ends_with(&home, ADMIN, 0, &["users", "add", email]).await);
    let trial = Server::start(home.command(FIXTURE)).await;
    assert!(
        line("a@example.com")
            .await
            .contains(&format!("{}/mcp", first.url))
    );
    let (_, said) = trial.stop().await;
    assert!(
        said.contains("Another server runs on the same folder"),
        "{said}"
    );
    assert!(
        line("b@example.com")
            .await
            .contains(&format!("{}/mcp", first.url))
    );
    first.kill().await;
    assert!(
        line("c@example.com")
            .await
            .contains("http://127.0.0.1:8080/mcp"),
        "nobody serves any more"
    );
    let noted = fs::metadata(home.data().join("url")).expect("there");
    assert_eq!(noted.mode() & 0o777, 0o600);
}

/// What the AWS of these tests needs, but for a region.
fn in_aws(command: &mut tokio::process::Command, secrets: &SecretsManager) {
    command.envs([
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.url.as_str()),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
}

#[tokio::test]
async fn the_region_is_that_of_the_arn_and_a_missing_one_is_named() {
    let (home, server) = connected("remote").await;
    let (url, secrets) = (
        server.as_ref().expect("remote").url.clone(),
        SecretsManager::start(Some(KEY)).await,
    );
    let run = async |code: i32, arguments: &[&str]| {
        let mut command = home.command(ADMIN);
        in_aws(command.args(arguments), &secrets);
        let output = command.output().await.expect("it runs");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}{}",
            out(&output),
            err(&output)
        );
        format!("{}{}", out(&output), err(&output))
    };
    let said = run(3, &["connect", &url, "--signing-key-secret", "notes-key"]).await;
    assert!(
        said.contains("AWS_REGION") && said.contains("ARN") && !said.contains("try again later"),
        "{said}"
    );
    let said = run(3, &["aws", "rotate", "--secret", "notes-key", "--yes"]).await;
    assert!(said.contains("AWS_REGION"), "{said}");
    let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:notes-AbCdEf";
    run(
        0,
        &["connect", &url, "--signing-key-secret", arn, "--as", "prod"],
    )
    .await;
    assert!(
        run(0, &["connections", "list"])
            .await
            .contains(&format!("secret {arn} (eu-west-1)"))
    );
    let mut command = home.command(ADMIN);
    command
        .args([
            "connect",
            &url,
            "--signing-key-secret",
            "notes-key",
            "--as",
            "kept",
        ])
        .env("AWS_REGION", "eu-west-1");
    in_aws(&mut command, &secrets);
    assert!(command.status().await.expect("it runs").success());
    run(0, &["users", "list", "--on", "kept"]).await;
}

#[tokio::test]
async fn after_a_leak_the_key_before_is_out_at_once() {
    let (home, secrets) = (Home::default(), SecretsManager::start(Some(KEY)).await);
    let mut command = home.command(ADMIN);
    in_aws(
        command.args([
            "aws",
            "rotate",
            "--secret",
            "notes-key",
            "--revoke-previous",
            "--yes",
        ]),
        &secrets,
    );
    let output = command
        .env("AWS_REGION", "eu-west-1")
        .output()
        .await
        .expect("it runs");
    assert!(
        output.status.success() && out(&output).contains("Every token of every user ends"),
        "{}",
        err(&output)
    );
    let (current, previous) = secrets.with(|vault| (vault.current.clone(), vault.previous.clone()));
    assert!(current.is_some() && previous.is_some() && current != previous);
    assert!(
        [current, previous]
            .iter()
            .all(|key| key.as_deref() != Some(KEY))
    );
}

#[tokio::test]
async fn first_starts_at_once_all_succeed() {
    let home = Home::default();
    let starts = (0..12).map(|_| {
        let mut command = home.command(ADMIN);
        command.args(["connect", "local"]);
        async move { command.output().await.expect("it runs") }
    });
    for output in futures_util::future::join_all(starts).await {
        assert!(output.status.success(), "{}", err(&output));
    }
    ends_with(&home, ADMIN, 0, &["users", "list"]).await;
}
