//! [`Primitive`]: MCP's three primitives, as the macros tell them apart.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

/// The primitive that a macro registers functions as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primitive {
    Tool,
    Prompt,
    Resource,
}

impl Primitive {
    /// Returns the primitive's name, which is also that of the attribute on a function.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }

    /// Returns the name of the macro, which is also that of the function it generates.
    pub(crate) fn plural(self) -> Ident {
        format_ident!("{}s", self.as_str())
    }

    /// Returns the path of the type that holds one registered function.
    pub(crate) fn registration(self) -> TokenStream {
        match self {
            Self::Tool => quote!(::mcp_lambda::Tool),
            Self::Prompt => quote!(::mcp_lambda::Prompt),
            Self::Resource => quote!(::mcp_lambda::Resource),
        }
    }

    /// Returns the path of the marker type that implements the runtime's `Primitive`.
    pub(crate) fn marker(self) -> TokenStream {
        match self {
            Self::Tool => quote!(::mcp_lambda::tool::Tools),
            Self::Prompt => quote!(::mcp_lambda::prompt::Prompts),
            Self::Resource => quote!(::mcp_lambda::resource::Resources),
        }
    }

    /// Lists the keys of the attribute, for the error about an unknown one.
    pub(crate) const fn keys(self) -> &'static str {
        match self {
            Self::Tool => {
                "`#[tool]` knows `name`, `title`, `read_only`, `destructive`, `idempotent`, `open_world`, `scopes(…)`, `timeout`, `extension`, `version`, `ui` and `visibility`"
            }
            Self::Prompt => {
                "`#[prompt]` knows `name`, `title`, `scopes(…)`, `timeout` and `extension`"
            }
            Self::Resource => {
                "`#[resource]` knows the URI, as its first word, and `name`, `title`, `mime_type`, `ttl`, `shared`, `scopes(…)`, `timeout` and `extension`"
            }
        }
    }
}
