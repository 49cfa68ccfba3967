//! The table and the secret, made where they are missing: for people without a template, and for emulators.
//!
//! What is there is never changed, but for a table's missing TTL setting; a key is replaced by [`rotate`] alone.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use mcp_lambda::{Error, Result};

use crate::backend::secrets_client;
use crate::config::with_endpoint;
use crate::error::{outage, trouble};
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

/// Makes the table if it is missing: on demand, with its index and its TTL attribute. Says whether it is new.
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
    let request = request.key_schema(part("pk", KeyType::Hash)?).key_schema(part("sk", KeyType::Range)?);
    let is_new = match request.send().await {
        Ok(_) => true,
        Err(error) if error.code() == Some("ResourceInUseException") => false,
        Err(error) => return Err(outage(table, &error)),
    };
    if is_new {
        expire(client, table).await?;
    }
    Ok(is_new)
}

/// Lets DynamoDB delete what has expired, once the table is there.
async fn expire(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<()> {
    use aws_sdk_dynamodb::client::Waiters;
    let wait = client.wait_until_table_exists().table_name(table).wait(std::time::Duration::from_secs(120));
    wait.await.map_err(|error| {
        Error::unavailable(format!("the DynamoDB table `{table}` did not become active")).with_source(error.to_string())
    })?;
    let specification =
        TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().map_err(malformed)?;
    let set = client.update_time_to_live().table_name(table).time_to_live_specification(specification).send().await;
    set.map(drop).map_err(|error| outage(table, &error))
}

/// Puts a new key into the secret. It signs from now on; the key before it still verifies, and the one before that no more.
///
/// # Errors
/// `NotFound` if there is no such secret, `Invalid` if no region is known, `Unavailable` if AWS can't be reached or refuses.
pub async fn rotate(secret: &str, endpoint: Option<&str>) -> Result<()> {
    let client = secrets_client(&with_endpoint(endpoint).await, secret)?;
    let key = new_key(&client, secret).await?;
    let put = client.put_secret_value().secret_id(secret).secret_string(key).send().await;
    put.map(drop).map_err(|error| match error.code() {
        Some("ResourceNotFoundException") => Error::not_found(format!("there is no secret `{secret}`")),
        code => refused(secret, code),
    })
}

async fn make_secret(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<bool> {
    let made = client.create_secret().name(secret).secret_string(new_key(client, secret).await?).send().await;
    match made {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceExistsException") => Ok(false),
        Err(error) => Err(refused(secret, error.code())),
    }
}

async fn new_key(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<String> {
    let password = client.get_random_password().password_length(KEY_CHARACTERS).exclude_punctuation(true).send().await;
    let password = password.map_err(|error| refused(secret, error.code()))?.random_password;
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
    projection.non_key_attributes("entry").non_key_attributes("expires").build()
}

fn attribute(name: &str) -> Result<AttributeDefinition> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(malformed)
}

fn part(name: &str, kind: KeyType) -> Result<KeySchemaElement> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(malformed)
}

fn malformed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a request to AWS is malformed").with_source(error)
}
