//! The common implementation of [`approval`](super::approval()), [`choice`](super::choice()) and
//! [`form_toolset`](super::form_toolset): a question on a page, and an answer on the server.
//!
//! Only the page can answer: the ticket that it must send comes in `_meta`, which hosts give to the
//! page and to no model (MCP Apps). A decision is never taken from a model, and never twice.

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
use crate::printable::hex;
use crate::provider::IntoAnswer;
use crate::records::UserData;
use crate::resource::UiResource;
use crate::tool::{Hints, Outcome, Structured, Tool, Visibility};

/// The time for which a question can be answered: a day.
const MAX_WAIT_SECONDS: u64 = 24 * 60 * 60;

/// The key of the ticket in the `_meta` of the asking tool's answer.
const TICKET: &str = "mcp-lambda/ticket";

/// The time for which a question and its answer stay stored after [`MAX_WAIT_SECONDS`]: 30 days.
const RETENTION_SECONDS: u64 = 2_592_000;

/// The page of every [`QuestionKind`], which draws itself by the question's `kind`.
const PAGE: &str = include_str!("view.html");

/// The [`Hints`] of tools that touch nothing but the user's own records (MCP `ToolAnnotations`).
const CAREFUL: Hints = Hints {
    read_only: None,
    destructive: Some(false),
    idempotent: Some(false),
    open_world: Some(false),
};

/// A kind of question, as [`build_toolset`] makes tools of it.
pub(super) trait QuestionKind: Send + Sync + 'static {
    /// The kind as the page knows it: `approval`, `choice` or `form`.
    const KIND: &'static str;

    /// The answer that the page sends.
    type Answer: Argument + Serialize + Send + Sync;

    /// Declares the [`Arguments`] by which a model asks.
    fn declare_arguments(&self, schema: &mut ArgumentSchema);

    /// Reads the question as the page shows it: its `title`, and more by its kind.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for arguments that ask nothing.
    fn read(&self, arguments: &mut Arguments) -> Result<Value>;

    /// Checks an answer against the stored question.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a value that is no answer to it.
    fn check(&self, question: &Value, answer: &Self::Answer) -> Result<()>;

    /// Returns the status of an answered question, in one word.
    fn status(answer: &Value) -> &'static str;

    /// Writes the confirmation that the user reads on the page.
    fn thank(answer: &Self::Answer) -> String;
}

/// The names of a [`Toolset`] and its tools.
pub(super) struct ToolNames {
    pub(super) toolset: String,
    /// The tool by which a model asks.
    pub(super) ask: String,
    /// The description of that tool.
    pub(super) about: String,
    /// The tool by which the page answers.
    pub(super) decide: String,
    /// The tool by which a model looks the answer up.
    pub(super) status: String,
}

/// A question in the user's [`UserData`].
#[derive(Serialize, Deserialize)]
struct StoredQuestion {
    /// The question as the page shows it.
    question: Value,
    /// The SHA-256 (FIPS 180-4) of the ticket, in hexadecimal digits.
    ticket: String,
    /// The time from which on it can't be answered, in seconds since 1970.
    expires: u64,
}

/// The state of a question, as the looking-up tool returns it.
// Models read the schema of this type: its descriptions are part of the tool and no docs of ours.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "What has come of a question.")]
struct QuestionStatus {
    /// `waiting`, `expired`, or what was decided.
    status: &'static str,
    /// The title of the question.
    #[schemars(description = "What was asked.")]
    question: Value,
    /// The answer; `null` if there is none.
    answer: Option<Value>,
}

/// A [`QuestionKind`] with the names of its tools.
struct QuestionTools<M> {
    kind: M,
    names: ToolNames,
}

/// Builds the [`Toolset`] that asks a kind of question: three tools and their page.
pub(super) fn build_toolset<M: QuestionKind>(kind: M, names: ToolNames) -> Toolset {
    let name = names.toolset.clone();
    let page = format!("ui://{name}/question");
    let view = UiResource::html(&page, format!("{name}_question"), PAGE)
        .with_bridge()
        .description("Asks the user a question.");
    let tools = Arc::new(QuestionTools { kind, names });
    // Only the asking tool has the page: hosts draw it beside that tool's answer, and nowhere else.
    // The deciding tool is for the page alone; a host does not list it to its model.
    let tools = [
        tools.make_ask_tool().ui(page),
        tools.make_decide_tool().visibility(Visibility::App),
        tools.make_status_tool(),
    ];
    Toolset::new(name).tools(tools).resources([view])
}

/// Takes an argument that must be a text with something in it.
///
/// # Errors
/// [`Invalid`](crate::ErrorKind::Invalid) for a blank text.
pub(super) fn take_text(arguments: &mut Arguments, name: &str) -> Result<String> {
    let text: String = arguments.take(name)?;
    if text.trim().is_empty() {
        return Err(Error::invalid(format!(
            "`{name}` is empty; the user would not know what is asked"
        )));
    }
    Ok(text)
}

impl<M: QuestionKind> QuestionTools<M> {
    fn make_ask_tool(self: &Arc<Self>) -> Tool {
        let mut schema = ArgumentSchema::default();
        self.kind.declare_arguments(&mut schema);
        self.make_tool(&self.names.ask, schema, Self::ask)
            .description(&self.names.about)
            .hints(Hints {
                read_only: Some(false),
                ..CAREFUL
            })
    }

    fn make_decide_tool(self: &Arc<Self>) -> Tool {
        let mut schema = ArgumentSchema::default();
        schema.argument::<String>("id", "The question's id.");
        schema.argument::<String>(
            "ticket",
            "What the page was given to show that it is the page.",
        );
        schema.argument::<M::Answer>("answer", "What the user decided.");
        self.make_tool(&self.names.decide, schema, Self::decide)
            .description("Takes the user's answer from the page that asks, and from nowhere else: it has the ticket.")
            .hints(Hints { read_only: Some(false), ..CAREFUL })
    }

    fn make_status_tool(self: &Arc<Self>) -> Tool {
        let mut schema = ArgumentSchema::default();
        schema.argument::<String>("id", "The question's id.");
        self.make_tool(&self.names.status, schema, Self::status)
            .description("What the user has answered to a question, if anything yet.")
            .returns::<Structured<QuestionStatus>>()
            .hints(Hints {
                read_only: Some(true),
                idempotent: Some(true),
                ..CAREFUL
            })
            .visibility(Visibility::Model)
    }

    fn make_tool<W>(
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
        let data = UserData::from_call(&call).await?;
        let mut arguments = call.take_arguments();
        let mut question = self.kind.read(&mut arguments)?;
        let decide = call.context.address(&self.names.decide)?;
        // The model learns the id, to look the answer up; the ticket, which lets the page answer,
        // is another random value (RFC 9562 §5.4), so the one says nothing about the other.
        let id = Uuid::new_v4().simple().to_string();
        let ticket = Uuid::new_v4().simple().to_string();
        question["kind"] = M::KIND.into();
        question["id"] = id.as_str().into();
        let expires = call.clock.now() + MAX_WAIT_SECONDS;
        let stored = StoredQuestion {
            question: question.clone(),
            ticket: digest(&ticket),
            expires,
        };
        // It is stored for longer than it can be answered, so that a model that comes back late
        // reads `expired`, and not that there never was such a question.
        data.put_until(
            &self.question_path(&id)?,
            &stored,
            expires + RETENTION_SECONDS,
        )
        .await?;
        let text = Outcome::text(self.describe_next_step(&call, &id));
        let shown = json!({ "question": question, "answer": decide });
        Ok(Outcome {
            structured: Some(shown),
            ..text
        }
        .with_meta(TICKET, ticket))
    }

    async fn decide(self: Arc<Self>, mut call: Call) -> Result<Outcome> {
        let data = UserData::from_call(&call).await?;
        let mut arguments = call.take_arguments();
        let id: String = arguments.take("id")?;
        let ticket: String = arguments.take("ticket")?;
        let answer: M::Answer = arguments.take("answer")?;
        let stored = self.load_question(&data, &id).await?;
        // Only the ticket's digest is stored: whoever can read the store can't answer in the user's
        // place. The comparison may take any time, since a digest tells nothing about its ticket.
        if stored.ticket != digest(&ticket) {
            return Err(Error::forbidden(
                "only the page that asks can answer, and this is not its ticket",
            ));
        }
        if stored.expires <= call.clock.now() {
            return Err(Error::invalid(
                "this question is more than a day old and can't be answered any more",
            ));
        }
        self.kind.check(&stored.question, &answer)?;
        // A page that was opened twice may answer twice at the same time. The write is conditional
        // on there being no answer yet, so the store decides which was first and the other fails.
        let expires = stored.expires + RETENTION_SECONDS;
        let is_first = data
            .put_new_until(&self.answer_path(&id)?, &answer, expires)
            .await?;
        if is_first {
            return Ok(Outcome::text(M::thank(&answer)));
        }
        Err(Error::already_exists(
            "this question has been answered before, and that answer stands",
        ))
    }

    async fn status(self: Arc<Self>, mut call: Call) -> Result<Outcome> {
        let data = UserData::from_call(&call).await?;
        let mut arguments = call.take_arguments();
        let id: String = arguments.take("id")?;
        let StoredQuestion {
            mut question,
            expires,
            ..
        } = self.load_question(&data, &id).await?;
        let answer: Option<Value> = data.get(&self.answer_path(&id)?).await?;
        let status = match &answer {
            Some(answer) => M::status(answer),
            None if expires <= call.clock.now() => "expired",
            None => "waiting",
        };
        Structured(QuestionStatus {
            status,
            question: question["title"].take(),
            answer,
        })
        .into_answer()
    }

    /// Writes the model's instruction to look the answer up, for [`Outcome::text`].
    fn describe_next_step(&self, call: &Call, id: &str) -> String {
        // The toolset does not know the prefix under which it is mounted. It is what the called
        // name has before the registered one, and the looking-up tool has the same.
        let prefix = call.name.strip_suffix(&self.names.ask).unwrap_or_default();
        let status = format!("{prefix}{}", self.names.status);
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

    /// Loads a question of the caller from [`UserData`].
    async fn load_question(&self, data: &UserData, id: &str) -> Result<StoredQuestion> {
        let stored = data.get(&self.question_path(id)?).await?;
        stored.ok_or_else(|| refuse_unknown(id))
    }

    fn question_path(&self, id: &str) -> Result<String> {
        // An id comes from a client and becomes part of a key: as a UUID it has no `/`, so it can't
        // lead to another record.
        let id = Uuid::try_parse(id).map_err(|_| refuse_unknown(id))?;
        Ok(format!("parts/{}/{}", self.names.toolset, id.simple()))
    }

    /// Returns the path of the answer: a record of its own, so that
    /// [`put_new_until`](UserData::put_new_until) lets only the first one be written.
    fn answer_path(&self, id: &str) -> Result<String> {
        Ok(format!("{}/answer", self.question_path(id)?))
    }
}

/// Makes the error about an id that names no question, or another user's: both look the same.
fn refuse_unknown(id: &str) -> Error {
    Error::invalid(format!("there is no question `{id}` of this user's"))
}

fn digest(ticket: &str) -> String {
    hex(&Sha256::digest(ticket))
}
