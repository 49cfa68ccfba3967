//! Two tools of one name.

#[mcp_lambda::tools]
pub mod tools {
    /// The first.
    pub async fn one() -> String {
        String::new()
    }

    /// The second.
    #[tool(name = "one")]
    pub async fn two() -> String {
        String::new()
    }
}

fn main() {}
