//! What the ready parts share: a question is put to the user on a page, and the answer is kept on the server.
//!
//! Only the page can answer: the ticket that it must show comes in `_meta`, which no model is given. A decision must never
//! be taken from what a model says, and never twice.

use std::future::Future;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Toolset;
use crate::call::{Argument, ArgumentSchema, Arguments, Call, FromCall};
use crate::elicitation::Capability;
use crate::error::{Error, Result};
use crate::provider::IntoAnswer;
use crate::records::UserData;
use crate::resource::UiResource;
use crate::tool::{Hints, Outcome, Structured, Tool, Visibility};

/// How long a question waits for its answer.
const MAX_WAIT_SECONDS: u64 = 24 * 60 * 60;

/// Where the page finds the ticket.
const TICKET: &str = "mcp-lambda/ticket";

/// How long a question and its answer can be asked about once its time is over, in seconds: 30 days.
const KEPT_SECONDS: u64 = 2_592_000;

const PAGE: &str = include_str!("view.html");

/// Nothing outside the user's own records is touched.
const CAREFUL: Hints = Hints {
    read_only: None,
    destructive: Some(false),
    idempotent: Some(false),
    open_world: Some(false),
};

/// One kind of question.
pub(super) trait QuestionKind: Send + Sync + 'static {
    /// What the page is to show: `approval`, `choice` or `form`.
    const KIND: &'static str;

    /// What the page answers with.
    type Answer: Argument + Serialize + Send + Sync;

    /// What the model says to have it asked.
    fn arguments(&self, schema: &mut ArgumentSchema);

    /// What is asked, as the page shows it: its `title`, and more by its kind.
    ///
    /// # Errors
    /// `Invalid`.
    fn read(&self, arguments: &mut Arguments) -> Result<Value>;

    /// Refuses what is no answer to the question.
    ///
    /// # Errors
    /// `Invalid`.
    fn check(&self, question: &Value, answer: &Self::Answer) -> Result<()>;

    /// What has come of the question, in a word.
    fn status(answer: &Value) -> &'static str;

    /// What the user is told.
    fn thanks(answer: &Self::Answer) -> String;
}

/// What a part and its tools are called, and what models read about them.
pub(super) struct ToolNames {
    pub(super) part: String,
    /// The tool that asks, and what it does.
    pub(super) ask: (String, String),
    /// The tool by which the page answers.
    pub(super) decide: String,
    /// The tool that tells the answer.
    pub(super) status: String,
}

/// A question as it is kept for its user.
#[derive(Serialize, Deserialize)]
struct StoredQuestion {
    /// What the page shows.
    question: Value,
    /// The ticket's SHA-256.
    ticket: String,
    /// Epoch seconds from which on it can't be answered.
    expires: u64,
}

/// What has come of a question.
#[derive(Serialize, JsonSchema)]
struct Status {
    /// `waiting`, `expired`, or what was decided.
    status: &'static str,
    /// What was asked.
    question: Value,
    /// The answer; `null` if there is none.
    answer: Option<Value>,
}

/// One kind of question with the names of its tools.
struct QuestionTools<M> {
    kind: M,
    names: ToolNames,
}

/// The part that asks this kind of question.
pub(super) fn part<M: QuestionKind>(kind: M, names: ToolNames) -> Toolset {
    let (name, page) = (names.part.clone(), format!("ui://{}/question", names.part));
    let view = UiResource::html(&page, format!("{name}_question"), PAGE)
        .with_bridge()
        .description("Asks the user a question.");
    let tools = Arc::new(QuestionTools { kind, names });
    let tools = [
        tools.asking().ui(page),
        tools.deciding().visibility(Visibility::App),
        tools.telling(),
    ];
    Toolset::new(name).tools(tools).resources([view])
}

/// Text that says something.
///
/// # Errors
/// `Invalid`.
pub(super) fn said(arguments: &mut Arguments, name: &str) -> Result<String> {
    let text: String = arguments.take(name)?;
    if text.trim().is_empty() {
        return Err(Error::invalid(format!(
            "`{name}` is empty; the user would not know what is asked"
        )));
    }
    Ok(text)
}

impl<M: QuestionKind> QuestionTools<M> {
    fn asking(self: &Arc<Self>) -> Tool {
        let mut schema = ArgumentSchema::default();
        self.kind.arguments(&mut schema);
        let (name, about) = &self.names.ask;
        self.tool(name, schema, Self::ask)
            .description(about)
            .hints(Hints {
                read_only: Some(false),
                ..CAREFUL
            })
    }

    fn deciding(self: &Arc<Self>) -> Tool {
        let mut schema = ArgumentSchema::default();
        schema.argument::<String>("id", "The question's id.");
        schema.argument::<String>(
            "ticket",
            "What the page was given to show that it is the page.",
        );
        schema.argument::<M::Answer>("answer", "What the user decided.");
        self.tool(&self.names.decide, schema, Self::decide)
            .description("Takes the user's answer from the page that asks, and from nowhere else: it has the ticket.")
            .hints(Hints { read_only: Some(false), ..CAREFUL })
    }

    fn telling(self: &Arc<Self>) -> Tool {
        let mut schema = ArgumentSchema::default();
        schema.argument::<String>("id", "The question's id.");
        self.tool(&self.names.status, schema, Self::status)
            .description("What the user has answered to a question, if anything yet.")
            .returns::<Structured<Status>>()
            .hints(Hints {
                read_only: Some(true),
                idempotent: Some(true),
                ..CAREFUL
            })
            .visibility(Visibility::Model)
    }

    fn tool<W>(
        self: &Arc<Self>,
        name: &str,
        schema: ArgumentSchema,
        run: fn(Arc<Self>, Call) -> W,
    ) -> Tool
    where
        W: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let tools = Arc::clone(self);
        Tool::raw(name, schema.finish(), move |call| {
            run(Arc::clone(&tools), call)
        })
    }

    async fn ask(self: Arc<Self>, mut call: Call) -> Result<Outcome> {
        let (data, mut arguments) = (UserData::from_call(&call).await?, call.take_arguments());
        let mut question = self.kind.read(&mut arguments)?;
        let decide = call.context.address(&self.names.decide)?;
        let (id, ticket) = (
            Uuid::new_v4().simple().to_string(),
            Uuid::new_v4().simple().to_string(),
        );
        (question["kind"], question["id"]) = (M::KIND.into(), id.as_str().into());
        let expires = call.clock.now() + MAX_WAIT_SECONDS;
        let kept = StoredQuestion {
            question: question.clone(),
            ticket: digest(&ticket),
            expires,
        };
        data.put_until(&self.place(&id)?, &kept, expires + KEPT_SECONDS)
            .await?;
        let asked = Outcome::text(self.told(&call, &id));
        let shown = json!({ "question": question, "answer": decide });
        Ok(Outcome {
            structured: Some(shown),
            ..asked
        }
        .with_meta(TICKET, ticket))
    }

    async fn decide(self: Arc<Self>, mut call: Call) -> Result<Outcome> {
        let (data, mut arguments) = (UserData::from_call(&call).await?, call.take_arguments());
        let (id, ticket): (String, String) = (arguments.take("id")?, arguments.take("ticket")?);
        let answer: M::Answer = arguments.take("answer")?;
        let kept = self.kept(&data, &id).await?;
        if kept.ticket != digest(&ticket) {
            return Err(Error::forbidden(
                "only the page that asks can answer, and this is not its ticket",
            ));
        }
        if kept.expires <= call.clock.now() {
            return Err(Error::invalid(
                "this question is more than a day old and can't be answered any more",
            ));
        }
        self.kind.check(&kept.question, &answer)?;
        if data
            .put_new_until(
                &self.answer_place(&id)?,
                &answer,
                kept.expires + KEPT_SECONDS,
            )
            .await?
        {
            return Ok(Outcome::text(M::thanks(&answer)));
        }
        Err(Error::already_exists(
            "this question has been answered before, and that answer stands",
        ))
    }

    async fn status(self: Arc<Self>, mut call: Call) -> Result<Outcome> {
        let (data, mut arguments) = (UserData::from_call(&call).await?, call.take_arguments());
        let id: String = arguments.take("id")?;
        let StoredQuestion {
            mut question,
            expires,
            ..
        } = self.kept(&data, &id).await?;
        let given: Option<Value> = data.get(&self.answer_place(&id)?).await?;
        let status = match &given {
            Some(given) => M::status(given),
            None if expires <= call.clock.now() => "expired",
            None => "waiting",
        };
        Structured(Status {
            status,
            question: question["title"].take(),
            answer: given,
        })
        .into_answer()
    }

    /// What the model is told when the user is asked, with the name that the telling tool has where this part is mounted.
    fn told(&self, call: &Call, id: &str) -> String {
        let space = call
            .name
            .strip_suffix(&self.names.ask.0)
            .unwrap_or_default();
        let status = format!("{space}{}", self.names.status);
        let shows = call.context.client().can(Capability::Ui);
        let doubt = if shows {
            ""
        } else {
            " This client does not say that it shows pages; where none is shown, nobody is asked."
        };
        format!(
            "The user is asked on a page and may take a while. Call `{status}` with the id `{id}` for the answer.{doubt}"
        )
    }

    async fn kept(&self, data: &UserData, id: &str) -> Result<StoredQuestion> {
        data.get(&self.place(id)?).await?.ok_or_else(|| unknown(id))
    }

    fn place(&self, id: &str) -> Result<String> {
        let id = Uuid::try_parse(id).map_err(|_| unknown(id))?;
        Ok(format!("parts/{}/{}", self.names.part, id.simple()))
    }

    /// Apart from the question, so that the first answer to be written is the only one.
    fn answer_place(&self, id: &str) -> Result<String> {
        Ok(format!("{}/answer", self.place(id)?))
    }
}

fn unknown(id: &str) -> Error {
    Error::invalid(format!("there is no question `{id}` of this user's"))
}

fn digest(ticket: &str) -> String {
    Sha256::digest(ticket)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
