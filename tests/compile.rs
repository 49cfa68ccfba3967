//! What `#[tools]` refuses, and in which words: each file beside this one must not compile, with the message beside it.

#[test]
fn faulty_tools_do_not_compile_and_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("compile/*.rs");
}
