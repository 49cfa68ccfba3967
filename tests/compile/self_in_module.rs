//! A `self` where there is no value.

#[mcp_lambda::tools]
pub mod tools {
    /// Has a `self` in a module.
    pub async fn method(&self) -> String {
        String::new()
    }
}

fn main() {}
