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
/// Makes prompts of functions.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[prompts]
/// pub mod prompts {
///     /// Asks for a review of a text.
///     pub async fn review(text: String) -> String {
///         format!("Review this: {text}")
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("reviews").prompts(prompts::prompts())).await;
///     let alice = app.user("alice@example.com").await;
///     let review = alice.mcp("prompts/get", json!({"name": "review", "arguments": {"text": "hm"}})).await;
///     assert_eq!(review.result()["messages"][0]["content"]["text"], "Review this: hm");
/// });
/// # }
/// ```
#[doc(inline)]
pub use mcp_lambda_macros::prompts;
/// Makes resources of functions.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
///
/// #[resources]
/// pub mod resources {
///     /// The note with this number.
///     #[resource("notes://{number}", mime_type = "text/plain")]
///     pub async fn note(number: u32) -> String {
///         format!("Note {number}: milk")
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("notes").resources(resources::resources())).await;
///     let note = app.user("alice@example.com").await.read("notes://7").await;
///     assert_eq!(note.result()["contents"][0]["text"], "Note 7: milk");
/// });
/// # }
/// ```
#[doc(inline)]
pub use mcp_lambda_macros::resources;
/// Makes tools of functions.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[tools]
/// pub mod tools {
///     /// Repeats a word.
///     #[tool(read_only)]
///     pub async fn repeat(
///         /// The word.
///         word: String,
///         #[arg(default = 2, max = 10)] times: usize,
///     ) -> String {
///         word.repeat(times)
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("words").tools(tools::tools())).await;
///     let alice = app.user("alice@example.com").await;
///     assert_eq!(alice.call("repeat", json!({"word": "ha"})).await.tool_text(), "haha");
///     assert!(alice.call("repeat", json!({"word": "ha", "times": 11})).await.is_tool_error());
/// });
/// # }
/// ```
#[doc(inline)]
pub use mcp_lambda_macros::tools;
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
