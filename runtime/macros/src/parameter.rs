//! [`Parameter`]s of a handler: the code that describes each one and takes its value from a call.
//!
//! A macro sees names and not traits, so nothing here decides what a type is: the generated code calls
//! `mcp_lambda::call::Parameter`, and the compiler chooses between an argument and an extractor.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, Ident, Lit, Pat, PatType, Result, Type};

use crate::arg::ArgAttribute;
use crate::primitive::Primitive;

/// A parameter of a [`Function`](crate::function::Function).
pub(crate) struct Parameter {
    /// The name that clients send an argument by; `None` for a pattern, which only an extractor can have.
    name: Option<String>,
    ty: Type,
    attribute: ArgAttribute,
}

impl Parameter {
    /// Reads a parameter and removes our attributes from it ([`ArgAttribute::take`]).
    pub(crate) fn read(primitive: Primitive, parameter: &mut PatType) -> Result<Self> {
        let attribute = ArgAttribute::take(&mut parameter.attrs)?;
        let ty = (*parameter.ty).clone();
        check_type(primitive, &ty)?;
        if let (Primitive::Tool, Some(complete)) = (primitive, &attribute.complete) {
            return Err(Error::new_spanned(
                complete,
                "MCP completes arguments of prompts and resources, and not of tools",
            ));
        }
        let name = match &*parameter.pat {
            Pat::Ident(pattern) if pattern.subpat.is_none() => Some(argument_name(&pattern.ident)),
            _ => None,
        };
        if let (None, Some(key)) = (&name, attribute.argument_key()) {
            let message = format!(
                "an argument of a {} needs a name that it can be given by",
                primitive.as_str()
            );
            return Err(Error::new(key, message));
        }
        Ok(Self {
            name,
            ty,
            attribute,
        })
    }

    /// Returns the expression that takes the value from `call` and `arguments`.
    pub(crate) fn take(&self) -> TokenStream {
        let ty = &self.ty;
        let span = ty.span();
        let Some(name) = &self.name else {
            return quote_spanned!(span=> <#ty as ::mcp_lambda::call::FromCall>::from_call(&call).await?);
        };
        let check = self
            .attribute
            .constraints()
            .map(|constraints| quote!(arguments.check(#name, &#constraints)?;));
        let take = if self.attribute.default.is_some() {
            let default = default_function_name(name);
            quote_spanned!(span=> arguments.take_or(#name, #default)?)
        } else if self.attribute.argument_key().is_some() {
            quote_spanned!(span=> arguments.take::<#ty>(#name)?)
        } else {
            quote_spanned!(span=> ::mcp_lambda::__private::take_parameter::<#ty, _>(&call, &mut arguments, #name).await?)
        };
        quote!({ #check #take })
    }

    /// Returns the statement that describes the parameter in `schema`.
    pub(crate) fn describe(&self) -> TokenStream {
        let ty = &self.ty;
        let span = ty.span();
        let Some(name) = &self.name else {
            return quote_spanned!(span=> <#ty as ::mcp_lambda::call::FromCall>::declare(&mut schema););
        };
        let doc = &self.attribute.doc;
        let describe = if self.attribute.default.is_some() {
            let default = default_function_name(name);
            quote_spanned!(span=> schema.argument_or::<#ty>(#name, #doc, &#default());)
        } else if self.attribute.argument_key().is_some() {
            quote_spanned!(span=> schema.argument::<#ty>(#name, #doc);)
        } else {
            quote_spanned!(span=> ::mcp_lambda::__private::describe_parameter::<#ty, _>(&mut schema, #name, #doc);)
        };
        let constrain = self
            .attribute
            .constraints()
            .map(|constraints| quote!(schema.constrain(#name, &#constraints);));
        quote!(#describe #constrain)
    }

    /// Returns the builder call that suggests values of the argument, if its [`ArgAttribute`] has `completes`.
    pub(crate) fn completion(&self) -> Option<TokenStream> {
        let name = self.name.as_ref()?;
        let complete = self.attribute.complete.as_ref()?;
        let completer = match &**complete {
            Expr::Array(values) => quote!(::mcp_lambda::provider::completer(#values)),
            function => {
                quote!(::std::sync::Arc::new(|completion| ::std::boxed::Box::pin(#function(completion))))
            }
        };
        Some(quote_spanned!(complete.span()=> .completes(#name, #completer)))
    }

    /// Returns the function that makes the argument's default.
    pub(crate) fn default_function(&self) -> Option<TokenStream> {
        let name = self.name.as_ref()?;
        let default = self.attribute.default.as_ref()?;
        let function = default_function_name(name);
        let ty = &self.ty;
        let is_text =
            matches!(&**default, Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)));
        let into = is_text.then(|| quote!(.into()));
        Some(quote_spanned!(default.span()=> fn #function() -> #ty { #default #into }))
    }
}

/// Returns the name of an identifier without `r#`.
pub(crate) fn argument_name(ident: &Ident) -> String {
    ident.to_string().replace("r#", "")
}

fn default_function_name(name: &str) -> Ident {
    format_ident!("default_{name}")
}

/// Refuses a type that neither an argument nor an extractor can have.
fn check_type(primitive: Primitive, ty: &Type) -> Result<()> {
    let primitive = primitive.as_str();
    let message = match ty {
        Type::Reference(reference) => {
            let target = reference.elem.to_token_stream().to_string();
            let owned = if target == "str" { "String" } else { &target };
            format!("an argument of a {primitive} owns its value: write `{owned}`")
        }
        Type::ImplTrait(_) => format!("an argument of a {primitive} has one type; write it out"),
        _ => return Ok(()),
    };
    Err(Error::new_spanned(ty, message))
}
