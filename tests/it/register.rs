//! `register` on a machine with clients: their files in a temporary home, their commands on a temporary path.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use mcp_lambda_tests::process::{Home, Talk};
use serde_json::{Value, json};

use crate::cli::{ADMIN, connected, ends_with, err, json_of, out};

const ALICE: &str = "alice@example.com";
const URL: &str = "http://127.0.0.1:8080/mcp";

/// A home with alice in its own store.
struct Machine {
    home: Home,
}

impl Machine {
    async fn new() -> Self {
        let (home, _) = connected("local").await;
        ends_with(&home, ADMIN, 0, &["users", "add", ALICE]).await;
        fs::create_dir(home.path().join("project")).expect("made");
        Self { home }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.home.path().join(file)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|_| panic!("{file} is there"))
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.read(file)).expect("JSON")
    }

    fn write(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().expect("a folder")).expect("made");
        fs::write(self.path(file), text).expect("written");
    }

    /// A command that notes what it was told, then does what the script says.
    fn fake(&self, name: &str, script: &str) {
        let log = self.path(&format!("{name}.log"));
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{}'\n{script}\n",
            log.display()
        );
        self.write(&format!("bin/{name}"), &text);
        fs::set_permissions(
            self.path(&format!("bin/{name}")),
            fs::Permissions::from_mode(0o755),
        )
        .expect("set");
    }

    /// The arguments that a fake command was given.
    fn told(&self, name: &str) -> Vec<String> {
        self.read(&format!("{name}.log"))
            .lines()
            .map(str::to_owned)
            .collect()
    }

    async fn run(&self, code: i32, arguments: &[&str]) -> Output {
        let mut command = self.home.command(ADMIN);
        command
            .env("PATH", self.path("bin"))
            .current_dir(self.path("project"))
            .arg("register")
            .args(arguments);
        let output = command.output().await.expect("it runs");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}{}",
            out(&output),
            err(&output)
        );
        output
    }

    async fn applied(&self, client: &str, rest: &[&str]) -> Value {
        let output = self
            .run(
                0,
                &[&["--apply", "--json", "--client", client], rest].concat(),
            )
            .await;
        json_of(&output)[0].clone()
    }

    /// How many of alice's tokens work.
    async fn tokens(&self) -> u64 {
        let user =
            json_of(&ends_with(&self.home, ADMIN, 0, &["users", "show", ALICE, "--json"]).await);
        user["tokens"].as_u64().expect("a number")
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[tokio::test]
async fn files_are_merged_into_and_a_second_time_changes_nothing() {
    let machine = Machine::new().await;
    let before = "{\n    \"zeta\": 1.50,\n    \"mcpServers\": {\n        \"other\": { \"url\": \"u\" }\n    }\n}\n";
    for (client, file) in [
        ("claude-code", ".claude.json"),
        ("gemini-cli", ".gemini/settings.json"),
        ("cursor", ".cursor/mcp.json"),
    ] {
        machine.write(file, before);
        fs::set_permissions(machine.path(file), fs::Permissions::from_mode(0o640)).expect("set");
        let told = machine.applied(client, &["--user", ALICE]).await;
        assert_eq!(
            (&told["state"], &told["done"]),
            (&json!("added"), &json!(true)),
            "{told}"
        );
        assert!(
            !told["text"].to_string().contains("eyJ")
                && told["text"].to_string().contains("Bearer ***"),
            "{told}"
        );
        let text = machine.read(file);
        assert!(
            text.starts_with(before.trim_end_matches("\n    }\n}\n"))
                && text.contains("Bearer eyJ"),
            "{text}"
        );
        assert_eq!(mode(&machine.path(file)), 0o600, "it holds a token now");
        let tokens = machine.tokens().await;
        assert_eq!(
            machine.applied(client, &["--user", ALICE]).await["state"],
            "already_there"
        );
        assert_eq!((machine.tokens().await, machine.read(file)), (tokens, text));
    }
}

#[tokio::test]
async fn new_files_that_hold_a_token_are_their_owners() {
    let machine = Machine::new().await;
    machine.applied("cursor", &["--user", ALICE]).await;
    assert_eq!(mode(&machine.path(".cursor/mcp.json")), 0o600);
    let told = machine
        .applied("claude-code", &["--user", ALICE, "--scope", "project"])
        .await;
    assert!(
        told["notes"].to_string().contains("version control"),
        "{told}"
    );
    assert_eq!(
        machine.json("project/.mcp.json")["mcpServers"]["fixture"]["url"],
        URL
    );
    let told = machine.applied("vscode", &["--user", ALICE]).await;
    let notes = told["notes"].to_string();
    assert!(
        notes.contains(".token holds") && !notes.contains("eyJ"),
        "a person types it: {told}"
    );
    let file = machine.json(".config/Code/User/mcp.json");
    assert_eq!(
        file["servers"]["fixture"]["headers"]["Authorization"],
        "Bearer ${input:fixture-token}"
    );
    assert!(!file.to_string().contains("eyJ"));
}

#[tokio::test]
async fn codex_keeps_its_comments() {
    let machine = Machine::new().await;
    machine.write(
        ".codex/config.toml",
        "# mine\nmodel = \"m\" # kept\n\n[tui]\nz = 1\n",
    );
    let told = machine.applied("codex-cli", &["--user", ALICE]).await;
    let note = told["notes"][0].as_str().expect("a note").to_owned();
    let (_, rest) = note
        .split_once("export FIXTURE_TOKEN=\"$(cat ")
        .expect("a file");
    let file = rest.split_once(')').expect("a file").0;
    assert!(
        fs::read_to_string(file)
            .expect("written")
            .starts_with("eyJ")
            && mode(Path::new(file)) == 0o600
    );
    let text = machine.read(".codex/config.toml");
    assert!(
        text.starts_with("# mine\nmodel = \"m\" # kept\n\n[tui]\nz = 1\n"),
        "{text}"
    );
    assert!(
        text.contains(&format!("url = \"{URL}\""))
            && text.contains("bearer_token_env_var = \"FIXTURE_TOKEN\"")
    );
    let told = machine.applied("codex-cli", &["--scope", "project"]).await;
    assert!(told["notes"].to_string().contains("trust"), "{told}");
    assert!(
        machine
            .read("project/.codex/config.toml")
            .starts_with("[mcp_servers.fixture]")
    );
}

#[tokio::test]
async fn without_a_user_each_client_reads_the_variable_itself() {
    let machine = Machine::new().await;
    machine.fake("claude", "exit 0");
    machine.fake("gemini", "exit 0");
    machine.fake("codex", "exit 0");
    let told = json_of(
        &machine
            .run(0, &["--apply", "--json", "--token-env", "MINE"])
            .await,
    );
    let states: Vec<_> = told
        .as_array()
        .expect("clients")
        .iter()
        .map(|one| one["state"].clone())
        .collect();
    assert_eq!(
        states[..3],
        [json!("added"), json!("added"), json!("added")]
    );
    assert!(
        states[3..]
            .iter()
            .filter(|state| *state == "left_out")
            .count()
            >= 3,
        "{told}"
    );
    let entry: Value =
        serde_json::from_str(machine.told("claude").last().expect("an entry")).expect("JSON");
    assert_eq!(entry["headers"]["Authorization"], "Bearer ${MINE}");
    assert_eq!(
        machine.told("claude")[..5],
        ["mcp", "add-json", "--scope", "user", "fixture"]
    );
    assert!(
        machine
            .told("gemini")
            .contains(&"Authorization: Bearer $MINE".to_owned())
    );
    assert_eq!(machine.told("codex").last().expect("a variable"), "MINE");
    machine.applied("cursor", &["--token-env", "MINE"]).await;
    assert!(
        machine
            .read(".cursor/mcp.json")
            .contains("Bearer ${env:MINE}")
    );
    assert!(told[0]["notes"].to_string().contains("set MINE"), "{told}");
}

#[tokio::test]
async fn no_token_is_an_argument_of_a_program() {
    let machine = Machine::new().await;
    machine.fake("claude", "exit 0");
    machine.fake("gemini", "exit 0");
    machine.fake("codex", "exit 0");
    let output = machine.run(0, &["--apply", "--user", ALICE]).await;
    assert!(!machine.path("claude.log").exists() && !machine.path("gemini.log").exists());
    assert!(
        machine.read(".claude.json").contains("Bearer eyJ")
            && machine.read(".gemini/settings.json").contains("eyJ")
    );
    assert_eq!(
        machine.told("codex").last().expect("a variable"),
        "FIXTURE_TOKEN"
    );
    assert!(
        out(&output).contains("Bearer ********") && !out(&output).contains("eyJ"),
        "{}",
        out(&output)
    );
}

#[tokio::test]
async fn a_command_that_fails_is_told_and_holds_up_no_other() {
    let machine = Machine::new().await;
    machine.fake("gemini", "echo \"no place for $7\" >&2; exit 9");
    let output = machine
        .run(
            1,
            &[
                "--apply",
                "--json",
                "--client",
                "gemini-cli",
                "--client",
                "cursor",
            ],
        )
        .await;
    let told = json_of(&output);
    assert_eq!(
        (&told[0]["state"], &told[0]["done"]),
        (&json!("failed"), &json!(false))
    );
    assert_eq!(told[1]["state"], "added");
    assert!(
        told[0]["notes"]
            .to_string()
            .contains("ended with 9: no place for"),
        "{told}"
    );
    assert!(err(&output).contains("gemini-cli: "), "{}", err(&output));
}

#[tokio::test]
async fn a_token_whose_file_cannot_be_written_is_revoked() {
    let machine = Machine::new().await;
    let tokens = machine.tokens().await;
    fs::create_dir(machine.path(".cursor")).expect("made");
    std::os::unix::fs::symlink("nowhere", machine.path(".cursor/mcp.json")).expect("linked");
    let output = machine
        .run(
            7,
            &["--apply", "--json", "--client", "cursor", "--user", ALICE],
        )
        .await;
    assert!(
        json_of(&output)[0]["notes"]
            .to_string()
            .contains("was revoked"),
        "{}",
        out(&output)
    );
    assert_eq!(machine.tokens().await, tokens);
}

#[tokio::test]
async fn another_entry_of_that_name_is_a_conflict_until_forced() {
    let machine = Machine::new().await;
    let other = json!({"mcpServers": {"fixture": {"url": "https://else.example/mcp"}, "kept": {}}})
        .to_string();
    machine.write(".claude.json", &other);
    machine.write(".cursor/mcp.json", &other);
    machine.fake("claude", "exit 0");
    let tokens = machine.tokens().await;
    let refused = machine.run(5, &["--apply", "--user", ALICE]).await;
    for file in [".claude.json", ".cursor/mcp.json"] {
        assert!(
            err(&refused).contains(&*machine.path(file).to_string_lossy()),
            "{}",
            err(&refused)
        );
        assert_eq!(machine.read(file), other);
    }
    assert!(err(&refused).contains("`fixture`") && err(&refused).contains("--force"));
    assert_eq!(machine.tokens().await, tokens);
    assert!(!machine.path("claude.log").exists(), "nothing is run");
    assert_eq!(
        machine
            .applied("cursor", &["--user", ALICE, "--force"])
            .await["state"],
        "replaced"
    );
    let file = machine.json(".cursor/mcp.json");
    assert_eq!(
        (
            &file["mcpServers"]["fixture"]["url"],
            &file["mcpServers"]["kept"]
        ),
        (&json!(URL), &json!({}))
    );
    let told = machine
        .applied("claude-code", &["--user", ALICE, "--force"])
        .await;
    assert_eq!(told["state"], "replaced");
    assert!(
        !machine.path("claude.log").exists(),
        "what is replaced is not taken away first"
    );
    assert_eq!(
        machine.json(".claude.json")["mcpServers"]["fixture"]["url"],
        URL
    );
    assert_eq!(
        machine
            .applied("cursor", &["--user", ALICE, "--force"])
            .await["state"],
        "replaced",
        "a new token"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_stays_byte_for_byte() {
    let machine = Machine::new().await;
    for (client, file, text) in [
        (
            "vscode",
            ".config/Code/User/mcp.json",
            "{ // mine\n  \"servers\": {\n}\n",
        ),
        ("cursor", ".cursor/mcp.json", "{'mcpServers': {}}"),
        ("claude-code", ".claude.json", "{\"mcpServers\": []}"),
        ("codex-cli", ".codex/config.toml", "model = \"m\nx"),
    ] {
        machine.write(file, text);
        let tokens = machine.tokens().await;
        let refused = err(&machine
            .run(5, &["--apply", "--client", client, "--user", ALICE])
            .await);
        assert!(
            refused.contains(&*machine.path(file).to_string_lossy()) && refused.contains(URL),
            "{refused}"
        );
        assert_eq!(
            (machine.read(file).as_str(), machine.tokens().await),
            (text, tokens),
            "{client}"
        );
    }
    let seen = json_of(&machine.run(0, &["--detect", "--json"]).await);
    let notes: Vec<_> = seen
        .as_array()
        .expect("clients")
        .iter()
        .map(|one| one["notes"].to_string())
        .collect();
    assert_eq!(
        notes
            .iter()
            .filter(|notes| notes.contains("can't be read"))
            .count(),
        4,
        "{seen}"
    );
}

#[tokio::test]
async fn detecting_says_what_is_there_before_and_after() {
    let machine = Machine::new().await;
    let state = async |client: usize| {
        json_of(&machine.run(0, &["--detect", "--json"]).await)[client].clone()
    };
    assert_eq!(state(4).await["state"], "not_found");
    machine.fake("claude", "exit 0");
    assert_eq!(
        (&state(0).await["state"], &state(0).await["detected"]),
        (&json!("not_registered"), &json!(true))
    );
    machine.applied("cursor", &["--user", ALICE]).await;
    let cursor = state(4).await;
    assert_eq!(
        (&cursor["state"], &cursor["registrations"][0]["by"]),
        (&json!("registered"), &json!(["name", "url"]))
    );
    assert_eq!(cursor["registrations"][0]["token"], "token in the file");
    let mut at_home = machine.home.command(ADMIN);
    at_home
        .args(["register", "--detect", "--json", "--client", "cursor"])
        .current_dir(machine.home.path());
    let seen = json_of(&at_home.output().await.expect("it runs"));
    assert_eq!(
        seen[0]["registrations"].as_array().expect("entries").len(),
        1,
        "{seen}"
    );
    let project = machine.path("project").canonicalize().expect("there");
    let entry = json!({"type": "http", "url": URL, "headers": {"Authorization": "Bearer ${MINE:-eyJhush}"}});
    let file = json!({"projects": {project.to_string_lossy(): {"mcpServers": {"mine": entry}}}});
    machine.write(".claude.json", &file.to_string());
    machine.write(
        "project/.codex/config.toml",
        &format!("[mcp_servers.it]\nurl = \"{URL}\"\n"),
    );
    let seen = machine.run(0, &["--detect"]).await;
    assert!(
        out(&seen).contains("mine")
            && out(&seen).contains("variable MINE")
            && !out(&seen).contains("eyJ")
    );
    let claude = state(0).await["registrations"][0].clone();
    assert_eq!(
        (&claude["name"], &claude["scope"], &claude["by"]),
        (&json!("mine"), &json!("local"), &json!(["url"]))
    );
    let codex = state(2).await["registrations"][0].clone();
    assert_eq!(
        (&codex["scope"], &codex["token"]),
        (&json!("project"), &json!("none"))
    );
}

#[tokio::test]
async fn clients_start_this_machines_server_themselves() {
    let machine = Machine::new().await;
    let stdio = ["--stdio", "--user", ALICE];
    let tokens = machine.tokens().await;
    let all = json_of(&machine.run(0, &[&stdio[..], &["--json"]].concat()).await);
    let texts: Vec<_> = all
        .as_array()
        .expect("clients")
        .iter()
        .map(|one| one["text"].as_str().unwrap_or(""))
        .collect();
    let server = Path::new(env!("CARGO_BIN_EXE_fixture"))
        .canonicalize()
        .expect("there")
        .display()
        .to_string();
    let started = format!("{server} stdio --user {ALICE}");
    assert_eq!(
        texts[0],
        format!("claude mcp add --scope user fixture -- {started}")
    );
    assert_eq!(
        texts[1],
        format!("gemini mcp add -s user fixture {started}")
    );
    assert_eq!(texts[2], format!("codex mcp add fixture -- {started}"));
    assert!(
        texts[3].contains("\"type\": \"stdio\"") && texts[5].is_empty() && texts[6].is_empty(),
        "{all}"
    );
    let told = machine.applied("codex-cli", &stdio).await;
    assert!(
        told["text"]
            .as_str()
            .expect("a text")
            .contains("args = [\"stdio\", \"--user\", \"alice@example.com\"]")
    );
    machine.applied("cursor", &stdio).await;
    let file = machine.json(".cursor/mcp.json");
    answers(&machine, &file["mcpServers"]["fixture"]).await;
    let generic: Value = serde_json::from_str(texts[7]).expect("JSON");
    answers(&machine, &generic["mcpServers"]["fixture"]).await;
    let seen = json_of(
        &machine
            .run(0, &["--detect", "--json", "--client", "cursor"])
            .await,
    );
    assert_eq!(
        seen[0]["registrations"][0]["by"],
        json!(["name", "command"])
    );
    assert_eq!(machine.tokens().await, tokens, "no token is made");
}

/// A replaced entry may leave a token that works; a process had none, and no token ends it.
#[tokio::test]
async fn what_still_works_is_told_of_an_entry_that_held_a_token_and_of_a_process() {
    let machine = Machine::new().await;
    let notes = |told: &Value| told["notes"].to_string();
    let process = machine
        .applied("cursor", &["--stdio", "--user", ALICE])
        .await;
    for words in [
        "no token ends it",
        "`users revoke alice@example.com`",
        "`users purge alice@example.com`",
    ] {
        assert!(notes(&process).contains(words), "{words}: {process}");
    }
    let arguments = ["--user", ALICE, "--force"];
    let after_process = machine.applied("cursor", &arguments).await;
    assert_eq!(after_process["state"], "replaced", "{after_process}");
    assert!(
        !notes(&after_process).contains("still works"),
        "{after_process}"
    );
    let after_token = machine.applied("cursor", &arguments).await;
    assert!(
        notes(&after_token).contains(
            "a token that stood there before still works until you end it: `tokens list alice@example.com`"
        ),
        "{after_token}"
    );
}

/// Starts what an entry says, and says hello.
async fn answers(machine: &Machine, entry: &Value) {
    let mut command = machine
        .home
        .command(entry["command"].as_str().expect("a command"));
    command.args(
        entry["args"]
            .as_array()
            .expect("arguments")
            .iter()
            .filter_map(Value::as_str),
    );
    command.envs(
        entry["env"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name, value.as_str()?))),
    );
    let (talk, hello) = Talk::start(command).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "fixture");
    assert!(talk.end().await.success());
}

#[tokio::test]
async fn a_store_that_a_variable_names_is_named_to_the_process_too() {
    let machine = Machine::new().await;
    let store = machine.path("elsewhere");
    let mut connect = machine.home.command(ADMIN);
    connect
        .args(["connect", "local"])
        .env("APP_USERS_PATH", &store);
    assert!(connect.output().await.expect("it runs").status.success());
    let mut add = machine.home.command(ADMIN);
    add.args(["users", "add", ALICE])
        .env("APP_USERS_PATH", &store);
    assert!(add.output().await.expect("it runs").status.success());
    let mut register = machine.home.command(ADMIN);
    register.args([
        "register", "--client", "cursor", "--stdio", "--user", ALICE, "--json",
    ]);
    register
        .env("APP_USERS_PATH", &store)
        .env("SIGNING_KEY", crate::cli::KEY);
    let text = json_of(&register.output().await.expect("it runs"))[0]["text"]
        .as_str()
        .expect("a text")
        .to_owned();
    let entry =
        serde_json::from_str::<Value>(&text).expect("JSON")["mcpServers"]["fixture"].clone();
    assert_eq!(
        entry["env"],
        json!({"APP_USERS_PATH": store.to_string_lossy()}),
        "and never a key"
    );
    answers(&machine, &entry).await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn what_cannot_be_asked_is_refused_before_anything_is_done() {
    let machine = Machine::new().await;
    let tokens = machine.tokens().await;
    for (code, arguments, words) in [
        (
            2,
            &["--apply", "--client", "chatgpt"][..],
            "can't be registered from here",
        ),
        (
            2,
            &[
                "--apply",
                "--client",
                "cursor",
                "--client",
                "claude-ai",
                "--user",
                ALICE,
            ],
            "claude-ai",
        ),
        (
            2,
            &[
                "--apply",
                "--client",
                "gemini-cli",
                "--name",
                "my_notes",
                "--user",
                ALICE,
            ],
            "can't call a server",
        ),
        (
            2,
            &["--apply", "--client", "cursor", "--token-env", "A B"],
            "no name of a variable",
        ),
        (2, &["--stdio"], "--user"),
        (
            2,
            &["--stdio", "--user", ALICE, "--client", "chatgpt"],
            "starts no process",
        ),
        (
            2,
            &["--stdio", "--user", ALICE, "--token-env", "V"],
            "--token-env",
        ),
        (2, &["--force"], "--apply"),
        (2, &["--detect", "--apply"], "--apply"),
        (2, &["--detect", "--client", "chatgpt"], "keeps nothing"),
        (
            4,
            &["--stdio", "--user", "nobody@example.com"],
            "nobody@example.com",
        ),
        (
            4,
            &[
                "--apply",
                "--client",
                "cursor",
                "--user",
                "nobody@example.com",
            ],
            "nobody@example.com",
        ),
        (4, &["--apply", "--user", ALICE], "no client was found"),
    ] {
        assert!(
            err(&machine.run(code, arguments).await).contains(words),
            "{arguments:?}"
        );
    }
    assert_eq!(machine.tokens().await, tokens);
    assert!(!machine.path(".cursor").exists());
    let (home, _server) = connected("remote").await;
    ends_with(&home, ADMIN, 0, &["users", "add", ALICE]).await;
    let refused = ends_with(&home, ADMIN, 2, &["register", "--stdio", "--user", ALICE]).await;
    assert!(err(&refused).contains("connect local"), "{}", err(&refused));
}
