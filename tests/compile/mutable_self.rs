//! A method that would need the value for itself.

pub struct Counter(u64);

#[mcp_lambda::tools]
impl Counter {
    /// Counts.
    pub async fn count(&mut self) -> String {
        self.0 += 1;
        self.0.to_string()
    }
}

fn main() {}
