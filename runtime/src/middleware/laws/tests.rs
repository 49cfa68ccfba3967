//! Each law, broken once by a rule that breaks nothing else.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::*;
use crate::error::Error;
use crate::middleware::{Next, from_fn};
use crate::provider::{DefinitionView, unknown};
use crate::tool::{Outcome, Tools};

/// Runs the laws around a rule that is one function.
macro_rules! run_around {
    ($function:expr) => {
        all(Arc::new(from_fn($function))).await
    };
}

#[tokio::test]
async fn a_rule_that_lets_everything_pass_keeps_the_laws() {
    run_around!(async |call: Call, next: Next| next.run(call).await);
}

#[tokio::test]
async fn a_rule_that_refuses_everything_keeps_the_laws() {
    run_around!(async |_: Call, _: Next| Err(Error::forbidden("not today")));
}

#[tokio::test]
async fn a_rule_that_tries_again_keeps_the_laws() {
    run_around!(async |call: Call, next: Next| {
        drop(next.run(call.clone()).await);
        next.run(call).await
    });
}

/// Changes its mind with each question.
#[derive(Debug, Default)]
struct Wavering {
    is_visible: AtomicBool,
}

impl Middleware for Wavering {
    fn visible(&self, _: &Caller, _: &DefinitionView<'_>) -> bool {
        self.is_visible.fetch_xor(true, Ordering::Relaxed)
    }
}

#[tokio::test]
#[should_panic(expected = "in the same way each time")]
async fn a_rule_that_wavers_breaks_a_law() {
    all(Arc::new(Wavering::default())).await;
}

/// Hides everything from everyone but users, and tells caches that it does not.
#[derive(Debug)]
struct UsersAlone;

impl Middleware for UsersAlone {
    fn visible(&self, caller: &Caller, _: &DefinitionView<'_>) -> bool {
        caller.email().is_some()
    }

    fn depends_on_caller(&self, _: &DefinitionView<'_>) -> bool {
        false
    }
}

#[tokio::test]
#[should_panic(expected = "so `depends_on_caller` must say so")]
async fn a_list_that_differs_in_secret_breaks_a_law() {
    all(Arc::new(UsersAlone)).await;
}

#[tokio::test]
#[should_panic(expected = "unknown tool")]
async fn a_rule_that_lists_what_it_calls_unknown_breaks_a_law() {
    run_around!(async |call: Call, _: Next| Err(unknown(call.primitive(), call.name())));
}

#[tokio::test]
#[should_panic(expected = "with the answer of another primitive")]
async fn a_tools_answer_to_everything_breaks_a_law() {
    run_around!(async |call: Call, next: Next| match next.run(call).await {
        Ok(Reply::Answer(_)) => Ok(Reply::from(Outcome::text("done"))),
        reply => reply,
    });
}

/// Keeps the texts of answers of tools by the keys that it makes of calls.
#[derive(Debug)]
struct Cache {
    key: fn(&Call) -> String,
    texts: Mutex<HashMap<String, Outcome>>,
}

impl Cache {
    fn new(key: fn(&Call) -> String) -> Arc<Self> {
        let texts = Mutex::default();
        Arc::new(Self { key, texts })
    }
}

#[async_trait]
impl Middleware for Cache {
    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        let key = format!("{} {}", next.definition().key(), (self.key)(&call));
        let kept = self.texts.lock().expect("unpoisoned").get(&key).cloned();
        if let Some(outcome) = kept {
            return Ok(Reply::from(outcome));
        }
        let reply = next.run(call).await?;
        if let Some(outcome) = reply.downcast_ref::<Outcome>() {
            let mut texts = self.texts.lock().expect("unpoisoned");
            texts.insert(key, outcome.clone());
        }
        Ok(reply)
    }
}

fn write_arguments(call: &Call) -> String {
    format!("{:?}", call.arguments())
}

#[tokio::test]
#[should_panic(expected = "the answer to one user was given to another")]
async fn a_cache_for_everyone_breaks_a_law() {
    all(Cache::new(write_arguments)).await;
}

#[tokio::test]
#[should_panic(expected = "the answer to other arguments was given")]
async fn a_cache_that_ignores_arguments_breaks_a_law() {
    all(Cache::new(|call| call.caller().subject().to_string())).await;
}

#[tokio::test]
#[should_panic(expected = "the client was not told")]
async fn a_rule_that_keeps_a_request_for_input_breaks_a_law() {
    run_around!(async |call: Call, next: Next| next
        .run(call)
        .await?
        .into_answer()
        .map(Reply::Answer));
}

/// Makes the first call again in place of each later one with the same name.
#[derive(Debug, Default)]
struct Replay {
    calls: Mutex<HashMap<String, Call>>,
    completions: Mutex<HashMap<String, CompletionRequest>>,
    replays_completions_alone: bool,
}

#[async_trait]
impl Middleware for Replay {
    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        if self.replays_completions_alone {
            return next.run(call).await;
        }
        let name = call.name().to_owned();
        let first = self
            .calls
            .lock()
            .expect("unpoisoned")
            .entry(name)
            .or_insert(call)
            .clone();
        next.run(first).await
    }

    async fn complete(&self, completion: CompletionRequest, next: Next) -> Result<Vec<String>> {
        let name = completion.call.name().to_owned();
        let first = self
            .completions
            .lock()
            .expect("unpoisoned")
            .entry(name)
            .or_insert(completion)
            .clone();
        next.complete(first).await
    }
}

#[tokio::test]
#[should_panic(expected = "the call of one user reached the handler in place of another's")]
async fn a_call_in_another_users_name_breaks_a_law() {
    all(Arc::new(Replay::default())).await;
}

#[tokio::test]
#[should_panic(expected = "was suggested to another")]
async fn suggestions_for_everyone_break_a_law() {
    let replays_completions_alone = true;
    all(Arc::new(Replay {
        replays_completions_alone,
        ..Replay::default()
    }))
    .await;
}

#[tokio::test]
#[should_panic(expected = "every other call is of a tool")]
async fn a_rule_that_takes_every_call_for_a_tools_breaks_a_law() {
    run_around!(async |call: Call, next: Next| {
        if !matches!(call.primitive(), "prompt" | "resource") {
            let tool = next.definition().downcast::<Tools>();
            assert!(tool.is_some(), "every other call is of a tool");
        }
        next.run(call).await
    });
}
