//! Expansion of the macros on a module ([`expand`]): its public functions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, Item, ItemFn, ItemMod, Result, Visibility};

use crate::function::{Function, Receiver};
use crate::primitive::Primitive;

/// Adds the function that makes the registrations to a module.
pub(crate) fn expand(primitive: Primitive, mut module: ItemMod) -> Result<TokenStream> {
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(
            &module,
            format!(
                "`#[{}]` needs the functions in sight: write them in `mod … {{ }}`, or use the attribute inside the file on an `impl`",
                primitive.plural()
            ),
        ));
    };
    let mut functions = Vec::new();
    for item in items.iter_mut() {
        if let Item::Fn(function) = item
            && is_handler(function)
        {
            functions.push(read(primitive, function)?);
        }
    }
    Function::check_unique(&functions)?;
    items.push(all(primitive, &functions));
    if primitive == Primitive::Tool {
        items.push(names(&functions));
    }
    Ok(quote!(#module))
}

/// Returns the function that makes all registrations ([`Function::expand`]).
fn all(primitive: Primitive, functions: &[Function]) -> Item {
    let registrations = functions
        .iter()
        .map(|function| function.expand(Receiver::None));
    let plural = primitive.plural();
    let registration = primitive.registration();
    let doc = format!("Returns the {plural} of this module.");
    syn::parse_quote! {
        #[doc = #doc]
        #[must_use]
        pub fn #plural() -> ::std::vec::Vec<#registration> {
            ::std::vec![#(#registrations),*]
        }
    }
}

/// Returns the module of the tools' names.
fn names(functions: &[Function]) -> Item {
    let constants = functions.iter().map(Function::constant);
    syn::parse_quote! {
        /// The names of this module's tools, for references that can't be misspelt.
        #[allow(dead_code, reason = "only pages refer to tools")]
        pub mod tool_names {
            #(#constants)*
        }
    }
}

fn is_handler(function: &ItemFn) -> bool {
    matches!(function.vis, Visibility::Public(_))
        && !function.sig.ident.to_string().starts_with('_')
}

fn read(primitive: Primitive, function: &mut ItemFn) -> Result<Function> {
    if let Some(receiver @ FnArg::Receiver(_)) = function.sig.inputs.first() {
        return Err(Error::new_spanned(
            receiver,
            format!(
                "a function of a module has no `self`: put `#[{}]` on the `impl` block of the type instead",
                primitive.plural()
            ),
        ));
    }
    Function::read(primitive, &mut function.attrs, &mut function.sig)
}
