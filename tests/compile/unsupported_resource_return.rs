//! A resource gives text, bytes or contents.

#[mcp_lambda::resources]
pub mod resources {
    /// How many.
    #[resource("test://count")]
    pub fn count() -> u64 {
        7
    }
}

fn main() {}
