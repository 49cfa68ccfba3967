//! The parameters of a handler: arguments, which a client sends, and extractors, which come from the call.

use std::future::{Future, ready};

use super::{Argument, ArgumentSchema, Arguments, Call, FromCall};
use crate::error::Result;

/// A parameter of a function that `#[tools]`, `#[prompts]` or `#[resources]` registers.
///
/// Every [`Argument`] is one, and so is everything that implements [`FromCall`]. The compiler finds `Via`; a type that is
/// both does not compile, since nobody could tell whether its value is the client's or the server's. `#[arg]` before such
/// a parameter makes it an argument.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a parameter of a tool, a prompt or a resource",
    label = "neither an argument nor an extractor",
    note = "derive `Deserialize` and `JsonSchema` for it if a client sends it",
    note = "implement `FromCall` for it if it comes from the call, as `CurrentUser`, `Profile<T>`, `UserData`, `State<T>` and `Context` do"
)]
pub trait Parameter<Via>: Sized {
    /// Adds the parameter to the schema of the arguments, if it is one.
    fn describe(schema: &mut ArgumentSchema, name: &str, description: &str);

    /// Takes the parameter's value.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for an argument that is missing or does not fit, and the extractor's own
    /// errors.
    fn take(
        call: &Call,
        arguments: &mut Arguments,
        name: &str,
    ) -> impl Future<Output = Result<Self>> + Send;
}

/// Marks a [`Parameter`] that the client sends.
#[derive(Clone, Copy, Debug)]
pub enum ViaArguments {}

/// Marks a [`Parameter`] that comes from the call.
#[derive(Clone, Copy, Debug)]
pub enum ViaCall {}

#[diagnostic::do_not_recommend]
impl<T: Argument + Send> Parameter<ViaArguments> for T {
    fn describe(schema: &mut ArgumentSchema, name: &str, description: &str) {
        schema.argument::<T>(name, description);
    }

    fn take(
        _call: &Call,
        arguments: &mut Arguments,
        name: &str,
    ) -> impl Future<Output = Result<Self>> + Send {
        ready(arguments.take(name))
    }
}

#[diagnostic::do_not_recommend]
impl<T: FromCall> Parameter<ViaCall> for T {
    fn describe(schema: &mut ArgumentSchema, _name: &str, _description: &str) {
        T::declare(schema);
    }

    fn take(
        call: &Call,
        _arguments: &mut Arguments,
        _name: &str,
    ) -> impl Future<Output = Result<Self>> + Send {
        T::from_call(call)
    }
}

/// Adds a parameter to a schema, with `Via` found by the compiler.
#[doc(hidden)]
pub fn describe_parameter<T: Parameter<Via>, Via>(
    schema: &mut ArgumentSchema,
    name: &str,
    description: &str,
) {
    T::describe(schema, name, description);
}

/// Takes a parameter's value, with `Via` found by the compiler.
///
/// # Errors
/// As [`Parameter::take`].
#[doc(hidden)]
pub fn take_parameter<T: Parameter<Via>, Via>(
    call: &Call,
    arguments: &mut Arguments,
    name: &str,
) -> impl Future<Output = Result<T>> + Send {
    T::take(call, arguments, name)
}
