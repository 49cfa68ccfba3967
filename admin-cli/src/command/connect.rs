//! `connect`: which server the other commands speak to. What can't be reached is not kept.

use mcp_lambda::health::{Details, Status};
use serde_json::json;

use crate::Subject;
use crate::cli::Connect;
use crate::connection::Connection;
use crate::exit::Failure;
use crate::output::{Output, ask_hidden};
use crate::setup::Setup;

pub(crate) async fn run(
    subject: &Subject,
    wanted: Connect,
    output: &Output,
) -> Result<(), Failure> {
    let setup = Setup::load(subject)?;
    let connection = Connection::wanted(subject, &wanted, setup.stored(&wanted.name))?;
    connection
        .warning(subject)
        .iter()
        .for_each(|warning| output.warn(warning));
    let connection = if wanted.offline {
        connection
    } else {
        connection.with_key(ask_hidden)
    };
    let (mut found, mut audience) = (None, None);
    if !wanted.offline {
        let session = connection.made(subject).await?;
        found = Some(session.api.health().await?);
        audience = session.audience();
    }
    let words = connection.words();
    let path = Setup::keep(subject, &wanted.name, connection)?;
    let status = found.as_ref().map(|found| json!(found.status));
    let answer = json!({ "connected": words, "as": wanted.name, "status": status, "audience": audience, "setup": path });
    output.answer(&answer, || {
        let (name, kept) = (&wanted.name, path.display());
        match found {
            Some(found) => {
                format!(
                    "Connected to {words} as {name}, in use from now on: {}.\nKept in {kept}",
                    told(&found, audience.as_deref(), subject)
                )
            }
            None => format!(
                "Noted {words} as {name}, in use from now on, and did not try it.\nKept in {kept}"
            ),
        }
    });
    Ok(())
}

fn told(found: &Details, audience: Option<&str>, subject: &Subject) -> String {
    let detail = |name: &str| found.details.get(name).cloned().unwrap_or_default();
    let why = match found.status {
        Status::Healthy => String::new(),
        Status::Degraded | Status::Unhealthy => {
            format!(" (`{} health` tells why)", subject.command())
        }
    };
    let status = json!(found.status);
    let status = status.as_str().unwrap_or_default();
    let audience = audience
        .map(|audience| format!(" for the audience {audience}"))
        .unwrap_or_default();
    format!(
        "{} {} is {status}{why}, and the key is accepted{audience}",
        detail("app"),
        detail("version")
    )
}
