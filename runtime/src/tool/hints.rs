//! What a client may assume of a tool, and who may call it.

/// What a client may assume of a tool (MCP `ToolAnnotations`); `None` leaves the protocol's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// It changes nothing.
    pub read_only: Option<bool>,
    /// It may destroy something.
    pub destructive: Option<bool>,
    /// Calling it twice is calling it once.
    pub idempotent: Option<bool>,
    /// It reaches a world beyond this server.
    pub open_world: Option<bool>,
}

/// Who may call a tool (MCP Apps, `visibility`).
///
/// Hosts keep what is for pages alone from their model; it is no protection from a client, which may call whatever its user may.
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
    /// The words of the protocol.
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Model => &["model"],
            Self::App => &["app"],
            Self::Both => &["model", "app"],
        }
    }
}
