//! The translation of a [`Range`] into a DynamoDB `Query`.
//!
//! A key condition takes one comparison of the sort key, or a range that is closed at both ends
//! (AWS DynamoDB Developer Guide, "Key condition expressions for the Query operation"): items that
//! do not belong are filtered out afterwards. No value in a condition may be empty, or longer than
//! a key.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda::store::{Key, MAX_KEY_BYTES, Range, prefix_end};

use crate::table::{Item, LISTINGS, read_key, text};

/// The attributes that a list reads of each item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    Records,
    Keys,
}

/// The arguments of a list.
#[derive(Clone, Copy)]
pub(crate) struct ListRequest<'a> {
    pub(crate) range: &'a Range,
    pub(crate) after: Option<&'a str>,
    pub(crate) listed: Listed,
}

/// A key condition and its values.
pub(crate) struct Query {
    listed: Listed,
    is_listing: bool,
    condition: &'static str,
    values: Vec<(&'static str, AttributeValue)>,
}

impl ListRequest<'_> {
    /// Returns the [`Query`] whose answer includes all requested items; `None` where there can be
    /// none.
    pub(crate) fn to_query(self) -> Option<Query> {
        let (condition, values) = match self.range {
            Range::Prefix(from) | Range::Stored(from) => {
                match_prefix(from, self.after.unwrap_or_default())?
            }
            Range::Listing(name) => match_listing(name, self.after.unwrap_or_default()),
        };
        Some(Query {
            listed: self.listed,
            is_listing: matches!(self.range, Range::Listing(_)),
            condition,
            values,
        })
    }

    /// Returns true if the list includes this item of the answer.
    pub(crate) fn includes(&self, item: &Item) -> bool {
        let Some(key) = read_key(item) else {
            return false;
        };
        let belongs = match self.range {
            Range::Prefix(from) | Range::Stored(from) => key.sort.starts_with(&from.sort),
            Range::Listing(_) => true,
        };
        belongs
            && self
                .after
                .is_none_or(|after| self.range.position(&key) > after)
    }
}

impl Query {
    /// Sets the condition, index and consistency of a request.
    pub(crate) fn apply_to(&self, request: QueryFluentBuilder) -> QueryFluentBuilder {
        // A global secondary index has no consistent reads (AWS DynamoDB Developer Guide, "Read
        // consistency"), and a request for one fails.
        let request = if self.is_listing {
            request.index_name(LISTINGS)
        } else {
            request.consistent_read(true)
        };
        let request = match self.listed {
            Listed::Records => request,
            Listed::Keys => request.projection_expression("pk, sk, expires"),
        };
        self.values.iter().fold(
            request.key_condition_expression(self.condition),
            |request, (name, value)| request.expression_attribute_values(*name, value.clone()),
        )
    }
}

type Condition = (&'static str, Vec<(&'static str, AttributeValue)>);

/// Returns the condition for the records of a partition whose sort begins with a prefix, from
/// `after` on.
fn match_prefix(from: &Key, after: &str) -> Option<Condition> {
    let (_, longest) = MAX_KEY_BYTES;
    let partition = (":pk", text(&from.partition));
    let end = prefix_end(&from.sort);
    // DynamoDB refuses values longer than a key. Cutting `after` moves the start back, so no wanted
    // record is skipped, and `ListRequest::includes` drops those before `after`.
    let first = from
        .sort
        .as_str()
        .max(&after[..after.floor_char_boundary(longest)]);
    if from.sort.len() > longest || end.as_deref().is_some_and(|end| first >= end) {
        return None;
    }
    // `BETWEEN` includes its end, which no record of the prefix has; `ListRequest::includes` drops it.
    // An end longer than a key would be refused by DynamoDB, so the range is then left open.
    Some(match (first, end.filter(|end| end.len() <= longest)) {
        ("", _) => ("pk = :pk", vec![partition]),
        (first, None) => (
            "pk = :pk AND sk >= :first",
            vec![partition, (":first", text(first))],
        ),
        (first, Some(end)) => (
            "pk = :pk AND sk BETWEEN :first AND :end",
            vec![partition, (":first", text(first)), (":end", text(end))],
        ),
    })
}

/// Returns the condition for the records of a listing whose partition follows `after`.
fn match_listing(name: &str, after: &str) -> Condition {
    let (longest, _) = MAX_KEY_BYTES;
    let name = (":listing", text(name));
    let after = &after[..after.floor_char_boundary(longest)];
    if after.is_empty() {
        return ("listing = :listing", vec![name]);
    }
    (
        "listing = :listing AND pk > :after",
        vec![name, (":after", text(after))],
    )
}
