#![doc = include_str!("../README.md")]

#[cfg(panic = "abort")]
compile_error!(
    "mcp-lambda answers for tools that panic: write `panic = \"unwind\"` in the profile it is built with (`[profile.release]`). \
     cargo-lambda chooses `abort` where a profile says nothing."
);

pub mod admin;
mod app;
pub mod backend;
pub mod call;
pub mod clock;
pub mod config;
pub mod elicitation;
mod error;
#[cfg(feature = "local")]
mod files;
pub mod health;
pub mod http;
pub mod identity;
#[doc(hidden)] // Shared with our other crates.
pub mod json;
pub mod keys;
mod log_limit;
mod mcp;
pub mod middleware;
#[doc(hidden)] // Shared with our other crates.
pub mod printable;
pub mod profile;
pub mod prompt;
pub mod provider;
pub mod records;
mod registry;
pub mod resource;
pub mod schema;
mod seal;
pub mod secret;
mod serve;
#[cfg(feature = "local")]
#[doc(hidden)] // Shared with the admin CLI.
pub mod shell;
pub mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod tool;
pub mod toolsets;
pub mod user;

pub use app::{App, Server};
pub use call::{Content, Context, State};
pub use error::{Error, ErrorKind, Result, ResultExt};
pub use mcp_lambda_macros::{prompts, resources, tools};
pub use profile::Profile;
pub use prompt::Prompt;
pub use records::UserData;
pub use resource::Resource;
pub use secret::Secret;
#[cfg(feature = "local")]
#[doc(hidden)] // For the admin CLI.
pub use serve::find_served_url;
pub use serve::run;
pub use tool::{Outcome, Tool};
pub use toolsets::Toolset;
pub use user::{CurrentUser, Email, current_user};

/// The names that an author's module imports: `use mcp_lambda::prelude::*;`.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use crate::prompt::Message;
    pub use crate::resource::{ResourceContents, UiResource};
    pub use crate::{
        App, Content, Context, CurrentUser, Email, Error, Outcome, Profile, Prompt, Resource,
        Result, ResultExt, Secret, State, Tool, Toolset, UserData, current_user, prompts,
        resources, tools,
    };
}

/// The support of the code that [`tools`], [`prompts`] and [`resources`] generate; no part of the
/// public API.
#[doc(hidden)]
pub mod __private {
    pub use crate::call::{describe_parameter, take_parameter};
    pub use crate::tool::{
        Conversion, ConvertAnswer, ConvertData, ConvertFallibleData, ConvertUnknown, Returned,
    };
}
