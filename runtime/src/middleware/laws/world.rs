//! The calls that the laws make through a rule, and their callers: [`World`], its [`Sample`]s and their [`Recorder`]s.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::elicitation::InputRequired;
use crate::error::Result;
use crate::middleware::{Layered, Middleware, Next, SharedMiddleware};
use crate::prompt::{Prompt, PromptMessages, Prompts};
use crate::provider::{
    Answer, Callable, Catalog, CompletionRequest, DefinitionView, IntoAnswer, Primitive,
    Registration, Reply, laws as provider_laws,
};
use crate::resource::{ReadResult, Resource, Resources};
use crate::tool::{Hints, Outcome, Tool, Tools};
use crate::user::{Caller, Scopes};

/// The scope that some of the samples need.
const SCOPE: &str = "laws:write";

/// The method of a foreign server's request.
const FOREIGN: &str = "logging/setLevel";

/// A rule under the laws, with callers of each kind and samples of everything that can be called.
pub(super) struct World {
    rule: SharedMiddleware,
    callers: Vec<Arc<Caller>>,
    samples: Vec<Sample>,
}

impl World {
    pub(super) fn new(rule: SharedMiddleware) -> Self {
        let user = |name: &str, scopes: Scopes| {
            let email = format!("{name}@laws.example").parse();
            Caller::user(email.expect("valid"), scopes, None)
        };
        let callers = [
            user("alice", Scopes::All),
            user("bob", Scopes::All),
            user("carol", Scopes::from_claim(Some(SCOPE))),
            user("dan", Scopes::from_claim(Some(""))),
            user("erin", Scopes::All).with_read_only(true),
            Caller::probe(),
            Caller::anonymous(),
        ];
        Self {
            rule,
            callers: callers.map(Arc::new).into(),
            samples: samples(),
        }
    }

    pub(super) fn rule(&self) -> &dyn Middleware {
        &*self.rule
    }

    /// Returns a caller of each kind, users with every right first.
    pub(super) fn callers(&self) -> &[Arc<Caller>] {
        &self.callers
    }

    /// Returns two users who differ by nothing but their names.
    pub(super) fn users(&self) -> [&Arc<Caller>; 2] {
        [&self.callers[0], &self.callers[1]]
    }

    pub(super) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Puts the rule around a target.
    pub(super) fn next(&self, target: &Arc<Recorder>) -> Next {
        let target = Arc::<Recorder>::clone(target);
        Next::new(Arc::new([Arc::clone(&self.rule)]), target)
    }

    pub(super) fn tools(&self) -> Layered<Tools> {
        self.around(|sample| match sample {
            Sample::Tool(tool) => Some(tool.clone()),
            _ => None,
        })
    }

    pub(super) fn prompts(&self) -> Layered<Prompts> {
        self.around(|sample| match sample {
            Sample::Prompt(prompt) => Some(prompt.clone()),
            _ => None,
        })
    }

    pub(super) fn resources(&self) -> Layered<Resources> {
        self.around(|sample| match sample {
            Sample::Resource(resource) => Some(resource.clone()),
            _ => None,
        })
    }

    /// Puts the rule around a catalog of the samples of one primitive.
    fn around<P: Primitive>(
        &self,
        pick: impl FnMut(&Sample) -> Option<Registration<P>>,
    ) -> Layered<P> {
        let catalog = Catalog::new(self.samples.iter().filter_map(pick)).expect("well made");
        let rules = [Arc::clone(&self.rule)];
        Layered::new(Arc::new(catalog), rules, Duration::from_secs(60))
    }
}

/// Something that the laws call: a tool, a prompt, a resource, or a request of a foreign server.
#[derive(Clone)]
pub(super) enum Sample {
    Tool(Tool),
    Prompt(Prompt),
    Resource(Resource),
    Foreign,
}

/// Makes the samples: what reads and what writes, with and without a scope, and a resource under many URIs.
fn samples() -> Vec<Sample> {
    let reads = Hints {
        read_only: Some(true),
        ..Hints::default()
    };
    let tool = |name: &str| {
        let tool = Tool::raw(name, json!({"type": "object"}), |_| async {
            Ok(Outcome::text("done"))
        });
        tool.description("A tool of the laws.")
    };
    let prompt = |name: &str| {
        let prompt = Prompt::new(name, |_| async { Ok("done") });
        prompt.description("A prompt of the laws.")
    };
    let resource = |uri: &str, name: &str| {
        let resource = Resource::new(uri, name, |_| async { Ok("done") });
        resource.description("A resource of the laws.")
    };
    vec![
        Sample::Tool(tool("read").hints(reads)),
        Sample::Tool(tool("write")),
        Sample::Tool(tool("write_scoped").scopes([SCOPE])),
        Sample::Prompt(prompt("greet")),
        Sample::Prompt(prompt("greet_scoped").scopes([SCOPE])),
        Sample::Resource(resource("laws://one/{text}", "one")),
        Sample::Resource(resource("laws://scoped/{text}", "scoped").scopes([SCOPE])),
        Sample::Foreign,
    ]
}

impl Sample {
    pub(super) fn view(&self) -> DefinitionView<'_> {
        match self {
            Self::Tool(tool) => DefinitionView::from(&**tool.definition()),
            Self::Prompt(prompt) => DefinitionView::from(&**prompt.definition()),
            Self::Resource(resource) => DefinitionView::from(&**resource.definition()),
            Self::Foreign => DefinitionView::new("request", FOREIGN, false),
        }
    }

    /// Makes a call of it with one argument, which a resource has in its URI.
    pub(super) fn call(&self, caller: &Arc<Caller>, text: &str) -> Call {
        let name = self.view().key().replace("{text}", text);
        let arguments = Map::from_iter([("text".to_owned(), Value::from(text))]);
        Call {
            primitive: self.view().primitive(),
            ..provider_laws::call_with::<Tools>(&name, arguments, caller)
        }
    }

    /// Returns an answer of the sample's type with a text in it.
    fn answer(&self, text: String) -> Result<Reply> {
        Ok(match self {
            Self::Tool(_) => Reply::from(Outcome::text(text)),
            Self::Prompt(_) => Reply::from(IntoAnswer::<Prompts>::into_answer(text)?),
            Self::Resource(_) => Reply::from(IntoAnswer::<Resources>::into_answer(text)?),
            Self::Foreign => Reply::from(SampleAnswer { text }),
        })
    }

    /// Returns whether a reply is of the sample's type.
    pub(super) fn is_answered_by(&self, reply: &Reply) -> bool {
        if matches!(reply, Reply::InputRequired(_)) {
            return true;
        }
        match self {
            Self::Tool(_) => reply.downcast_ref::<Outcome>().is_some(),
            Self::Prompt(_) => reply.downcast_ref::<PromptMessages>().is_some(),
            Self::Resource(_) => reply.downcast_ref::<ReadResult>().is_some(),
            Self::Foreign => reply.downcast_ref::<SampleAnswer>().is_some(),
        }
    }
}

/// The answer of a foreign server to a request that is none of the primitives'.
#[derive(Debug)]
struct SampleAnswer {
    text: String,
}

impl Answer for SampleAnswer {
    fn size(&self) -> usize {
        self.text.len()
    }
}

/// The reaction of a [`Recorder`] to each call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reaction {
    /// It answers with the caller and the arguments.
    Answers,
    /// It needs input first.
    Asks,
}

/// The innermost thing behind the rule, which remembers the calls that reach it.
pub(super) struct Recorder {
    sample: Sample,
    reaction: Reaction,
    calls: Mutex<Vec<Call>>,
}

impl Recorder {
    pub(super) const fn new(sample: Sample, reaction: Reaction) -> Self {
        Self {
            sample,
            reaction,
            calls: Mutex::new(Vec::new()),
        }
    }

    /// Returns the calls that reached it.
    pub(super) fn calls(&self) -> Vec<Call> {
        let calls = self.calls.lock();
        calls.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Callable for Recorder {
    fn view(&self) -> DefinitionView<'_> {
        self.sample.view()
    }

    fn bind(&self, call: &mut Call) -> Result<()> {
        call.is_bound = true;
        Ok(())
    }

    async fn call(&self, call: Call) -> Result<Reply> {
        let text = format!("{} {}", call.caller().subject(), json!(call.arguments()));
        let calls = self.calls.lock();
        calls.unwrap_or_else(PoisonError::into_inner).push(call);
        match self.reaction {
            Reaction::Answers => self.sample.answer(text),
            Reaction::Asks => Ok(Reply::InputRequired(InputRequired {
                requests: BTreeMap::from([("law".to_owned(), json!({"method": "ping"}))]),
                ..InputRequired::default()
            })),
        }
    }

    async fn complete(&self, completion: CompletionRequest) -> Result<Vec<String>> {
        Ok(vec![completion.call.caller().subject().to_string()])
    }
}
