#![doc = include_str!("../README.md")]

#[cfg(panic = "abort")]
compile_error!(
    "mcp-lambda answers for tools that panic: write `panic = \"unwind\"` in the profile it is built with (`[profile.release]`). \
     cargo-lambda chooses `abort` where a profile says nothing."
);

pub mod admin;
mod app;
pub mod backend;
pub mod clock;
pub mod config;
mod error;
pub mod guard;
pub mod health;
pub mod http;
pub mod identity;
pub mod keys;
pub mod mcp;
pub mod profile;
pub mod records;
mod secret;
mod serve;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod tool;
pub mod user;

pub use app::{App, House};
pub use error::{Error, ErrorKind, Result};
pub use mcp_lambda_macros::tools;
pub use profile::Profile;
pub use records::UserData;
pub use secret::{MASK, Secret};
pub use serve::run;
pub use tool::{Content, Context, Outcome, Tool};
pub use user::{CurrentUser, Email, current_user};

/// What an author's module begins with: `use mcp_lambda::prelude::*;`.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use crate::{
        App, Content, Context, CurrentUser, Email, Error, Outcome, Profile, Result, Secret, Tool, UserData,
        current_user, tools,
    };
}
