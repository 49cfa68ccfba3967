//! The admin API's bodies, as both its ends read and write them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::secret::Secret;
use crate::user::Email;

/// `POST /admin/users`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Who.
    pub email: Email,
    /// What the app keeps about the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Value>,
    /// What to call the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long the first token lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// What the first token is good for; left out, everything its user may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Whether the first token opens only what changes nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

impl NewUser {
    /// A user without a profile, whose first token has no name and opens everything.
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

/// `POST /admin/imports`: a user as another system knew it. No token is made; those it signed with the same key go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedUser {
    /// Who.
    pub email: Email,
    /// When the user was registered, in epoch seconds; left out, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// When the user was last revoked, in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_after: Option<u64>,
    /// What the app keeps about the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Value>,
    /// What the user's tools keep, by name.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// What an import did. What was there already was left as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Who.
    pub email: Email,
    /// Whether the user is new.
    pub is_new: bool,
    /// How many of the values are new.
    pub new_values: usize,
}

/// `POST /admin/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Whose.
    pub email: Email,
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// What it is good for; left out, everything its user may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Whether it opens only what changes nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

impl NewToken {
    /// A token without a name that opens everything.
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

/// A user just registered, with the first token. It prints masked and does not serialize; whoever shows it once, exposes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Registered {
    /// Who.
    pub email: Email,
    /// The token.
    pub token: Secret<String>,
    /// How long it lives.
    pub duration_seconds: u64,
}

/// A token just made. It prints masked and does not serialize; whoever shows it once, exposes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct IssuedToken {
    /// Whose.
    pub email: Email,
    /// The token.
    pub token: Secret<String>,
    /// How long it lives.
    pub duration_seconds: u64,
    /// What to revoke it by.
    pub id: String,
    /// When it ends, in RFC 3339.
    pub expires: String,
}

/// One user in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Who.
    pub email: Email,
    /// When the user was registered, in RFC 3339; `None` if what is stored can't be read.
    pub created: Option<String>,
    /// When the user was last revoked, in epoch seconds.
    pub revoke_after: Option<u64>,
    /// Whether what is stored can't be read. The user can be revoked, which makes it readable, and purged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

/// Some users, in order of email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserList {
    /// The users.
    pub users: Vec<User>,
    /// Whom to list after for the next page.
    pub next: Option<Email>,
}

/// One user by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDetails {
    /// Who.
    pub email: Email,
    /// When the user was registered, in RFC 3339.
    pub created: String,
    /// When the user was last revoked, in epoch seconds.
    pub revoke_after: Option<u64>,
    /// What the app keeps about the user: what its type declares and does not mark as secret; the rest is masked.
    pub profile: Option<Value>,
    /// How many tokens work now.
    pub tokens: usize,
}

/// A token of a user that works, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What to revoke it by.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// When it was made, in RFC 3339.
    pub created: String,
    /// When it ends, in RFC 3339.
    pub expires: String,
    /// What it is good for; `None` is everything its user may do.
    pub scopes: Option<Vec<String>>,
    /// Whether it opens only what changes nothing.
    #[serde(default)]
    pub read_only: bool,
}

/// `GET /admin/safe-tool`. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeTool {
    /// `"1"`.
    pub schema_version: String,
    /// Whether the app names a safe tool.
    pub supported: bool,
    /// The tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<SafeToolCall>,
    /// What to do where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A call that tells little and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeToolCall {
    /// The tool.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What to call it with.
    pub arguments: Map<String, Value>,
}

impl SafeTool {
    /// What an app without a safe tool says.
    #[must_use]
    pub fn unsupported() -> Self {
        let hint =
            "this app names no safe tool; name a read-only one with `App::safe_tool`".to_owned();
        Self {
            schema_version: "1".into(),
            supported: false,
            tool: None,
            hint: Some(hint),
        }
    }

    /// What an app with a safe tool says.
    #[must_use]
    pub fn supported(name: String, description: String) -> Self {
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
