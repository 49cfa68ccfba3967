//! One function as one tool, prompt or resource.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, Ident, Lit, LitStr, Pat, PatType,
    PathArguments, PathSegment, Result, ReturnType, Signature, Type,
};

use crate::attributes::{ArgumentAttributes, OfferAttributes, doc};
use crate::kind::Kind;

/// The types that come from the call and not from the model.
const EXTRACTORS: [&str; 4] = ["CurrentUser", "Profile", "UserData", "Context"];

/// The longest name; `mcp_lambda::provider::MAX_NAME_BYTES`.
const MAX_NAME_BYTES: usize = 48;

/// A function that is offered.
pub(crate) struct Function {
    kind: Kind,
    name: LitStr,
    description: String,
    attributes: OfferAttributes,
    ident: Ident,
    parameters: Vec<Parameter>,
    returns: Type,
    is_result: bool,
    is_async: bool,
}

enum Parameter {
    Extractor(Type),
    Argument {
        ident: Ident,
        ty: Type,
        attributes: ArgumentAttributes,
    },
}

/// How the call reaches the function.
pub(crate) enum Receiver {
    /// A free function of the module.
    None,
    /// A method of a value that the tools share.
    Shared,
}

impl Function {
    /// Reads a function and takes our attributes from it.
    pub(crate) fn read(
        kind: Kind,
        attributes: &mut Vec<Attribute>,
        signature: &mut Signature,
    ) -> Result<Self> {
        let description = doc(attributes);
        let words = OfferAttributes::take(attributes, kind)?;
        attributes.push(syn::parse_quote!(#[allow(
            clippy::missing_errors_doc,
            clippy::needless_pass_by_value,
            clippy::too_many_arguments,
            reason = "this is called with what a model gives, and its doc comment is for the model"
        )]));
        let attributes = words;
        let ident = signature.ident.clone();
        let name = attributes
            .name
            .clone()
            .unwrap_or_else(|| LitStr::new(&ident.to_string().replace("r#", ""), ident.span()));
        check(kind, &name, &description, signature)?;
        if matches!(kind, Kind::Resource) && attributes.uri.is_none() {
            return Err(Error::new(
                ident.span(),
                "a resource needs a URI or a template: write `#[resource(\"notes://{id}\")]` before it",
            ));
        }
        let parameters = signature.inputs.iter_mut().filter_map(typed);
        let parameters = parameters
            .map(|parameter| Parameter::read(kind, parameter))
            .collect::<Result<_>>()?;
        let (returns, is_result) = returned(&signature.output)?;
        Ok(Self {
            kind,
            name,
            description,
            attributes,
            ident,
            parameters,
            returns,
            is_result,
            is_async: signature.asyncness.is_some(),
        })
    }

    /// The name as a constant, for references that the compiler checks.
    pub(crate) fn constant(&self) -> TokenStream {
        let (name, constant) = (
            &self.name,
            format_ident!("{}", argument_name(&self.ident).to_uppercase()),
        );
        let doc = format!("The name that `{}` was registered with.", self.ident);
        quote! {
            #[doc = #doc]
            pub const #constant: &str = #name;
        }
    }

    /// Refuses two of one name.
    pub(crate) fn check_unique(functions: &[Self]) -> Result<()> {
        for (position, function) in functions.iter().enumerate() {
            let name = function.name.value();
            if functions[..position]
                .iter()
                .any(|earlier| earlier.name.value() == name)
            {
                return Err(Error::new(
                    function.name.span(),
                    format!(
                        "{0} name `{name}` is used twice; give one of them another with `#[{0}(name = \"…\")]`",
                        function.kind.noun()
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The expression that makes it.
    pub(crate) fn expand(&self, receiver: &Receiver) -> TokenStream {
        let (ty, name, description) = (self.kind.ty(), &self.name, &self.description);
        let (attributes, returns, schema, uri) = (
            self.attributes.calls(),
            &self.returns,
            self.schema(),
            &self.attributes.uri,
        );
        let (handler, defaults) = (
            self.handler(receiver),
            self.parameters
                .iter()
                .filter_map(Parameter::default_function),
        );
        let made = match self.kind {
            Kind::Tool => quote!(#ty::raw(#name, #schema.finish(), #handler).returns::<#returns>()),
            Kind::Prompt => quote!(#ty::new(#name, #handler).arguments(#schema)),
            Kind::Resource => quote!(#ty::new(#uri, #name, #handler).variables(&#schema.finish())),
        };
        let completions = self.parameters.iter().filter_map(Parameter::completion);
        quote!({
            #(#defaults)*
            #made.description(#description) #attributes #(#completions)*
        })
    }

    /// The closure that takes a call.
    fn handler(&self, receiver: &Receiver) -> TokenStream {
        let body = self.body(receiver);
        match receiver {
            Receiver::None => quote!(|mut call: ::mcp_lambda::call::Call| async move { #body }),
            Receiver::Shared => quote!({
                let this = ::std::sync::Arc::clone(&this);
                move |mut call: ::mcp_lambda::call::Call| {
                    let this = ::std::sync::Arc::clone(&this);
                    async move { #body }
                }
            }),
        }
    }

    /// The expression that makes the arguments' schema.
    fn schema(&self) -> TokenStream {
        let arguments = self.parameters.iter().filter_map(Parameter::schema);
        quote!({
            #[allow(unused_mut, reason = "there may be no argument")]
            let mut schema = ::mcp_lambda::call::ArgumentSchema::default();
            #(#arguments)*
            schema
        })
    }

    /// Takes the parameters from the call, calls the function, and words its answer.
    fn body(&self, receiver: &Receiver) -> TokenStream {
        let places: Vec<Ident> = (0..self.parameters.len())
            .map(|place| format_ident!("parameter_{place}"))
            .collect();
        let taken = self.parameters.iter().map(Parameter::take);
        let ident = &self.ident;
        let function = match receiver {
            Receiver::None => quote!(#ident),
            Receiver::Shared => quote!(this.#ident),
        };
        let awaited = self.is_async.then(|| quote!(.await));
        let called = quote!(#function(#(#places),*)#awaited);
        let answer = match (self.kind, self.is_result) {
            (Kind::Tool, true) => quote!(::mcp_lambda::tool::answer_result(#called)),
            (Kind::Tool, false) => {
                quote!(::core::result::Result::Ok(::mcp_lambda::tool::answer(#called)))
            }
            (Kind::Prompt | Kind::Resource, _) => {
                quote!(::core::result::Result::Ok::<_, ::mcp_lambda::Error>(#called))
            }
        };
        quote! {
            #[allow(unused_mut, reason = "there may be no argument")]
            let mut arguments = call.take_arguments();
            #(let #places = #taken?;)*
            #answer
        }
    }
}

impl Parameter {
    fn read(kind: Kind, parameter: &mut PatType) -> Result<Self> {
        let attributes = ArgumentAttributes::take(&mut parameter.attrs)?;
        let ty = (*parameter.ty).clone();
        if last_segment(&ty)
            .is_some_and(|segment| EXTRACTORS.iter().any(|name| segment.ident == name))
        {
            return Ok(Self::Extractor(ty));
        }
        if let (Kind::Tool, Some(complete)) = (kind, &attributes.complete) {
            return Err(Error::new_spanned(
                complete,
                "MCP completes arguments of prompts and resources, and not of tools",
            ));
        }
        let noun = kind.noun();
        match (&*parameter.pat, &ty) {
            (_, Type::Reference(reference)) => {
                let owned = &reference.elem;
                let owned = if quote!(#owned).to_string() == "str" {
                    "String".to_owned()
                } else {
                    quote!(#owned).to_string()
                };
                Err(Error::new_spanned(
                    &ty,
                    format!("an argument of a {noun} owns its value: write `{owned}`"),
                ))
            }
            (_, Type::ImplTrait(_)) => Err(Error::new_spanned(
                &ty,
                format!("an argument of a {noun} has one type; write it out"),
            )),
            (Pat::Ident(name), _) if name.subpat.is_none() => Ok(Self::Argument {
                ident: name.ident.clone(),
                ty,
                attributes,
            }),
            (pattern, _) => Err(Error::new_spanned(
                pattern,
                format!("an argument of a {noun} needs a name that it can be given by"),
            )),
        }
    }

    /// The expression that takes it from the call.
    fn take(&self) -> TokenStream {
        match self {
            Self::Extractor(ty) => {
                quote_spanned!(ty.span()=> <#ty as ::mcp_lambda::call::FromCall>::from_call(&call))
            }
            Self::Argument {
                ident, attributes, ..
            } => {
                let (name, default) = (argument_name(ident), default_name(ident));
                match attributes.default {
                    Some(_) => quote!(arguments.take_or(#name, #default)),
                    None => quote!(arguments.take(#name)),
                }
            }
        }
    }

    /// The statement that adds it to the schema.
    fn schema(&self) -> Option<TokenStream> {
        let Self::Argument {
            ident,
            ty,
            attributes,
        } = self
        else {
            return None;
        };
        let (name, doc, default) = (argument_name(ident), &attributes.doc, default_name(ident));
        Some(match attributes.default {
            Some(_) => {
                quote_spanned!(ty.span()=> schema.argument_or::<#ty>(#name, #doc, &#default());)
            }
            None => quote_spanned!(ty.span()=> schema.argument::<#ty>(#name, #doc);),
        })
    }

    /// The builder call that suggests its values.
    fn completion(&self) -> Option<TokenStream> {
        let Self::Argument {
            ident,
            attributes:
                ArgumentAttributes {
                    complete: Some(complete),
                    ..
                },
            ..
        } = self
        else {
            return None;
        };
        let name = argument_name(ident);
        let completer = match &**complete {
            Expr::Array(values) => quote!(::mcp_lambda::provider::completer(#values)),
            function => {
                quote!(::std::sync::Arc::new(|completion| ::std::boxed::Box::pin(#function(completion))))
            }
        };
        Some(quote_spanned!(complete.span()=> .completes(#name, #completer)))
    }

    fn default_function(&self) -> Option<TokenStream> {
        let Self::Argument {
            ident,
            ty,
            attributes:
                ArgumentAttributes {
                    default: Some(default),
                    ..
                },
        } = self
        else {
            return None;
        };
        let name = default_name(ident);
        let is_text =
            matches!(&**default, Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)));
        let owned = is_text.then(|| quote!(.into()));
        Some(quote_spanned!(default.span()=> fn #name() -> #ty { #default #owned }))
    }
}

/// What the model calls it by.
fn argument_name(ident: &Ident) -> String {
    ident.to_string().replace("r#", "")
}

fn default_name(ident: &Ident) -> Ident {
    format_ident!("default_{}", ident)
}

fn typed(parameter: &mut FnArg) -> Option<&mut PatType> {
    match parameter {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    }
}

fn check(kind: Kind, name: &LitStr, description: &str, signature: &Signature) -> Result<()> {
    let (noun, text) = (kind.noun(), name.value());
    if description.is_empty() {
        return Err(Error::new(
            signature.ident.span(),
            format!(
                "{noun} `{text}` has no doc comment, and a model can't choose a {noun} it can't read about: write `/// What it does.` before it"
            ),
        ));
    }
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.is_empty() || text.len() > MAX_NAME_BYTES || !text.bytes().all(lawful) {
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

/// What a function returns when it succeeds, and whether it can fail.
fn returned(output: &ReturnType) -> Result<(Type, bool)> {
    let ReturnType::Type(_, ty) = output else {
        return Ok((syn::parse_quote!(()), false));
    };
    if let Type::ImplTrait(_) = **ty {
        return Err(Error::new_spanned(
            ty,
            "a function that is offered returns one type; write it out",
        ));
    }
    let Some(segment) = last_segment(ty).filter(|segment| segment.ident == "Result") else {
        return Ok(((**ty).clone(), false));
    };
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Ok(((**ty).clone(), false));
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(value)) => Ok((value.clone(), true)),
        _ => Ok(((**ty).clone(), false)),
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}
