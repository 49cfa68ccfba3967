//! An app with every kind of tool: those that behave, and those that panic, sleep and flood.

use mcp_lambda::prelude::*;
use serde_json::json;

use crate::pages::{BadPages, Motto, Pages};

/// What this app keeps about a user.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Account {
    /// Token from the upstream's settings page.
    pub token: Secret<String>,
    /// What to paint things in.
    pub colour: Option<String>,
    /// Where the upstream listens.
    pub port: Option<u16>,
}

/// An answer with a shape.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Sum {
    /// The sum.
    pub sum: i64,
}

/// The tools.
#[tools]
pub mod tools {
    use std::time::Duration;

    use super::*;

    /// Adds two numbers.
    #[tool(read_only, idempotent, title = "Add")]
    pub fn add(
        /// The first number.
        left: i64,
        /// The second number; nothing if left out.
        #[arg(default = 0)]
        right: i64,
    ) -> Sum {
        Sum { sum: left + right }
    }

    /// Says who calls, by two ways.
    #[tool(read_only)]
    pub async fn whoami(user: CurrentUser) -> Result<String> {
        Ok(format!("{} {}", user.email(), current_user()?.email()))
    }

    /// Keeps a word for the caller.
    pub async fn keep(data: UserData, word: String) -> Result<String> {
        tracing::info!("a word to keep");
        data.put("word", &word).await?;
        Ok("kept".to_owned())
    }

    /// Gives the caller's word back.
    #[tool(read_only)]
    pub async fn recall(data: UserData) -> Result<Vec<String>> {
        Ok(data.get("word").await?.into_iter().collect())
    }

    /// Uses the caller's profile.
    #[tool(read_only)]
    pub async fn paint(profile: Profile<Account>) -> String {
        let bytes = profile.token.expose().len();
        format!(
            "{} with a token of {bytes} bytes",
            profile.colour.as_deref().unwrap_or("white")
        )
    }

    /// Says how much time a call has, in milliseconds.
    #[tool(read_only)]
    pub async fn time_left(context: Context) -> String {
        context.remaining().as_millis().to_string()
    }

    /// Gives a picture.
    #[tool(read_only)]
    pub async fn picture() -> Content {
        Content::image("aGVsbG8=", "image/png")
    }

    /// Needs a scope.
    #[tool(scopes("paint:write"))]
    pub async fn scoped() -> &'static str {
        "allowed"
    }

    /// Fails as tools do.
    pub async fn fails() -> Result<String, String> {
        Err("the upstream said no".to_owned())
    }

    /// Panics.
    pub async fn panics() -> String {
        panic!("the password is hunter2")
    }

    /// Sleeps past every deadline.
    #[tool(timeout = "200ms")]
    pub async fn sleeps() -> String {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        "awake".to_owned()
    }

    /// Answers with seven megabytes.
    pub async fn floods() -> String {
        "x".repeat(7_000_000)
    }

    /// Not a tool: its name begins with `_`.
    pub async fn _helper() {}

    #[expect(dead_code, reason = "a private function is no tool")]
    async fn private() {}
}

/// Tools that share a value.
#[derive(Debug)]
pub struct Greeter {
    greeting: String,
}

#[tools]
impl Greeter {
    /// Not a tool: it has no receiver.
    #[must_use]
    pub fn new(greeting: &str) -> Self {
        Self {
            greeting: greeting.to_owned(),
        }
    }

    /// Greets the caller.
    #[tool(read_only)]
    pub async fn greet(
        &self,
        user: CurrentUser,
        /// How often.
        #[arg(default = 1)]
        times: u8,
    ) -> String {
        [self.greeting.as_str(), user.email().as_str()]
            .join(" ")
            .repeat(usize::from(times))
    }
}

/// The app without a profile type.
#[must_use]
pub fn app() -> App {
    let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {"any": {"$anchor": "x"}}});
    let raw = Tool::raw("raw", schema, |call| async move {
        Ok(Outcome::text(call.arguments().len().to_string()))
    });
    App::new("fixture")
        .version("1.2.3")
        .instructions("For tests.")
        .tools(tools::tools())
        .tools(Greeter::new("hello").tools())
        .tools([raw.description("Takes anything.")])
        .state(Motto::default())
        .routes("/pages", Pages::default())
        .routes("/bad", BadPages)
        .safe_tool("whoami")
}

/// The app that keeps an [`Account`] about each user.
#[must_use]
pub fn app_with_profile() -> App {
    app().profile::<Account>()
}

/// One tool that does nothing of its own.
#[tools]
pub mod echo {
    /// Says what it is told.
    #[tool(read_only)]
    pub fn echo(
        /// What to say.
        text: String,
    ) -> String {
        text
    }
}

/// The app whose only work is that of the framework.
#[must_use]
pub fn echo_app() -> App {
    App::new("echo").tools(echo::tools())
}
