//! The backend for AWS: clients made from the SDK's own variables, once, when something is first named.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use mcp_lambda::Result;
use mcp_lambda::backend::Backend;
use mcp_lambda::clock::Clock;
use mcp_lambda::keys::SigningKeys;
use mcp_lambda::store;
use tokio::sync::OnceCell;

use crate::{Dynamo, Secrets};

/// How long AWS may take to be reached, to answer once, and to answer with all retries: less than a call has.
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(2);
const OPERATION: Duration = Duration::from_secs(5);

/// Opens DynamoDB tables and Secrets Manager secrets.
#[derive(Debug, Default)]
pub struct Aws {
    config: OnceCell<SdkConfig>,
}

/// The backend that reads region, credentials and endpoints as every AWS tool does (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).
#[must_use]
pub fn from_env() -> Aws {
    Aws::default()
}

impl Aws {
    /// The SDK's configuration, loaded once.
    pub(crate) async fn config(&self) -> &SdkConfig {
        self.config.get_or_init(|| load(None)).await
    }
}

/// Loads the configuration, with another endpoint if one is given.
pub(crate) async fn load(endpoint: Option<&str>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION);
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts.build())
        .retry_config(RetryConfig::standard());
    let loader = match endpoint {
        Some(endpoint) => loader.endpoint_url(endpoint),
        None => loader,
    };
    loader.load().await
}

#[async_trait]
impl Backend for Aws {
    async fn store(&self, table: &str, clock: Arc<dyn Clock>) -> Result<store::Shared> {
        let client = aws_sdk_dynamodb::Client::new(self.config().await);
        Ok(Arc::new(Dynamo::new(client, table, clock)))
    }

    async fn keys(&self, secret: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>> {
        let client = aws_sdk_secretsmanager::Client::new(self.config().await);
        Ok(Arc::new(Secrets::open(client, secret, clock).await?))
    }
}
