//! Arguments that a model can't give.

use mcp_lambda::prelude::*;

pub struct Opaque;

#[tools]
pub mod tools {
    use super::*;

    /// Takes something that is no JSON.
    pub async fn opaque(thing: Opaque) -> String {
        let _ = thing;
        String::new()
    }
}

fn main() {}
