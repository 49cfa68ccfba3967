//! `#[tools]` on a module: its public functions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, Item, ItemFn, ItemMod, Result, Visibility};

use crate::function::{Function, Receiver};

pub(crate) fn expand(mut module: ItemMod) -> Result<TokenStream> {
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(
            &module,
            "`#[tools]` needs the functions in sight: write them in `mod … { }`, or use the attribute inside the file on an `impl`",
        ));
    };
    let mut functions = Vec::new();
    for item in items.iter_mut() {
        if let Item::Fn(function) = item
            && is_tool(function)
        {
            functions.push(read(function)?);
        }
    }
    Function::check_unique(&functions)?;
    let tools = functions.iter().map(|function| function.expand(&Receiver::None));
    items.push(syn::parse_quote! {
        /// The tools of this module.
        #[must_use]
        pub fn tools() -> ::std::vec::Vec<::mcp_lambda::tool::Tool> {
            ::std::vec![#(#tools),*]
        }
    });
    Ok(quote!(#module))
}

fn is_tool(function: &ItemFn) -> bool {
    matches!(function.vis, Visibility::Public(_)) && !function.sig.ident.to_string().starts_with('_')
}

fn read(function: &mut ItemFn) -> Result<Function> {
    if let Some(receiver @ FnArg::Receiver(_)) = function.sig.inputs.first() {
        return Err(Error::new_spanned(
            receiver,
            "a function of a module has no `self`: put `#[tools]` on the `impl` block of the type instead",
        ));
    }
    Function::read(&mut function.attrs, &mut function.sig)
}
