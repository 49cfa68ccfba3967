//! The macros on a module: its public functions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, Item, ItemFn, ItemMod, Result, Visibility};

use crate::function::{Function, Receiver};
use crate::kind::Kind;

pub(crate) fn expand(kind: Kind, mut module: ItemMod) -> Result<TokenStream> {
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(
            &module,
            format!(
                "`#[{}]` needs the functions in sight: write them in `mod … {{ }}`, or use the attribute inside the file on an `impl`",
                kind.all()
            ),
        ));
    };
    let mut functions = Vec::new();
    for item in items.iter_mut() {
        if let Item::Fn(function) = item
            && is_offered(function)
        {
            functions.push(read(kind, function)?);
        }
    }
    Function::check_unique(&functions)?;
    let offers = functions
        .iter()
        .map(|function| function.expand(&Receiver::None));
    let (all, ty, doc) = (
        kind.all(),
        kind.ty(),
        format!("The {} of this module.", kind.all()),
    );
    items.push(syn::parse_quote! {
        #[doc = #doc]
        #[must_use]
        pub fn #all() -> ::std::vec::Vec<#ty> {
            ::std::vec![#(#offers),*]
        }
    });
    if matches!(kind, Kind::Tool) {
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

fn is_offered(function: &ItemFn) -> bool {
    matches!(function.vis, Visibility::Public(_))
        && !function.sig.ident.to_string().starts_with('_')
}

fn read(kind: Kind, function: &mut ItemFn) -> Result<Function> {
    if let Some(receiver @ FnArg::Receiver(_)) = function.sig.inputs.first() {
        return Err(Error::new_spanned(
            receiver,
            format!(
                "a function of a module has no `self`: put `#[{}]` on the `impl` block of the type instead",
                kind.all()
            ),
        ));
    }
    Function::read(kind, &mut function.attrs, &mut function.sig)
}
