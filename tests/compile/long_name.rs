//! A name that clients would cut off.

#[mcp_lambda::tools]
pub mod tools {
    /// Has too long a name.
    pub async fn a_name_that_goes_on_and_on_until_no_client_can_show_it() -> String {
        String::new()
    }
}

fn main() {}
