//! A group of writes in DynamoDB's words (`TransactWriteItems`), and what it answers.

use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem};
use mcp_lambda::store::{Key, Version, When, Write};
use mcp_lambda::{Error, Result};

use crate::store::{condition, item, standing};
use crate::table::{Item, text};

/// What became of a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was written, now or when it was sent before.
    Done,
    /// The condition of the write at this place does not hold, and of none before it.
    Unmet(usize),
    /// Another write about one of the items went on.
    Contended,
}

/// The items of a group.
pub(crate) fn items(table: &str, writes: &[Write], now: u64) -> Result<Vec<TransactWriteItem>> {
    writes.iter().map(|write| one(table, write, now)).collect()
}

fn one(table: &str, write: &Write, now: u64) -> Result<TransactWriteItem> {
    let one = TransactWriteItem::builder();
    let one = match write {
        Write::Put(key, put) => {
            let (condition, values) = condition(put.when, now);
            let item = item(key, put.clone(), Version::fresh());
            let request = Put::builder().table_name(table).set_item(Some(item));
            let request = request
                .set_condition_expression(condition)
                .set_expression_attribute_values(values);
            one.put(request.build().map_err(malformed)?)
        }
        Write::Delete(key, when) => one.delete(delete(table, key, *when, now)?),
        Write::Check(key, version) => {
            let (condition, values) = standing(*version, now);
            let request = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(place(key)));
            let request = request
                .condition_expression(condition)
                .set_expression_attribute_values(Some(values));
            one.condition_check(request.build().map_err(malformed)?)
        }
    };
    Ok(one.build())
}

fn delete(table: &str, key: &Key, when: When, now: u64) -> Result<Delete> {
    let (condition, values) = condition(when, now);
    let request = Delete::builder()
        .table_name(table)
        .set_key(Some(place(key)));
    request
        .set_condition_expression(condition)
        .set_expression_attribute_values(values)
        .build()
        .map_err(malformed)
}

fn place(key: &Key) -> Item {
    Item::from([
        ("pk".to_owned(), text(&key.partition)),
        ("sk".to_owned(), text(&key.sort)),
    ])
}

/// What the reasons mean, one for each write in order; `None` for what neither a condition nor another write is behind.
pub(crate) fn outcome(reasons: &[CancellationReason]) -> Option<Outcome> {
    let mut codes = reasons.iter().map(|reason| reason.code().unwrap_or("None"));
    if codes.clone().any(|code| code == "TransactionConflict") {
        return Some(Outcome::Contended);
    }
    codes
        .position(|code| code == "ConditionalCheckFailed")
        .map(Outcome::Unmet)
}

fn malformed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a request to AWS is malformed").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_unmet_condition_counts_once_nobody_else_writes() {
        for (codes, expected) in [
            (
                &["None", "ConditionalCheckFailed", "ConditionalCheckFailed"][..],
                Some(Outcome::Unmet(1)),
            ),
            (
                &["ConditionalCheckFailed", "TransactionConflict"],
                Some(Outcome::Contended),
            ),
            (&["None", "TransactionConflict"], Some(Outcome::Contended)),
            (&["ValidationError", "None"], None),
            (&["ThrottlingError"], None),
        ] {
            let reasons: Vec<_> = codes
                .iter()
                .map(|code| CancellationReason::builder().code(*code).build())
                .collect();
            assert_eq!(outcome(&reasons), expected, "{codes:?}");
        }
    }
}
