//! Pages of what a tool lists, for lists longer than a model should read at once.

use schemars::JsonSchema;
use serde::Serialize;

use crate::records::DataPage;

/// A page of a tool's list, and the cursor that the next page is asked for with.
///
/// The tool takes the cursor as an `Option<String>`, the page's size as a number, and returns the page:
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use mcp_lambda::tool::Paginated;
/// use serde_json::json;
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Lists the planets by name.
///     #[tool(read_only)]
///     pub async fn list_planets(
///         /// The `next_cursor` of the page before; none for the first page.
///         cursor: Option<String>,
///         /// How many to list.
///         #[arg(default = 2, min = 1, max = 50)]
///         limit: usize,
///     ) -> Paginated<&'static str> {
///         let planets = ["Earth", "Jupiter", "Mars"];
///         Paginated::after(cursor.as_deref(), limit, planets, |planet| planet)
///     }
/// }
///
/// # fn main() {
/// block_on(async {
///     let app = TestApp::new(App::new("space").tools(tools::tools())).await;
///     let alice = app.user("alice@example.com").await;
///     let page = alice.call("list_planets", json!({})).await;
///     assert_eq!(page.data(), &json!({"items": ["Earth", "Jupiter"], "next_cursor": "Jupiter"}));
///     let page = alice.call("list_planets", json!({"cursor": "Jupiter"})).await;
///     assert_eq!(page.data(), &json!({"items": ["Mars"]}));
///     let refused = alice.call("list_planets", json!({"limit": 51})).await;
///     assert!(refused.tool_text().ends_with("`limit` must be 50 or less"));
/// });
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Paginated<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// The cursor to call again with for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Paginated<T> {
    /// Makes a page of an upstream's items and of its cursor, `None` on the last page.
    #[must_use]
    pub const fn new(items: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }

    /// Returns the items that follow the cursor, at most `limit` of them and at least one.
    ///
    /// The items are in the order of their keys, and the cursor is the key of the last one seen: what is added or removed
    /// in between moves no page. A cursor is the client's text, so a key must hold nothing that the user may not see.
    pub fn after(
        cursor: Option<&str>,
        limit: usize,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> &str,
    ) -> Self {
        let follows = |item: &T| cursor.is_none_or(|cursor| key(item) > cursor);
        let mut following = items.into_iter().filter(follows);
        let items: Vec<_> = following.by_ref().take(limit.max(1)).collect();
        let has_more = following.next().is_some();
        let last = items.last().filter(|_| has_more);
        let next_cursor = last.map(|item| key(item).to_owned());
        Self { items, next_cursor }
    }

    /// Converts each item of the page.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Paginated<U> {
        Paginated {
            items: self.items.into_iter().map(convert).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// A page of a user's stored values, without their names.
impl<T> From<DataPage<T>> for Paginated<T> {
    fn from(page: DataPage<T>) -> Self {
        Self {
            items: page.entries.into_iter().map(|(_, value)| value).collect(),
            next_cursor: page.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(cursor: Option<&str>, limit: usize) -> Paginated<&'static str> {
        Paginated::after(cursor, limit, ["a", "b", "c"], |item| *item)
    }

    #[test]
    fn pages_join_without_loss() {
        let first = page(None, 2);
        assert_eq!(first.items, ["a", "b"]);
        let second = page(first.next_cursor.as_deref(), 2);
        assert_eq!((second.items, second.next_cursor), (vec!["c"], None));
    }

    #[test]
    fn a_cursor_whose_item_is_gone_goes_on_after_its_place() {
        assert_eq!(page(Some("aa"), 9).items, ["b", "c"]);
        assert_eq!(page(Some("z"), 9), Paginated::default());
    }

    #[test]
    fn a_page_has_an_item_where_there_is_one() {
        let page = page(None, 0).map(str::len);
        assert_eq!(
            (page.items, page.next_cursor.as_deref()),
            (vec![1], Some("a"))
        );
    }
}
