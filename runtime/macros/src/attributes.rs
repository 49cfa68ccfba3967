//! What stands before functions and parameters: doc comments, `#[tool(…)]`, `#[arg(…)]`.
//!
//! Reading an attribute of ours removes it, since the compiler knows none of them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitBool, LitStr, Meta, Result, Token, parenthesized};

/// The text of the doc comments, or nothing.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(doc_line).collect();
    lines.join("\n").trim().to_owned()
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if pair.path.is_ident("doc") => {
            Some(text.value().trim().to_owned())
        }
        _ => None,
    }
}

/// Takes the attributes of this name out of a list.
fn take(attributes: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    let (taken, left) = std::mem::take(attributes).into_iter().partition(|attribute| attribute.path().is_ident(name));
    *attributes = left;
    taken
}

/// What `#[tool(…)]` says.
#[derive(Default)]
pub(crate) struct ToolAttributes {
    pub(crate) name: Option<LitStr>,
    title: Option<LitStr>,
    hints: Vec<(&'static str, bool)>,
    scopes: Vec<LitStr>,
    timeout_ms: Option<u64>,
}

const HINTS: [&str; 4] = ["read_only", "destructive", "idempotent", "open_world"];

impl ToolAttributes {
    /// Takes `#[tool(…)]` from a function.
    pub(crate) fn take(attributes: &mut Vec<Attribute>) -> Result<Self> {
        let mut found = Self::default();
        for attribute in take(attributes, "tool") {
            if !matches!(attribute.meta, Meta::Path(_)) {
                attribute.parse_nested_meta(|meta| found.read(&meta))?;
            }
        }
        Ok(found)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if let Some(hint) = HINTS.into_iter().find(|hint| meta.path.is_ident(hint)) {
            let says = if meta.input.peek(Token![=]) { meta.value()?.parse::<LitBool>()?.value } else { true };
            self.hints.push((hint, says));
        } else if meta.path.is_ident("name") {
            self.name = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("title") {
            self.title = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("scopes") {
            let content;
            parenthesized!(content in meta.input);
            self.scopes.extend(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?);
        } else if meta.path.is_ident("timeout") {
            self.timeout_ms = Some(milliseconds(&meta.value()?.parse()?)?);
        } else {
            return Err(meta.error("`#[tool]` knows `name`, `title`, `read_only`, `destructive`, `idempotent`, `open_world`, `scopes(…)` and `timeout`"));
        }
        Ok(())
    }

    /// The builder calls for all this.
    pub(crate) fn calls(&self) -> TokenStream {
        let title = self.title.iter();
        let hints = self.hints.iter().map(|(name, says)| {
            let name = quote::format_ident!("{name}");
            quote!(hints.#name = ::core::option::Option::Some(#says);)
        });
        let scopes = &self.scopes;
        let timeout = self.timeout_ms.iter();
        quote! {
            #(.title(#title))*
            .hints({
                #[allow(unused_mut, reason = "a tool may give no hint")]
                let mut hints = ::mcp_lambda::tool::Hints::default();
                #(#hints)*
                hints
            })
            .scopes([#(#scopes),*] as [&str; _])
            #(.timeout(::core::time::Duration::from_millis(#timeout)))*
        }
    }
}

/// A time such as `"500ms"`, `"30s"` or `"5m"`.
fn milliseconds(text: &LitStr) -> Result<u64> {
    let value = text.value();
    let unit = value.trim_start_matches(|character: char| character.is_ascii_digit());
    let factor = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let number = value.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok()).filter(|number| *number > 0);
    let time = factor.zip(number).and_then(|(factor, number)| number.checked_mul(factor));
    time.ok_or_else(|| {
        syn::Error::new(text.span(), "a timeout is a number with a unit, such as \"500ms\", \"30s\" or \"5m\"")
    })
}

/// What stands before a parameter.
#[derive(Default)]
pub(crate) struct ArgumentAttributes {
    pub(crate) doc: String,
    pub(crate) default: Option<Box<Expr>>,
}

impl ArgumentAttributes {
    /// Takes the doc comments and `#[arg(…)]` from a parameter.
    pub(crate) fn take(attributes: &mut Vec<Attribute>) -> Result<Self> {
        let mut found = Self { doc: doc(attributes), default: None };
        take(attributes, "doc");
        for attribute in take(attributes, "arg") {
            attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("default") {
                    return Err(meta.error("`#[arg]` knows `default = EXPRESSION`"));
                }
                found.default = Some(Box::new(meta.value()?.parse()?));
                Ok(())
            })?;
        }
        Ok(found)
    }
}
