//! The [`Store`] over one DynamoDB table: each method is one API call, but for a list whose page DynamoDB cuts short, and
//! for a write that is sent again because a transaction about the same item went on.
//!
//! Conditions are DynamoDB's own; nothing is read to decide a write. A write whose answer was lost is sent again by the
//! SDK: it is known by its version, and done once. Reads are strongly consistent, listings excepted: they go by an index.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use mcp_lambda::Result;
use mcp_lambda::clock::Clock;
use mcp_lambda::store::{
    Key, KeyPage, MAX_PAGE_BYTES, Page, Put, Range, Record, Store, Version, When, Write,
    check_group, check_put, check_write, unmet,
};

use crate::error::{contended, is_contended, is_unmet, outage};
use crate::range::{Asked, Listed};
use crate::retry::Retry;
use crate::table::{Item, counted, entry, is_live, is_of, key, number, record, text};
use crate::transaction;

const LIVE: &str = "(attribute_not_exists(expires) OR expires > :now)";
const GONE: &str = "(attribute_not_exists(pk) OR expires <= :now)";

/// A [`Store`] in a DynamoDB table.
pub struct Dynamo {
    client: Client,
    table: String,
    clock: Arc<dyn Clock>,
}

impl Dynamo {
    /// The store in this table.
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
        condition(when, self.clock.now())
    }

    /// Makes the writes as one. The token lets DynamoDB know them when they are sent again.
    async fn send_group(
        &self,
        items: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<transaction::Outcome> {
        let request = self
            .client
            .transact_write_items()
            .client_request_token(token)
            .set_transact_items(Some(items));
        match request.send().await {
            Ok(_) => Ok(transaction::Outcome::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    transaction::outcome(cancelled.cancellation_reasons())
                        .ok_or_else(|| outage(&self.table, &error))
                }
                _ => Err(outage(&self.table, &error)),
            },
        }
    }

    /// What is live in a range, as far as a page may need it: one more than `limit`, or more than a page holds.
    async fn found<T>(
        &self,
        asked: Asked<'_>,
        limit: usize,
        read: impl Fn(&Item, u64) -> Option<(usize, T)> + Send + Sync,
    ) -> Result<Vec<T>>
    where
        T: Send,
    {
        let (mut found, mut bytes, mut start) = (Vec::new(), 0, None);
        let Some(query) = asked.query() else {
            return Ok(found);
        };
        loop {
            // One more tells of a next page; another one may be the place itself, after which they are wanted.
            let wanted = i32::try_from(limit.saturating_add(2).saturating_sub(found.len()))
                .unwrap_or(i32::MAX);
            let request = query
                .ask(self.client.query().table_name(&self.table))
                .limit(wanted);
            let answer = request.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| outage(&self.table, &error))?;
            let (items, now) = (answer.items.unwrap_or_default(), self.clock.now());
            for (size, item) in items
                .iter()
                .filter(|item| asked.holds(item))
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

    /// Counts on a live counter, or anew on an expired one; `None` if it is not as was thought.
    async fn count(
        &self,
        key: &Key,
        amount: i64,
        expires: Option<u64>,
        counter: Counter,
    ) -> Result<Option<i64>> {
        let (update, condition, version) = (
            counter.update(expires),
            counter.condition(),
            Version::fresh(),
        );
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .return_values(ReturnValue::UpdatedNew);
        let request = request
            .key("pk", text(&key.partition))
            .key("sk", text(&key.sort));
        let request = request
            .update_expression(update)
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":version", number(version.0))
            .expression_attribute_values(":amount", number(amount))
            .expression_attribute_values(":now", self.now());
        let request = expires.into_iter().fold(request, |request, at| {
            request.expression_attribute_values(":expires", number(at))
        });
        match request.send().await {
            Ok(answer) => Ok(answer.attributes.as_ref().and_then(counted)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(unmet)) => Ok(unmet
                    .item()
                    .filter(|item| is_of(item, version))
                    .and_then(counted)),
                _ => Err(outage(&self.table, &error)),
            },
        }
    }
}

/// The condition of a write, and the values it names.
pub(crate) fn condition(when: When, now: u64) -> (Option<String>, Option<Item>) {
    let (condition, expected) = match when {
        When::Always => return (None, None),
        When::Absent => (GONE.to_owned(), None),
        When::Version(Version(version)) => (
            format!("version = :expected AND {LIVE}"),
            Some(number(version)),
        ),
    };
    let mut values = Item::from([(":now".to_owned(), number(now))]);
    values.extend(expected.map(|version| (":expected".to_owned(), version)));
    (Some(condition), Some(values))
}

/// The condition that a record stands, in this version if one is given, and the values it names.
pub(crate) fn standing(version: Option<Version>, now: u64) -> (String, Item) {
    if let (Some(condition), Some(values)) = version.map_or((None, None), |version| {
        condition(When::Version(version), now)
    }) {
        return (condition, values);
    }
    (
        format!("attribute_exists(pk) AND {LIVE}"),
        Item::from([(":now".to_owned(), number(now))]),
    )
}

/// What a counter is thought to be.
#[derive(Clone, Copy)]
enum Counter {
    Live,
    Expired,
}

impl Counter {
    const fn update(self, expires: Option<u64>) -> &'static str {
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

    /// A live counter must not carry this request's own version: then its answer was lost, and counting again is one too
    /// many.
    const fn condition(self) -> &'static str {
        match self {
            Self::Live => {
                "(attribute_not_exists(version) OR version <> :version) AND (attribute_not_exists(expires) OR expires > :now)"
            }
            Self::Expired => "expires <= :now",
        }
    }
}

/// The item of a record.
pub(crate) fn item(key: &Key, put: Put, version: Version) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), text(&key.partition)),
        ("sk".to_owned(), text(&key.sort)),
        ("value".to_owned(), text(put.value)),
        ("version".to_owned(), number(version.0)),
    ]);
    item.extend(
        put.expires
            .map(|expires| ("expires".to_owned(), number(expires))),
    );
    if let Some(entry) = put.entry {
        item.extend([
            ("listing".to_owned(), text(entry.listing)),
            ("entry".to_owned(), text(entry.text)),
        ]);
    }
    item
}

impl fmt::Debug for Dynamo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dynamo({})", self.table)
    }
}

impl fmt::Display for Dynamo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamoDB table {}", self.table)
    }
}

#[async_trait]
impl Store for Dynamo {
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
        let answer = answer.map_err(|error| outage(&self.table, &error))?;
        Ok(answer.item.and_then(|item| record(&item, self.clock.now())))
    }

    async fn put(&self, key: &Key, put: Put) -> Result<Version> {
        check_put(key, &put)?;
        let (version, when) = (Version::fresh(), put.when);
        let (condition, values) = self.condition(when);
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(key, put, version)));
        let request = request
            .set_condition_expression(condition)
            .set_expression_attribute_values(values);
        let request = request
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut retry = Retry::default();
        loop {
            let Err(error) = request.clone().send().await else {
                return Ok(version);
            };
            match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(found)) => {
                    let is_ours = found.item().is_some_and(|item| is_of(item, version));
                    return if is_ours {
                        Ok(version)
                    } else {
                        Err(unmet(when))
                    };
                }
                _ if is_contended(&error) && retry.wait().await => {}
                _ => return Err(outage(&self.table, &error)),
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
                Err(error) if is_unmet(&error) => return Err(unmet(when)),
                Err(error) if is_contended(&error) && retry.wait().await => {}
                Err(error) => return Err(outage(&self.table, &error)),
            }
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<()> {
        check_group(&writes)?;
        let (now, token) = (self.clock.now(), Version::fresh().0.to_string());
        let items = transaction::items(&self.table, &writes, now)?;
        let mut retry = Retry::default();
        loop {
            match self.send_group(items.clone(), &token).await? {
                transaction::Outcome::Done => return Ok(()),
                transaction::Outcome::Unmet(place) => {
                    return Err(writes
                        .get(place)
                        .map_or_else(|| unmet(When::Always), Write::unmet));
                }
                transaction::Outcome::Contended if retry.wait().await => {}
                transaction::Outcome::Contended => return Err(contended(&self.table)),
            }
        }
    }

    async fn list(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<Page> {
        let seen = match range {
            Range::Prefix(_) | Range::Stored(_) => record,
            Range::Listing(_) => entry,
        };
        let found = self.found(
            Asked {
                range,
                after,
                listed: Listed::Records,
            },
            limit,
            move |item, now| {
                let record = seen(item, range.live_at(now))?;
                Some((record.value.len(), (key(item)?, record)))
            },
        );
        Page::collect(range, found.await?.into_iter().map(Ok), limit)
    }

    async fn list_keys(&self, range: &Range, after: Option<&str>, limit: usize) -> Result<KeyPage> {
        let found = self.found(
            Asked {
                range,
                after,
                listed: Listed::Keys,
            },
            limit,
            |item, now| {
                let key = key(item).filter(|_| is_live(item, range.live_at(now)))?;
                Some((key.partition.len() + key.sort.len(), key))
            },
        );
        KeyPage::collect(range, found.await?.into_iter().map(Ok), limit)
    }

    async fn add(&self, key: &Key, amount: i64, expires: Option<u64>) -> Result<i64> {
        check_write(key, "")?;
        loop {
            // A counter goes on while it lives and begins anew once it has expired; between the two looks it may change.
            if let Some(sum) = self.count(key, amount, expires, Counter::Live).await? {
                return Ok(sum);
            }
            if let Some(sum) = self.count(key, amount, expires, Counter::Expired).await? {
                return Ok(sum);
            }
        }
    }

    /// The medium is DynamoDB's own.
    async fn scrub(&self) -> Result<()> {
        Ok(())
    }

    /// Asks as calls do, for what is nobody's: by the table's keys, and by the index. A description of the table would tell the
    /// same, and what reads one is a fiftieth of a Lambda's binary.
    async fn check(&self) -> Result<()> {
        self.get(&Key::new("nobody", "nothing")).await?;
        self.list(&Range::Listing("nobody"), Some("nothing"), 1)
            .await
            .map(drop)
    }
}
