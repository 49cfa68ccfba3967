//! What the framework keeps, typed: users with their tokens, and what users' tools keep.
//!
//! Keys are built here and nowhere else, once for every store:
//!
//! | partition | sort | is |
//! |---|---|---|
//! | `user#EMAIL` | `record` | the user record, which one read of a call needs |
//! | `user#EMAIL` | `registration#ID` | stands while the registration may write data; every data write checks it |
//! | `user#EMAIL` | `purging#ID` | a registration whose data are being removed |
//! | `data#ID` | the value's name | what the user's tools keep |

mod data;
mod purge;
mod record;
mod users;

pub use data::{DataPage, NamePage, UserData};
pub use record::{MAX_PROFILE_BYTES, MAX_PROFILE_DEPTH, MAX_TOKENS, TokenRecord, UserRecord};
pub use users::{UserPage, UserSummary, Users};

use crate::store::Key;
use crate::user::{Email, RegistrationId};

/// What the partitions of users begin with.
const USER: &str = "user#";

/// What the sort key of a registration that may write begins with.
const REGISTRATION: &str = "registration#";

/// What the sort key of a registration that is being removed begins with.
const PURGING: &str = "purging#";

/// One user is one partition: what is read for a call spreads over the table.
fn partition(email: &Email) -> String {
    format!("{USER}{email}")
}

/// The user record.
fn record_key(email: &Email) -> Key {
    Key::new(partition(email), "record")
}

/// The marker of a registration, which begins with [`REGISTRATION`] or [`PURGING`].
fn marker_key(email: &Email, kind: &str, id: &RegistrationId) -> Key {
    Key::new(partition(email), format!("{kind}{id}"))
}

/// The partition of what a registration's tools keep.
fn data_partition(id: &RegistrationId) -> String {
    format!("data#{id}")
}
