//! Typed records over a [`Store`](crate::store::Store): users with their tokens, and the data that
//! tools store for users.
//!
//! Keys are built here and nowhere else, once for every store:
//!
//! | partition | sort | record |
//! |---|---|---|
//! | `user#EMAIL` | `record` | the user record, which one read of a call needs |
//! | `user#EMAIL` | `registration#ID` | exists while the registration may write data; every data write checks it |
//! | `user#EMAIL` | `purging#ID` | a registration whose data are being removed |
//! | `data#ID` | the value's name | a value that the user's tools stored |

mod data;
mod purge;
mod record;
mod users;

pub use data::{DataPage, NamePage, UserData};
#[cfg(any(test, feature = "laws"))]
pub(crate) use record::MAX_PROFILE_BYTES;
pub(crate) use record::MAX_TOKENS;
#[doc(hidden)] // For our tests: authors meet users as `Caller` and `UserData`.
pub use record::{TokenRecord, UserRecord};
#[doc(hidden)]
pub use users::{UserPage, UserSummary, Users};

use crate::store::Key;
use crate::user::{Email, RegistrationId};

/// The prefix of the partitions of users.
const USER: &str = "user#";

/// The prefix of the sort key that marks a registration which may write data.
const REGISTRATION: &str = "registration#";

/// The prefix of the sort key that marks a registration whose data are being removed.
const PURGING: &str = "purging#";

/// Returns a user's partition: one for each user, so that the reads of calls spread over the table
/// (AWS DynamoDB Developer Guide, "Best practices for designing and using partition keys").
fn partition(email: &Email) -> String {
    format!("{USER}{email}")
}

/// Returns the [`Key`] of the user record.
fn record_key(email: &Email) -> Key {
    Key::new(partition(email), "record")
}

/// Returns the [`Key`] of a registration's marker, which begins with [`REGISTRATION`] or
/// [`PURGING`].
fn marker_key(email: &Email, kind: &str, id: &RegistrationId) -> Key {
    Key::new(partition(email), format!("{kind}{id}"))
}

/// Returns the partition of the data that a registration's tools store.
fn data_partition(id: &RegistrationId) -> String {
    format!("data#{id}")
}
