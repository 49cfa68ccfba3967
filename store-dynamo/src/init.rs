//! The table and the secret, made where they are missing: for people without a template, and for emulators.
//!
//! What is there is never changed, but for settings that a table lacks (TTL, deletion protection, point-in-time recovery); a
//! key is replaced by [`rotate`] alone.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use mcp_lambda::{Error, Result};

use crate::backend::secrets_client;
use crate::config::with_endpoint;
use crate::error::{cause, trouble};
use crate::table::LISTINGS;

/// How many characters a generated key has.
const KEY_CHARACTERS: i64 = 64;

/// What was made, and what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Whether the table is new.
    pub table: bool,
    /// Whether the secret is new.
    pub secret: bool,
}

/// Makes the table and the secret if they are missing.
///
/// # Errors
/// `Invalid` if no region is known, `Unavailable` if AWS can't be reached or refuses.
pub async fn init(table: &str, secret: &str, endpoint: Option<&str>) -> Result<Made> {
    let config = with_endpoint(endpoint).await;
    // Without a region nothing is made.
    let secrets = secrets_client(&config, secret)?;
    let made = Made {
        table: make_table(&aws_sdk_dynamodb::Client::new(&config), table).await?,
        secret: make_secret(&secrets, secret).await?,
    };
    Ok(made)
}

/// Makes the table if it is missing: on demand, with its index. Sets what it lacks, also where it was there. Says whether it
/// is new.
///
/// # Errors
/// `Unavailable` if AWS can't be reached or refuses.
pub async fn make_table(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<bool> {
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .global_secondary_indexes(listings()?);
    for name in ["pk", "sk", "listing"] {
        request = request.attribute_definitions(attribute(name)?);
    }
    let request = request
        .key_schema(part("pk", KeyType::Hash)?)
        .key_schema(part("sk", KeyType::Range)?);
    let is_new = match request.send().await {
        Ok(_) => true,
        Err(error) if error.code() == Some("ResourceInUseException") => false,
        Err(error) => return Err(refused_table(table, &error)),
    };
    repair(client, table).await?;
    Ok(is_new)
}

/// Sets what a table lacks, new or not: an earlier `init` may have been cut short.
async fn repair(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<()> {
    use aws_sdk_dynamodb::client::Waiters;
    let wait = client
        .wait_until_table_exists()
        .table_name(table)
        .wait(std::time::Duration::from_secs(120));
    wait.await.map_err(|error| {
        Error::unavailable(format!(
            "the DynamoDB table `{table}` did not become active"
        ))
        .with_source(error.to_string())
    })?;
    expire(client, table).await?;
    protect(client, table).await?;
    keep_backups(client, table).await
}

/// Lets DynamoDB delete what has expired.
async fn expire(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<()> {
    let described = client
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await;
    let described = described
        .map_err(|error| refused_table(table, &error))?
        .time_to_live_description;
    let status = described.and_then(|described| described.time_to_live_status);
    if matches!(
        status,
        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
    ) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder()
        .attribute_name("expires")
        .enabled(true)
        .build()
        .map_err(malformed)?;
    let set = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(specification)
        .send()
        .await;
    set.map(drop).map_err(|error| refused_table(table, &error))
}

/// Refuses to have the table deleted by a slip.
async fn protect(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<()> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described
        .map_err(|error| refused_table(table, &error))?
        .table;
    if described.and_then(|table| table.deletion_protection_enabled) == Some(true) {
        return Ok(());
    }
    let set = client
        .update_table()
        .table_name(table)
        .deletion_protection_enabled(true)
        .send()
        .await;
    set.map(drop).map_err(|error| refused_table(table, &error))
}

/// Keeps 35 days to go back to. An emulator that knows no backups goes without.
async fn keep_backups(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<()> {
    let described = match client
        .describe_continuous_backups()
        .table_name(table)
        .send()
        .await
    {
        Err(error) if error.code() == Some("UnknownOperationException") => return Ok(()),
        described => {
            described
                .map_err(|error| refused_table(table, &error))?
                .continuous_backups_description
        }
    };
    let recovery = described.and_then(|described| described.point_in_time_recovery_description);
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
    if status == Some(PointInTimeRecoveryStatus::Enabled) {
        return Ok(());
    }
    let wanted = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .map_err(malformed)?;
    let set = client
        .update_continuous_backups()
        .table_name(table)
        .point_in_time_recovery_specification(wanted);
    set.send()
        .await
        .map(drop)
        .map_err(|error| refused_table(table, &error))
}

/// Why AWS did not do it, with the name: only operators ask for this.
fn refused_table<E, R>(table: &str, error: &aws_sdk_dynamodb::error::SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    Error::unavailable(format!(
        "the DynamoDB table `{table}` {}",
        trouble(error.code())
    ))
    .with_source(cause(error))
}

/// Puts a new key into the secret. It signs from now on; the key before it still verifies, and the one before that no more.
///
/// # Errors
/// `NotFound` if there is no such secret, `Invalid` if no region is known, `Unavailable` if AWS can't be reached or refuses.
pub async fn rotate(secret: &str, endpoint: Option<&str>) -> Result<()> {
    let client = secrets_client(&with_endpoint(endpoint).await, secret)?;
    let key = new_key(&client, secret).await?;
    let put = client
        .put_secret_value()
        .secret_id(secret)
        .secret_string(key)
        .send()
        .await;
    put.map(drop).map_err(|error| match error.code() {
        Some("ResourceNotFoundException") => {
            Error::not_found(format!("there is no secret `{secret}`"))
        }
        code => refused(secret, code),
    })
}

async fn make_secret(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<bool> {
    let made = client
        .create_secret()
        .name(secret)
        .secret_string(new_key(client, secret).await?)
        .send()
        .await;
    match made {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceExistsException") => Ok(false),
        Err(error) => Err(refused(secret, error.code())),
    }
}

async fn new_key(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<String> {
    let password = client
        .get_random_password()
        .password_length(KEY_CHARACTERS)
        .exclude_punctuation(true)
        .send()
        .await;
    let password = password
        .map_err(|error| refused(secret, error.code()))?
        .random_password;
    password.ok_or_else(|| Error::unavailable("Secrets Manager gave no password to sign with"))
}

fn refused(secret: &str, code: Option<&str>) -> Error {
    Error::unavailable(format!("the secret `{secret}` {}", trouble(code)))
}

fn listings() -> Result<GlobalSecondaryIndex> {
    let index = GlobalSecondaryIndex::builder()
        .index_name(LISTINGS)
        .key_schema(part("listing", KeyType::Hash)?)
        .key_schema(part("pk", KeyType::Range)?)
        .projection(shown());
    index.build().map_err(malformed)
}

/// What the index holds beside the keys: no profile and no token, so that a change of those is no write to it.
fn shown() -> Projection {
    let projection = Projection::builder().projection_type(ProjectionType::Include);
    projection
        .non_key_attributes("entry")
        .non_key_attributes("expires")
        .build()
}

fn attribute(name: &str) -> Result<AttributeDefinition> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(malformed)
}

fn part(name: &str, kind: KeyType) -> Result<KeySchemaElement> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .map_err(malformed)
}

fn malformed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a request to AWS is malformed").with_source(error)
}
