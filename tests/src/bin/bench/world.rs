//! The surroundings of the programs: DynamoDB by an embedded engine, Secrets Manager, and folders of their own.

use mcp_lambda_tests::aws::{Dynamo, SecretsManager};
use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::proxy::Proxy;

/// The key that signs everything here.
pub(crate) const KEY: &str = "bench-key-0123456789-0123456789-0123456789";

/// AWS on loopback.
#[derive(Debug)]
pub(crate) struct World {
    /// The engine of notes that answers by itself.
    pub(crate) engine: Dynamo,
    /// Engines behind a memory that answers reads at once, and counts them.
    pub(crate) notes_at_once: Behind,
    pub(crate) echo_at_once: Behind,
    pub(crate) secrets: SecretsManager,
}

/// An engine, and the proxy before it.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) proxy: Proxy,
    _engine: Dynamo,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self {
            engine: Dynamo::start("users").await,
            notes_at_once: Behind::start().await,
            echo_at_once: Behind::start().await,
            secrets: SecretsManager::start(Some(KEY)).await,
        }
    }
}

impl Behind {
    async fn start() -> Self {
        let engine = Dynamo::start("users").await;
        let proxy = Proxy::start(&engine.url).await;
        proxy.remember();
        Self {
            proxy,
            _engine: engine,
        }
    }
}

/// The settings of a program on the embedded store.
pub(crate) fn embedded(home: &Home) -> Vec<(String, String)> {
    let folder = home.path().join("data").to_string_lossy().into_owned();
    pairs(&[("SIGNING_KEY", KEY), ("APP_USERS_PATH", &folder)])
}

/// The settings of a program on DynamoDB and Secrets Manager.
pub(crate) fn on_aws(dynamo: &str, secrets: &str) -> Vec<(String, String)> {
    pairs(&[
        ("USERS_TABLE", "users"),
        ("SIGNING_KEY_SECRET", "key"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamo),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ])
}

fn pairs(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The machine, in a line.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    format!(
        "{cores} cores, {}, {}",
        model.trim_start_matches([':', ' ', '\t']),
        std::env::consts::ARCH
    )
}
