//! [`IntoAnswer`], the conversion of what a handler returns into the answer of its primitive.

use serde_json::{Map, Value};

use super::Primitive;
use crate::error::Result;

/// A value that a handler may return: converts it into the answer of a [`Primitive`].
///
/// Implement it for a type of your own to return that type from tools ([`Tools`](crate::tool::Tools)), prompts
/// ([`Prompts`](crate::prompt::Prompts)) or resources ([`Resources`](crate::resource::Resources)). For tools, every type
/// with `Serialize` and `JsonSchema` can be returned without it ([`Structured`](crate::tool::Structured)).
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::provider::IntoAnswer;
/// use mcp_lambda::tool::Tools;
///
/// /// A table in Markdown.
/// pub struct Table(Vec<[String; 2]>);
///
/// impl IntoAnswer<Tools> for Table {
///     fn into_answer(self) -> Result<Outcome> {
///         let rows = self.0.iter().map(|[name, value]| format!("| {name} | {value} |\n"));
///         Ok(Outcome::text(rows.collect::<String>()))
///     }
/// }
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Lists what is in the box.
///     pub async fn list_box() -> Result<Table> {
///         Ok(Table(vec![["apples".to_owned(), "3".to_owned()]]))
///     }
/// }
///
/// # fn main() {
/// assert_eq!(tools::tools()[0].definition().name, "list_box");
/// let table = Table(vec![["apples".to_owned(), "3".to_owned()]]);
/// assert_eq!(table.into_answer().unwrap(), Outcome::text("| apples | 3 |\n"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a function of `{P}` can't return `{Self}`",
    label = "not an answer",
    note = "a tool returns a `String`, `Content`, `Vec<Content>`, `Outcome`, or a type with `#[derive(Serialize, JsonSchema)]`",
    note = "a prompt returns a `String`, `Content`, `Message` or `Vec<Message>`",
    note = "a resource returns a `String`, `Vec<u8>`, `ResourceContents` or `Vec<ResourceContents>`",
    note = "each may return a `Result` of one, whose error is text or an error type"
)]
pub trait IntoAnswer<P: Primitive>: Sized {
    /// Converts the value to the [`Answer`](super::Answer) of the primitive.
    ///
    /// # Errors
    /// The handler's own error, where the value is a `Result`.
    fn into_answer(self) -> Result<P::Answer>;

    /// Returns the JSON Schema of a tool's structured answer, if the value is one. By default there is none.
    #[must_use]
    fn output_schema() -> Option<Map<String, Value>> {
        None
    }
}
