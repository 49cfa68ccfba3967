//! `#[tools]`: the functions of a module, or the methods of a type, become the tools of an app.
//!
//! The macro writes builder calls that anybody could write by hand, and nothing that can't be read: no global registry, no
//! hidden state. What it can't turn into a tool it must refuse with a sentence that says what to write instead.

mod attributes;
mod function;
mod methods;
mod module;

use proc_macro::TokenStream;
use quote::ToTokens;
use syn::{Item, parse_macro_input};

/// Makes tools of the public functions of a `mod`, or of the public `&self` methods of an `impl`.
///
/// A function's name, doc comment and types become the tool's name, description and schemas. Functions that begin with
/// `_` or are not public are left alone. A module gains `pub fn tools() -> Vec<Tool>`, an `impl` gains
/// `pub fn tools(self) -> Vec<Tool>`.
///
/// Parameters are JSON arguments: a doc comment before one describes it, `Option` makes it optional, and
/// `#[arg(default = EXPRESSION)]` gives it a default. The extractors are known by their type's name: `CurrentUser`,
/// `Profile<T>`, `UserData`, `Context`.
///
/// `#[tool(…)]` on a function says what its signature can't: `name = "…"`, `title = "…"`, `read_only`, `destructive`,
/// `idempotent`, `open_world` (each alone or `= false`), `scopes("…", …)`, `timeout = "30s"`.
#[proc_macro_attribute]
pub fn tools(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = proc_macro2::TokenStream::from(arguments);
    let item = parse_macro_input!(item as Item);
    let expanded = match item {
        _ if !arguments.is_empty() => Err(syn::Error::new_spanned(
            arguments,
            "`#[tools]` takes no arguments; they belong on a function, in `#[tool(…)]`",
        )),
        Item::Mod(module) => module::expand(module),
        Item::Impl(methods) => methods::expand(methods),
        other => Err(syn::Error::new_spanned(
            other.to_token_stream(),
            "`#[tools]` goes on a `mod` of functions or on an `impl` block",
        )),
    };
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
