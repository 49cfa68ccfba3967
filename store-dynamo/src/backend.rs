//! The backend for AWS: clients made from the SDK's own variables, once, when something is first named.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::{Region, SdkConfig};
use mcp_lambda::backend::BackendOpener;
use mcp_lambda::clock::Clock;
use mcp_lambda::keys::SigningKeys;
use mcp_lambda::{Error, Result, store};
use tokio::sync::OnceCell;

use crate::{Dynamo, Secrets, config};

/// Opens DynamoDB tables and Secrets Manager secrets.
#[derive(Debug, Default)]
pub struct Aws {
    config: OnceCell<SdkConfig>,
    #[cfg(feature = "local")]
    account: config::Account,
}

/// The backend that reads region, credentials and endpoints as every AWS tool does (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).
#[must_use]
pub fn from_env() -> Aws {
    Aws::default()
}

/// The backend that reads the same, but for what this account says.
#[cfg(feature = "local")]
#[must_use]
pub fn of_account(account: config::Account) -> Aws {
    Aws {
        account,
        ..Aws::default()
    }
}

impl Aws {
    /// The SDK's configuration, loaded once.
    async fn config(&self) -> Result<&SdkConfig> {
        #[cfg(feature = "local")]
        return Ok(self
            .config
            .get_or_init(|| config::of_account(&self.account))
            .await);
        #[cfg(not(feature = "local"))]
        self.config.get_or_try_init(config::from_env).await
    }
}

/// The region that an ARN names (AWS General Reference, `arn:partition:service:region:account:resource`).
#[must_use]
pub fn region_of(name: &str) -> Option<&str> {
    name.strip_prefix("arn:")?
        .split(':')
        .nth(2)
        .filter(|region| !region.is_empty())
}

/// A client that asks in the region of the secret's ARN, or else in that of the configuration.
///
/// # Errors
/// `Invalid` if neither names one.
pub(crate) fn secrets_client(
    config: &SdkConfig,
    secret: &str,
) -> Result<aws_sdk_secretsmanager::Client> {
    let mut builder = aws_sdk_secretsmanager::config::Builder::from(config);
    if let Some(region) = region_of(secret) {
        builder = builder.region(Region::new(region.to_owned()));
    } else if config.region().is_none() {
        return Err(Error::invalid(format!(
            "the AWS region of the secret `{secret}` is not known: give its whole ARN, or set AWS_REGION, or AWS_PROFILE to a profile that has a region"
        )));
    }
    Ok(aws_sdk_secretsmanager::Client::from_conf(builder.build()))
}

#[async_trait]
impl BackendOpener for Aws {
    async fn store(&self, table: &str, clock: Arc<dyn Clock>) -> Result<store::SharedStore> {
        let client = aws_sdk_dynamodb::Client::new(self.config().await?);
        Ok(Arc::new(Dynamo::new(client, table, clock)))
    }

    async fn keys(&self, secret: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>> {
        let client = secrets_client(self.config().await?, secret)?;
        Ok(Arc::new(Secrets::open(client, secret, clock).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_region() {
        for (name, region) in [
            (
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/notes-AbCdEf",
                Some("eu-west-1"),
            ),
            (
                "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:k",
                Some("cn-north-1"),
            ),
            ("notes-key", None),
            ("arn:aws:secretsmanager", None),
            ("arn:aws:secretsmanager::1:secret:k", None),
        ] {
            assert_eq!(region_of(name), region, "{name}");
        }
    }

    #[test]
    fn a_secret_is_asked_for_in_the_region_of_its_arn() {
        let config =
            || SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest());
        let elsewhere = config().region(Region::new("us-east-1")).build();
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:k";
        let client = secrets_client(&elsewhere, arn).expect("a region");
        assert_eq!(
            client.config().region().map(AsRef::as_ref),
            Some("eu-west-1")
        );
        assert!(secrets_client(&elsewhere, "k").is_ok());
        let error = secrets_client(&config().build(), "k").expect_err("no region");
        assert!(
            error.kind() == mcp_lambda::ErrorKind::Invalid
                && error.message().contains("AWS_REGION"),
            "{error}"
        );
    }
}
