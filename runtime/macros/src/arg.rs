//! [`ArgAttribute`]: `#[arg(…)]` and the doc comment before a parameter.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, ExprUnary, Lit, LitStr, Result, UnOp};

use crate::attributes::{doc, take};

const KNOWN_KEYS: &str = "`#[arg]` knows `default = EXPRESSION`, `complete = FUNCTION` or `[VALUES]`, `min`, `max`, `min_length`, `max_length`, `min_items`, `max_items` and `pattern`";

/// The keys whose value is a number, each with the builder method of `mcp_lambda::schema::Constraints`; [`write_bound`]
/// reads them.
const NUMBERS: [&str; 6] = [
    "min",
    "max",
    "min_length",
    "max_length",
    "min_items",
    "max_items",
];

/// The attributes of a [`Parameter`](crate::parameter::Parameter).
#[derive(Default)]
pub(crate) struct ArgAttribute {
    pub(crate) doc: String,
    pub(crate) default: Option<Box<Expr>>,
    pub(crate) complete: Option<Box<Expr>>,
    /// The builder calls of the constraints ([`write_bound`], [`write_pattern`]).
    constraints: Vec<TokenStream>,
    /// The place of the attribute; with one, the parameter is an argument whatever its type.
    span: Option<Span>,
}

impl ArgAttribute {
    /// Reads the doc comments and `#[arg(…)]` of a parameter and removes them.
    pub(crate) fn take(attributes: &mut Vec<Attribute>) -> Result<Self> {
        let mut found = Self {
            doc: doc(attributes),
            ..Self::default()
        };
        take(attributes, "doc");
        for attribute in take(attributes, "arg") {
            found.span = Some(attribute.path().span());
            if !matches!(attribute.meta, syn::Meta::Path(_)) {
                attribute.parse_nested_meta(|meta| found.read(&meta))?;
            }
        }
        Ok(found)
    }

    /// Returns the place of `#[arg]`, which says that the parameter is an argument.
    pub(crate) const fn argument_key(&self) -> Option<Span> {
        self.span
    }

    /// Returns the [`TokenStream`] of the argument's constraints, if it has any.
    pub(crate) fn constraints(&self) -> Option<TokenStream> {
        let calls = &self.constraints;
        (!calls.is_empty()).then(|| quote!(::mcp_lambda::schema::Constraints::new()#(#calls)*))
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string);
        match key.as_deref() {
            Some("default") => self.default = Some(Box::new(meta.value()?.parse()?)),
            Some("complete") => self.complete = Some(Box::new(meta.value()?.parse()?)),
            Some("pattern") => self
                .constraints
                .push(write_pattern(&meta.value()?.parse()?)?),
            Some(key) if NUMBERS.contains(&key) => {
                self.constraints
                    .push(write_bound(key, &meta.value()?.parse()?)?);
            }
            _ => return Err(meta.error(KNOWN_KEYS)),
        }
        Ok(())
    }
}

/// Returns the builder call for a bound: a literal, since a model reads it in the schema.
fn write_bound(key: &str, value: &Expr) -> Result<TokenStream> {
    let literal = match value {
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => &**expr,
        other => other,
    };
    let is_whole = !matches!(key, "min" | "max");
    let is_number = match literal {
        Expr::Lit(ExprLit { lit, .. }) => {
            matches!(lit, Lit::Int(_)) || (!is_whole && matches!(lit, Lit::Float(_)))
        }
        _ => false,
    };
    if !is_number || (is_whole && matches!(value, Expr::Unary(_))) {
        let message = format!("`{key}` is a number, written out: `{key} = 1`");
        return Err(Error::new_spanned(value, message));
    }
    let method = quote::format_ident!("{key}");
    Ok(quote!(.#method(#value)))
}

/// Returns the builder call for a pattern that compiles.
fn write_pattern(text: &LitStr) -> Result<TokenStream> {
    if let Err(error) = regex_lite::Regex::new(&text.value()) {
        let message = format!("`pattern` is no regular expression: {error}");
        return Err(Error::new(text.span(), message));
    }
    Ok(quote!(.pattern(#text)))
}
