//! Expansion of the macros on an `impl` block ([`expand`]): its public methods with `&self`, for tools that share a
//! client.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, FnArg, ImplItem, ImplItemFn, ItemImpl, Receiver as SelfParameter, Result, Visibility,
};

use crate::function::{Function, Receiver};
use crate::primitive::Primitive;

/// Adds the function that makes the registrations to an `impl` block.
pub(crate) fn expand(primitive: Primitive, mut block: ItemImpl) -> Result<TokenStream> {
    if let Some((_, path, _)) = &block.trait_ {
        let message = format!(
            "`#[{}]` goes on an `impl` of the type itself, not of a trait",
            primitive.plural()
        );
        return Err(Error::new_spanned(path, message));
    }
    let functions = read(primitive, &mut block.items)?;
    Function::check_unique(&functions)?;
    let registrations = functions
        .iter()
        .map(|function| function.expand(Receiver::Shared));
    let plural = primitive.plural();
    let registration = primitive.registration();
    let doc = format!("Returns the {plural} of this value, which they share.");
    let generics = &block.generics;
    let bounds = &block.generics.where_clause;
    let ty = &block.self_ty;
    Ok(quote! {
        #block

        impl #generics #ty #bounds {
            #[doc = #doc]
            #[must_use]
            pub fn #plural(self) -> ::std::vec::Vec<#registration> {
                let this = ::std::sync::Arc::new(self);
                ::std::vec![#(#registrations),*]
            }
        }
    })
}

/// Reads the methods that are handlers ([`handler_receiver`]), each as a [`Function`].
fn read(primitive: Primitive, items: &mut [ImplItem]) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    for item in items {
        if let ImplItem::Fn(method) = item
            && let Some(receiver) = handler_receiver(method)
        {
            check(primitive, &receiver)?;
            functions.push(Function::read(
                primitive,
                &mut method.attrs,
                &mut method.sig,
            )?);
        }
    }
    Ok(functions)
}

/// Returns the `self` of a method that is a handler; constructors and helpers have none or are not public.
fn handler_receiver(method: &ImplItemFn) -> Option<SelfParameter> {
    let is_handler = matches!(method.vis, Visibility::Public(_))
        && !method.sig.ident.to_string().starts_with('_');
    match method.sig.inputs.first() {
        Some(FnArg::Receiver(receiver)) if is_handler => Some(receiver.clone()),
        _ => None,
    }
}

/// Refuses a method that can't run beside itself.
fn check(primitive: Primitive, receiver: &SelfParameter) -> Result<()> {
    let is_shared = receiver.reference.is_some()
        && receiver.mutability.is_none()
        && receiver.colon_token.is_none();
    if is_shared {
        Ok(())
    } else {
        let message = format!(
            "calls run side by side, so a {} takes `&self`",
            primitive.as_str()
        );
        Err(Error::new_spanned(receiver, message))
    }
}
