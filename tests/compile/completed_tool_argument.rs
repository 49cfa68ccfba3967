//! MCP completes arguments of prompts and resources alone.

#[mcp_lambda::tools]
pub mod tools {
    /// Goes there.
    pub fn travel(#[arg(complete = ["Oslo", "Rome"])] city: String) -> String {
        city
    }
}

fn main() {}
