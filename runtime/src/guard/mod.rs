//! Rules that stand before every tool, each a wrapper of a [`ToolSource`](crate::tool::ToolSource).
//!
//! A wrapper must hand on everything it does not rule on; `clippy::missing_trait_methods` keeps a new method of the
//! seam from slipping past one.

mod bounded;
mod logged;
mod scoped;

pub(crate) use bounded::panic_words;
pub use bounded::{BROKE_DOWN, Bounded};
pub use logged::Logged;
pub use scoped::Scoped;
