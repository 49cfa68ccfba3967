//! What the framework keeps, typed: users with their tokens, and what users' tools keep.
//!
//! Keys are built here and nowhere else, once for every store.

mod data;
mod users;

pub use data::{DataPage, UserData};
pub use users::{TokenRecord, UserPage, UserRecord, Users};

use crate::user::Email;

/// One user is one partition: what is read for a call spreads over the table.
fn partition(email: &Email) -> String {
    format!("user#{email}")
}
