//! A secret that would be kept as a mask.

use mcp_lambda::prelude::*;

#[derive(Serialize)]
pub struct Session {
    refresh_token: Secret<String>,
}

pub async fn keep(data: UserData, session: Session) -> Result<()> {
    data.put("token", &session.refresh_token).await
}

fn main() {}
