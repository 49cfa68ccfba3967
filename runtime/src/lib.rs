#![doc = "x"]
pub mod clock;
pub mod error;
pub mod keys;
pub mod profile;
pub mod records;
pub mod secret;
pub mod store;
pub mod tool;
pub mod user;
pub use error::{Error, ErrorKind, Result};
pub use secret::Secret;
pub use user::Email;
pub mod admin;
pub mod guard;
pub mod health;
pub mod identity;
pub mod http;
