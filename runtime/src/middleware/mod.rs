//! Rules that stand before everything an app offers, each a wrapper of a [`Provider`](crate::provider::Provider).
//!
//! A wrapper must hand on everything it does not rule on; `clippy::missing_trait_methods` keeps a new method of the
//! seam from slipping past one.

mod bounded;
mod elicitation;
mod logged;
mod scoped;

pub use bounded::{BROKE_DOWN, Bounded};
pub use elicitation::Asking;
pub use logged::Logged;
pub use scoped::Scoped;
