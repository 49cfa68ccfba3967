//! The SDK's configuration, and how patient it is.
//!
//! On a laptop it comes from where every AWS tool looks (variables, profiles, instance roles). A Lambda is given all of it in
//! variables, so a build for Lambda alone (without the feature `local`) reads nothing else: it starts sooner and is smaller.

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

/// How long AWS may take to be reached, to answer once, and to answer with all retries: less than a call has.
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(2);
const OPERATION: Duration = Duration::from_secs(5);

fn timeouts() -> TimeoutConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT);
    timeouts.operation_timeout(OPERATION).build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
}

/// Which region is asked, and as which profile of `~/.aws/config`, where that is not left to the variables of the process.
#[cfg(feature = "local")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The region, such as `eu-west-1`.
    pub region: Option<String>,
    /// The profile. Its credentials go before those in variables.
    pub profile: Option<String>,
}

/// The configuration of this process, with another endpoint if one is given.
#[cfg(feature = "local")]
pub(crate) async fn with_endpoint(endpoint: Option<&str>) -> aws_config::SdkConfig {
    loaded(endpoint, &Account::default()).await
}

/// The configuration for an account.
#[cfg(feature = "local")]
pub(crate) async fn of_account(account: &Account) -> aws_config::SdkConfig {
    loaded(None, account).await
}

#[cfg(feature = "local")]
async fn loaded(endpoint: Option<&str>, account: &Account) -> aws_config::SdkConfig {
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
    let loader = loader.timeout_config(timeouts()).retry_config(retries());
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
        let credentials = ProfileFileCredentialsProvider::builder()
            .profile_name(profile)
            .build();
        loader
            .profile_name(profile)
            .credentials_provider(credentials)
    });
    loader.load().await
}
