//! A resource that is nowhere.

#[mcp_lambda::resources]
pub mod resources {
    /// What everyone may read.
    pub fn about() -> &'static str {
        "about"
    }
}

fn main() {}
