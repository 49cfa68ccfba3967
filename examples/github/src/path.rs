//! Paths of GitHub's API, from names that a model gives.
//!
//! A name must stay one segment: none may climb out of its place.

use mcp_lambda::prelude::*;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters that a path segment holds unencoded (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns the path of a repository; each name is encoded as one [`SEGMENT`].
pub(crate) fn repository(owner: &str, repository: &str) -> Result<String> {
    let owner = segment(
        owner,
        "`owner` must be the name of a user or an organization alone, such as `rust-lang`",
    )?;
    let repository = segment(
        repository,
        "`repository` must be a repository's name alone, such as `rust`; its owner goes in `owner`",
    )?;
    Ok(format!("/repos/{owner}/{repository}"))
}

fn segment(name: &str, fault: &'static str) -> Result<String> {
    let is_foreign = |character: char| matches!(character, '/' | '\\') || character.is_control();
    if matches!(name.trim(), "" | "." | "..") || name.contains(is_foreign) {
        return Err(Error::invalid(fault));
    }
    Ok(utf8_percent_encode(name, SEGMENT).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_segment_each() {
        let path = |owner, name| repository(owner, name).expect("valid");
        assert_eq!(
            path("rust-lang", "rust.vim_2"),
            "/repos/rust-lang/rust.vim_2"
        );
        assert_eq!(path("a?b#c", "%2e%2e"), "/repos/a%3Fb%23c/%252e%252e");
        assert_eq!(path("é", "a b"), "/repos/%C3%A9/a%20b");
    }

    #[test]
    fn what_would_leave_its_place_is_refused() {
        for name in [
            "", " ", ".", "..", "../..", "a/b", "/", "a\\b", ".\t.", "a\nb", "a\0",
        ] {
            let owner = repository(name, "rust").expect_err("refused");
            assert!(
                owner.message().starts_with("`owner` must be"),
                "{name:?}: {owner}"
            );
            let repository = repository("rust-lang", name).expect_err("refused");
            assert!(
                repository.message().starts_with("`repository` must be"),
                "{name:?}: {repository}"
            );
        }
    }
}
