//! A range as DynamoDB is asked for it.
//!
//! A condition takes one comparison of the sort key, or a range that is closed at both ends: what of it does not belong is
//! left out afterwards. No value in a condition may be empty, or longer than a key.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use mcp_lambda::store::{Key, MAX_KEY_BYTES, Range, end_of};

use crate::table::{Item, LISTINGS, key, text};

/// What is read of each item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    Records,
    Keys,
}

/// What a list is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) range: &'a Range,
    pub(crate) after: Option<&'a str>,
    pub(crate) listed: Listed,
}

/// The same as a condition and its values.
pub(crate) struct Query {
    listed: Listed,
    is_listing: bool,
    condition: &'static str,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Asked<'_> {
    /// The query whose answer holds all that is asked for; `None` where nothing can be.
    pub(crate) fn query(&self) -> Option<Query> {
        let (condition, values) = match self.range {
            Range::Prefix(from) | Range::Stored(from) => {
                within(from, self.after.unwrap_or_default())?
            }
            Range::Listing(name) => listed(name, self.after.unwrap_or_default()),
        };
        Some(Query {
            listed: self.listed,
            is_listing: matches!(self.range, Range::Listing(_)),
            condition,
            values,
        })
    }

    /// Whether an item of the answer is asked for.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        let Some(key) = key(item) else { return false };
        let belongs = match self.range {
            Range::Prefix(from) | Range::Stored(from) => key.sort.starts_with(&from.sort),
            Range::Listing(_) => true,
        };
        belongs
            && self
                .after
                .is_none_or(|after| self.range.place(&key) > after)
    }
}

impl Query {
    /// Completes a request.
    pub(crate) fn ask(&self, request: QueryFluentBuilder) -> QueryFluentBuilder {
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

/// The records of a partition whose sort begins so, from the place after which they are wanted.
fn within(from: &Key, after: &str) -> Option<Condition> {
    let (_, longest) = MAX_KEY_BYTES;
    let (partition, end) = ((":pk", text(&from.partition)), end_of(&from.sort));
    let first = from
        .sort
        .as_str()
        .max(&after[..after.floor_char_boundary(longest)]);
    if from.sort.len() > longest || end.as_deref().is_some_and(|end| first >= end) {
        return None;
    }
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

/// The records of a listing whose partition stands after this one.
fn listed(name: &str, after: &str) -> Condition {
    let (longest, _) = MAX_KEY_BYTES;
    let (name, after) = (
        (":listing", text(name)),
        &after[..after.floor_char_boundary(longest)],
    );
    if after.is_empty() {
        return ("listing = :listing", vec![name]);
    }
    (
        "listing = :listing AND pk > :after",
        vec![name, (":after", text(after))],
    )
}
