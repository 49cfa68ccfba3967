//! Creation of the table and the secret where they are missing: for people without a template, and
//! for emulators.
//!
//! Existing resources are never changed, but for settings that a table lacks (TTL, deletion
//! protection, point-in-time recovery); [`rotate`] alone replaces a key.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use mcp_lambda::{Error, Result};

use crate::backend::build_secrets_client;
use crate::config::with_endpoint;
use crate::error::{describe_code, explain_malformed, join_causes};
use crate::table::LISTINGS;

/// The length of a generated key, in characters.
const KEY_CHARACTERS: i64 = 64;

/// The resources that [`init`] created; false for one that existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// True if the table is new.
    pub table: bool,
    /// True if the secret is new.
    pub secret: bool,
}

/// Creates the table and the secret if they are missing.
///
/// # Errors
/// `Invalid` if no region is known, `Unavailable` if AWS can't be reached or refuses.
pub async fn init(table: &str, secret: &str, endpoint: Option<&str>) -> Result<Created> {
    let config = with_endpoint(endpoint).await;
    // The client of the secret comes first: it fails without a region, and then nothing is created.
    let secrets = build_secrets_client(&config, secret)?;
    let made = Created {
        table: create_table(&aws_sdk_dynamodb::Client::new(&config), table).await?,
        secret: make_secret(&secrets, secret).await?,
    };
    Ok(made)
}

/// Creates the table if it is missing: on demand, with its index. Sets the settings that it lacks,
/// also of an existing one. Returns true if it is new.
///
/// # Errors
/// `Unavailable` if AWS can't be reached or refuses.
#[doc(hidden)] // The client is another crate's.
pub async fn create_table(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<bool> {
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .global_secondary_indexes(build_listings()?);
    for name in ["pk", "sk", "listing"] {
        request = request.attribute_definitions(define_attribute(name)?);
    }
    let request = request
        .key_schema(define_key("pk", KeyType::Hash)?)
        .key_schema(define_key("sk", KeyType::Range)?);
    let is_new = match request.send().await {
        Ok(_) => true,
        // The table exists: its keys stay as they are, and only settings that it lacks are added.
        Err(error) if error.code() == Some("ResourceInUseException") => false,
        Err(error) => return Err(explain_table_error(table, &error)),
    };
    repair(client, table).await?;
    Ok(is_new)
}

/// Sets the settings that a table lacks, new or not: an earlier [`init`] may have been cut short.
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

/// Turns on TTL, so that DynamoDB deletes expired items (AWS DynamoDB Developer Guide, "Using time
/// to live (TTL)").
async fn expire(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<()> {
    let described = client
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await;
    let described = described
        .map_err(|error| explain_table_error(table, &error))?
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
        .map_err(explain_malformed)?;
    let set = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(specification)
        .send()
        .await;
    set.map(drop)
        .map_err(|error| explain_table_error(table, &error))
}

/// Turns on deletion protection, against accidental deletion of the table.
async fn protect(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<()> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described
        .map_err(|error| explain_table_error(table, &error))?
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
    set.map(drop)
        .map_err(|error| explain_table_error(table, &error))
}

/// Turns on point-in-time recovery, which reaches 35 days back (AWS DynamoDB Developer Guide,
/// "Point-in-time recovery"). An emulator without backups is accepted.
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
                .map_err(|error| explain_table_error(table, &error))?
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
        .map_err(explain_malformed)?;
    let set = client
        .update_continuous_backups()
        .table_name(table)
        .point_in_time_recovery_specification(wanted);
    set.send()
        .await
        .map(drop)
        .map_err(|error| explain_table_error(table, &error))
}

/// Returns the [`Error`] of a refused request, with the table's name: only operators call this.
fn explain_table_error<E, R>(table: &str, error: &aws_sdk_dynamodb::error::SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    Error::unavailable(format!(
        "the DynamoDB table `{table}` {}",
        describe_code(error.code())
    ))
    .with_source(join_causes(error))
}

/// Writes a new key into the secret.
///
/// It signs from now on; the key before it becomes `AWSPREVIOUS` and still verifies, and the one
/// before that no longer does (AWS Secrets Manager User Guide, "Secret versions").
///
/// # Errors
/// `NotFound` if there is no such secret, `Invalid` if no region is known, `Unavailable` if AWS
/// can't be reached or refuses.
pub async fn rotate(secret: &str, endpoint: Option<&str>) -> Result<()> {
    let client = build_secrets_client(&with_endpoint(endpoint).await, secret)?;
    // Secrets Manager moves `AWSCURRENT` to the new version and `AWSPREVIOUS` to the one before it, so
    // tokens of the previous key keep working until the next rotation.
    let key = generate_key(&client, secret).await?;
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
        code => explain_secret_error(secret, code),
    })
}

async fn make_secret(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<bool> {
    let made = client
        .create_secret()
        .name(secret)
        .secret_string(generate_key(client, secret).await?)
        .send()
        .await;
    match made {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceExistsException") => Ok(false),
        Err(error) => Err(explain_secret_error(secret, error.code())),
    }
}

async fn generate_key(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<String> {
    let password = client
        .get_random_password()
        .password_length(KEY_CHARACTERS)
        .exclude_punctuation(true)
        .send()
        .await;
    let password = password
        .map_err(|error| explain_secret_error(secret, error.code()))?
        .random_password;
    password.ok_or_else(|| Error::unavailable("Secrets Manager gave no password to sign with"))
}

fn explain_secret_error(secret: &str, code: Option<&str>) -> Error {
    Error::unavailable(format!("the secret `{secret}` {}", describe_code(code)))
}

fn build_listings() -> Result<GlobalSecondaryIndex> {
    let index = GlobalSecondaryIndex::builder()
        .index_name(LISTINGS)
        .key_schema(define_key("listing", KeyType::Hash)?)
        .key_schema(define_key("pk", KeyType::Range)?)
        .projection(project_listings());
    index.build().map_err(explain_malformed)
}

/// Returns the attributes that the index holds beside the keys: no profile and no token, so that a
/// change of those writes nothing to it (AWS DynamoDB Developer Guide, "Attribute projections").
fn project_listings() -> Projection {
    let projection = Projection::builder().projection_type(ProjectionType::Include);
    projection
        .non_key_attributes("entry")
        .non_key_attributes("expires")
        .build()
}

fn define_attribute(name: &str) -> Result<AttributeDefinition> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(explain_malformed)
}

fn define_key(name: &str, kind: KeyType) -> Result<KeySchemaElement> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .map_err(explain_malformed)
}
