//! Keys in Secrets Manager: rotation, outages, and secrets that hold no key.

use std::sync::Arc;

use mcp_lambda::admin::{AdminApi, NewUser};
use mcp_lambda::clock::{Clock, SystemClock};
use mcp_lambda::identity::{Operator, operator_token};
use mcp_lambda::keys::{SigningKey, SigningKeys, laws};
use mcp_lambda::store::laws::ManualClock;
use mcp_lambda::{Email, ErrorKind, Result};
use mcp_lambda_admin::RemoteAdmin;
use mcp_lambda_dynamo::SecretsManagerKeys;
use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::{Home, Server};

use crate::cli::{ADMIN, err, out};

const FIRST: &str = "first-key-0123456789-0123456789-0123456789";
const SECOND: &str = "second-key-0123456789-0123456789-0123456789";
const THIRD: &str = "third-key-0123456789-0123456789-0123456789";

async fn open(manager: &SecretsManager, clock: &Arc<ManualClock>) -> Result<SecretsManagerKeys> {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    SecretsManagerKeys::open(manager.client(), "prod/key", clock).await
}

async fn ids(keys: &SecretsManagerKeys, id: Option<&str>) -> Vec<String> {
    keys.verification_keys(id)
        .await
        .expect("reachable")
        .iter()
        .map(|key| key.id().to_owned())
        .collect()
}

#[tokio::test]
async fn keeps_the_laws_and_asks_once() {
    let (manager, clock) = (SecretsManager::start(Some(FIRST)).await, Arc::default());
    let keys = open(&manager, &clock).await.expect("opens");
    for _ in 0..20 {
        keys.current().await.expect("reachable");
    }
    assert_eq!(
        manager.with(|vault| vault.asked),
        1,
        "the warm path asks nobody"
    );
    laws::all(&keys).await;
}

#[tokio::test]
async fn a_rotated_key_signs_the_last_one_verifies_and_the_one_before_dies() {
    let (manager, clock) = (
        SecretsManager::start(Some(FIRST)).await,
        Arc::<ManualClock>::default(),
    );
    let keys = open(&manager, &clock).await.expect("opens");
    let first = keys.current().await.expect("a key").id().to_owned();
    manager.rotate(SECOND);
    clock.advance(600);
    let second = keys.current().await.expect("a key").id().to_owned();
    assert_ne!(first, second);
    assert_eq!(ids(&keys, None).await, [second.clone(), first.clone()]);
    manager.rotate(THIRD);
    clock.advance(600);
    let third = keys.current().await.expect("a key").id().to_owned();
    assert_eq!(ids(&keys, None).await, [third, second]);
    assert!(!ids(&keys, Some(&first)).await.contains(&first));
}

#[tokio::test]
async fn rotating_makes_a_new_key_and_keeps_the_one_before() {
    let (manager, home) = (SecretsManager::start(Some(FIRST)).await, Home::default());
    let mut command = home.command(ADMIN);
    command
        .args(["aws", "rotate", "--secret", "prod/key", "--yes"])
        .envs([
            ("AWS_ENDPOINT_URL", manager.url.as_str()),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]);
    let output = command.output().await.expect("it runs");
    assert!(output.status.success(), "{}", err(&output));
    let (current, previous) = manager.with(|vault| {
        (
            vault.current.clone().expect("a key"),
            vault.previous.clone(),
        )
    });
    assert_eq!(previous.as_deref(), Some(FIRST));
    assert!(current != FIRST && current.len() >= 32 && !out(&output).contains(&current));
}

#[tokio::test]
async fn keys_of_five_minutes_serve_while_newer_ones_are_fetched_beside_the_call() {
    let (manager, clock) = (
        SecretsManager::start(Some(FIRST)).await,
        Arc::<ManualClock>::default(),
    );
    let keys = open(&manager, &clock).await.expect("opens");
    let first = keys.current().await.expect("a key").id().to_owned();
    manager.rotate(SECOND);
    clock.advance(300);
    assert_eq!(
        keys.current().await.expect("a key").id(),
        first,
        "nobody waits"
    );
    let newer = async {
        while keys.current().await.expect("a key").id() == first {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), newer)
        .await
        .expect("fetched beside the calls");
    assert_eq!(manager.with(|vault| vault.asked), 2, "once for all of them");
}

#[tokio::test]
async fn an_operator_is_measured_by_a_key_of_a_minute_ago_at_most() {
    let (manager, clock) = (
        SecretsManager::start(Some(FIRST)).await,
        Arc::<ManualClock>::default(),
    );
    let keys = open(&manager, &clock).await.expect("opens");
    let first = keys.current_fresh().await.expect("a key").id().to_owned();
    manager.rotate(SECOND);
    clock.advance(59);
    assert_eq!(
        keys.current_fresh().await.expect("a key").id(),
        first,
        "asked for a moment ago"
    );
    clock.advance(1);
    let second = keys.current_fresh().await.expect("a key").id().to_owned();
    assert_ne!(first, second);
    for _ in 0..5 {
        keys.current_fresh().await.expect("a key");
    }
    assert_eq!(manager.with(|vault| vault.asked), 2, "once a minute");
    manager.with(|vault| vault.is_down = true);
    clock.advance(60);
    assert_eq!(
        keys.current_fresh().await.expect("known keys go on").id(),
        second
    );
}

#[tokio::test]
async fn a_leaked_key_is_out_of_admin_at_the_first_rotation_and_out_of_all_at_the_second() {
    let (dynamo, manager) = (
        Dynamo::start("users").await,
        SecretsManager::start(Some(FIRST)).await,
    );
    let (home, variables) = (
        Home::default(),
        super::deployment(&dynamo.url, &manager.url),
    );
    let of = |key: &str| SigningKey::from_text(key).expect("long enough");
    let api = |url: &str, key: &str| {
        RemoteAdmin::new(url, of(key), Arc::new(SystemClock)).expect("a client")
    };
    let alice: Email = "alice@example.com".parse().expect("valid");
    let fresh = |rotated: &'static str| {
        manager.rotate(rotated);
        let mut command = home.command(super::FIXTURE);
        command.envs(variables.iter().copied());
        Server::start(command)
    };
    let server = fresh(SECOND).await;
    let issued = api(&server.url, SECOND)
        .register(NewUser::new(alice.clone()))
        .await
        .expect("registered");
    let leaked = api(&server.url, FIRST)
        .users(None, 1)
        .await
        .expect_err("the key before");
    assert_eq!(leaked.kind(), ErrorKind::Unauthenticated);
    let server = fresh(THIRD).await;
    api(&server.url, THIRD)
        .users(None, 1)
        .await
        .expect("the current key's");
    let status = async |token: &str| {
        let request = reqwest::Client::new()
            .post(format!("{}/mcp", server.url))
            .bearer_auth(token);
        request.send().await.expect("answered").status().as_u16()
    };
    assert_ne!(
        status(issued.token.expose()).await,
        401,
        "the second key's tokens go on"
    );
    let forged =
        operator_token(&of(FIRST), Operator::Probe, None, SystemClock.now()).expect("signed");
    assert_eq!(status(forged.expose()).await, 401, "the first key is dead");
}

#[tokio::test]
async fn a_key_rotated_twice_within_a_minute_is_known_a_minute_later() {
    let (manager, clock) = (
        SecretsManager::start(Some(FIRST)).await,
        Arc::<ManualClock>::default(),
    );
    let keys = open(&manager, &clock).await.expect("opens");
    let first = keys.current().await.expect("a key").id().to_owned();
    clock.advance(60);
    manager.rotate(SECOND);
    let both = ids(&keys, Some("of the second")).await;
    assert_eq!(
        (both.len(), &both[1]),
        (2, &first),
        "the first rotation is seen by its unknown id"
    );
    clock.advance(30);
    manager.rotate(THIRD);
    assert_eq!(
        ids(&keys, Some("of the third")).await,
        both,
        "asked for a moment ago"
    );
    clock.advance(30);
    let newest = ids(&keys, Some("of the third")).await;
    assert_eq!(
        (newest.len(), &newest[1]),
        (2, &both[0]),
        "the second goes on, and the first is dead"
    );
}

#[tokio::test]
async fn an_unknown_id_is_asked_about_at_most_once_a_minute() {
    let (manager, clock) = (
        SecretsManager::start(Some(FIRST)).await,
        Arc::<ManualClock>::default(),
    );
    let keys = open(&manager, &clock).await.expect("opens");
    let others = SecretsManager::start(Some(SECOND)).await;
    let second = open(&others, &clock)
        .await
        .expect("opens")
        .current()
        .await
        .expect("a key")
        .id()
        .to_owned();
    manager.rotate(SECOND);
    for _ in 0..5 {
        assert!(
            !ids(&keys, Some(&second)).await.contains(&second),
            "fetched a moment ago"
        );
    }
    assert_eq!(manager.with(|vault| vault.asked), 1);
    clock.advance(60);
    assert!(ids(&keys, Some(&second)).await.contains(&second));
    for _ in 0..5 {
        ids(&keys, Some("nobody's")).await;
    }
    assert_eq!(manager.with(|vault| vault.asked), 2);
}

#[tokio::test]
async fn known_keys_outlive_an_outage_and_unknown_ones_are_a_503_until_it_ends() {
    let (manager, clock) = (
        SecretsManager::start(Some(FIRST)).await,
        Arc::<ManualClock>::default(),
    );
    let keys = open(&manager, &clock).await.expect("opens");
    manager.with(|vault| vault.is_down = true);
    clock.advance(3_600);
    keys.current().await.expect("still known");
    let late = open(&manager, &clock)
        .await
        .expect("an outage is no fault of the start");
    assert_eq!(
        late.current().await.expect_err("not there yet").kind(),
        ErrorKind::Unavailable
    );
    manager.with(|vault| vault.is_down = false);
    clock.advance(2);
    late.current().await.expect("there now");
}

/// Strangers need no credential to have the keys asked for: they must not make a queue, and learn no name.
#[tokio::test]
async fn while_there_are_no_keys_one_asks_for_all_and_nobody_asks_again_at_once() {
    let (manager, clock) = (
        SecretsManager::start(Some(FIRST)).await,
        Arc::<ManualClock>::default(),
    );
    manager.with(|vault| vault.is_down = true);
    let keys = open(&manager, &clock)
        .await
        .expect("an outage is no fault of the start");
    let asked = manager.with(|vault| vault.asked);
    for _ in 0..5 {
        keys.current().await.expect_err("asked for a moment ago");
    }
    assert_eq!(manager.with(|vault| vault.asked), asked);
    clock.advance(2);
    let told =
        futures_util::future::join_all((0..20).map(|_| keys.verification_keys(Some("forged"))))
            .await;
    for told in told {
        let error = told.expect_err("down");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            !error.message().contains("prod/key") && error.chain().contains("prod/key"),
            "{error:?}"
        );
    }
    let tries = manager.with(|vault| vault.asked) - asked;
    manager.with(|vault| vault.is_down = false);
    assert!(
        tries > 0 && tries <= 3,
        "{tries} tries, which are the SDK's own for one question"
    );
}

#[tokio::test]
async fn a_secret_without_a_key_is_a_fault_of_the_start() {
    let clock = Arc::default();
    for (value, named) in [
        (None, "does not exist"),
        (Some(""), "0 bytes"),
        (Some("8 bytes."), "8 bytes"),
        (Some("{}"), "signing_key"),
    ] {
        let manager = SecretsManager::start(value).await;
        let error = open(&manager, &clock).await.expect_err("no key");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(
            error.message().contains("SIGNING_KEY_SECRET") && error.message().contains(named),
            "{error}"
        );
    }
}
