//! The removal of a user and of everything that is kept for the user.
//!
//! Each step is conditional and may be done again: a removal that was cut short is ended by the next one, whoever makes
//! it, and no step of it can touch a later user of the same email. Once it has answered, nothing of the user comes to be
//! stored: the marker that every data write checks went before the data did.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::record::UserRecord;
use super::users::{ATTEMPTS, MARKER, Users, contended, put, unknown};
use super::{PURGING, REGISTRATION, data_partition, marker_key, record_key};
use crate::error::{ErrorKind, Result};
use crate::store::{Key, Put, Range, Record, Version, When, Write};
use crate::user::{Email, RegistrationId};

/// How many values are listed at once, and removed side by side.
const BATCH: usize = 50;

impl Users {
    /// Removes a user and all that is kept for the user, also one whose record can't be read.
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
                doomed = Some(self.doomed(email, record.as_ref()).await?);
            }
            // Somebody ended it, and the email was registered again.
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
        Err(contended(email))
    }

    /// The registrations that stand when a removal begins.
    async fn doomed(
        &self,
        email: &Email,
        record: Option<&UserRecord>,
    ) -> Result<BTreeSet<RegistrationId>> {
        let Some(record) = record else {
            return Ok(self
                .marked(email, REGISTRATION)
                .await?
                .into_iter()
                .collect());
        };
        Ok(BTreeSet::from([record.id.clone()]))
    }

    /// Ends what the user may do, then what may be written, then what was; the record goes last.
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
        // The record's own registration is ended also where its marker is missing.
        let standing: BTreeSet<_> = self
            .marked(email, REGISTRATION)
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
        for id in self.marked(email, PURGING).await? {
            self.clear(&id).await?;
        }
        self.store
            .delete(&record_key(email), When::Version(version))
            .await
    }

    async fn mark(&self, mut record: UserRecord, stored: &Record, now: u64) -> Result<Version> {
        record.begin_purge(now);
        let put = put(&record, record.text()?, When::Version(stored.version));
        self.store.put(&record_key(&record.email), put).await
    }

    /// Removes what an ended removal leaves: data of registrations that can't write any more, and their markers.
    async fn finish(&self, email: &Email, was_there: bool) -> Result<()> {
        let left = self.marked(email, PURGING).await?;
        if left.is_empty() && !was_there {
            // The last try may have come this far.
            self.store.scrub().await?;
            return Err(unknown(email));
        }
        for id in left {
            self.clear(&id).await?;
            self.store
                .delete(&marker_key(email, PURGING, &id), When::Always)
                .await?;
        }
        self.store.scrub().await
    }

    /// Removes everything that a registration's tools have kept, what has expired too.
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
