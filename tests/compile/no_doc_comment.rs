//! A tool without a doc comment.

#[mcp_lambda::tools]
pub mod tools {
    pub async fn silent() -> String {
        String::new()
    }
}

fn main() {}
