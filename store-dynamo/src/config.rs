//! The SDK's configuration, and how patient it is.
//!
//! On a laptop it comes from where every AWS tool looks (variables, profiles, instance roles). A Lambda is given all of it in
//! variables, so a build for Lambda alone (without the feature `local`) reads nothing else: it starts sooner and is smaller.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

#[cfg(any(test, not(feature = "local")))]
#[cfg_attr(feature = "local", expect(dead_code, reason = "its tests run with every feature"))]
mod variables;

#[cfg(not(feature = "local"))]
pub(crate) use variables::from_env;

/// How long AWS may take to be reached, to answer once, and to answer with all retries: less than a call has.
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(2);
const OPERATION: Duration = Duration::from_secs(5);

fn timeouts() -> TimeoutConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT);
    timeouts.operation_timeout(OPERATION).build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
}

/// The configuration of this process.
#[cfg(feature = "local")]
pub(crate) async fn from_env() -> mcp_lambda::Result<aws_config::SdkConfig> {
    Ok(with_endpoint(None).await)
}

/// The same, with another endpoint if one is given.
#[cfg(feature = "local")]
pub(crate) async fn with_endpoint(endpoint: Option<&str>) -> aws_config::SdkConfig {
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
    let loader = loader.timeout_config(timeouts()).retry_config(retries());
    let loader = endpoint.into_iter().fold(loader, |loader, endpoint| loader.endpoint_url(endpoint));
    loader.load().await
}
