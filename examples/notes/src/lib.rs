//! Notes of one's own: each user keeps, finds and removes notes that nobody else sees.

use mcp_lambda::prelude::*;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// What to call it by.
    pub id: String,
    /// What to remember.
    pub text: String,
}

/// Some notes, oldest first; fewer than asked for where they are long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Notes {
    /// The notes.
    pub notes: Vec<Note>,
    /// What to give as `after` for the notes that follow; absent if these are the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    /// The number of notes.
    pub count: usize,
}

/// What became of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Removed {
    /// Whether there was one to remove.
    pub removed: bool,
}

/// Everything public in here is a tool: its name, doc comment and types become the tool's name, description and schema.
#[tools]
pub mod tools {
    use super::*;

    /// Remember something for the current user.
    #[tool(destructive = false)]
    pub async fn add_note(
        data: UserData,
        /// What to remember.
        text: String,
    ) -> Result<Note> {
        let note = Note {
            id: uuid::Uuid::now_v7().simple().to_string(),
            text,
        };
        data.put(&name(&note.id), &note).await?;
        Ok(note)
    }

    /// The current user's notes, oldest first.
    #[tool(read_only, idempotent)]
    pub async fn list_notes(
        data: UserData,
        /// The `next` of an earlier answer, to go on from there.
        after: Option<String>,
        /// How many to give at most, up to 500.
        #[arg(default = 100)]
        limit: usize,
    ) -> Result<Notes> {
        let after = after.map(|id| name(&id));
        let page = data
            .list(&name(""), after.as_deref(), limit.clamp(1, 500))
            .await?;
        let notes: Vec<Note> = page.entries.into_iter().map(|(_, note)| note).collect();
        let next = page
            .next
            .and_then(|_| notes.last().map(|note| note.id.clone()));
        Ok(Notes { notes, next })
    }

    /// Forget one of the current user's notes.
    #[tool(destructive, idempotent)]
    pub async fn remove_note(
        data: UserData,
        /// The note's `id`.
        id: String,
    ) -> Result<Removed> {
        Ok(Removed {
            removed: data.delete(&name(&id)).await?,
        })
    }

    /// How many notes the current user has.
    #[tool(read_only, idempotent)]
    pub async fn count_notes(data: UserData) -> Result<Count> {
        let mut count = 0;
        let mut after = None;
        loop {
            let page = data.names(&name(""), after.as_deref(), 1_000).await?;
            count += page.names.len();
            after = page.next;
            if after.is_none() {
                return Ok(Count { count });
            }
        }
    }

    fn name(id: &str) -> String {
        format!("note/{id}")
    }
}

/// Makes the app: the [`tools`](mod@tools) and the one that an operator may call.
#[must_use]
pub fn app() -> App {
    App::new("notes")
        .version(env!("CARGO_PKG_VERSION"))
        .tools(tools::tools())
        .safe_tool("count_notes")
}
