//! What the tests share: an app whose tools behave and misbehave, clients of it, and the world around a binary.
//!
//! Nothing here asserts a rule of the product; rules stand in the tests.

pub mod client;
pub mod fixture;
pub mod process;
pub mod runtime_api;
