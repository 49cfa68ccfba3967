//! [`Function`]: one function as one tool, prompt or resource.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, Ident, LitStr, PatType, Result, ReturnType, Signature, Type};

use crate::attributes::{HandlerAttributes, doc};
use crate::parameter::{Parameter, argument_name};
use crate::primitive::Primitive;

/// The longest name; `mcp_lambda::provider::MAX_NAME_BYTES`.
const MAX_NAME_BYTES: usize = 48;

/// A function that is registered, with its [`Parameter`]s and its attributes.
pub(crate) struct Function {
    primitive: Primitive,
    name: LitStr,
    description: String,
    attributes: HandlerAttributes,
    ident: Ident,
    parameters: Vec<Parameter>,
    /// The return type as it is written, `Result` and all.
    output: Type,
    is_async: bool,
}

/// The `self` of a handler.
#[derive(Clone, Copy)]
pub(crate) enum Receiver {
    /// A free function of the module.
    None,
    /// A method of a value that the handlers share.
    Shared,
}

impl Function {
    /// Reads a function and removes our attributes from it ([`HandlerAttributes::take`]).
    pub(crate) fn read(
        primitive: Primitive,
        attributes: &mut Vec<Attribute>,
        signature: &mut Signature,
    ) -> Result<Self> {
        let description = doc(attributes);
        let handler = HandlerAttributes::take(attributes, primitive)?;
        attributes.push(lints());
        let ident = signature.ident.clone();
        let default_name = || LitStr::new(&argument_name(&ident), ident.span());
        let name = handler.name.clone().unwrap_or_else(default_name);
        check(primitive, &name, &description, signature)?;
        if primitive == Primitive::Resource && handler.uri.is_none() {
            return Err(Error::new(
                ident.span(),
                "a resource needs a URI or a template: write `#[resource(\"notes://{id}\")]` before it",
            ));
        }
        let parameters = signature.inputs.iter_mut().filter_map(as_typed);
        let parameters = parameters
            .map(|parameter| Parameter::read(primitive, parameter))
            .collect::<Result<_>>()?;
        Ok(Self {
            primitive,
            name,
            description,
            attributes: handler,
            ident,
            parameters,
            output: output(&signature.output)?,
            is_async: signature.asyncness.is_some(),
        })
    }

    /// Returns the name as a constant, for references that the compiler checks.
    pub(crate) fn constant(&self) -> TokenStream {
        let name = &self.name;
        let constant = format_ident!("{}", argument_name(&self.ident).to_uppercase());
        let doc = format!("The name that `{}` is registered under.", self.ident);
        quote! {
            #[doc = #doc]
            pub const #constant: &str = #name;
        }
    }

    /// Refuses two functions of one name.
    pub(crate) fn check_unique(functions: &[Self]) -> Result<()> {
        for (position, function) in functions.iter().enumerate() {
            let name = function.name.value();
            let mut earlier = functions[..position].iter();
            if earlier.any(|earlier| earlier.name.value() == name) {
                return Err(Error::new(
                    function.name.span(),
                    format!(
                        "{0} name `{name}` is used twice; give one of them another with `#[{0}(name = \"…\")]`",
                        function.primitive.as_str()
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Returns the [`TokenStream`] that makes the registration: [`registration`](Self::registration) with its builder
    /// calls.
    pub(crate) fn expand(&self, receiver: Receiver) -> TokenStream {
        let registration = self.registration(receiver);
        let schema = self.parameters.iter().map(Parameter::describe);
        let defaults = self
            .parameters
            .iter()
            .filter_map(Parameter::default_function);
        let completions = self.parameters.iter().filter_map(Parameter::completion);
        let description = &self.description;
        let calls = self.attributes.calls();
        quote!({
            #(#defaults)*
            #[allow(unused_mut, reason = "there may be no parameter")]
            let mut schema = ::mcp_lambda::call::ArgumentSchema::default();
            #(#schema)*
            let states = schema.states().to_vec();
            #registration.requires(states).description(#description) #calls #(#completions)*
        })
    }

    /// Returns the expression that makes the registration of `schema` and a handler, without its builder calls.
    fn registration(&self, receiver: Receiver) -> TokenStream {
        let ty = self.primitive.registration();
        let name = &self.name;
        let uri = &self.attributes.uri;
        let handler = self.handler(receiver);
        let conversion = self.conversion();
        match self.primitive {
            Primitive::Tool => quote!({
                let conversion = #conversion;
                conversion.describe(#ty::raw(#name, schema.finish(), #handler))
            }),
            Primitive::Prompt => quote!(#ty::new(#name, #handler).arguments(schema)),
            Primitive::Resource => {
                quote!(#ty::new(#uri, #name, #handler).variables(&schema.finish()))
            }
        }
    }

    /// Returns the expression that converts what a tool's function returns; the compiler picks by its traits.
    fn conversion(&self) -> TokenStream {
        let output = &self.output;
        let conversion = quote_spanned!(output.span()=>
            (&&&&::mcp_lambda::__private::Returned::<#output>::new()).conversion()
        );
        quote!({
            #[allow(unused_imports, reason = "one of the four holds for each type")]
            use ::mcp_lambda::__private::{
                ConvertAnswer as _, ConvertData as _, ConvertFallibleData as _, ConvertUnknown as _,
            };
            #conversion
        })
    }

    /// Returns the closure that answers a call; [`body`](Self::body) is its content.
    fn handler(&self, receiver: Receiver) -> TokenStream {
        let body = self.body(receiver);
        match receiver {
            Receiver::None => {
                quote!(move |mut call: ::mcp_lambda::call::Call| async move { #body })
            }
            Receiver::Shared => quote!({
                let this = ::std::sync::Arc::clone(&this);
                move |mut call: ::mcp_lambda::call::Call| {
                    let this = ::std::sync::Arc::clone(&this);
                    async move { #body }
                }
            }),
        }
    }

    /// Returns the statements that take the parameters ([`Parameter::take`]), call the function and convert its answer.
    fn body(&self, receiver: Receiver) -> TokenStream {
        let places: Vec<Ident> = (0..self.parameters.len())
            .map(|place| format_ident!("parameter_{place}"))
            .collect();
        let values = self.parameters.iter().map(Parameter::take);
        let ident = &self.ident;
        let function = match receiver {
            Receiver::None => quote!(#ident),
            Receiver::Shared => quote!(this.#ident),
        };
        let awaiting = self.is_async.then(|| quote!(.await));
        let answer = quote!(#function(#(#places),*)#awaiting);
        let output = &self.output;
        let marker = self.primitive.marker();
        let answer = match self.primitive {
            Primitive::Tool => quote!(conversion.answer(#answer)),
            Primitive::Prompt | Primitive::Resource => quote_spanned! {output.span()=>
                <#output as ::mcp_lambda::provider::IntoAnswer<#marker>>::into_answer(#answer)
            },
        };
        quote! {
            #[allow(unused_mut, unused_variables, reason = "there may be no argument")]
            let mut arguments = call.take_arguments();
            #(let #places = #values;)*
            #answer
        }
    }
}

/// Returns the lints that a handler can't follow.
fn lints() -> Attribute {
    syn::parse_quote!(#[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "this is called with what a model gives, and its doc comment is for the model"
    )])
}

fn as_typed(parameter: &mut FnArg) -> Option<&mut PatType> {
    match parameter {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    }
}

/// Refuses a function that can't be registered.
fn check(
    primitive: Primitive,
    name: &LitStr,
    description: &str,
    signature: &Signature,
) -> Result<()> {
    let noun = primitive.as_str();
    let text = name.value();
    if description.is_empty() {
        return Err(Error::new(
            signature.ident.span(),
            format!(
                "{noun} `{text}` has no doc comment, and a model can't choose a {noun} it can't read about: write `/// What it does.` before it"
            ),
        ));
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.is_empty() || text.len() > MAX_NAME_BYTES || !text.bytes().all(is_allowed) {
        return Err(Error::new(
            name.span(),
            format!(
                "{noun} name `{text}` must be 1 to {MAX_NAME_BYTES} letters, digits, `_` or `-`"
            ),
        ));
    }
    let generics = &signature.generics;
    if !generics.params.is_empty() {
        return Err(Error::new_spanned(
            generics,
            format!("a {noun} can't be generic: it is given values, not types"),
        ));
    }
    Ok(())
}

/// Returns the return type of a function.
fn output(output: &ReturnType) -> Result<Type> {
    match output {
        ReturnType::Default => Ok(syn::parse_quote!(())),
        ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => Err(Error::new_spanned(
            ty,
            "a tool, a prompt or a resource returns one named type; write it out",
        )),
        ReturnType::Type(_, ty) => Ok((**ty).clone()),
    }
}
