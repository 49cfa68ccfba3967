//! Values that an [app](crate::App) shares between its handlers, found by their types.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{ArgumentSchema, Call, FromCall};
use crate::error::{Error, Result};

/// An app's value of this type, given to it by [`App::state`](crate::App::state): an SDK client, a pool, a configuration.
///
/// An extractor, as [`CurrentUser`](crate::CurrentUser) is. An app that lacks a state that a handler takes does not start:
/// [`App::check`](crate::App::check) reports it.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
/// use serde_json::json;
///
/// #[derive(Clone)]
/// pub struct Greeting(&'static str);
///
/// #[tools]
/// pub mod tools {
///     use super::*;
///
///     /// Greets.
///     #[tool(read_only)]
///     pub async fn greet(greeting: State<Greeting>) -> String {
///         greeting.0.0.to_owned()
///     }
/// }
///
/// # fn main() {
/// let app = App::new("greeter").tools(tools::tools());
/// assert!(app.check().is_err_and(|problems| problems[0].contains("Greeting")));
///
/// block_on(async {
///     let app = TestApp::new(app.state(Greeting("hello"))).await;
///     let alice = app.user("alice@example.com").await;
///     assert_eq!(alice.call("greet", json!({})).await.tool_text(), "hello");
/// });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static> FromCall for State<T> {
    async fn from_call(call: &Call) -> Result<Self> {
        call.states.get().map(Self)
    }

    fn declare(schema: &mut ArgumentSchema) {
        schema.state::<T>();
    }
}

/// The states of an [app](crate::App), at most one of each type.
#[derive(Clone, Default)]
pub(crate) struct States {
    by_type: Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl States {
    /// Returns a copy of the state of this type.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal), naming the type, if the app has none.
    pub(crate) fn get<T: Clone + Send + Sync + 'static>(&self) -> Result<T> {
        let state = self.by_type.get(&TypeId::of::<T>());
        let state = state.and_then(|state| state.downcast_ref::<T>());
        state
            .cloned()
            .ok_or_else(|| Error::internal(StateType::of::<T>().missing()))
    }

    /// Adds a state, in place of one of the same type.
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: T) {
        Arc::make_mut(&mut self.by_type).insert(TypeId::of::<T>(), Arc::new(state));
    }

    /// Returns whether there is a state of this type.
    pub(crate) fn contains(&self, state: StateType) -> bool {
        self.by_type.contains_key(&state.id)
    }
}

impl fmt::Debug for States {
    /// Prints how many there are: a state may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States({})", self.by_type.len())
    }
}

/// The type of a [state](State) that a handler takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateType {
    id: TypeId,
    name: &'static str,
}

impl StateType {
    /// Returns the type of the states `T`.
    #[must_use]
    pub fn of<T: 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }

    /// Says that no state of the type was found, and what to write.
    pub(crate) fn missing(self) -> String {
        let name = self.name;
        format!("the app has no state of type `{name}`; give it one with `App::state`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_state_is_found_by_its_type() {
        let mut states = States::default();
        states.insert(7_u32);
        states.insert("seven".to_owned());
        states.insert(8_u32);
        assert_eq!(states.get::<u32>().expect("there is one"), 8);
        assert_eq!(states.get::<String>().expect("there is one"), "seven");
        let error = states.get::<u64>().expect_err("there is none");
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.message().contains("`u64`"), "{error}");
        assert!(states.contains(StateType::of::<u32>()) && !states.contains(StateType::of::<u8>()));
        assert_eq!(format!("{states:?}"), "States(2)");
    }
}
