//! Rules that stand before everything an app offers, each a wrapper of a [`Source`](crate::source::Source).
//!
//! A wrapper must hand on everything it does not rule on; `clippy::missing_trait_methods` keeps a new method of the
//! seam from slipping past one.

mod asking;
mod bounded;
mod logged;
mod scoped;

pub use asking::Asking;
pub use bounded::{BROKE_DOWN, Bounded};
pub use logged::Logged;
pub use scoped::Scoped;
