//! A return type that no model can be given.

pub struct Opaque;

#[mcp_lambda::tools]
pub mod tools {
    use super::*;

    /// Returns something that is no JSON.
    pub async fn opaque() -> Opaque {
        Opaque
    }
}

fn main() {}
