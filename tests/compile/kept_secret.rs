//! A secret that would be kept as a mask.

use mcp_lambda::prelude::*;

pub async fn keep(data: UserData, refreshed: Secret<String>) -> Result<()> {
    data.put("refresh_token", &refreshed).await
}

fn main() {}
