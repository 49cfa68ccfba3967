//! What a function is made into: a tool, a prompt or a resource.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Tool,
    Prompt,
    Resource,
}

impl Kind {
    /// What one is called; its attribute too.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }

    /// The function that gives all of them; the macro too.
    pub(crate) fn all(self) -> Ident {
        format_ident!("{}s", self.noun())
    }

    pub(crate) fn ty(self) -> TokenStream {
        match self {
            Self::Tool => quote!(::mcp_lambda::Tool),
            Self::Prompt => quote!(::mcp_lambda::Prompt),
            Self::Resource => quote!(::mcp_lambda::Resource),
        }
    }

    /// What its attribute may say.
    pub(crate) const fn knows(self) -> &'static str {
        match self {
            Self::Tool => {
                "`#[tool]` knows `name`, `title`, `read_only`, `destructive`, `idempotent`, `open_world`, `scopes(…)`, `timeout`, `version`, `ui` and `visibility`"
            }
            Self::Prompt => "`#[prompt]` knows `name`, `title`, `scopes(…)` and `timeout`",
            Self::Resource => {
                "`#[resource]` knows the URI, as its first word, and `name`, `title`, `mime_type`, `ttl`, `shared`, `scopes(…)` and `timeout`"
            }
        }
    }
}
