//! The laws of `Store` over DynamoDB's API, spoken by an engine embedded in the test, and what becomes of its outages.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use mcp_lambda::ErrorKind;
use mcp_lambda::clock::{Clock, SystemClock};
use mcp_lambda::store::{Key, Put, Range, Store, When, laws};
use mcp_lambda_dynamo::{DynamoStore, create_table};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const TABLE: &str = "users";

/// A DynamoDB of its own, for as long as this lives.
struct Engine {
    client: Client,
    _server: JoinSet<()>,
}

async fn engine() -> Engine {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = client(&format!(
        "http://{}",
        listener.local_addr().expect("an address")
    ));
    let mut server = JoinSet::new();
    let database = dynoxide::Database::memory().expect("an engine");
    server.spawn(dynoxide::server::serve_on(listener, database));
    Engine {
        client,
        _server: server,
    }
}

fn client(url: &str) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500))
        .operation_timeout(Duration::from_secs(2));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.build())
        .build();
    Client::from_conf(config)
}

#[tokio::test]
async fn keeps_the_laws() {
    let engine = engine().await;
    assert!(
        create_table(&engine.client, TABLE).await.expect("made"),
        "it is new"
    );
    assert!(
        !create_table(&engine.client, TABLE).await.expect("there"),
        "it is made once"
    );
    let clock = Arc::new(laws::ManualClock::default());
    let shared: Arc<dyn Clock> = Arc::<laws::ManualClock>::clone(&clock);
    laws::all(
        Arc::new(DynamoStore::new(engine.client.clone(), TABLE, shared)),
        &clock,
    )
    .await;
}

/// An earlier `aws init` may have been cut short: what is missing is set whenever it runs.
#[tokio::test]
async fn what_a_table_lacks_is_set_also_where_it_was_there() {
    let engine = engine().await;
    create_table(&engine.client, TABLE).await.expect("made");
    let off = aws_sdk_dynamodb::types::TimeToLiveSpecification::builder()
        .attribute_name("expires")
        .enabled(false);
    let off = engine
        .client
        .update_time_to_live()
        .table_name(TABLE)
        .time_to_live_specification(off.build().expect("valid"));
    off.send().await.expect("switched off");
    let open = engine
        .client
        .update_table()
        .table_name(TABLE)
        .deletion_protection_enabled(false);
    open.send().await.expect("unprotected");
    assert!(
        !create_table(&engine.client, TABLE).await.expect("there"),
        "it was there"
    );
    let expiry = engine
        .client
        .describe_time_to_live()
        .table_name(TABLE)
        .send()
        .await
        .expect("described");
    let expiry = expiry
        .time_to_live_description
        .and_then(|told| told.time_to_live_status);
    assert_eq!(
        expiry,
        Some(aws_sdk_dynamodb::types::TimeToLiveStatus::Enabled)
    );
    let table = engine
        .client
        .describe_table()
        .table_name(TABLE)
        .send()
        .await
        .expect("described")
        .table;
    assert_eq!(
        table.and_then(|table| table.deletion_protection_enabled),
        Some(true)
    );
}

fn store(client: &Client, table: &str) -> DynamoStore {
    DynamoStore::new(client.clone(), table, Arc::new(SystemClock))
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let engine = engine().await;
    let error = store(&engine.client, "nowhere")
        .get(&Key::new("p", "s"))
        .await
        .expect_err("no table");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.message().contains("does not exist") && !error.message().contains("nowhere"),
        "{error}"
    );
    assert!(error.chain().contains("`nowhere`"), "{error:?}");
}

#[tokio::test]
async fn a_table_with_other_keys_is_told_from_an_outage() {
    let engine = engine().await;
    let key = KeySchemaElement::builder()
        .attribute_name("id")
        .key_type(KeyType::Hash)
        .build()
        .expect("valid");
    let attribute = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S)
        .build();
    let request = engine
        .client
        .create_table()
        .table_name("other")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key);
    request
        .attribute_definitions(attribute.expect("valid"))
        .send()
        .await
        .expect("made");
    let other = store(&engine.client, "other");
    for error in [
        other
            .get(&Key::new("p", "s"))
            .await
            .expect_err("other keys"),
        other.check().await.expect_err("other keys"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("`pk` and `sk`"), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_unavailable_and_never_absent() {
    let nobody = store(&client("http://127.0.0.1:1"), TABLE);
    let key = Key::new("p", "s");
    assert_eq!(
        nobody.get(&key).await.expect_err("nobody").kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        nobody
            .put(&key, Put::new("1".into(), When::Absent))
            .await
            .expect_err("nobody")
            .kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        nobody
            .list(&Range::Listing("users"), None, 1)
            .await
            .expect_err("nobody")
            .kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        nobody.check().await.expect_err("nobody").kind(),
        ErrorKind::Unavailable
    );
}

#[tokio::test]
async fn what_hangs_is_given_up_within_its_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hanging = store(
        &client(&format!(
            "http://{}",
            listener.local_addr().expect("an address")
        )),
        TABLE,
    );
    assert_eq!(
        hanging
            .get(&Key::new("p", "s"))
            .await
            .expect_err("given up")
            .kind(),
        ErrorKind::Unavailable
    );
}

#[tokio::test]
async fn an_item_of_399_kilobytes_is_kept_and_one_of_401_refused_in_words() {
    let engine = engine().await;
    create_table(&engine.client, TABLE).await.expect("made");
    let (store, key) = (store(&engine.client, TABLE), Key::new("p", "s"));
    store
        .put(&key, Put::new("1".repeat(399_000), When::Always))
        .await
        .expect("it fits");
    let error = store
        .put(&key, Put::new("1".repeat(401_000), When::Always))
        .await
        .expect_err("it does not");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.message().contains("401000 bytes"), "{error}");
    assert_eq!(
        store
            .get(&key)
            .await
            .expect("readable")
            .expect("there")
            .value
            .len(),
        399_000
    );
}
