//! The addresses by which a toolset's [pages](crate::resource::UiResource) call its tools.
//!
//! A page is written before anybody knows the prefix under which its [`Toolset`](super::Toolset)
//! is mounted, so it can't name tools as they are listed.

use sha2::{Digest, Sha256};

use crate::printable::hex;

/// Returns the address of a tool for the pages of its [`Toolset`](super::Toolset), which stays the
/// same wherever the toolset is mounted.
///
/// It is the first 12 hexadecimal digits of SHA-256 (FIPS 180-4) over the toolset's name, a zero
/// byte and the tool's name, then `_` and the tool's name as it was registered.
///
/// ```
/// assert_eq!(mcp_lambda::toolsets::address("contacts", "save"), "10c0803009ff_save");
/// ```
#[must_use]
pub fn address(toolset: &str, tool: &str) -> String {
    // The zero byte keeps `("ab", "c")` and `("a", "bc")` apart: no name contains one. Six bytes
    // are enough, since the tool's own name follows: only tools of one name could collide.
    let digest = Sha256::new()
        .chain_update(toolset)
        .chain_update("\0")
        .chain_update(tool)
        .finalize();
    format!("{}_{tool}", hex(&digest[..6]))
}
