//! Who is calling: an [`Email`], a [`Caller`], and the [`current_user`] of the running tool.
//!
//! Nothing here decides whether somebody may call; that is `identity`'s work.

mod caller;
mod current;
mod email;
mod registration;

pub use caller::{Caller, Scopes, Subject, is_scope};
pub(crate) use current::enter;
pub use current::{CurrentUser, current_user};
pub use email::{Email, is_reserved};
pub use registration::RegistrationId;
