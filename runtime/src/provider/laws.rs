//! The laws of [`Provider`]: every provider keeps them, whatever it holds, and with any middleware around it.
//!
//! ```
//! use std::sync::Arc;
//! use mcp_lambda::prelude::*;
//! use mcp_lambda::provider::{Catalog, laws};
//! use mcp_lambda::user::Caller;
//! use serde_json::json;
//!
//! let tool = Tool::raw("read", json!({"type": "object"}), |_| async { Ok(Outcome::default()) });
//! let catalog = Catalog::new([tool.description("Reads.")]).expect("well made");
//! mcp_lambda::testkit::block_on(laws::all(&catalog, &Arc::new(Caller::anonymous())));
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;

use super::{Listing, Primitive, Provider};
use crate::call::{Call, Context, States};
use crate::clock::SystemClock;
use crate::error::ErrorKind;
use crate::store::MemoryStore;
use crate::user::Caller;

/// A name that no provider knows.
const UNKNOWN: &str = "no_such_name";

/// Makes a call that has an hour, nobody to ask, and an empty store.
#[must_use]
pub fn call<P: Primitive>(name: &str, caller: &Arc<Caller>) -> Call {
    Call {
        primitive: P::NAME,
        name: name.to_owned(),
        version: None,
        arguments: Arc::default(),
        caller: Arc::clone(caller),
        context: Context::with_timeout(Duration::from_secs(3_600)),
        input_responses: None,
        is_bound: false,
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock),
        states: States::default(),
    }
}

/// Runs every law over a provider whose contents stay the same meanwhile, for this caller.
///
/// Everything that is listed is called, without arguments.
///
/// # Panics
/// When the provider breaks a law.
pub async fn all<P: Primitive>(provider: &dyn Provider<P>, caller: &Arc<Caller>) {
    the_list_is_in_order_and_stays(provider, caller).await;
    what_is_listed_resolves_to_its_definition(provider, caller).await;
    what_is_unknown_does_not_resolve(provider, caller).await;
    what_resolves_can_be_called(provider, caller).await;
    the_facts_cover_the_list(provider, caller).await;
}

async fn list<P: Primitive>(provider: &dyn Provider<P>, caller: &Caller) -> Listing<P> {
    provider.list(caller).await.expect("a list can be had")
}

async fn the_list_is_in_order_and_stays<P: Primitive>(
    provider: &dyn Provider<P>,
    caller: &Arc<Caller>,
) {
    let first = list(provider, caller).await;
    let keys: Vec<_> = first.definitions.iter().map(|one| P::key(one)).collect();
    assert!(keys.is_sorted(), "{keys:?} must be in order");
    let mut distinct = keys.clone();
    distinct.dedup();
    assert_eq!(keys, distinct, "no key may be listed twice");
    let second = list(provider, caller).await;
    assert_eq!(
        first.definitions, second.definitions,
        "the list must stay the same"
    );
    assert_eq!(first.is_private, second.is_private);
}

async fn what_is_listed_resolves_to_its_definition<P: Primitive>(
    provider: &dyn Provider<P>,
    caller: &Arc<Caller>,
) {
    for definition in list(provider, caller).await.definitions {
        let key = P::key(&definition);
        let resolved = provider.resolve(caller, key).await.expect("reachable");
        let resolved = resolved.unwrap_or_else(|| panic!("{key} is listed and must resolve"));
        assert_eq!(*resolved.definition(), definition);
    }
}

async fn what_is_unknown_does_not_resolve<P: Primitive>(
    provider: &dyn Provider<P>,
    caller: &Arc<Caller>,
) {
    let resolved = provider.resolve(caller, UNKNOWN).await.expect("reachable");
    assert!(resolved.is_none(), "`{UNKNOWN}` must not resolve");
    let error = super::resolve(provider, &call::<P>(UNKNOWN, caller)).await;
    let error = error.expect_err("unknown");
    let message = format!("unknown {} `{UNKNOWN}`", P::NAME);
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::NotFound, &*message)
    );
}

async fn what_resolves_can_be_called<P: Primitive>(
    provider: &dyn Provider<P>,
    caller: &Arc<Caller>,
) {
    for definition in list(provider, caller).await.definitions {
        let call = call::<P>(P::key(&definition), caller);
        let resolved = super::resolve(provider, &call).await.expect("known");
        if let Err(error) = resolved.call(call).await {
            let unknown = format!("unknown {}", P::NAME);
            assert!(!error.message().starts_with(&unknown), "{error}");
        }
    }
}

async fn the_facts_cover_the_list<P: Primitive>(provider: &dyn Provider<P>, caller: &Arc<Caller>) {
    let facts = provider.facts();
    for definition in list(provider, caller).await.definitions {
        assert!(
            facts.may_change() || facts.definitions().contains(&definition),
            "{definition:?} is listed, and the facts say that it can't be"
        );
        if let Some(longest) = facts.longest_timeout() {
            let timeout = definition.timeout.unwrap_or_default();
            assert!(timeout <= longest, "{definition:?} may take {timeout:?}");
        }
        if let Some(scopes) = facts.scopes() {
            let is_named = |scope: &String| scopes.contains(scope);
            assert!(definition.scopes.iter().all(is_named), "{definition:?}");
        }
    }
}

/// Makes a call of this name with these arguments.
#[must_use]
pub fn call_with<P: Primitive>(
    name: &str,
    arguments: Map<String, serde_json::Value>,
    caller: &Arc<Caller>,
) -> Call {
    Call {
        arguments: Arc::new(arguments),
        ..call::<P>(name, caller)
    }
}
