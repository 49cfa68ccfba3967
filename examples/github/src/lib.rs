//! GitHub for a model: searches, repositories, issues and pull requests, read through each user's own token.
//!
//! Nothing here writes to GitHub, and no user's token may serve another.

mod account;
mod answers;
mod client;
mod path;
mod refusal;
mod wire;

use std::time::Duration;

use mcp_lambda::prelude::*;

pub use account::{Account, ApiUrl};
pub use answers::{
    Allowance, FoundIssues, FoundRepositories, Issue, Issues, Pull, Pulls, RateLimit, Repository,
};
use client::{Client, Page};

/// The longest time of a call: more than that of a request, so that a user reads this app's message.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most that GitHub gives on a page.
const MAX_PER_PAGE: u32 = 100;

/// Which issues or pull requests to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Those that are open.
    Open,
    /// Those that are closed.
    Closed,
    /// Both.
    All,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }
}

/// The tools, which share one client of GitHub.
#[derive(Debug, Default)]
pub struct GitHub {
    client: Client,
}

#[tools]
impl GitHub {
    /// Searches repositories, best match first. GitHub gives the first 1000 that match.
    #[tool(read_only, idempotent, open_world)]
    pub async fn search_repositories(
        &self,
        context: Context,
        account: Profile<Account>,
        /// Words and qualifiers, such as `http client language:rust stars:>100`.
        query: String,
        /// The `next_page` of an earlier answer, to go on from there.
        page: Option<u32>,
        /// How many to give at most, up to 100.
        #[arg(default = 20)]
        per_page: u32,
    ) -> Result<FoundRepositories> {
        let query = [vec![("q", query)], paging(page, per_page)].concat();
        let found: Page<wire::Found<wire::Repository>> = self
            .client
            .get(&context, &account, "/search/repositories", &query)
            .await?;
        Ok(found.into())
    }

    /// Searches issues and pull requests, best match first. GitHub gives the first 1000 that match.
    #[tool(read_only, idempotent, open_world)]
    pub async fn search_issues(
        &self,
        context: Context,
        account: Profile<Account>,
        /// Words and qualifiers; one must be `is:issue` or `is:pull-request`, as in `repo:rust-lang/rust is:issue is:open leak`.
        query: String,
        /// The `next_page` of an earlier answer, to go on from there.
        page: Option<u32>,
        /// How many to give at most, up to 100.
        #[arg(default = 20)]
        per_page: u32,
    ) -> Result<FoundIssues> {
        let query = [vec![("q", query)], paging(page, per_page)].concat();
        let found: Page<wire::Found<wire::Issue>> = self
            .client
            .get(&context, &account, "/search/issues", &query)
            .await?;
        Ok(found.into())
    }

    /// Gives what GitHub says of one repository.
    #[tool(read_only, idempotent, open_world)]
    pub async fn get_repository(
        &self,
        context: Context,
        account: Profile<Account>,
        /// The user or organization it belongs to, such as `rust-lang`.
        owner: String,
        /// Its name alone, such as `rust`.
        repository: String,
    ) -> Result<Repository> {
        let path = path::repository(&owner, &repository)?;
        let found: Page<wire::Repository> = self.client.get(&context, &account, &path, &[]).await?;
        Ok(found.body.into())
    }

    /// Lists a repository's issues, newest first. Pull requests are left out, though GitHub counts them as issues, so a page may
    /// hold fewer than asked for, or none: only an answer without `next_page` is the last.
    #[tool(read_only, idempotent, open_world)]
    pub async fn list_issues(
        &self,
        context: Context,
        account: Profile<Account>,
        /// The user or organization it belongs to, such as `rust-lang`.
        owner: String,
        /// The repository's name alone, such as `rust`.
        repository: String,
        /// Which of them.
        #[arg(default = State::Open)]
        state: State,
        /// The `next_page` of an earlier answer, to go on from there.
        page: Option<u32>,
        /// How many to give at most, up to 100.
        #[arg(default = 20)]
        per_page: u32,
    ) -> Result<Issues> {
        let path = path::repository(&owner, &repository)? + "/issues";
        let query = [
            vec![("state", state.word().to_owned())],
            paging(page, per_page),
        ]
        .concat();
        let listed: Page<Vec<wire::Issue>> =
            self.client.get(&context, &account, &path, &query).await?;
        Ok(listed.into())
    }

    /// Lists a repository's pull requests, newest first.
    #[tool(read_only, idempotent, open_world)]
    pub async fn list_pulls(
        &self,
        context: Context,
        account: Profile<Account>,
        /// The user or organization it belongs to, such as `rust-lang`.
        owner: String,
        /// The repository's name alone, such as `rust`.
        repository: String,
        /// Which of them.
        #[arg(default = State::Open)]
        state: State,
        /// The `next_page` of an earlier answer, to go on from there.
        page: Option<u32>,
        /// How many to give at most, up to 100.
        #[arg(default = 20)]
        per_page: u32,
    ) -> Result<Pulls> {
        let path = path::repository(&owner, &repository)? + "/pulls";
        let query = [
            vec![("state", state.word().to_owned())],
            paging(page, per_page),
        ]
        .concat();
        let listed: Page<Vec<wire::Pull>> =
            self.client.get(&context, &account, &path, &query).await?;
        Ok(listed.into())
    }

    /// Says how many requests GitHub still takes from the current user, and when it counts anew. Asking costs none.
    #[tool(read_only, idempotent, open_world)]
    pub async fn get_rate_limit(
        &self,
        context: Context,
        account: Profile<Account>,
    ) -> Result<RateLimit> {
        let limit: Page<wire::RateLimit> = self
            .client
            .get(&context, &account, "/rate_limit", &[])
            .await?;
        Ok(limit.body.into())
    }
}

fn paging(page: Option<u32>, per_page: u32) -> Vec<(&'static str, String)> {
    let size = ("per_page", per_page.clamp(1, MAX_PER_PAGE).to_string());
    let page = page.map(|page| ("page", page.max(1).to_string()));
    std::iter::once(size).chain(page).collect()
}

/// Makes the app: the tools of [`GitHub`] and the profile [`Account`].
#[must_use]
pub fn app() -> App {
    App::new("github")
        .version(env!("CARGO_PKG_VERSION"))
        .profile::<Account>()
        .tools(GitHub::default().tools())
        .safe_tool("get_rate_limit")
        .timeout(TIMEOUT)
}
