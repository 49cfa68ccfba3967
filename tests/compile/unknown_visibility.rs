//! A tool for somebody there is not.

#[mcp_lambda::tools]
pub mod tools {
    /// Saves.
    #[tool(visibility = "page")]
    pub fn save() {}
}

fn main() {}
