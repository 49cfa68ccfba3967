//! Lists in pages. A cursor is the last key of a page, sealed for the registration of its user and its list.

use rmcp::model::PaginatedRequestParams;

use crate::error::{Error, Result};
use crate::seal::Sealer;

const PURPOSE: &str = "cursor/v1";

/// What lists are cut into.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    sealer: Sealer,
    size: usize,
}

/// A page, and the cursor of the next one.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

impl Pages {
    pub(super) const fn new(sealer: Sealer, size: usize) -> Self {
        Self { sealer, size }
    }

    /// The page that a request asks for, of a list in order of its keys.
    pub(super) async fn page<T: Send>(
        &self,
        list: &str,
        user: &str,
        request: Option<PaginatedRequestParams>,
        mut items: Vec<T>,
        key: impl Fn(&T) -> &str + Send + Sync,
    ) -> Result<Page<T>> {
        if let Some(cursor) = request.and_then(|request| request.cursor) {
            let last = self.sealer.open(PURPOSE, &[list, user], &cursor).await?;
            let last = last.ok_or_else(|| {
                Error::stale("this cursor is not one of yours for this list; list from the beginning, without a cursor")
            })?;
            items.drain(..items.partition_point(|item| key(item) <= last.as_str()));
        }
        let mut next = None;
        if items.len() > self.size {
            items.truncate(self.size);
            if let Some(last) = items.last() {
                next = Some(self.sealer.seal(PURPOSE, &[list, user], key(last)).await?);
            }
        }
        Ok(Page { items, next })
    }
}
