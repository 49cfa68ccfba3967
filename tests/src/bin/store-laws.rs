//! The laws of `Store` over a DynamoDB that runs elsewhere: `store-laws URL`, where the interop run has another engine.

use std::process::ExitCode;
use std::sync::Arc;

use mcp_lambda::clock::Clock;
use mcp_lambda::store::laws;
use mcp_lambda_dynamo::{DynamoStore, create_table};
use mcp_lambda_tests::aws::dynamo_client;

const TABLE: &str = "store-laws";

#[tokio::main]
async fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        return ExitCode::from(2);
    };
    let client = dynamo_client(&url);
    create_table(&client, TABLE)
        .await
        .expect("the table is made");
    let clock = Arc::new(laws::ManualClock::default());
    let shared: Arc<dyn Clock> = Arc::<laws::ManualClock>::clone(&clock);
    laws::all(Arc::new(DynamoStore::new(client, TABLE, shared)), &clock).await;
    ExitCode::SUCCESS
}
