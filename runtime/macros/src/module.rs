//! The macros on a module: its public functions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, Item, ItemFn, ItemMod, Result, Visibility};

use crate::function::{Function, Receiver};
use crate::primitive::Primitive;

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
    let registrations = functions
        .iter()
        .map(|function| function.expand(Receiver::None));
    let (all, ty, doc) = (
        primitive.plural(),
        primitive.registration(),
        format!("The {} of this module.", primitive.plural()),
    );
    items.push(syn::parse_quote! {
        #[doc = #doc]
        #[must_use]
        pub fn #all() -> ::std::vec::Vec<#ty> {
            ::std::vec![#(#registrations),*]
        }
    });
    if primitive == Primitive::Tool {
        let constants = functions.iter().map(Function::constant);
        items.push(syn::parse_quote! {
            /// The names of this module's tools, for references that can't be misspelt.
            #[allow(dead_code, reason = "only pages refer to tools")]
            pub mod tool_names {
                #(#constants)*
            }
        });
    }
    Ok(quote!(#module))
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
