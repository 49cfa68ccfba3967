//! The [`Store`] over one DynamoDB table: each method is one API call, except a list whose page
//! DynamoDB cuts short, and a write that is retried because a transaction about the same item was
//! in progress.
//!
//! Conditions are DynamoDB's own; no read decides about a write. The SDK resends a write whose
//! answer was lost: its version identifies it, and it is done once. Reads are strongly consistent,
//! except listings, which use an index (AWS DynamoDB Developer Guide, "Read consistency").

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use mcp_lambda::Result;
use mcp_lambda::clock::Clock;
use mcp_lambda::store::{
    Key, KeyPage, MAX_PAGE_BYTES, Page, Put, Range, Record, Store, Version, When, Write, check_put,
    check_transaction, check_write, condition_error,
};

use crate::condition::{Counter, build_condition};
use crate::error::{explain_failure, is_contended, is_unmet, report_contention};
use crate::range::{ListRequest, Listed};
use crate::retry::Retry;
use crate::table::{
    Item, build_item, is_live, is_written_by, number, read_count, read_entry, read_key,
    read_record, text,
};
use crate::transaction::{self, TransactionOutcome};

/// A [`Store`] in a DynamoDB table.
pub struct DynamoStore {
    client: Client,
    table: String,
    clock: Arc<dyn Clock>,
}

impl DynamoStore {
    /// Creates the store in this table, without a request. Hidden: the client is another crate's.
    #[doc(hidden)]
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            table: table.into(),
            clock,
        }
    }

    fn now(&self) -> AttributeValue {
        number(self.clock.now())
    }

    fn condition(&self, when: When) -> (Option<String>, Option<Item>) {
        build_condition(when, self.clock.now())
    }

    /// Sends the writes as one transaction. The token makes DynamoDB recognize it when it is resent
    /// (`ClientRequestToken`, AWS DynamoDB Developer Guide, "Amazon DynamoDB Transactions").
    async fn send_transaction(
        &self,
        items: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<TransactionOutcome> {
        let request = self
            .client
            .transact_write_items()
            .client_request_token(token)
            .set_transact_items(Some(items));
        match request.send().await {
            Ok(_) => Ok(TransactionOutcome::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    transaction::interpret(cancelled.cancellation_reasons())
                        .ok_or_else(|| explain_failure(&self.table, &error))
                }
                _ => Err(explain_failure(&self.table, &error)),
            },
        }
    }

    /// Reads the live items of a range, as many as a page may need: one more than `limit`, or more
    /// than [`MAX_PAGE_BYTES`].
    async fn find<T>(
        &self,
        asked: ListRequest<'_>,
        limit: usize,
        read: impl Fn(&Item, u64) -> Option<(usize, T)> + Send + Sync,
    ) -> Result<Vec<T>>
    where
        T: Send,
    {
        let mut found = Vec::new();
        let mut bytes = 0;
        let mut start = None;
        let Some(query) = asked.to_query() else {
            return Ok(found);
        };
        loop {
            // One item more shows that there is a next page. Another one may be `after` itself, because
            // the condition includes it: `BETWEEN` is closed at both ends.
            let wanted = limit.saturating_add(2).saturating_sub(found.len());
            let request = query
                .apply_to(self.client.query().table_name(&self.table))
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX));
            let answer = request.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| explain_failure(&self.table, &error))?;
            let items = answer.items.unwrap_or_default();
            let now = self.clock.now();
            for (size, item) in items
                .iter()
                .filter(|item| asked.includes(item))
                .filter_map(|item| read(item, now))
            {
                bytes += size;
                found.push(item);
            }
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() || found.len() > limit || bytes > MAX_PAGE_BYTES {
                return Ok(found);
            }
        }
    }

    /// Adds to a counter that is live, or restarts an expired one; `None` if it is in the other
    /// state.
    async fn count(
        &self,
        key: &Key,
        amount: i64,
        expires: Option<u64>,
        counter: Counter,
    ) -> Result<Option<i64>> {
        let version = Version::fresh();
        let request = self
            .request_count(key, amount, version)
            .update_expression(counter.update(expires))
            .condition_expression(counter.condition());
        let request = expires.into_iter().fold(request, |request, at| {
            request.expression_attribute_values(":expires", number(at))
        });
        match request.send().await {
            Ok(answer) => Ok(answer.attributes.as_ref().and_then(read_count)),
            Err(error) => match error.as_service_error() {
                // An item with this request's version is its own work: the first answer was lost, and
                // the failed condition returned the item with the sum.
                Some(UpdateItemError::ConditionalCheckFailedException(unmet)) => Ok(unmet
                    .item()
                    .filter(|item| is_written_by(item, version))
                    .and_then(read_count)),
                _ => Err(explain_failure(&self.table, &error)),
            },
        }
    }

    /// Starts the request of a conditional write, which returns the old item if the condition fails.
    fn request_put(&self, item: Item, when: When) -> PutItemFluentBuilder {
        let (condition, values) = self.condition(when);
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(condition)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Starts the request of [`count`](Self::count) with the values that every counter needs.
    fn request_count(&self, key: &Key, amount: i64, version: Version) -> UpdateItemFluentBuilder {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&key.partition))
            .key("sk", text(&key.sort));
        request
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":version", number(version.get()))
            .expression_attribute_values(":amount", number(amount))
            .expression_attribute_values(":now", self.now())
    }
}

impl fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamoStore({})", self.table)
    }
}

impl fmt::Display for DynamoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamoDB table {}", self.table)
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn get(&self, key: &Key) -> Result<Option<Record>> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true);
        let answer = request
            .key("pk", text(&key.partition))
            .key("sk", text(&key.sort))
            .send()
            .await;
        let answer = answer.map_err(|error| explain_failure(&self.table, &error))?;
        Ok(answer
            .item
            .and_then(|item| read_record(&item, self.clock.now())))
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        check_put(key, &put)?;
        let version = Version::fresh();
        let when = put.when;
        let request = self.request_put(build_item(key, put, version), when);
        // The SDK does not retry TransactionConflictException. The version stays the same for
        // every try, so that a write which did arrive is recognized.
        let mut retry = Retry::default();
        loop {
            let Err(error) = request.clone().send().await else {
                return Ok(version);
            };
            match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(found)) => {
                    // The SDK resends a request whose answer was lost, and then the condition
                    // fails because of the first arrival. The item that comes with the failure
                    // says whose write it was.
                    let is_ours = found
                        .item()
                        .is_some_and(|item| is_written_by(item, version));
                    return if is_ours {
                        Ok(version)
                    } else {
                        Err(condition_error(when))
                    };
                }
                _ if is_contended(&error) && retry.wait().await => {}
                _ => return Err(explain_failure(&self.table, &error)),
            }
        }
    }

    async fn delete(&self, key: &Key, when: When) -> Result<()> {
        let (condition, values) = self.condition(when);
        let request = self.client.delete_item().table_name(&self.table);
        let request = request
            .key("pk", text(&key.partition))
            .key("sk", text(&key.sort));
        let request = request
            .set_condition_expression(condition)
            .set_expression_attribute_values(values);
        let mut retry = Retry::default();
        loop {
            match request.clone().send().await {
                Ok(_) => return Ok(()),
                Err(error) if is_unmet(&error) => return Err(condition_error(when)),
                Err(error) if is_contended(&error) && retry.wait().await => {}
                Err(error) => return Err(explain_failure(&self.table, &error)),
            }
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        check_transaction(&writes)?;
        let token = Version::fresh().get().to_string();
        let items = transaction::translate_all(&self.table, &writes, self.clock.now())?;
        let mut retry = Retry::default();
        loop {
            // The same token for every try: within ten minutes DynamoDB answers a repeated
            // transaction with its first outcome instead of writing again.
            match self.send_transaction(items.clone(), &token).await? {
                TransactionOutcome::Done => return Ok(()),
                TransactionOutcome::Unmet(place) => {
                    return Err(writes
                        .get(place)
                        .map_or_else(|| condition_error(When::Always), Write::condition_error));
                }
                TransactionOutcome::Contended if retry.wait().await => {}
                TransactionOutcome::Contended => return Err(report_contention(&self.table)),
            }
        }
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        let read = match range {
            Range::Prefix(_) | Range::Stored(_) => read_record,
            Range::Listing(_) => read_entry,
        };
        let found = self.find(
            ListRequest {
                range,
                after,
                listed: Listed::Records,
            },
            limit,
            move |item, now| {
                let record = read(item, range.live_at(now))?;
                Some((record.value.len(), (read_key(item)?, record)))
            },
        );
        Page::collect(range, found.await?.into_iter().map(Ok), limit)
    }

    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage> {
        let found = self.find(
            ListRequest {
                range,
                after,
                listed: Listed::Keys,
            },
            limit,
            |item, now| {
                let key = read_key(item).filter(|_| is_live(item, range.live_at(now)))?;
                Some((key.partition.len() + key.sort.len(), key))
            },
        );
        KeyPage::collect(range, found.await?.into_iter().map(Ok), limit)
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        check_write(key, "")?;
        loop {
            // DynamoDB has no expression for "add, or restart if expired", so each state has an update of its
            // own. The counter may expire or be restarted between the two, and then both are tried again.
            if let Some(sum) = self.count(key, amount, expires, Counter::Live).await? {
                return Ok(sum);
            }
            if let Some(sum) = self.count(key, amount, expires, Counter::Expired).await? {
                return Ok(sum);
            }
        }
    }

    /// Does nothing: the medium is DynamoDB's own.
    async fn scrub(&self) -> Result<()> {
        Ok(())
    }

    /// Reads a key and a listing that do not exist, with the permissions that calls have.
    /// `DescribeTable` would say the same, and its response parser is a fiftieth of a Lambda's
    /// binary.
    async fn check(&self) -> Result<()> {
        // Both reads use the permissions that calls need: the table by its keys, and the index. A
        // missing index or a foreign key schema fails here, before a user meets it.
        self.get(&Key::new("nobody", "nothing")).await?;
        self.list(&Range::Listing("nobody"), Some("nothing"), 1)
            .await
            .map(drop)
    }
}
