//! `#[tools]` on an `impl` block: its public methods with `&self`, for tools that share a client.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, ImplItem, ImplItemFn, ItemImpl, Receiver as SelfParameter, Result, Visibility};

use crate::function::{Function, Receiver};

pub(crate) fn expand(mut block: ItemImpl) -> Result<TokenStream> {
    if let Some((_, path, _)) = &block.trait_ {
        return Err(Error::new_spanned(path, "`#[tools]` goes on an `impl` of the type itself, not of a trait"));
    }
    let mut functions = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item
            && let Some(receiver) = tool_receiver(method)
        {
            check(&receiver)?;
            functions.push(Function::read(&mut method.attrs, &mut method.sig)?);
        }
    }
    Function::check_unique(&functions)?;
    let tools = functions.iter().map(|function| function.expand(&Receiver::Shared));
    let (generics, ty, bounds) = (&block.generics, &block.self_ty, &block.generics.where_clause);
    Ok(quote! {
        #block

        impl #generics #ty #bounds {
            /// The tools of this value, which they share.
            #[must_use]
            pub fn tools(self) -> ::std::vec::Vec<::mcp_lambda::tool::Tool> {
                let this = ::std::sync::Arc::new(self);
                ::std::vec![#(#tools),*]
            }
        }
    })
}

/// The `self` of a method that is to be a tool; constructors and helpers have none or are not public.
fn tool_receiver(method: &ImplItemFn) -> Option<SelfParameter> {
    let is_offered = matches!(method.vis, Visibility::Public(_)) && !method.sig.ident.to_string().starts_with('_');
    match method.sig.inputs.first() {
        Some(FnArg::Receiver(receiver)) if is_offered => Some(receiver.clone()),
        _ => None,
    }
}

fn check(receiver: &SelfParameter) -> Result<()> {
    let is_shared = receiver.reference.is_some() && receiver.mutability.is_none() && receiver.colon_token.is_none();
    if is_shared {
        Ok(())
    } else {
        Err(Error::new_spanned(receiver, "calls run side by side, so a tool takes `&self`"))
    }
}
