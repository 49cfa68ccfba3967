//! AWS on loopback: a DynamoDB engine, and Secrets Manager's one call.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::loopback;

/// A DynamoDB with an empty table, for as long as it lives.
#[derive(Debug)]
pub struct Dynamo {
    /// The URL that it listens at.
    pub url: String,
    _server: JoinSet<()>,
}

impl Dynamo {
    /// Starts one and makes the table.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn start(table: &str) -> Self {
        let (listener, address) = loopback::listener().await;
        let (url, mut server) = (format!("http://{address}"), JoinSet::new());
        server.spawn(dynoxide::server::serve_on(
            listener,
            dynoxide::Database::memory().expect("an engine"),
        ));
        mcp_lambda_dynamo::create_table(&dynamo_client(&url), table)
            .await
            .expect("made");
        Self {
            url,
            _server: server,
        }
    }
}

/// A client of a DynamoDB on loopback.
#[must_use]
pub fn dynamo_client(url: &str) -> aws_sdk_dynamodb::Client {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
    let credentials = Credentials::new("key", "secret", None, None, "tests");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"));
    aws_sdk_dynamodb::Client::from_conf(
        config
            .endpoint_url(url)
            .credentials_provider(credentials)
            .build(),
    )
}

/// The secret of a [`SecretsManager`], and what it was asked for.
#[derive(Debug, Default)]
pub struct Vault {
    /// `AWSCURRENT`; `None` is no such secret.
    pub current: Option<String>,
    /// `AWSPREVIOUS`.
    pub previous: Option<String>,
    /// True while it answers with an outage.
    pub is_down: bool,
    /// The number of requests for `AWSCURRENT`.
    pub asked: usize,
    /// The number of passwords that it has made.
    pub passwords: usize,
}

impl Vault {
    fn answer(&mut self, action: &str, asked: &Value) -> (u16, Value) {
        let told = |value: &str| {
            (
                200,
                json!({ "ARN": "arn", "Name": asked["SecretId"], "SecretString": value, "VersionId": "v" }),
            )
        };
        let not_found = (
            400,
            json!({ "__type": "ResourceNotFoundException", "Message": "not found" }),
        );
        match action {
            _ if self.is_down => {
                self.asked += usize::from(asked["VersionStage"] == "AWSCURRENT");
                (503, json!({ "message": "down" }))
            }
            "GetRandomPassword" => {
                self.passwords += 1;
                (
                    200,
                    json!({ "RandomPassword": format!("{:0>64}", self.passwords) }),
                )
            }
            "CreateSecret" if self.current.is_some() => {
                (400, json!({ "__type": "ResourceExistsException" }))
            }
            "PutSecretValue" if self.current.is_none() => not_found,
            "CreateSecret" | "PutSecretValue" => {
                let value = asked["SecretString"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                self.previous = self.current.replace(value.clone());
                told(&value)
            }
            _ => {
                let is_current = asked["VersionStage"] == "AWSCURRENT";
                self.asked += usize::from(is_current);
                let value = if is_current {
                    &self.current
                } else {
                    &self.previous
                };
                value.as_deref().map_or(not_found, told)
            }
        }
    }
}

/// A Secrets Manager with one secret, for as long as it lives.
#[derive(Debug)]
pub struct SecretsManager {
    /// The URL that it listens at.
    pub url: String,
    vault: Arc<Mutex<Vault>>,
    _server: JoinSet<()>,
}

impl SecretsManager {
    /// Starts one that holds this.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn start(current: Option<&str>) -> Self {
        let (listener, address) = loopback::listener().await;
        let (url, mut server) = (format!("http://{address}"), JoinSet::new());
        let vault = Arc::new(Mutex::new(Vault {
            current: current.map(str::to_owned),
            ..Vault::default()
        }));
        let held = Arc::clone(&vault);
        server.spawn(loopback::serve(listener, move |request| {
            answer(request, Arc::clone(&held))
        }));
        Self {
            url,
            vault,
            _server: server,
        }
    }

    /// Reads or changes its [`Vault`].
    pub fn with<T>(&self, work: impl FnOnce(&mut Vault) -> T) -> T {
        work(&mut self.vault.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a new key in the current one's place.
    pub fn rotate(&self, key: &str) {
        self.with(|vault| vault.previous = vault.current.replace(key.to_owned()));
    }

    /// A client of it that does not try twice.
    #[must_use]
    pub fn client(&self) -> aws_sdk_secretsmanager::Client {
        use aws_sdk_secretsmanager::config::retry::RetryConfig;
        use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
        let credentials = Credentials::new("key", "secret", None, None, "tests");
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"));
        let config = config
            .endpoint_url(&self.url)
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled());
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }
}

async fn answer(
    request: Request<Incoming>,
    vault: Arc<Mutex<Vault>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    let action = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut vault = vault.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, body) = vault.answer(&action, &asked);
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1");
    Ok(response.body(Full::from(body.to_string())).expect("valid"))
}
