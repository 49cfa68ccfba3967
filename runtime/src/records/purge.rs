//! The removal of a user and of everything that is stored for the user.
//!
//! Each step is conditional and may be repeated: the next removal finishes one that was cut short,
//! and no step can touch a later user of the same email. Once [`Users::purge`] has answered, no
//! data of the user can be written any more: the marker that every data write checks was deleted
//! before the data.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::record::UserRecord;
use super::users::{ATTEMPTS, MARKER, Users, put, report_contention, report_unknown};
use super::{PURGING, REGISTRATION, data_partition, marker_key, record_key};
use crate::error::{ErrorKind, Result};
use crate::store::{Key, Put, Range, Record, Version, When, Write};
use crate::user::{Email, RegistrationId};

/// The number of values that are listed at once, and deleted side by side.
const BATCH: usize = 50;

impl Users {
    /// Removes a user and everything stored for the user, even if the [`UserRecord`] can't be read.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`; then calling it again goes on where it stopped.
    pub async fn purge(&self, email: &Email, now: u64) -> Result<()> {
        let mut doomed = None;
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.store.get(&record_key(email)).await? else {
                return self.finish(email, doomed.is_some()).await;
            };
            let record = UserRecord::read(email, &stored).ok();
            if doomed.is_none() {
                doomed = Some(self.list_doomed(email, record.as_ref()).await?);
            }
            // Another process finished the removal, and the email was registered again: the record found
            // now is a later user's and must stay.
            let is_other = |record: &UserRecord| {
                doomed
                    .as_ref()
                    .is_some_and(|doomed| !doomed.contains(&record.id))
            };
            if record.as_ref().is_some_and(is_other) {
                return self.finish(email, true).await;
            }
            match self.end(email, record, &stored, now).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                ended => {
                    return if ended.is_ok() {
                        self.finish(email, true).await
                    } else {
                        ended
                    };
                }
            }
        }
        Err(report_contention(email))
    }

    /// Returns the registrations that exist when a removal begins.
    async fn list_doomed(
        &self,
        email: &Email,
        record: Option<&UserRecord>,
    ) -> Result<BTreeSet<RegistrationId>> {
        let Some(record) = record else {
            return Ok(self
                .list_marked(email, REGISTRATION)
                .await?
                .into_iter()
                .collect());
        };
        Ok(BTreeSet::from([record.id.clone()]))
    }

    /// Revokes the user's rights, then the right to write data, then removes the data; the record
    /// goes last.
    async fn end(
        &self,
        email: &Email,
        record: Option<UserRecord>,
        stored: &Record,
        now: u64,
    ) -> Result<()> {
        let own = record.as_ref().map(|record| record.id.clone());
        let version = match record {
            Some(record) if !record.is_purging => self.mark(record, stored, now).await?,
            _ => stored.version,
        };
        // The record's own registration is included even if its marker is missing. Each marker moves from
        // "may write" to "is being removed" in one transaction, on the version of the record: from then
        // on no data write succeeds, and a crash leaves a marker that the next removal finds.
        let standing: BTreeSet<_> = self
            .list_marked(email, REGISTRATION)
            .await?
            .into_iter()
            .chain(own)
            .collect();
        for id in standing {
            let purging = Put::new(MARKER.to_owned(), When::Always);
            let writes = vec![
                Write::Check(record_key(email), Some(version)),
                Write::Delete(marker_key(email, REGISTRATION, &id), When::Always),
                Write::Put(marker_key(email, PURGING, &id), purging),
            ];
            self.store.transact(writes).await?;
        }
        for id in self.list_marked(email, PURGING).await? {
            self.clear(&id).await?;
        }
        self.store
            .delete(&record_key(email), When::Version(version))
            .await
    }

    async fn mark(&self, mut record: UserRecord, stored: &Record, now: u64) -> Result<Version> {
        record.begin_purge(now);
        let put = put(&record, record.to_json()?, When::Version(stored.version));
        self.store.put(&record_key(&record.email), put).await
    }

    /// Removes the rest of an interrupted removal: data of registrations that can't write any more,
    /// and their markers.
    async fn finish(&self, email: &Email, was_there: bool) -> Result<()> {
        let marked = self.list_marked(email, PURGING).await?;
        if marked.is_empty() && !was_there {
            // An earlier removal may have stopped just before this scrub.
            self.store.scrub().await?;
            return Err(report_unknown(email));
        }
        for id in marked {
            self.clear(&id).await?;
            self.store
                .delete(&marker_key(email, PURGING, &id), When::Always)
                .await?;
        }
        self.store.scrub().await
    }

    /// Removes all data of a registration, including expired values ([`Range::Stored`]).
    async fn clear(&self, id: &RegistrationId) -> Result<()> {
        let everything = Range::Stored(Key::new(data_partition(id), ""));
        loop {
            let page = self.store.list_keys(&everything, None, BATCH).await?;
            try_join_all(
                page.keys
                    .iter()
                    .map(|key| self.store.delete(key, When::Always)),
            )
            .await?;
            if page.next.is_none() {
                return Ok(());
            }
        }
    }
}
