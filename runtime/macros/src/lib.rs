//! `#[tools]`, `#[prompts]`, `#[resources]`: the functions of a module, or the methods of a type, become tools, prompts or resources.
//!
//! [`macro@tools`], [`macro@prompts`] and [`macro@resources`] write builder calls that anybody could write by hand, and
//! nothing that can't be read: no global registry, no hidden state. They refuse what they can't register with a
//! sentence that says what to write instead.

mod arg;
mod attributes;
mod function;
mod methods;
mod module;
mod parameter;
mod primitive;

use proc_macro::TokenStream;
use quote::ToTokens;
use syn::{Item, parse_macro_input};

use crate::primitive::Primitive;

/// Makes tools of the public functions of a `mod`, or of the public `&self` methods of an `impl`.
///
/// A function's name, doc comment and types become the tool's name, description and schemas. Functions that begin with
/// `_` or are not public are left alone. A module gains `pub fn tools() -> Vec<Tool>`, an `impl` gains
/// `pub fn tools(self) -> Vec<Tool>`.
///
/// Parameters are JSON arguments: a doc comment before one describes it, `Option` makes it optional, and `#[arg(default
/// = EXPRESSION)]` gives it a default. `#[arg(…)]` also knows `min`, `max`, `min_length`, `max_length`, `min_items`,
/// `max_items` and `pattern`, which are shown in the schema and checked before the call.
///
/// A parameter whose type implements `FromCall` is an extractor, and its value comes from the call: `CurrentUser`,
/// `Profile<T>`, `UserData`, `State<T>`, `Context`, and types of the app's own.
///
/// `#[tool(…)]` on a function says what its signature can't: `name = "…"`, `title = "…"`, `read_only`, `destructive`,
/// `idempotent`, `open_world` (each alone or `= false`), `scopes("…", …)`, `timeout = "30s"`, `version = "…"`,
/// `ui = "ui://…"` (the page that shows its answers), `visibility = "model"`, `"app"` or `"both"`, and
/// `extension = EXPRESSION` (a value for the app's own middleware, once for each type).
///
/// A module also gains `tool_names`, a constant for each tool, so that a page's reference to one can't be misspelt.
#[proc_macro_attribute]
pub fn tools(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Primitive::Tool, arguments, item)
}

/// Makes prompts of the public functions of a `mod`, or of the public `&self` methods of an `impl`, as
/// [`macro@tools`] makes tools.
///
/// A function returns text, `Content`, a `Message` or several. Its arguments are text on the wire and read as their types;
/// those that are an enum, or that `#[arg(complete = …)]` names a function or a list of values for, are completed.
/// `#[prompt(…)]` knows `name`, `title`, `scopes(…)`, `timeout` and `extension`.
#[proc_macro_attribute]
pub fn prompts(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Primitive::Prompt, arguments, item)
}

/// Makes resources of the public functions of a `mod`, or of the public `&self` methods of an `impl`, as
/// [`macro@tools`] makes tools.
///
/// `#[resource("notes://{id}", mime_type = "text/plain")]` names the URI, or the template (RFC 6570), whose variables are
/// the function's arguments. It also knows `name`, `title`, `ttl = "5m"`, `shared` (the same for everyone), `scopes(…)`,
/// `timeout` and `extension`. A function returns text, bytes, `ResourceContents` or several.
#[proc_macro_attribute]
pub fn resources(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Primitive::Resource, arguments, item)
}

fn expand(primitive: Primitive, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let macro_name = primitive.plural();
    let noun = primitive.as_str();
    let arguments = proc_macro2::TokenStream::from(arguments);
    let item = parse_macro_input!(item as Item);
    let expanded = match item {
        _ if !arguments.is_empty() => Err(syn::Error::new_spanned(
            arguments,
            format!(
                "`#[{macro_name}]` takes no arguments; they belong on a function, in `#[{noun}(…)]`"
            ),
        )),
        Item::Mod(module) => module::expand(primitive, module),
        Item::Impl(methods) => methods::expand(primitive, methods),
        other => Err(syn::Error::new_spanned(
            other.to_token_stream(),
            format!("`#[{macro_name}]` goes on a `mod` of functions or on an `impl` block"),
        )),
    };
    expanded
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
