//! A type that a client could send and that comes from the call: nobody can tell which is meant.

use mcp_lambda::call::{Call, FromCall};
use mcp_lambda::prelude::*;

#[derive(Deserialize, JsonSchema)]
pub struct Tenant {
    pub name: String,
}

impl FromCall for Tenant {
    async fn from_call(_call: &Call) -> Result<Self> {
        Err(Error::forbidden("no tenant"))
    }
}

#[tools]
pub mod tools {
    use super::*;

    /// Names the tenant.
    pub async fn name(tenant: Tenant) -> String {
        tenant.name
    }
}

fn main() {}
