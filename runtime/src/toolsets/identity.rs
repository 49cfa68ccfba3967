//! What a part's pages call its tools by: an address made of the part's and the tool's own names, so that it is the same
//! wherever the part is mounted.

use sha2::{Digest, Sha256};

/// The first 12 hexadecimal digits of `sha256(part "\0" tool)`, `_`, and the tool's name as it was registered.
///
/// ```
/// assert_eq!(mcp_lambda::toolsets::address("contacts", "save"), "10c0803009ff_save");
/// ```
#[must_use]
pub fn address(part: &str, tool: &str) -> String {
    let digest = Sha256::new()
        .chain_update(part)
        .chain_update("\0")
        .chain_update(tool)
        .finalize();
    let digits: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{digits}_{tool}")
}
