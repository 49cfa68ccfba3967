//! Transcripts of what concerns people and what they hold: users, profiles, tokens, and the clients that carry them.

use super::transcript::Transcript;

/// A user of a Python mcp-app.
const RECORD: &str =
    r#"{"email": "carol@example.com", "created": "2024-05-01T12:00:00+00:00", "profile": null}"#;

#[tokio::test]
async fn users() {
    let mut told = Transcript::connected().await;
    told.write("users/carol~example.com/user.json", RECORD);
    told.write("users/carol~example.com/word.json", "\"milk\"");
    told.write("broken/nobody/user.json", "{}");
    told.run(
        "fixture-admin users list
        fixture-admin users add Alice@example.com
        fixture-admin users add alice@example.com
        fixture-admin users add alice
        fixture-admin users add bob@example.com --expires soon
        fixture-admin users add bob@example.com --profile @HOME/no-such-file
        fixture-admin users add bob@example.com --expires 12h --profile '{\"colour\":\"blue\"}' --name laptop --read-only
        fixture-admin users list
        fixture-admin users list --on nowhere
        fixture-admin users show bob@example.com
        fixture-admin users show nobody@example.com
        fixture-admin users get-profile alice@example.com
        fixture-admin users get-profile nobody@example.com
        fixture-admin users update-profile bob@example.com colour green
        fixture-admin users update-profile bob@example.com
        fixture-admin users update-profile nobody@example.com colour green
        fixture-admin users revoke bob@example.com
        fixture-admin users revoke nobody@example.com
        fixture-admin users show bob@example.com
        fixture-admin users import HOME/users
        fixture-admin users import HOME/users --apply
        fixture-admin users import HOME/users --apply
        fixture-admin users import HOME/broken
        fixture-admin users import HOME/no-such-folder
        fixture-admin users purge bob@example.com
        fixture-admin users purge bob@example.com --yes
        fixture-admin users purge bob@example.com --yes",
    )
    .await;
    told.end("users");
}

#[tokio::test]
async fn profiles() {
    let mut told = Transcript::begin().await;
    told.run(
        "account-admin connect local
        account-admin users add alice@example.com
        UPSTREAM=s3cret account-admin users add alice@example.com --token-env UPSTREAM --port 7
        account-admin users add bob@example.com --token-env UPSTREAM
        account-admin users add bob@example.com --token t --port many
        account-admin users add bob@example.com --profile '{\"tokn\":\"t\"}'
        account-admin users get-profile alice@example.com
        account-admin users get-profile alice@example.com --reveal
        account-admin users update-profile alice@example.com --colour blue --unset port
        account-admin users update-profile alice@example.com port many
        account-admin users update-profile alice@example.com prot 7
        account-admin users update-profile alice@example.com --unset token
        account-admin users show alice@example.com",
    )
    .await;
    told.end("profiles");
}

#[tokio::test]
async fn tokens() {
    let mut told = Transcript::connected().await;
    // Who is imported has no first token, so that the list has one order.
    told.write("users/carol~example.com/user.json", RECORD);
    told.run(
        "fixture-admin users import HOME/users --apply
        fixture-admin tokens list carol@example.com
        fixture-admin tokens create carol@example.com --name laptop --expires 12h --scope paint:write
        fixture-admin tokens list carol@example.com
        fixture-admin tokens create carol@example.com --name viewer --read-only
        fixture-admin tokens revoke carol@example.com viewer
        fixture-admin tokens revoke carol@example.com ID
        fixture-admin tokens list carol@example.com
        fixture-admin tokens revoke carol@example.com no-such-token
        fixture-admin tokens create carol@example.com
        fixture-admin tokens create nobody@example.com
        fixture-admin tokens create carol@example.com --expires 1s
        fixture-admin tokens create carol@example.com --expires soon
        fixture-admin tokens list nobody@example.com
        fixture-admin tokens revoke nobody@example.com no-such-token",
    )
    .await;
    told.end("tokens");
}

#[tokio::test]
async fn register() {
    let mut told = Transcript::connected().await;
    told.write("project/.vscode/mcp.json", "{ broken");
    told.run(
        "fixture-admin users add alice@example.com
        fixture-admin register
        fixture-admin register --client codex-cli --user alice@example.com
        fixture-admin register --client gemini-cli --name my_notes
        fixture-admin register --client no-such-client
        fixture-admin register --user nobody@example.com
        fixture-admin register --stdio --user alice@example.com
        fixture-admin register --apply
        fixture-admin register --apply --client chatgpt
        fixture-admin register --apply --client cursor --user nobody@example.com
        fixture-admin register --apply --client cursor --user alice@example.com
        fixture-admin register --apply --client cursor --user alice@example.com
        fixture-admin register --apply --client cursor --token-env MINE
        fixture-admin register --apply --client cursor --token-env MINE --force
        fixture-admin register --apply --client vscode --scope project
        fixture-admin register --client claude-code --client gemini-cli --client codex-cli --scope project
        fixture-admin register --apply
        fixture-admin register --detect
        fixture-admin register --detect --client chatgpt
        fixture-admin register --force",
    )
    .await;
    told.end("register");
}
