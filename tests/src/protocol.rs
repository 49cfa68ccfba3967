//! An app with what MCP has beyond plain tools: questions, progress, log messages, prompts, resources, arguments in headers.

use mcp_lambda::call::{Level, Trace};
use mcp_lambda::elicitation::{Capability, form, roots, sampling, url};
use mcp_lambda::prelude::*;
use mcp_lambda::provider::CompletionRequest;
use serde_json::{Value, json};

/// Where to.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct City {
    /// Such as Oslo.
    pub name: String,
}

/// For how long.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Stay {
    /// How many nights.
    #[schemars(range(min = 1, max = 30))]
    pub nights: u8,
}

/// How to sound.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// With feeling.
    Warm,
    /// Without.
    Dry,
}

/// The tools.
#[tools]
pub mod tools {
    use std::time::Duration;

    use super::*;

    /// Asks for a city, then for how long.
    pub async fn travel(
        context: Context,
        /// By what.
        #[arg(default = "train")]
        by: String,
    ) -> Result<String> {
        context.progress(1.0, 3.0, "where to").await;
        let Some(city) = context.ask("city", form::<City>("Which city?")).await? else {
            return Ok("Stay at home.".into());
        };
        context.progress(2.0, 3.0, "how long").await;
        let Some(stay) = context
            .ask("stay", form::<Stay>("How many nights?"))
            .await?
        else {
            return Ok("Only a day.".into());
        };
        context.progress(3.0, 3.0, None).await;
        Ok(format!("{} nights in {} by {by}", stay.nights, city.name))
    }

    /// The same, by another name.
    pub async fn wander(context: Context) -> Result<String> {
        travel(context, "foot".into()).await
    }

    /// Asks what may be answered once.
    pub async fn pay(context: Context) -> Result<String> {
        let city = context
            .ask("city", form::<City>("Pay where?").single_use())
            .await?;
        Ok(city.map_or("not paid".into(), |city| format!("paid in {}", city.name)))
    }

    /// Asks what may be answered once, and then where to pay.
    pub async fn order(context: Context) -> Result<String> {
        let stay = context
            .ask("stay", form::<Stay>("How many nights?").single_use())
            .await?;
        let city = context.ask("city", form::<City>("Which city?")).await?;
        Ok(format!(
            "{} in {}",
            stay.map_or(0, |stay| stay.nights),
            city.map_or("none".into(), |city| city.name)
        ))
    }

    /// Asks where, and then what may be answered once.
    pub async fn confirm(context: Context) -> Result<String> {
        let city = context.ask("city", form::<City>("Which city?")).await?;
        let stay = context
            .ask("stay", form::<Stay>("How many nights?").single_use())
            .await?;
        Ok(format!(
            "{} in {}",
            stay.map_or(0, |stay| stay.nights),
            city.map_or("none".into(), |city| city.name)
        ))
    }

    /// Asks three things of three kinds at once.
    pub async fn all_at_once(context: Context) -> Result<String> {
        let (city, page, folders) = tokio::join!(
            context.ask("city", form::<City>("Which city?")),
            context.ask("page", url("https://pay.example.com/1", "Please pay.")),
            context.ask("folders", roots()),
        );
        let folders = folders?.map_or(0, |answer| answer["roots"].as_array().map_or(0, Vec::len));
        Ok(format!(
            "{:?} {} {folders}",
            city?.map(|city| city.name),
            page?.is_some()
        ))
    }

    /// Needs a model at the other end.
    pub async fn ponder(context: Context) -> Result<String> {
        context.require(Capability::Sampling)?;
        let answer = context
            .ask(
                "thought",
                sampling(json!({ "messages": [], "maxTokens": 9 })),
            )
            .await?;
        Ok(answer.map_or("no thought".into(), |answer| {
            answer["content"]["text"].to_string()
        }))
    }

    /// Reports many times, also backwards, and once after its end.
    #[expect(clippy::disallowed_methods, reason = "this is what must not be heard")]
    pub async fn reports(context: Context) -> String {
        for done in [1.0, 0.5, f64::NAN, 1.0, 2.0] {
            context.progress(done, 10.0, None).await;
        }
        context.progress(10.0, 10.0, "done").await;
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            context.progress(11.0, 12.0, "too late").await;
            context.log(Level::Emergency, "too late").await;
        });
        "reported".into()
    }

    /// Logs at three levels.
    pub async fn logs(context: Context) -> String {
        context.log(Level::Debug, "a detail").await;
        context.log(Level::Info, json!({ "step": 1 })).await;
        context.log(Level::Error, "a fault").await;
        "logged".into()
    }

    /// What it knows of its client and its trace.
    #[tool(read_only)]
    pub async fn knows(context: Context) -> Content {
        let (client, trace) = (context.client(), context.trace());
        let known = json!({ "client": client.name.zip(client.version), "can": client.capabilities, "trace": trace.id(), "headers": headers(&trace) });
        Content::text(known.to_string())
    }

    fn headers(trace: &Trace) -> Value {
        let headers = trace.headers();
        headers
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap_or_default())))
            .collect()
    }

    /// Waits until its client goes away.
    #[tool(timeout = "5m")]
    pub async fn waits(context: Context) -> String {
        context.until_cancelled().await;
        "nobody hears this".into()
    }

    /// For those who may write.
    #[tool(scopes("write"))]
    pub fn secret_tool() -> String {
        "written".into()
    }
}

/// The prompts.
#[prompts]
pub mod prompts {
    use super::*;

    /// Writes about something.
    #[prompt(title = "Write")]
    pub fn write(
        /// What of.
        #[arg(complete = topics)]
        topic: String,
        /// How to sound.
        tone: Option<Tone>,
        /// How many lines.
        #[arg(default = 3)]
        lines: u8,
    ) -> Vec<Message> {
        let text = format!(
            "Write {lines} lines about {topic}, {:?}.",
            tone.unwrap_or(Tone::Dry)
        );
        vec![Message::user(text), Message::assistant("With pleasure.")]
    }

    /// Asks what to write about.
    pub async fn interview(context: Context) -> Result<String> {
        let city = context.ask("city", form::<City>("Which city?")).await?;
        Ok(format!(
            "Tell me about {}.",
            city.map_or("nothing".into(), |city| city.name)
        ))
    }

    /// For those who may write.
    #[prompt(scopes("write"))]
    pub fn secret_prompt(#[arg(complete = ["a", "b"])] word: String) -> String {
        word
    }

    async fn topics(completion: CompletionRequest) -> Result<Vec<String>> {
        let user = current_user()?;
        let many = (0..150).map(|number| format!("{}{number}", completion.value));
        Ok(std::iter::once(user.email().to_string())
            .chain(many)
            .collect())
    }
}

/// The resources.
#[resources]
pub mod resources {
    use super::*;

    /// What everyone may read.
    #[resource("test://about", mime_type = "text/plain", ttl = "5m", shared)]
    pub fn about() -> &'static str {
        "about this app"
    }

    /// A picture.
    #[resource("test://picture", mime_type = "image/png")]
    pub fn picture() -> Vec<u8> {
        vec![137, 80, 78, 71]
    }

    /// One of the caller's own notes.
    #[resource("note://{id}", mime_type = "text/plain")]
    pub async fn note(data: UserData, id: String) -> Result<String> {
        let note = data.get::<String>(&id).await?;
        note.ok_or_else(|| Error::not_found(format!("there is no note `{id}`")))
    }

    /// A file below a folder.
    #[resource("files:///{+path}")]
    pub fn file(path: String) -> ResourceContents {
        ResourceContents::text(path).mime_type("text/x-path")
    }

    /// A picture below a folder.
    #[resource("files:///pictures/{id}")]
    pub fn picture_file(id: String) -> String {
        format!("picture {id}")
    }

    /// A day of a year.
    #[resource("days://{year}/{tone}")]
    pub fn day(year: u16, tone: Tone) -> Result<ResourceContents> {
        ResourceContents::json(&json!({ "year": year, "tone": tone }))
    }

    /// Asks which city it is about.
    #[resource("test://guide")]
    pub async fn guide(context: Context) -> Result<String> {
        let city = context.ask("city", form::<City>("Which city?")).await?;
        Ok(city.map_or("a guide to nothing".into(), |city| {
            format!("a guide to {}", city.name)
        }))
    }

    /// For those who may write.
    #[resource("test://secret", scopes("write"), shared, ttl = "5m")]
    pub fn secret_resource() -> &'static str {
        "written"
    }
}

/// A tool that tells gateways its region.
fn route() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    });
    Tool::raw("route", schema, |call| async move {
        Ok(Outcome::text(call.arguments()["region"].to_string()))
    })
    .description("Goes where its header says.")
    .version("2")
}

/// The app.
#[must_use]
pub fn app() -> App {
    App::new("protocol")
        .tools(tools::tools())
        .tools([route()])
        .prompts(prompts::prompts())
        .resources(resources::resources())
}
