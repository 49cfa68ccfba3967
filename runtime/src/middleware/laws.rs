//! The laws of [`Middleware`]: every rule keeps them, whatever it lets pass and whatever it refuses.
//!
//! ```
//! use std::sync::Arc;
//! use mcp_lambda::call::Call;
//! use mcp_lambda::middleware::{Next, from_fn, laws};
//! use mcp_lambda::prelude::*;
//!
//! let guests = from_fn(async |call: Call, next: Next| match call.caller().email() {
//!     Some(_) => next.run(call).await,
//!     None => Err(Error::forbidden("only for users")),
//! });
//! mcp_lambda::testkit::block_on(laws::all(Arc::new(guests)));
//! ```

mod world;

use std::sync::Arc;

use super::Middleware;
use crate::call::Call;
use crate::error::Result;
use crate::provider::{CompletionRequest, Reply, laws as provider_laws};
use crate::user::Caller;
use world::{Reaction, Recorder, Sample, World};

/// An argument, to be found again in the answer.
const ONE: &str = "law-one";

/// Another argument.
const TWO: &str = "law-two";

/// Runs every law around a rule whose judgement of a caller and a definition stays the same meanwhile.
///
/// Tools, prompts and resources of the laws' own are listed, resolved and called through the rule by callers of each
/// kind, and so is a request of a foreign server, which has no [`Definition`](crate::provider::Definition). The rule may
/// refuse any call and may answer in the handler's place; what it lets pass must be the call that was made.
///
/// # Panics
/// If the rule breaks a law.
pub async fn all(rule: Arc<dyn Middleware>) {
    let world = World::new(rule);
    a_judgement_stays_the_same(&world);
    a_judgement_of_the_caller_is_declared(&world);
    unknown_names_may_be_observed(&world);
    for sample in world.samples() {
        an_answer_is_of_its_primitive(&world, sample).await;
        calls_and_answers_are_the_callers_own(&world, sample).await;
        an_answer_is_to_its_own_arguments(&world, sample).await;
        suggestions_are_the_callers_own(&world, sample).await;
        a_request_for_input_reaches_the_client(&world, sample).await;
    }
    for caller in world.callers() {
        provider_laws::all(&world.tools(), caller).await;
        provider_laws::all(&world.prompts(), caller).await;
        provider_laws::all(&world.resources(), caller).await;
    }
}

/// Lists are paged and look-ups are repeated, so a rule that wavers breaks both ([`Middleware::visible`]).
fn a_judgement_stays_the_same(world: &World) {
    for sample in world.samples() {
        let view = sample.view();
        for caller in world.callers() {
            let is_visible = world.rule().visible(caller, &view);
            assert_eq!(
                is_visible,
                world.rule().visible(caller, &view),
                "`visible` must judge {view:?} for {caller:?} in the same way each time"
            );
        }
        assert_eq!(
            world.rule().depends_on_caller(&view),
            world.rule().depends_on_caller(&view),
            "`depends_on_caller` must judge {view:?} in the same way each time"
        );
    }
}

/// A shared cache would give one caller's list to another (MCP 2026-07-28, cache scope;
/// [`Middleware::depends_on_caller`]).
fn a_judgement_of_the_caller_is_declared(world: &World) {
    for sample in world.samples() {
        let view = sample.view();
        let is_visible = |caller: &Arc<Caller>| world.rule().visible(caller, &view);
        let mut judgements = world.callers().iter().map(is_visible);
        let first = judgements.next();
        let differs = judgements.any(|judgement| Some(judgement) != first);
        assert!(
            !differs || world.rule().depends_on_caller(&view),
            "{view:?} is visible to some callers alone, so `depends_on_caller` must say so"
        );
    }
}

fn unknown_names_may_be_observed(world: &World) {
    for caller in world.callers() {
        for sample in world.samples() {
            let view = sample.view();
            world
                .rule()
                .observe_unknown(caller, view.primitive(), view.key());
        }
    }
}

/// An answer of another type can't be sent as the answer of what was called ([`Reply::downcast`]).
async fn an_answer_is_of_its_primitive(world: &World, sample: &Sample) {
    for caller in world.callers() {
        let (_, reply) = run(world, sample, &sample.call(caller, ONE)).await;
        if let Ok(reply) = reply {
            assert!(
                sample.is_answered_by(&reply),
                "{:?} was answered with the answer of another primitive: {reply:?}",
                sample.view()
            );
        }
    }
}

/// A rule that keeps answers, or calls, keeps them by their caller: one user must never get what another asked for.
async fn calls_and_answers_are_the_callers_own(world: &World, sample: &Sample) {
    let [alice, bob] = world.users();
    drop(run(world, sample, &sample.call(alice, ONE)).await);
    let call = sample.call(bob, ONE);
    let (target, reply) = run(world, sample, &call).await;
    for reached in target.calls() {
        assert_eq!(
            (reached.primitive(), reached.name()),
            (call.primitive(), call.name()),
            "another call than the one that was made reached the handler"
        );
        assert_eq!(
            reached.caller().subject(),
            bob.subject(),
            "the call of one user reached the handler in place of another's"
        );
    }
    let reply = format!("{reply:?}");
    assert!(
        !reply.contains(&alice.subject().to_string()),
        "the answer to one user was given to another: {reply}"
    );
}

/// A rule that keeps answers keeps them by the arguments, too.
async fn an_answer_is_to_its_own_arguments(world: &World, sample: &Sample) {
    let [alice, _] = world.users();
    drop(run(world, sample, &sample.call(alice, ONE)).await);
    let (_, reply) = run(world, sample, &sample.call(alice, TWO)).await;
    let reply = format!("{reply:?}");
    assert!(
        !reply.contains(ONE),
        "the answer to other arguments was given: {reply}"
    );
}

/// Suggested values may come of the caller's own data (MCP, completion).
async fn suggestions_are_the_callers_own(world: &World, sample: &Sample) {
    let [alice, bob] = world.users();
    let complete = async |caller: &Arc<Caller>| {
        let target = Arc::new(Recorder::new(sample.clone(), Reaction::Answers));
        let request = CompletionRequest {
            argument: "text".to_owned(),
            value: String::new(),
            call: sample.call(caller, ONE),
        };
        world.next(&target).complete(request).await
    };
    drop(complete(alice).await);
    let suggested = complete(bob).await.unwrap_or_default();
    assert!(
        !suggested.contains(&alice.subject().to_string()),
        "what was suggested to one user was suggested to another: {suggested:?}"
    );
}

/// A handler that asked has no answer yet, and its client alone can bring one (MCP 2026-07-28, multi round-trip
/// requests; [`Reply::InputRequired`]).
async fn a_request_for_input_reaches_the_client(world: &World, sample: &Sample) {
    for caller in world.callers() {
        let target = Arc::new(Recorder::new(sample.clone(), Reaction::Asks));
        let reply = world.next(&target).run(sample.call(caller, ONE)).await;
        let has_asked = !target.calls().is_empty();
        assert!(
            !has_asked || matches!(reply, Ok(Reply::InputRequired(_))),
            "the handler of {:?} asked its user, and the client was not told: {reply:?}",
            sample.view()
        );
    }
}

/// Makes a call of a handler that answers with its caller and its arguments.
async fn run(world: &World, sample: &Sample, call: &Call) -> (Arc<Recorder>, Result<Reply>) {
    let target = Arc::new(Recorder::new(sample.clone(), Reaction::Answers));
    let reply = world.next(&target).run(call.clone()).await;
    (target, reply)
}

#[cfg(test)]
mod tests;
