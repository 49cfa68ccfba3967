//! An argument that borrows.

#[mcp_lambda::tools]
pub mod tools {
    /// Borrows its text.
    pub async fn borrows(text: &str) -> String {
        text.to_owned()
    }
}

fn main() {}
