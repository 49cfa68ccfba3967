//! Whatever a tool, a prompt or a resource can do, under the names by which the conformance suite of MCP asks for it.
//!
//! It is open to anyone, so it must never keep or tell anything that is somebody's.

pub mod asking;
pub mod contents;
pub mod prompts;
pub mod reports;
pub mod resources;
pub mod rounds;
pub mod schemas;

use mcp_lambda::App;

/// The number of entries on a page ([`App::page_size`]): so few that the tools need more than one.
const PAGE_SIZE: usize = 16;

/// Makes the [`App`]: one [`App::tools`] call for each module.
#[must_use]
pub fn app() -> App {
    App::new("everything")
        .version(env!("CARGO_PKG_VERSION"))
        .instructions(
            "A server to try clients on: its tools do nothing but show what tools can do.",
        )
        .allow_anonymous()
        .accept_subscriptions()
        .page_size(PAGE_SIZE)
        .tools(contents::tools::tools())
        .tools(reports::tools::tools())
        .tools(asking::tools::tools())
        .tools(rounds::tools::tools())
        .tools(schemas::tools())
        .prompts(prompts::prompts())
        .resources(resources::resources())
}
