//! The SDK's configuration of a Lambda: region, credentials and endpoints, each in its variable
//! (AWS Lambda Developer Guide, "Defined runtime environment variables").
//!
//! Reading a system's hundred and more certificate authorities is most of a start. AWS uses
//! certificates of its own (Amazon Trust Services), so these are built in and no others are
//! trusted, unless the variables name other servers.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_types::sdk_config::SharedHttpClient;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use mcp_lambda::{Error, Result};

/// Amazon Root CA 1 to 4 and the Starfield root before them
/// (<https://www.amazontrust.com/repository/>), the first of which expires at the end of 2037.
const AMAZON: &[u8] = include_bytes!("amazon.pem");

/// Variables that name other certificate authorities (rustls-native-certs).
const AUTHORITIES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Variables that name other servers (AWS SDKs and Tools Reference Guide, "Service-specific
/// endpoints").
const ENDPOINTS: [&str; 3] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
];

/// Variables that choose another kind of server.
const SWITCHES: [&str; 2] = ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];

/// Prefixes of the regions whose servers may have certificates of other authorities.
const OTHER_PARTITIONS: [&str; 3] = ["cn-", "us-iso", "eu-iso"];

/// Reads the [`SdkConfig`] of this process.
pub(crate) async fn from_env() -> Result<SdkConfig> {
    check(list_names(), readable)?;
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    let builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(
            variable("AWS_REGION")
                .or_else(|| variable("AWS_DEFAULT_REGION"))
                .map(Region::new),
        )
        .credentials_provider(credentials)
        .timeout_config(super::build_timeouts())
        .retry_config(super::build_retries())
        .use_fips(is_on(SWITCHES[0]))
        .use_dual_stack(is_on(SWITCHES[1]))
        .service_config(Variables);
    let builder = variable("AWS_ENDPOINT_URL")
        .into_iter()
        .fold(builder, aws_types::sdk_config::Builder::endpoint_url);
    Ok(trust_amazon(variable)
        .into_iter()
        .fold(builder, aws_types::sdk_config::Builder::http_client)
        .build())
}

/// Refuses a variable of AWS that is not UTF-8, or a switch that is neither `true` nor `false`:
/// ignoring it would lead to another server than the intended one.
fn check(names: Vec<String>, readable: impl Fn(&str) -> Option<String>) -> Result<()> {
    for name in names.into_iter().filter(|name| name.starts_with("AWS_")) {
        let value = readable(&name)
            .ok_or_else(|| Error::invalid(format!("{name}: its value is not UTF-8")))?;
        let is_switch = SWITCHES.contains(&name.as_str()) && !value.is_empty();
        if is_switch
            && !["true", "false"]
                .iter()
                .any(|known| value.eq_ignore_ascii_case(known))
        {
            return Err(Error::invalid(format!(
                "{name}: `{value}` is neither `true` nor `false`"
            )));
        }
    }
    Ok(())
}

/// Creates a client that trusts [`AMAZON`] alone; `None` where other authorities may be needed.
fn trust_amazon(variable: impl Fn(&str) -> Option<String>) -> Option<SharedHttpClient> {
    let is_elsewhere = |region: String| {
        OTHER_PARTITIONS
            .iter()
            .any(|partition| region.starts_with(partition))
    };
    // Trusting one vendor's authorities is right only for that vendor's servers: an emulator with HTTPS,
    // a proxy that inspects TLS, or another partition of AWS needs the system's authorities.
    let leads_elsewhere = AUTHORITIES.iter().any(|name| variable(name).is_some())
        || ENDPOINTS
            .iter()
            .any(|name| variable(name).is_some_and(|url| url.starts_with("https:")))
        || variable("AWS_REGION").is_some_and(is_elsewhere);
    let context = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(AMAZON))
        .build();
    let builder = Builder::new().tls_provider(Provider::rustls(CryptoMode::AwsLc));
    context
        .ok()
        .filter(|_| !leads_elsewhere)
        .map(|context| builder.tls_context(context).build_https())
}

/// A service's own variable: `AWS_ENDPOINT_URL_SECRETS_MANAGER` is for one service what
/// `AWS_ENDPOINT_URL` is for all (AWS SDKs and Tools Reference Guide, "Service-specific
/// endpoints").
#[derive(Debug)]
struct Variables;

impl LoadServiceConfig for Variables {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        variable(&append_service(key.env(), key.service_id()))
    }
}

fn append_service(name: &str, service: &str) -> String {
    format!(
        "{name}_{}",
        service.to_ascii_uppercase().replace([' ', '-'], "_")
    )
}

fn list_names() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .collect()
}

/// Reads a variable's text; `None` also for one that is not UTF-8.
#[expect(
    clippy::disallowed_methods,
    reason = "these are the SDK's settings and not ours"
)]
fn readable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn variable(name: &str) -> Option<String> {
    readable(name).filter(|value| !value.is_empty())
}

fn is_on(name: &str) -> bool {
    variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_authorities_built_in_can_be_read() {
        let client = trust_amazon(|_| None).expect("Amazon's");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url("https://127.0.0.1:1")
            .http_client(client);
        let credentials =
            aws_credential_types::Credentials::new("key", "secret", None, None, "tests");
        let config = config
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let asked = aws_sdk_dynamodb::Client::new(&config)
            .get_item()
            .table_name("users")
            .send()
            .await;
        assert!(
            matches!(
                asked,
                Err(aws_sdk_dynamodb::error::SdkError::DispatchFailure(_))
            ),
            "{asked:?}"
        );
        assert_eq!(
            String::from_utf8_lossy(AMAZON)
                .matches("BEGIN CERTIFICATE")
                .count(),
            5
        );
    }

    #[test]
    fn whoever_leads_elsewhere_is_believed_by_the_systems_authorities() {
        for (name, value) in [
            ("SSL_CERT_FILE", "/etc/own.pem"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.internal"),
            ("AWS_REGION", "cn-north-1"),
        ] {
            let variable = |asked: &str| (asked == name).then(|| value.to_owned());
            assert!(trust_amazon(variable).is_none(), "{name}");
        }
        let emulator =
            |asked: &str| (asked == "AWS_ENDPOINT_URL").then(|| "http://127.0.0.1:5000".to_owned());
        assert!(
            trust_amazon(emulator).is_some(),
            "nobody is to be believed there"
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_not_passed_over() {
        let variables = |name: &str| match name {
            "AWS_ENDPOINT_URL" => None,
            "AWS_USE_FIPS_ENDPOINT" => Some("yes".to_owned()),
            "AWS_USE_DUALSTACK_ENDPOINT" => Some("TRUE".to_owned()),
            _ => Some(String::new()),
        };
        for (name, is_fine) in [
            ("AWS_ENDPOINT_URL", false),
            ("AWS_USE_FIPS_ENDPOINT", false),
            ("AWS_USE_DUALSTACK_ENDPOINT", true),
            ("AWS_REGION", true),
        ] {
            let checked = check(vec![name.to_owned()], variables);
            assert_eq!(checked.is_ok(), is_fine, "{name}");
            assert!(
                checked.is_ok() || checked.is_err_and(|error| error.message().starts_with(name))
            );
        }
        assert!(
            check(vec!["PATH".to_owned()], |_| None).is_ok(),
            "it is nobody's business here"
        );
    }

    #[test]
    fn each_service_has_an_endpoint_of_its_own() {
        assert_eq!(append_service("AWS_ENDPOINT_URL", "DynamoDB"), ENDPOINTS[1]);
        assert_eq!(
            append_service("AWS_ENDPOINT_URL", "Secrets Manager"),
            ENDPOINTS[2]
        );
    }
}
