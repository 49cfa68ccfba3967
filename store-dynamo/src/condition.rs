//! Condition ([`build_condition`]) and update expressions of DynamoDB writes, for single writes and for transactions.
//!
//! TTL deletes expired items within days, not at once (AWS DynamoDB Developer Guide, "Using time to
//! live (TTL)"), so every condition compares `expires` with the clock itself.

use mcp_lambda::store::{Version, When};

use crate::table::{Item, number};

/// The condition that an item has not expired.
const LIVE: &str = "(attribute_not_exists(expires) OR expires > :now)";

/// The condition that there is no live item.
const GONE: &str = "(attribute_not_exists(pk) OR expires <= :now)";

/// Returns the condition expression of a [`When`], and the values it names.
pub(crate) fn build_condition(when: When, now: u64) -> (Option<String>, Option<Item>) {
    let (condition, expected) = match when {
        When::Always => return (None, None),
        When::Absent => (GONE.to_owned(), None),
        When::Version(version) => (
            format!("version = :expected AND {LIVE}"),
            Some(number(version.get())),
        ),
    };
    let mut values = Item::from([(":now".to_owned(), number(now))]);
    values.extend(expected.map(|version| (":expected".to_owned(), version)));
    (Some(condition), Some(values))
}

/// Returns the condition that a live record exists, in this version if there is one, and the values
/// it names.
pub(crate) fn require_live(version: Option<Version>, now: u64) -> (String, Item) {
    if let (Some(condition), Some(values)) = version.map_or((None, None), |version| {
        build_condition(When::Version(version), now)
    }) {
        return (condition, values);
    }
    (
        format!("attribute_exists(pk) AND {LIVE}"),
        Item::from([(":now".to_owned(), number(now))]),
    )
}

/// The state that [`DynamoStore`](crate::DynamoStore) assumes of a counter.
#[derive(Clone, Copy)]
pub(crate) enum Counter {
    /// Not there yet, or not expired: the update adds to it.
    Live,
    /// Expired, and not deleted by DynamoDB yet: the update restarts it.
    Expired,
}

impl Counter {
    /// Returns the update expression, which sets the expiry of a new or restarted counter alone.
    pub(crate) const fn update(self, expires: Option<u64>) -> &'static str {
        match (self, expires) {
            (Self::Live, Some(_)) => {
                "SET version = :version, expires = if_not_exists(expires, :expires) ADD #count :amount"
            }
            (Self::Live, None) => "SET version = :version ADD #count :amount",
            (Self::Expired, Some(_)) => {
                "SET version = :version, #count = :amount, expires = :expires"
            }
            (Self::Expired, None) => "SET version = :version, #count = :amount REMOVE expires",
        }
    }

    /// Returns the condition of the update. A live counter must not have this request's own
    /// version: then only the answer was lost, and adding again would count twice.
    pub(crate) const fn condition(self) -> &'static str {
        match self {
            // The SDK resends a request whose answer was lost. `ADD` is not idempotent, so the version
            // that this request writes also guards it: a second arrival fails and reads the sum.
            Self::Live => {
                "(attribute_not_exists(version) OR version <> :version) AND (attribute_not_exists(expires) OR expires > :now)"
            }
            Self::Expired => "expires <= :now",
        }
    }
}
