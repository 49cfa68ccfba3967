//! An argument without a name that it could be given by, and a pattern that is no regular expression.

#[mcp_lambda::tools]
pub mod tools {
    /// Takes text by no name.
    pub async fn nameless(_: String) -> String {
        String::new()
    }
}

#[mcp_lambda::tools]
pub mod others {
    /// Takes text.
    pub async fn broken(#[arg(pattern = "(")] text: String) -> String {
        text
    }
}

fn main() {}
