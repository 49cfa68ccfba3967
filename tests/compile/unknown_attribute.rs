//! A word that `#[tool]` does not know.

#[mcp_lambda::tools]
pub mod tools {
    /// Means well.
    #[tool(readonly)]
    pub async fn typo() -> String {
        String::new()
    }
}

fn main() {}
