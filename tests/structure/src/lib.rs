//! Measures of the structure of a checkout: how long functions are, how docs begin, which names are defined twice.
//!
//! Nothing of what is measured is compiled: [`Checkout::read`] parses the production files of a folder, so a checkout of
//! any revision can be measured beside this one.

mod docs;
mod functions;
mod modules;
mod names;
mod source;

pub use docs::{Docs, OPENINGS};
pub use functions::{Function, Lengths};
pub use modules::cycles;
pub use names::{TypeName, defined_twice};
pub use source::{Checkout, SourceFile};
