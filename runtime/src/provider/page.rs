//! Lists in pages (MCP, pagination): a [`Pager`] cuts a [`Listing`] into [`ListPage`]s.

use std::sync::Arc;

use super::{Definition, Listing, Primitive};
use crate::error::{Error, Result};
use crate::seal::Sealer;

/// The purpose that cursors are sealed for.
const PURPOSE: &str = "cursor/v1";

/// Cuts lists into pages and makes the cursors between them.
///
/// A cursor is the last key of a page, sealed by a [`Sealer`] for one list and one registration of a user. It survives
/// a change of the list: the next page begins behind that key, whether it is still there or not.
#[derive(Clone, Debug)]
pub(crate) struct Pager {
    sealer: Sealer,
    size: usize,
}

/// A page of a [`Listing`].
#[derive(Debug)]
pub(crate) struct ListPage<P: Primitive> {
    /// The definitions on this page.
    pub(crate) definitions: Vec<Arc<Definition<P>>>,
    /// The cursor of the next page, if there is one.
    pub(crate) next: Option<String>,
    /// True where another caller's page may differ, so that no shared cache may keep it (RFC 9111 §5.2.2.7).
    pub(crate) is_private: bool,
}

/// The page that a request names to [`Pager::page`].
#[derive(Debug)]
pub(crate) struct PageRequest<'a> {
    /// The name of the list.
    pub(crate) list: &'a str,
    /// The user whom a cursor belongs to ([`Caller::seal_owner`](crate::user::Caller::seal_owner)).
    pub(crate) user: &'a str,
    /// The cursor that the page before gave; the first page has none.
    pub(crate) cursor: Option<&'a str>,
}

impl Pager {
    /// Makes pages of this many entries.
    pub(crate) const fn new(sealer: Sealer, size: usize) -> Self {
        Self { sealer, size }
    }

    /// Cuts a page out of a list in order of its keys.
    ///
    /// # Errors
    /// `Stale` for a cursor of another list or user, `Unavailable`.
    pub(crate) async fn page<P: Primitive>(
        &self,
        request: PageRequest<'_>,
        listing: Listing<P>,
    ) -> Result<ListPage<P>> {
        let mut definitions = listing.definitions;
        if let Some(cursor) = request.cursor {
            let last = self.open(&request, cursor).await?;
            definitions.drain(..definitions.partition_point(|one| P::key(one) <= last.as_str()));
        }
        let next = match definitions.get(self.size.wrapping_sub(1)) {
            Some(last) if definitions.len() > self.size => {
                Some(self.seal(&request, P::key(last)).await?)
            }
            _ => None,
        };
        definitions.truncate(self.size);
        // A cursor is one user's, and so is a page that has one.
        let is_part = request.cursor.is_some() || next.is_some();
        Ok(ListPage {
            definitions,
            next,
            is_private: is_part || listing.is_private,
        })
    }

    async fn seal(&self, request: &PageRequest<'_>, key: &str) -> Result<String> {
        let owner = [request.list, request.user];
        self.sealer.seal(PURPOSE, &owner, key).await
    }

    async fn open(&self, request: &PageRequest<'_>, cursor: &str) -> Result<String> {
        let owner = [request.list, request.user];
        let opened = self.sealer.open(PURPOSE, &owner, cursor).await?;
        opened.ok_or_else(|| {
            Error::stale("this cursor is not one of yours for this list; list from the beginning, without a cursor")
        })
    }
}
