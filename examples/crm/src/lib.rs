//! Contacts on a page: each user keeps contacts that nobody else sees, and approves on a page what is done with them.

use mcp_lambda::elicitation::Capability;
use mcp_lambda::prelude::*;
use mcp_lambda::toolsets::approval;

/// The [page](UiResource) that shows the contacts.
const PAGE: &str = "ui://contacts/list";

/// The longest name, in characters.
const MAX_NAME: usize = 200;

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// What to call it by.
    pub id: String,
    /// The person's name.
    pub name: String,
    /// The person's email address.
    pub email: String,
}

/// All contacts of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Contacts {
    /// The contacts, oldest first.
    pub contacts: Vec<Contact>,
}

/// All contacts, and what the page changes them with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Shown {
    /// The contacts, oldest first.
    pub contacts: Vec<Contact>,
    /// The tool that the page saves a contact with.
    pub save: String,
    /// The tool that the page removes a contact with.
    pub remove: String,
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    /// The number of contacts.
    pub count: usize,
}

/// The [`Toolset`]'s tools: an entry point for the model, and tools for the page alone.
#[tools]
pub mod page {
    use super::*;

    /// Show the current user's contacts on a page where they can be added and removed.
    #[tool(ui = PAGE, title = "Contacts", read_only, idempotent)]
    pub async fn show_contacts(context: Context, data: UserData) -> Result<Shown> {
        Ok(Shown {
            contacts: all(&data).await?,
            save: context.address(tool_names::SAVE_CONTACT)?,
            remove: context.address(tool_names::REMOVE_CONTACT)?,
        })
    }

    /// Save a contact.
    #[tool(destructive = false)]
    pub async fn save_contact(
        data: UserData,
        /// The person's name.
        name: String,
        /// The person's email address.
        email: String,
    ) -> Result<Contacts> {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let contact = Contact {
            id,
            name: check_name(&name)?,
            email: email.parse::<Email>()?.into(),
        };
        data.put(&key(&contact.id), &contact).await?;
        Ok(Contacts {
            contacts: all(&data).await?,
        })
    }

    /// Remove a contact.
    #[tool(destructive, idempotent)]
    pub async fn remove_contact(
        data: UserData,
        /// The contact's `id`.
        id: String,
    ) -> Result<Contacts> {
        data.delete(&key(&id)).await?;
        Ok(Contacts {
            contacts: all(&data).await?,
        })
    }
}

/// The tools without a page, which are the app's own ([`App::tools`]).
#[tools]
pub mod tools {
    use super::*;

    /// How many contacts the current user has.
    #[tool(read_only, idempotent)]
    pub async fn count_contacts(data: UserData) -> Result<Count> {
        Ok(Count {
            count: all(&data).await?.len(),
        })
    }

    /// Remove all contacts of the current user, once the user has confirmed it.
    #[tool(destructive, idempotent)]
    pub async fn clear_contacts(
        context: Context,
        data: UserData,
        /// True only after the user has said yes to this; left out at first.
        #[arg(default = false)]
        confirm: bool,
    ) -> Result<String> {
        let contacts = all(&data).await?;
        // Clients of before MCP 2026-07-28 can't be asked over HTTP: those call again, with an argument.
        if context.client().can(Capability::Form) {
            let question = format!("Remove all {} contacts for good?", contacts.len());
            if !context.confirm(question).await?.is_accepted() {
                return Ok("Nothing was removed.".to_owned());
            }
        } else if !confirm {
            return Ok("Nothing was removed yet: ask the user, and call this again with `confirm: true` after a yes."
                .to_owned());
        }
        for contact in &contacts {
            data.delete(&key(&contact.id)).await?;
        }
        Ok(format!("{} contacts were removed.", contacts.len()))
    }
}

/// The contacts as [`Resource`]s.
#[resources]
pub mod cards {
    use super::*;

    /// One of the current user's contacts.
    #[resource("contact://{id}", mime_type = "application/json")]
    pub async fn contact(
        data: UserData,
        /// The contact's `id`.
        id: String,
    ) -> Result<ResourceContents> {
        let contact: Option<Contact> = data.get(&key(&id)).await?;
        ResourceContents::json(
            &contact.ok_or_else(|| Error::not_found(format!("there is no contact `{id}`")))?,
        )
    }
}

/// The [`Prompt`]s.
#[prompts]
pub mod conversations {
    /// Write a message that introduces two people to each other.
    #[prompt(title = "Introduce somebody")]
    pub fn introduce(
        /// Who is to be introduced.
        name: String,
        /// How it should sound.
        #[arg(default = "warm", complete = ["warm", "formal", "brief"])]
        tone: String,
    ) -> String {
        format!(
            "Look for {name} in my contacts and write a {tone} message that introduces {name} to another of them."
        )
    }
}

/// Makes the app, with its page mounted as a [`Toolset`].
#[must_use]
pub fn app() -> App {
    let contacts = Toolset::new("contacts")
        .tools(page::tools())
        .resources([
            UiResource::html(PAGE, "list", include_str!("../view/contacts.html")).with_bridge(),
        ])
        .resources(cards::resources())
        .prompts(conversations::prompts());
    App::new("crm")
        .version(env!("CARGO_PKG_VERSION"))
        .instructions(
            "Before you act on a contact in the user's name, ask for approval and wait for it.",
        )
        .tools(tools::tools())
        .mount(contacts)
        .mount(approval())
        .safe_tool("count_contacts")
}

async fn all(data: &UserData) -> Result<Vec<Contact>> {
    let mut contacts = Vec::new();
    let mut after = None;
    loop {
        let page = data
            .list::<Contact>(&key(""), after.as_deref(), 500)
            .await?;
        contacts.extend(page.entries.into_iter().map(|(_, contact)| contact));
        after = page.next;
        if after.is_none() {
            return Ok(contacts);
        }
    }
}

fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(Error::invalid(
            "`name` is empty; give a name such as Ada Lovelace",
        )),
        count if count > MAX_NAME => Err(Error::invalid(format!(
            "`name` is longer than {MAX_NAME} characters"
        ))),
        _ => Ok(name.to_owned()),
    }
}

fn key(id: &str) -> String {
    format!("contact/{id}")
}
