//! DynamoDB users and Secrets Manager keys behind the runtime's two seams, [`Store`](mcp_lambda::store::Store) and
//! [`SigningKeys`](mcp_lambda::keys::SigningKeys).
//!
//! This crate sees the seams and the words of the runtime, and must never learn what a user or a token is. It holds only
//! what the seams are opened with; the leaves themselves are not built yet.

/// The names of what a deployment runs on. Both must be named: nothing is made and nothing is guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The table of `USERS_TABLE`, with the keys `pk` and `sk`.
    pub table: String,
    /// The secret of `SIGNING_KEY_SECRET`, by name or ARN.
    pub signing_key_secret: String,
}
