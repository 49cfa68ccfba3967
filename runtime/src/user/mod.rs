//! Users and callers: an [`Email`], a [`Caller`], and the [`current_user`] of the running tool.
//!
//! Nothing here verifies a credential; that is the task of [`identity`](crate::identity).

mod caller;
mod current;
mod email;
mod registration;

pub(crate) use caller::is_scope;
pub use caller::{Caller, Scopes, Subject};
pub(crate) use current::enter;
pub use current::{CurrentUser, current_user};
pub use email::Email;
#[doc(hidden)]
pub use email::is_reserved;
pub use registration::RegistrationId;
