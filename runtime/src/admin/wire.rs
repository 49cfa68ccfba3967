//! The request and response bodies of the admin API, for the server and its clients.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::secret::Secret;
use crate::user::Email;

/// The body of `POST /admin/users`: a user to [register](super::AdminApi::register).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NewUser {
    /// The user's [`Email`].
    pub email: Email,
    /// The user's profile, as the app's [`Profile`](crate::Profile) type has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Value>,
    /// The name of the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The duration of the first token in seconds: 60 to 315,360,000, which is ten years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// The scopes of the first token (RFC 6749 §3.3); without them it opens everything its user may
    /// use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// True if the first token only reads, as in
    /// [`Caller::is_read_only`](crate::user::Caller::is_read_only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

impl NewUser {
    /// Creates the request for a user without a profile, whose first token has no name and opens
    /// everything.
    ///
    /// ```
    /// use mcp_lambda::admin::NewUser;
    ///
    /// let user = NewUser::new("alice@example.com".parse()?);
    /// assert_eq!(serde_json::to_string(&user).unwrap(), r#"{"email":"alice@example.com"}"#);
    /// # Ok::<(), mcp_lambda::Error>(())
    /// ```
    #[must_use]
    pub const fn new(email: Email) -> Self {
        Self {
            email,
            profile: None,
            name: None,
            duration_seconds: None,
            scopes: None,
            read_only: false,
        }
    }
}

/// The body of `POST /admin/imports`: a user to [import](super::AdminApi::import) from another
/// system.
///
/// No token is issued; tokens that the other system signed with the same key stay valid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ImportedUser {
    /// The user's [`Email`].
    pub email: Email,
    /// The time of registration in epoch seconds; without it, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// The time of the last [revocation](super::AdminApi::revoke) in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_after: Option<u64>,
    /// The user's profile, as the app's [`Profile`](crate::Profile) type has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Value>,
    /// The stored values of the user's tools, by name.
    #[serde(default)]
    pub data: Map<String, Value>,
}

impl ImportedUser {
    /// Creates the request for a user who registers now, with neither profile nor data.
    #[must_use]
    pub fn new(email: Email) -> Self {
        Self {
            email,
            created: None,
            revoke_after: None,
            profile: None,
            data: Map::new(),
        }
    }
}

/// The result of an [import](super::AdminApi::import), which leaves existing values as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportResult {
    /// The user's [`Email`].
    pub email: Email,
    /// True if the user is new.
    pub is_new: bool,
    /// The number of values of [`ImportedUser::data`] that are new.
    pub new_values: usize,
}

/// The body of `POST /admin/tokens`: a token to [create](super::AdminApi::create_token).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NewToken {
    /// The [`Email`] of the token's user.
    pub email: Email,
    /// The name of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The duration in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// The scopes (RFC 6749 §3.3); without them it opens everything its user may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// True if the token only reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

impl NewToken {
    /// Creates the request for a token without a name that opens everything.
    #[must_use]
    pub const fn new(email: Email) -> Self {
        Self {
            email,
            name: None,
            duration_seconds: None,
            scopes: None,
            read_only: false,
        }
    }
}

/// A registered user with the first token: the answer to [`NewUser`].
///
/// The token is a [`Secret`]: it prints masked and does not serialize. Code that shows it once
/// exposes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RegisteredUser {
    /// The user's [`Email`].
    pub email: Email,
    /// The token.
    pub token: Secret<String>,
    /// The duration in seconds.
    pub duration_seconds: u64,
}

/// An issued token: the answer to [`NewToken`]. The token is a [`Secret`], as in [`RegisteredUser`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The [`Email`] of the token's user.
    pub email: Email,
    /// The token.
    pub token: Secret<String>,
    /// The duration in seconds.
    pub duration_seconds: u64,
    /// The id, by which the token is [revoked](super::AdminApi::revoke_token).
    pub id: String,
    /// The time of its end (RFC 3339).
    pub expires: String,
}

/// A user in a [`UserList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The user's [`Email`].
    pub email: Email,
    /// The time of registration (RFC 3339); `None` for an unreadable record.
    pub created: Option<String>,
    /// The time of the last [revocation](super::AdminApi::revoke) in epoch seconds.
    pub revoke_after: Option<u64>,
    /// True if the stored record can't be read. The user can be purged, or revoked, which makes the
    /// record readable.
    #[serde(
        rename = "unreadable",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub is_unreadable: bool,
}

/// A page of users, in order of email.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserList {
    /// The users.
    pub users: Vec<User>,
    /// The email after which the next page begins ([`AdminApi::users`](super::AdminApi::users));
    /// `None` on the last page.
    pub next: Option<Email>,
}

impl UserList {
    /// Creates a page of these users, behind which the next begins after `next`.
    #[must_use]
    pub const fn new(users: Vec<User>, next: Option<Email>) -> Self {
        Self { users, next }
    }
}

/// One user with a masked profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserDetails {
    /// The user's [`Email`].
    pub email: Email,
    /// The time of registration (RFC 3339).
    pub created: String,
    /// The time of the last [revocation](super::AdminApi::revoke) in epoch seconds.
    pub revoke_after: Option<u64>,
    /// The profile, in which only fields that its type declares and does not mark as [`Secret`] are
    /// shown.
    pub profile: Option<Value>,
    /// The number of valid tokens.
    pub tokens: usize,
}

/// A valid token of a user, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// The id, by which the token is [revoked](super::AdminApi::revoke_token).
    pub id: String,
    /// The name.
    pub name: Option<String>,
    /// The time of its issue (RFC 3339).
    pub created: String,
    /// The time of its end (RFC 3339).
    pub expires: String,
    /// The [scopes](crate::user::Scopes); `None` opens everything its user may use.
    pub scopes: Option<Vec<String>>,
    /// True if the token only reads.
    #[serde(default)]
    pub read_only: bool,
}

/// The answer of `GET /admin/safe-tool`. Later versions only add fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SafeTool {
    /// The version of this schema, `"1"`.
    pub schema_version: String,
    /// True if the app names a safe tool by [`App::safe_tool`](crate::App::safe_tool).
    pub supported: bool,
    /// The tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<SafeToolCall>,
    /// The remedy where there is no safe tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A call that changes nothing and reveals little, of the tool that
/// [`App::safe_tool`](crate::App::safe_tool) names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SafeToolCall {
    /// The name of the tool.
    pub name: String,
    /// The description of the tool (MCP 2026-07-28, "Tools").
    pub description: String,
    /// The arguments of the call.
    pub arguments: Map<String, Value>,
}

impl SafeTool {
    /// Creates the answer of an app without a safe tool.
    #[must_use]
    pub(crate) fn none() -> Self {
        let hint =
            "this app names no safe tool; name a read-only one with `App::safe_tool`".to_owned();
        Self {
            schema_version: "1".into(),
            supported: false,
            tool: None,
            hint: Some(hint),
        }
    }

    /// Creates the answer of an app with a safe tool.
    #[must_use]
    pub(crate) fn of_tool(name: String, description: String) -> Self {
        let tool = SafeToolCall {
            name,
            description,
            arguments: Map::new(),
        };
        Self {
            schema_version: "1".into(),
            supported: true,
            tool: Some(tool),
            hint: None,
        }
    }
}
