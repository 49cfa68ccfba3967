//! The test kit (feature `testkit`): an app in memory, clients of it, and the laws that every app keeps.
//!
//! Everything runs in this process: no socket, no file, no time of day. An app's whole suite is one line in `tests/`:
//!
//! ```
//! # mod notes { pub fn app() -> mcp_lambda::App { mcp_lambda::App::new("notes") } }
//! mcp_lambda::app_suite!(notes::app());
//! # fn main() {}
//! ```
//!
//! An app's own tests use its clients:
//!
//! ```
//! use mcp_lambda::prelude::*;
//! use mcp_lambda::testkit::{TestApp, block_on};
//! use serde_json::json;
//!
//! #[tools]
//! pub mod tools {
//!     use mcp_lambda::prelude::*;
//!
//!     /// Says hello to the current user.
//!     #[tool(read_only)]
//!     pub async fn hello(user: CurrentUser) -> String {
//!         format!("hello {}", user.email())
//!     }
//! }
//!
//! block_on(async {
//!     let app = TestApp::new(App::new("greeter").tools(tools::tools())).await;
//!     let alice = app.user("alice@example.com").await;
//!     assert_eq!(alice.call("hello", json!({})).await.tool_text(), "hello alice@example.com");
//!     assert_eq!(app.anonymous().call("hello", json!({})).await.status, 401);
//! });
//! ```

mod app;
mod client;
mod faulty_store;
#[doc(hidden)] // `app_suite!` names each.
pub mod laws;
mod pattern;
mod request;
mod sample;
mod suite;
mod upstream;
mod user;

#[doc(hidden)] // For our own tests.
pub use app::SIGNING_KEY;
pub use app::TestApp;
pub use client::{Client, TestResponse};
pub use faulty_store::FaultyStore;
#[doc(hidden)] // For our own tests.
pub use request::{NEWEST_REVISION, OLDER_REVISION, older_request};
pub use request::{mcp_request, request};
pub use sample::{Fill, sample};
pub use suite::Suite;
pub use upstream::{Upstream, UpstreamRequest, UpstreamResponse, json_response};
pub use user::TestUser;

pub use crate::store::laws::ManualClock;

/// Runs a test's work to its end, so that a test of a [`TestApp`] needs no runtime of its own.
///
/// # Panics
/// If the runtime can't start.
pub fn block_on<F: Future>(work: F) -> F::Output {
    // One thread is enough, and makes the runs of a test alike: calls interleave at an `await` only.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(work)
}

/// Defines one named test for each of the [`laws`](crate::testkit::laws): `app_suite!(my_app::app());`.
///
/// A [`Suite`](crate::testkit::Suite) adds values that the app's types alone don't tell:
/// `app_suite!(Suite::new(my_app::app()).profile(json!({…})).arguments("get_thing", json!({…})));`.
/// The expression is evaluated for each test anew.
#[macro_export]
macro_rules! app_suite {
    ($app:expr) => {
        $crate::app_suite! { $app =>
            the_app_is_well_made
            every_tool_needs_an_identity
            a_missing_token_is_401
            a_malformed_token_is_401
            an_expired_token_is_401
            a_revoked_users_token_is_401
            a_revoked_token_is_401
            an_unknown_users_token_is_401
            a_token_for_another_audience_is_401
            a_token_by_another_key_is_401
            an_admin_token_on_mcp_is_403
            a_user_token_on_admin_is_403
            a_probe_token_lists_and_never_calls
            admins_go_round
            profiles_are_checked
            users_never_meet
            tools_are_listed_and_documented
            schemas_are_json_schema
            schemas_are_taken_by_common_clients
            prompts_are_listed_and_documented
            resources_can_be_read
            the_safe_tool_is_safe
            health_is_for_everyone_and_tells_nothing
            both_eras_answer
            every_tool_answers
            instances_see_each_others_revocations
            an_outage_lets_nobody_in
        }
    };
    ($app:expr => $($law:ident)*) => {
        $(
            #[test]
            fn $law() {
                $crate::testkit::block_on($crate::testkit::laws::$law(&$crate::testkit::Suite::from($app)));
            }
        )*

        #[test]
        fn no_law_is_left_out() {
            assert_eq!([$(stringify!($law)),*], $crate::testkit::laws::NAMES);
        }
    };
}
