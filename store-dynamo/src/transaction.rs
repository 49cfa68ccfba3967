//! The translation of a [`Store::transact`](mcp_lambda::store::Store::transact) into
//! `TransactWriteItems`, and of its answer.

use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem};
use mcp_lambda::Result;
use mcp_lambda::store::{Key, Version, When, Write};

use crate::condition::{build_condition, require_live};
use crate::error::explain_malformed;
use crate::table::{Item, build_item, text};

/// The result of a `TransactWriteItems`, as [`interpret`] reads it from the reasons of a cancellation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TransactionOutcome {
    /// All writes were made, now or when the request was sent before.
    Done,
    /// The condition of the write at this index does not hold, and all before it do.
    Unmet(usize),
    /// Another write about one of the items was in progress.
    Contended,
}

/// Translates the [`Write`]s.
pub(crate) fn translate_all(
    table: &str,
    writes: &[Write],
    now: u64,
) -> Result<Vec<TransactWriteItem>> {
    writes
        .iter()
        .map(|write| translate(table, write, now))
        .collect()
}

fn translate(table: &str, write: &Write, now: u64) -> Result<TransactWriteItem> {
    let builder = TransactWriteItem::builder();
    let translated = match write {
        Write::Put(key, put) => {
            let (condition, values) = build_condition(put.when, now);
            let item = build_item(key, put.clone(), Version::fresh());
            let request = Put::builder().table_name(table).set_item(Some(item));
            let request = request
                .set_condition_expression(condition)
                .set_expression_attribute_values(values);
            builder.put(request.build().map_err(explain_malformed)?)
        }
        Write::Delete(key, when) => builder.delete(translate_delete(table, key, *when, now)?),
        Write::Check(key, version) => {
            let (condition, values) = require_live(*version, now);
            let request = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(build_key(key)));
            let request = request
                .condition_expression(condition)
                .set_expression_attribute_values(Some(values));
            builder.condition_check(request.build().map_err(explain_malformed)?)
        }
    };
    Ok(translated.build())
}

fn translate_delete(table: &str, key: &Key, when: When, now: u64) -> Result<Delete> {
    let (condition, values) = build_condition(when, now);
    let request = Delete::builder()
        .table_name(table)
        .set_key(Some(build_key(key)));
    request
        .set_condition_expression(condition)
        .set_expression_attribute_values(values)
        .build()
        .map_err(explain_malformed)
}

fn build_key(key: &Key) -> Item {
    Item::from([
        ("pk".to_owned(), text(&key.partition)),
        ("sk".to_owned(), text(&key.sort)),
    ])
}

/// Interprets the cancellation reasons, one for each write in order; `None` for a cause that is
/// neither a condition nor another write (AWS DynamoDB API Reference, `TransactWriteItems`).
pub(crate) fn interpret(reasons: &[CancellationReason]) -> Option<TransactionOutcome> {
    let mut codes = reasons.iter().map(|reason| reason.code().unwrap_or("None"));
    // A conflict comes first: while another write is in progress, DynamoDB may not have evaluated every
    // condition, and a retry finds the first one that does not hold.
    if codes.clone().any(|code| code == "TransactionConflict") {
        return Some(TransactionOutcome::Contended);
    }
    codes
        .position(|code| code == "ConditionalCheckFailed")
        .map(TransactionOutcome::Unmet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_unmet_condition_counts_once_nobody_else_writes() {
        for (codes, expected) in [
            (
                &["None", "ConditionalCheckFailed", "ConditionalCheckFailed"][..],
                Some(TransactionOutcome::Unmet(1)),
            ),
            (
                &["ConditionalCheckFailed", "TransactionConflict"],
                Some(TransactionOutcome::Contended),
            ),
            (
                &["None", "TransactionConflict"],
                Some(TransactionOutcome::Contended),
            ),
            (&["ValidationError", "None"], None),
            (&["ThrottlingError"], None),
        ] {
            let reasons: Vec<_> = codes
                .iter()
                .map(|code| CancellationReason::builder().code(*code).build())
                .collect();
            assert_eq!(interpret(&reasons), expected, "{codes:?}");
        }
    }
}
