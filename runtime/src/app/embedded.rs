//! The store and the keys of an app without another backend: what a laptop has.
//!
//! What is named must be used: a build that can't reach AWS must not serve from somewhere else.

use std::sync::Arc;

use crate::backend::Opened;
use crate::clock::Clock;
use crate::config::Settings;
use crate::error::{Error, Result};

/// Opens the embedded store and the given key, or on a laptop the generated one.
#[cfg(feature = "local")]
pub(super) fn open(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Opened> {
    refuse_aws(settings)?;
    let folder = settings.users_path.as_ref();
    let folder = folder.ok_or_else(|| Error::invalid("APP_USERS_PATH: set it to the folder of the embedded store"))?;
    let store = crate::store::Sqlite::open(&folder.join("store.sqlite3"), Arc::clone(clock))?;
    Ok(Opened { store: Arc::new(store), keys: keys(settings, folder)? })
}

#[cfg(feature = "local")]
fn keys(settings: &Settings, folder: &std::path::Path) -> Result<Arc<dyn crate::keys::SigningKeys>> {
    use crate::config::Place;
    match (&settings.signing_key, settings.place) {
        (Some(key), _) => Ok(Arc::new(crate::keys::Given::new(key.clone()))),
        (None, Place::Local) => Ok(Arc::new(crate::keys::File::open(&folder.join("signing-key"))?)),
        (None, Place::Lambda) => {
            Err(Error::invalid("SIGNING_KEY_SECRET: set it to the secret that holds the signing key"))
        }
    }
}

#[cfg(feature = "local")]
fn refuse_aws(settings: &Settings) -> Result<()> {
    let named = [("USERS_TABLE", &settings.users_table), ("SIGNING_KEY_SECRET", &settings.signing_key_secret)];
    let faults: Vec<_> = named
        .iter()
        .filter(|(_, value)| value.is_some())
        .map(|(name, _)| {
            format!("{name}: this app was built without AWS; give it `mcp-lambda-dynamo`'s backend, or unset it")
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid(faults.join("\n"))) }
}

/// A build for Lambda alone has no embedded store.
#[cfg(not(feature = "local"))]
pub(super) fn open(_settings: &Settings, _clock: &Arc<dyn Clock>) -> Result<Opened> {
    Err(Error::invalid("this build has no embedded store; give the app a backend with `App::backend`"))
}
