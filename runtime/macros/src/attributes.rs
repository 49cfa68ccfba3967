//! [`HandlerAttributes`]: doc comments, `#[tool(…)]`, `#[prompt(…)]`, `#[resource(…)]`.
//!
//! Reading an attribute of ours removes it ([`take`]), since the compiler knows none of them.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitBool, LitStr, Meta, Result, Token, parenthesized};

use crate::primitive::Primitive;

/// Joins the lines of the doc comments; empty if there are none.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(doc_line).collect();
    lines.join("\n").trim().to_owned()
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if pair.path.is_ident("doc") => Some(text.value().trim().to_owned()),
        _ => None,
    }
}

/// Removes the [`Attribute`]s of this name from a list and returns them.
pub(crate) fn take(attributes: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    let (found, others) = std::mem::take(attributes)
        .into_iter()
        .partition(|attribute| attribute.path().is_ident(name));
    *attributes = others;
    found
}

/// The keys of `#[tool(…)]`, `#[prompt(…)]` or `#[resource(…)]`, as [`Primitive::keys`] lists them.
#[derive(Default)]
pub(crate) struct HandlerAttributes {
    pub(crate) name: Option<LitStr>,
    /// The URI of a resource, or its template.
    pub(crate) uri: Option<LitStr>,
    scopes: Vec<LitStr>,
    hints: Vec<(&'static str, bool)>,
    /// The other builder calls.
    calls: Vec<TokenStream>,
}

const HINTS: [&str; 4] = ["read_only", "destructive", "idempotent", "open_world"];

impl HandlerAttributes {
    /// Reads the attribute of this [`Primitive`] and removes it from a function.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, primitive: Primitive) -> Result<Self> {
        let mut found = Self::default();
        for attribute in take(attributes, primitive.as_str()) {
            match &attribute.meta {
                Meta::Path(_) => {}
                Meta::List(list) => {
                    list.parse_args_with(|input: ParseStream<'_>| found.read_all(input, primitive))?
                }
                Meta::NameValue(_) => {
                    return Err(syn::Error::new_spanned(&attribute, primitive.keys()));
                }
            }
        }
        Ok(found)
    }

    /// Reads all keys; a resource's URI comes first, without a key.
    fn read_all(&mut self, input: ParseStream<'_>, primitive: Primitive) -> Result<()> {
        if primitive == Primitive::Resource && input.peek(LitStr) {
            self.uri = Some(input.parse()?);
            if input.parse::<Option<Token![,]>>()?.is_none() {
                return Ok(());
            }
        }
        syn::meta::parser(|meta| self.read(&meta, primitive)).parse2(input.parse()?)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>, primitive: Primitive) -> Result<()> {
        let Some(key) = meta.path.get_ident().map(ToString::to_string) else {
            return Err(meta.error(primitive.keys()));
        };
        match (key.as_str(), primitive) {
            ("name", _) => self.name = Some(meta.value()?.parse()?),
            ("title", _) => self
                .calls
                .push(call("title", &meta.value()?.parse::<LitStr>()?)),
            ("scopes", _) => {
                let content;
                parenthesized!(content in meta.input);
                self.scopes
                    .extend(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?);
            }
            ("timeout", _) => self.calls.push(time("timeout", meta)?),
            ("extension", _) => self
                .calls
                .push(call("extension", &meta.value()?.parse::<Expr>()?)),
            ("version", Primitive::Tool) => self
                .calls
                .push(call("version", &meta.value()?.parse::<LitStr>()?)),
            ("ui", Primitive::Tool) => self.calls.push(call("ui", &meta.value()?.parse::<Expr>()?)),
            ("visibility", Primitive::Tool) => {
                self.calls.push(visibility(&meta.value()?.parse()?)?)
            }
            ("mime_type", Primitive::Resource) => self
                .calls
                .push(call("mime_type", &meta.value()?.parse::<LitStr>()?)),
            ("ttl", Primitive::Resource) => self.calls.push(time("ttl", meta)?),
            ("shared", Primitive::Resource) => self.calls.push(quote!(.share())),
            (hint, Primitive::Tool) => match HINTS.into_iter().find(|known| *known == hint) {
                Some(hint) => self.hints.push((hint, flag(meta)?)),
                None => return Err(meta.error(primitive.keys())),
            },
            _ => return Err(meta.error(primitive.keys())),
        }
        Ok(())
    }

    /// Returns the builder calls of all keys.
    pub(crate) fn calls(&self) -> TokenStream {
        let calls = &self.calls;
        let scopes = &self.scopes;
        let scopes = (!scopes.is_empty()).then(|| quote!(.scopes([#(#scopes),*])));
        let hints = self.hints.iter().map(|(name, value)| {
            let name = quote::format_ident!("{name}");
            quote!(hints.#name = ::core::option::Option::Some(#value);)
        });
        let hints = (!self.hints.is_empty()).then(|| {
            quote! {
                .hints({
                    let mut hints = ::mcp_lambda::tool::Hints::default();
                    #(#hints)*
                    hints
                })
            }
        });
        quote!(#hints #scopes #(#calls)*)
    }
}

fn call(name: &str, value: &impl ToTokens) -> TokenStream {
    let name = quote::format_ident!("{name}");
    quote!(.#name(#value))
}

fn time(name: &str, meta: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let milliseconds = milliseconds(&meta.value()?.parse()?)?;
    Ok(call(
        name,
        &quote!(::core::time::Duration::from_millis(#milliseconds)),
    ))
}

/// Reads a boolean key, which alone means `true`.
fn flag(meta: &ParseNestedMeta<'_>) -> Result<bool> {
    if meta.input.peek(Token![=]) {
        Ok(meta.value()?.parse::<LitBool>()?.value)
    } else {
        Ok(true)
    }
}

fn visibility(text: &LitStr) -> Result<TokenStream> {
    let variant = match text.value().as_str() {
        "model" => quote!(Model),
        "app" => quote!(App),
        "both" => quote!(Both),
        _ => {
            return Err(syn::Error::new(
                text.span(),
                "a tool is for `\"model\"`, for its toolset's pages (`\"app\"`), or for `\"both\"`",
            ));
        }
    };
    Ok(call(
        "visibility",
        &quote!(::mcp_lambda::tool::Visibility::#variant),
    ))
}

/// Reads a duration such as `"500ms"`, `"30s"` or `"5m"`.
fn milliseconds(text: &LitStr) -> Result<u64> {
    let value = text.value();
    let unit = value.trim_start_matches(|character: char| character.is_ascii_digit());
    let factor = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let number = value
        .strip_suffix(unit)
        .and_then(|number| number.parse::<u64>().ok())
        .filter(|number| *number > 0);
    let time = factor
        .zip(number)
        .and_then(|(factor, number)| number.checked_mul(factor));
    time.ok_or_else(|| {
        syn::Error::new(
            text.span(),
            "a time is a number with a unit, such as \"500ms\", \"30s\" or \"5m\"",
        )
    })
}
