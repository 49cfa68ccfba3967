//! The laws of `Middleware` and of `Provider` with each rule around it, and what each rule does besides.

use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

use super::*;
use crate::clock::SystemClock;
use crate::error::{Error, ErrorKind};
use crate::keys::{FixedKey, SigningKey};
use crate::provider::{Catalog, Joined, Provider, SharedProvider};
use crate::seal::Sealer;
use crate::tool::{Hints, Outcome, Tool, Tools, laws};
use crate::user::Scopes;

const MINUTE: Duration = Duration::from_secs(60);

fn elicitation() -> SealedElicitation {
    let keys = FixedKey::new(SigningKey::new([7; 32]).expect("long enough"));
    let sealer = Sealer::new(Arc::new(keys), "laws", None);
    SealedElicitation::new(sealer, Arc::new(SystemClock))
}

fn layered(layers: Vec<SharedMiddleware>, tools: Vec<Tool>) -> Layered<Tools> {
    let catalog = Catalog::new(tools).expect("well made");
    Layered::new(Arc::new(catalog), layers, MINUTE)
}

/// Every rule of the framework's, in order.
fn rules() -> Vec<SharedMiddleware> {
    vec![
        Arc::new(CallLog),
        Arc::new(ScopeCheck),
        Arc::new(ArgumentReader),
        Arc::new(CallDeadline::new(MINUTE)),
        Arc::new(PanicGuard),
        Arc::new(from_fn(async |call: Call, next: Next| next.run(call).await)),
        Arc::new(AnswerLimit::new(4_000_000)),
        Arc::new(elicitation()),
    ]
}

#[tokio::test]
async fn each_rule_alone_keeps_the_laws() {
    let disabled: SharedMiddleware = Arc::new(DisabledNames::new(["read".to_owned()].into()));
    for rule in rules().into_iter().chain([disabled]) {
        super::laws::all(Arc::clone(&rule)).await;
        let provider = Layered::new(Arc::new(laws::catalog()), [rule], MINUTE);
        laws::all(&provider).await;
    }
}

#[tokio::test]
async fn all_rules_together_keep_the_laws() {
    laws::all(&Layered::new(Arc::new(laws::catalog()), rules(), MINUTE)).await;
}

#[tokio::test]
async fn joined_providers_keep_the_laws() {
    let other = tool("other", |_| async { Ok(Outcome::default()) });
    let other = Catalog::new([other]).expect("well made");
    let [one, same] = [laws::catalog(), laws::catalog()];
    let joined = Joined::from(
        vec![other, one, same]
            .into_iter()
            .map(|catalog| Arc::new(catalog) as SharedProvider<Tools>)
            .collect::<Vec<_>>(),
    );
    laws::all(&joined).await;
    assert_eq!(
        joined.collisions().len(),
        5,
        "each of the tools is there twice"
    );
    laws::all(&Layered::new(Arc::new(joined), rules(), MINUTE)).await;
}

fn tool<W>(name: &str, handler: impl Fn(Call) -> W + Send + Sync + 'static) -> Tool
where
    W: Future<Output = Result<Outcome>> + Send + 'static,
{
    Tool::raw(name, json!({"type": "object"}), handler).description("A tool under test.")
}

async fn call(provider: &dyn Provider<Tools>, name: &str, caller: &Arc<Caller>) -> Result<Outcome> {
    laws::answer(provider, laws::call(name, &json!({}), Arc::clone(caller))).await
}

async fn refusal(rule: impl Middleware, tool: Tool) -> Error {
    let name = tool.definition().name.clone();
    let provider = layered(vec![Arc::new(rule)], vec![tool]);
    call(&provider, &name, &laws::alice())
        .await
        .expect_err("refused")
}

#[tokio::test]
async fn a_panic_is_an_answer_and_its_words_are_for_nobody() {
    let panics = tool("panics", |_| async { panic!("the password is hunter2") });
    let error = refusal(PanicGuard, panics).await;
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(!error.chain().contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_sleeps_past_its_deadline_is_answered_for() {
    let started = Instant::now();
    let sleeps = || tool("sleeps", |_| std::future::pending());
    let error = refusal(CallDeadline::new(MINUTE), sleeps()).await;
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(started.elapsed().as_secs(), 60);
    let sleeps = sleeps().timeout(Duration::from_secs(5));
    let error = refusal(CallDeadline::new(MINUTE), sleeps).await;
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(started.elapsed().as_secs(), 65);
}

#[tokio::test]
async fn seven_megabytes_are_not_sent() {
    let floods = tool("floods", |_| async {
        Ok(Outcome::text("x".repeat(7_000_000)))
    });
    let error = refusal(AnswerLimit::new(4_000_000), floods).await;
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.message().contains("7000000 bytes"), "{error}");
}

fn scoped() -> Layered<Tools> {
    let write = tool("write", |_| async { Ok(Outcome::text("written")) });
    layered(
        vec![Arc::new(ScopeCheck)],
        vec![write.scopes(["notes:write"])],
    )
}

async fn fate(caller: Caller) -> (usize, Result<Outcome>) {
    let provider = scoped();
    let listing = provider.list(&caller).await.expect("listable");
    assert!(listing.is_private, "what needs a scope is not everyone's");
    let outcome = call(&provider, "write", &Arc::new(caller)).await;
    (listing.definitions.len(), outcome)
}

fn user(scope: Option<&str>) -> Caller {
    let email = "alice@example.com".parse().expect("valid");
    Caller::user(email, Scopes::from_claim(scope), None)
}

#[tokio::test]
async fn what_a_token_is_not_good_for_is_not_there() {
    for scope in [None, Some("notes:read notes:write")] {
        let (listed, outcome) = fate(user(scope)).await;
        let outcome = outcome.expect("callable");
        assert_eq!((listed, outcome), (1, Outcome::text("written")));
    }
    let (listed, outcome) = fate(user(Some("notes:read"))).await;
    let error = outcome.expect_err("hidden");
    assert_eq!((listed, error.message()), (0, "unknown tool `write`"));
}

#[tokio::test]
async fn a_token_that_only_reads_finds_what_says_that_it_changes_nothing() {
    let hinted = |name: &str, read_only| {
        let hints = Hints {
            read_only,
            ..Hints::default()
        };
        tool(name, |_| async { Ok(Outcome::text("done")) }).hints(hints)
    };
    let tools = vec![
        hinted("reads", Some(true)),
        hinted("writes", Some(false)),
        hinted("says_nothing", None),
    ];
    let provider = layered(vec![Arc::new(ScopeCheck)], tools);
    let reader = Arc::new(user(None).with_read_only(true));
    let listing = provider.list(&reader).await.expect("listable");
    assert!(listing.is_private, "another token sees more");
    let names: Vec<_> = listing.definitions.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["reads"]);
    call(&provider, "reads", &reader).await.expect("callable");
    for name in ["writes", "says_nothing"] {
        let unknown = format!("unknown tool `{name}`");
        let error = call(&provider, name, &reader).await.expect_err("hidden");
        assert_eq!(error.message(), unknown);
        let others = provider.resolve(&user(None), name).await;
        let others = others.expect("findable").expect("there for others");
        let by_the_reader = laws::call(name, &json!({}), Arc::clone(&reader));
        let error = others.call(by_the_reader).await.expect_err("refused");
        assert_eq!(error.message(), unknown, "by the back way too");
    }
}

#[tokio::test]
async fn the_probe_lists_and_never_calls() {
    let (listed, outcome) = fate(Caller::probe()).await;
    let error = outcome.expect_err("refused");
    assert_eq!((listed, error.kind()), (1, ErrorKind::Forbidden));
}

/// Hides everything from everyone, and panics where it is asked for that.
#[derive(Debug)]
struct Hides {
    panics: bool,
}

impl Middleware for Hides {
    fn visible(&self, _: &Caller, _: &DefinitionView<'_>) -> bool {
        assert!(!self.panics, "hunter2");
        false
    }
}

#[tokio::test]
async fn what_a_rule_hides_is_unknown_and_a_rule_that_panics_is_answered_for() {
    let provider = Layered::new(
        Arc::new(laws::catalog()),
        [Arc::new(Hides { panics: false }) as SharedMiddleware],
        MINUTE,
    );
    let listing = provider.list(&laws::alice()).await.expect("listable");
    assert!(listing.definitions.is_empty() && listing.is_private);
    let error = call(&provider, "echo", &laws::alice()).await;
    assert_eq!(error.expect_err("hidden").message(), "unknown tool `echo`");
    let provider = Layered::new(
        Arc::new(laws::catalog()),
        [Arc::new(Hides { panics: true }) as SharedMiddleware],
        MINUTE,
    );
    let error = provider.list(&laws::alice()).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(!error.chain().contains("hunter2"));
}

#[tokio::test]
async fn a_middleware_may_answer_in_the_handlers_place_and_in_no_other_type() {
    let answers = from_fn(async |_: Call, _: Next| Ok(Reply::from(Outcome::text("cached"))));
    let provider = Layered::new(
        Arc::new(laws::catalog()),
        [Arc::new(answers) as SharedMiddleware],
        MINUTE,
    );
    let outcome = call(&provider, "who", &laws::alice()).await;
    assert_eq!(outcome.expect("answered"), Outcome::text("cached"));
    let wrong =
        from_fn(async |_: Call, _: Next| Ok(Reply::from(crate::prompt::PromptMessages::default())));
    let error = refusal(wrong, tool("any", |_| async { Ok(Outcome::default()) })).await;
    assert_eq!(error.kind(), ErrorKind::Internal);
}
