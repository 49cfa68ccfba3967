//! The annotations of a [tool](super::Tool) for its clients.

/// A [tool](super::Tool)'s behaviour, for clients to decide by (MCP `ToolAnnotations`); `None` leaves the protocol's default.
///
/// ```
/// use mcp_lambda::tool::Hints;
///
/// let hints = Hints::default().read_only(true).open_world(false);
/// assert_eq!((hints.read_only, hints.destructive), (Some(true), None));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
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

impl Hints {
    /// Sets whether it changes nothing.
    #[must_use]
    pub const fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = Some(read_only);
        self
    }

    /// Sets whether it may destroy something.
    #[must_use]
    pub const fn destructive(mut self, destructive: bool) -> Self {
        self.destructive = Some(destructive);
        self
    }

    /// Sets whether a second call with the same arguments changes nothing more.
    #[must_use]
    pub const fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Sets whether it reaches beyond this server.
    #[must_use]
    pub const fn open_world(mut self, open_world: bool) -> Self {
        self.open_world = Some(open_world);
        self
    }
}

/// The callers for whom hosts show a [tool](super::Tool) (MCP Apps, `visibility`).
///
/// Hosts hide a tool for pages from their model; that is no protection from a client, which may call whatever its user may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
