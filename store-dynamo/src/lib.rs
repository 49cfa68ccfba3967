//! DynamoDB tables and Secrets Manager secrets behind the runtime's traits
//! [`Store`](mcp_lambda::store::Store) and [`SigningKeys`](mcp_lambda::keys::SigningKeys).
//!
//! An app runs on them with `app().backend(mcp_lambda_dynamo::from_env())`: `USERS_TABLE` names the
//! table of users, `SIGNING_KEY_SECRET` the secret with the key. This crate sees the traits and the
//! errors of the runtime, and must never learn what a user or a token is.

mod backend;
mod condition;
mod config;
mod error;
#[cfg(feature = "local")]
mod init;
mod range;
mod retry;
mod secrets;
mod store;
mod table;
mod transaction;

#[cfg(feature = "local")]
pub use backend::from_account;
pub use backend::{Aws, from_env, region_of};
#[cfg(feature = "local")]
pub use config::Account;
#[cfg(feature = "local")]
pub use init::{Created, create_table, init, rotate};
pub use secrets::SecretsManagerKeys;
pub use store::DynamoStore;
