//! `connect`: which server the other commands speak to. What can't be reached is not kept.

use serde_json::json;

use crate::Subject;
use crate::cli::Connect;
use crate::connection::{Connection, Setup};
use crate::exit::Failure;
use crate::output::Output;

pub(crate) async fn run(subject: &Subject, wanted: Connect, output: &Output) -> Result<(), Failure> {
    let (setup, offline) = (Setup::load(subject)?, wanted.offline);
    let connection = Connection::wanted(subject, &wanted, setup.stored())?;
    let status = if offline {
        None
    } else {
        let session = connection.open(subject).await?;
        Some(session.api.health().await?.status)
    };
    let words = connection.words();
    let path = setup.keep(subject, connection)?;
    output.answer(&json!({ "connected": words, "status": status, "setup": path }), || {
        let found = status.map_or_else(
            || "not tried".to_owned(),
            |status| format!("it is {}", json!(status).as_str().unwrap_or_default()),
        );
        format!("Connected to {words}: {found}.\nKept in {}", path.display())
    });
    Ok(())
}
