//! The SDK's configuration, its timeouts and its retries.
//!
//! On a laptop it comes from the variables, profiles and instance roles that every AWS tool reads.
//! A Lambda gets all of it in variables, so a build for Lambda alone (without the feature `local`)
//! reads nothing else: it starts sooner and is smaller.

use std::time::Duration;

#[cfg(feature = "local")]
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

#[cfg(any(test, not(feature = "local")))]
#[cfg_attr(
    feature = "local",
    expect(dead_code, reason = "its tests run with every feature")
)]
mod variables;

#[cfg(not(feature = "local"))]
pub(crate) use variables::from_env;

/// The longest time to connect, for one attempt, and for all attempts together (AWS SDK for Rust
/// Developer Guide, "Timeouts"): less than a call has.
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(2);
const OPERATION: Duration = Duration::from_secs(5);

fn build_timeouts() -> TimeoutConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT);
    timeouts.operation_timeout(OPERATION).build()
}

fn build_retries() -> RetryConfig {
    RetryConfig::standard()
}

/// A region and a profile of `~/.aws/config` that go before the variables of the process, for
/// [`from_account`](crate::from_account).
///
/// ```
/// use mcp_lambda_dynamo::Account;
///
/// let account = Account { region: Some("eu-west-1".into()), ..Account::default() };
/// assert_eq!(account.profile, None);
/// ```
#[cfg(feature = "local")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The region, such as `eu-west-1`.
    pub region: Option<String>,
    /// The profile. Its credentials go before those in variables (AWS SDKs and Tools Reference
    /// Guide, "Shared config and credentials files").
    pub profile: Option<String>,
}

/// Loads the [`SdkConfig`](aws_config::SdkConfig) of this process, with another endpoint if one is
/// named.
#[cfg(feature = "local")]
pub(crate) async fn with_endpoint(endpoint: Option<&str>) -> aws_config::SdkConfig {
    load(endpoint, &Account::default()).await
}

/// Loads the configuration for an [`Account`].
#[cfg(feature = "local")]
pub(crate) async fn from_account(account: &Account) -> aws_config::SdkConfig {
    load(None, account).await
}

#[cfg(feature = "local")]
async fn load(endpoint: Option<&str>, account: &Account) -> aws_config::SdkConfig {
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
    let loader = loader
        .timeout_config(build_timeouts())
        .retry_config(build_retries());
    let loader = endpoint
        .into_iter()
        .fold(loader, |loader, endpoint| loader.endpoint_url(endpoint));
    let loader = account
        .region
        .iter()
        .cloned()
        .fold(loader, |loader, region| {
            loader.region(aws_config::Region::new(region))
        });
    let loader = account.profile.iter().fold(loader, |loader, profile| {
        // The default chain would prefer credentials in variables; an explicitly named profile
        // must win.
        let credentials = ProfileFileCredentialsProvider::builder()
            .profile_name(profile)
            .build();
        loader
            .profile_name(profile)
            .credentials_provider(credentials)
    });
    loader.load().await
}
