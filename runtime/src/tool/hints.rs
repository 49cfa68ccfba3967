//! The annotations of a [tool](super::Tool) for its clients.

/// A [tool](super::Tool)'s behaviour, for clients to decide by (MCP `ToolAnnotations`); `None` leaves the protocol's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// `true` if it changes nothing.
    pub read_only: Option<bool>,
    /// `true` if it may destroy something.
    pub destructive: Option<bool>,
    /// `true` if a second call with the same arguments changes nothing more.
    pub idempotent: Option<bool>,
    /// `true` if it reaches beyond this server.
    pub open_world: Option<bool>,
}

/// The callers for whom hosts show a [tool](super::Tool) (MCP Apps, `visibility`).
///
/// Hosts hide a tool for pages from their model; that is no protection from a client, which may call whatever its user may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// The model, and no page.
    Model,
    /// Pages, and not the model.
    App,
    /// Both.
    Both,
}

impl Visibility {
    /// Returns the values of the protocol.
    #[must_use]
    pub(crate) const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Model => &["model"],
            Self::App => &["app"],
            Self::Both => &["model", "app"],
        }
    }
}
