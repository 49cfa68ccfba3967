//! The [`StoreOpener`] and [`KeyOpener`] for AWS: clients configured from the SDK's own variables, once, when a
//! resource is first opened.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::{Region, SdkConfig};
use mcp_lambda::backend::{KeyOpener, StoreOpener};
use mcp_lambda::clock::Clock;
use mcp_lambda::keys::SigningKeys;
use mcp_lambda::{Error, Result, store};
use tokio::sync::OnceCell;

use crate::config;
use crate::secrets::SecretsManagerKeys;
use crate::store::DynamoStore;

/// Opens DynamoDB tables as [`DynamoStore`] and Secrets Manager secrets as [`SecretsManagerKeys`].
///
/// ```
/// use std::sync::Arc;
/// use mcp_lambda::backend::StoreOpener;
///
/// let backend: Arc<dyn StoreOpener> = Arc::new(mcp_lambda_dynamo::from_env());
/// assert!(format!("{backend:?}").starts_with("Aws"));
/// ```
#[derive(Debug, Default)]
pub struct Aws {
    config: OnceCell<SdkConfig>,
    #[cfg(feature = "local")]
    account: config::Account,
}

/// Returns the backend that reads region, credentials and endpoints as every AWS tool does
/// (`AWS_REGION`, `AWS_ENDPOINT_URL`, …; AWS SDKs and Tools Reference Guide, "Settings reference").
#[must_use]
pub fn from_env() -> Aws {
    Aws::default()
}

/// Returns the backend of [`from_env`], with the region and profile of an account.
#[cfg(feature = "local")]
#[must_use]
pub fn from_account(account: config::Account) -> Aws {
    Aws {
        account,
        ..Aws::default()
    }
}

impl Aws {
    /// Loads the [`SdkConfig`], once.
    async fn config(&self) -> Result<&SdkConfig> {
        #[cfg(feature = "local")]
        return Ok(self
            .config
            .get_or_init(|| config::from_account(&self.account))
            .await);
        #[cfg(not(feature = "local"))]
        self.config.get_or_try_init(config::from_env).await
    }
}

/// Returns the region in an ARN (AWS General Reference,
/// `arn:partition:service:region:account:resource`); `None` if there is none.
///
/// ```
/// use mcp_lambda_dynamo::region_of;
///
/// assert_eq!(region_of("arn:aws:secretsmanager:eu-west-1:1:secret:k"), Some("eu-west-1"));
/// assert_eq!(region_of("k"), None);
/// ```
#[must_use]
pub fn region_of(name: &str) -> Option<&str> {
    name.strip_prefix("arn:")?
        .split(':')
        .nth(2)
        .filter(|region| !region.is_empty())
}

/// Creates a client for the region in the secret's ARN, or else that of the configuration.
///
/// # Errors
/// `Invalid` if neither names one.
pub(crate) fn build_secrets_client(
    config: &SdkConfig,
    secret: &str,
) -> Result<aws_sdk_secretsmanager::Client> {
    let mut builder = aws_sdk_secretsmanager::config::Builder::from(config);
    // The ARN wins over AWS_REGION: the secret may be in another region than the function, and a
    // request to the wrong region would only say that there is no such secret.
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
impl StoreOpener for Aws {
    async fn open_store(&self, table: &str, clock: Arc<dyn Clock>) -> Result<store::SharedStore> {
        let client = aws_sdk_dynamodb::Client::new(self.config().await?);
        Ok(Arc::new(DynamoStore::new(client, table, clock)))
    }
}

#[async_trait]
impl KeyOpener for Aws {
    async fn open_keys(&self, secret: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SigningKeys>> {
        let client = build_secrets_client(self.config().await?, secret)?;
        Ok(Arc::new(
            SecretsManagerKeys::open(client, secret, clock).await?,
        ))
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
        let client = build_secrets_client(&elsewhere, arn).expect("a region");
        assert_eq!(
            client.config().region().map(AsRef::as_ref),
            Some("eu-west-1")
        );
        assert!(build_secrets_client(&elsewhere, "k").is_ok());
        let error = build_secrets_client(&config().build(), "k").expect_err("no region");
        assert!(
            error.kind() == mcp_lambda::ErrorKind::Invalid
                && error.message().contains("AWS_REGION"),
            "{error}"
        );
    }
}
