//! The store and the keys of a laptop: an SQLite file and a generated key.
//!
//! Under Lambda a key is never made: it is named, or the start fails.

#[cfg(feature = "local")]
use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::keys::SigningKeys;
use crate::store;

/// Opens the store in the app's folder.
#[cfg(feature = "local")]
pub(super) fn store(settings: &Settings, clock: Arc<dyn Clock>) -> Result<store::SharedStore> {
    Ok(Arc::new(store::SqliteStore::open(
        &folder(settings)?.join(crate::config::STORE_FILE),
        clock,
    )?))
}

/// Opens the key in the app's folder, making it if need be.
#[cfg(feature = "local")]
pub(super) fn keys(settings: &Settings) -> Result<Arc<dyn SigningKeys>> {
    if settings.platform == crate::config::Platform::Lambda {
        return Err(Error::invalid(
            "SIGNING_KEY_SECRET: set it to the secret that holds the signing key",
        ));
    }
    Ok(Arc::new(crate::keys::KeyFile::open(
        &folder(settings)?.join(crate::config::KEY_FILE),
    )?))
}

#[cfg(feature = "local")]
fn folder(settings: &Settings) -> Result<&Path> {
    let folder = settings.users_path.as_deref();
    folder
        .ok_or_else(|| Error::invalid("APP_USERS_PATH: set it to the folder of the embedded store"))
}

/// Refuses to open a store: a build for Lambda alone has no embedded one.
#[cfg(not(feature = "local"))]
pub(super) fn store(_settings: &Settings, _clock: Arc<dyn Clock>) -> Result<store::SharedStore> {
    Err(Error::invalid(
        "USERS_TABLE: set it to the DynamoDB table that holds the users; this build has no embedded store",
    ))
}

/// Refuses to make a key: a build for Lambda alone has none.
#[cfg(not(feature = "local"))]
pub(super) fn keys(_settings: &Settings) -> Result<Arc<dyn SigningKeys>> {
    Err(Error::invalid(
        "SIGNING_KEY_SECRET: set it to the secret that holds the signing key",
    ))
}
