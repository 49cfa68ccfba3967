//! The backend for AWS: clients made from the SDK's own variables, once, when something is first named.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use mcp_lambda::Result;
use mcp_lambda::backend::Backend;
use mcp_lambda::clock::Clock;
use mcp_lambda::keys::SigningKeys;
use mcp_lambda::store;
use tokio::sync::OnceCell;

use crate::{Dynamo, Secrets, config};

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
    async fn config(&self) -> Result<&SdkConfig> {
        self.config.get_or_try_init(config::from_env).await
    }
}

#[async_trait]
impl Backend for Aws {
    async fn store(&self, table: &str, clock: Arc<dyn Clock>) -> Result<store::Shared> {
        let client = aws_sdk_dynamodb::Client::new(self.config().await?);
        Ok(Arc::new(Dynamo::new(client, table, clock)))
    }

    async fn keys(&self, secret: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>> {
        let client = aws_sdk_secretsmanager::Client::new(self.config().await?);
        Ok(Arc::new(Secrets::open(client, secret, clock).await?))
    }
}
