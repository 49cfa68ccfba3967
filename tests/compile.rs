//! What `#[tools]` refuses, and in which words: each file in `compile/` must not compile, with the message beside it.
//!
//! It belongs to the package in that folder, which depends on little: trybuild builds its dependencies in a target of its own.

#[test]
fn faulty_tools_do_not_compile_and_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("*.rs");
}
