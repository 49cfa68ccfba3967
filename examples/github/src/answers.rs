//! The answers of the tools: the fields of GitHub's objects that a model has use for.
//!
//! Long texts are cut here, so that a full page stays readable.

use mcp_lambda::clock::format_rfc3339;
use mcp_lambda::prelude::*;

use crate::client::Page;
use crate::wire;

/// The most characters of a text that are shown.
const MAX_BODY: usize = 500;

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Repository {
    /// Its owner and name, as `rust-lang/rust`.
    pub full_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its page.
    pub html_url: String,
    /// How many people starred it.
    pub stars: u64,
    /// The language most of it is in.
    pub language: Option<String>,
    /// How many issues and pull requests are open.
    pub open_issues: u64,
    /// The branch one starts from.
    pub default_branch: String,
    /// When it was last changed.
    pub updated_at: Option<String>,
}

/// An issue, or a pull request that a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Issue {
    /// Its number in its repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it is a pull request.
    pub is_pull_request: bool,
    /// Who wrote it; absent if the user is gone.
    pub author: Option<String>,
    /// Its page.
    pub html_url: String,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// How many comments it has.
    pub comments: u64,
    /// When it was written.
    pub created_at: String,
    /// Its text; `…` at the end where it was cut.
    pub body: Option<String>,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pull {
    /// Its number in its repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it is not ready for review.
    pub is_draft: bool,
    /// Who opened it; absent if the user is gone.
    pub author: Option<String>,
    /// Its page.
    pub html_url: String,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// The branch it comes from.
    pub head: String,
    /// The branch it goes to.
    pub base: String,
    /// When it was opened.
    pub created_at: String,
    /// Its text; `…` at the end where it was cut.
    pub body: Option<String>,
}

/// Repositories that a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FoundRepositories {
    /// How many match in all.
    pub total: u64,
    /// Whether GitHub ran out of time, so that there may be more.
    pub is_incomplete: bool,
    /// This page of them.
    pub repositories: Vec<Repository>,
    /// What to give as `page` for those that follow; absent if these are the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
}

/// Issues and pull requests that a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FoundIssues {
    /// How many match in all.
    pub total: u64,
    /// Whether GitHub ran out of time, so that there may be more.
    pub is_incomplete: bool,
    /// This page of them.
    pub issues: Vec<Issue>,
    /// What to give as `page` for those that follow; absent if these are the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
}

/// Some issues of a repository, without its pull requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Issues {
    /// This page of them.
    pub issues: Vec<Issue>,
    /// What to give as `page` for those that follow; absent if these are the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
}

/// Some pull requests of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pulls {
    /// This page of them.
    pub pulls: Vec<Pull>,
    /// What to give as `page` for those that follow; absent if these are the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
}

/// How many requests GitHub still takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RateLimit {
    /// For searches.
    pub search: Allowance,
    /// For all else.
    pub core: Allowance,
}

/// How many requests of a kind GitHub still takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Allowance {
    /// How many it takes from one count to the next.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// When it counts anew.
    pub resets_at: String,
}

impl From<wire::Repository> for Repository {
    fn from(given: wire::Repository) -> Self {
        Self {
            full_name: given.full_name,
            description: given.description,
            html_url: given.html_url,
            stars: given.stargazers_count,
            language: given.language,
            open_issues: given.open_issues_count,
            default_branch: given.default_branch,
            updated_at: given.updated_at,
        }
    }
}

impl From<wire::Issue> for Issue {
    fn from(given: wire::Issue) -> Self {
        Self {
            number: given.number,
            title: given.title,
            state: given.state,
            is_pull_request: given.pull_request.is_some(),
            author: given.user.map(|user| user.login),
            html_url: given.html_url,
            labels: names(given.labels),
            comments: given.comments,
            created_at: given.created_at,
            body: given.body.map(|body| cut(&body, MAX_BODY)),
        }
    }
}

impl From<wire::Pull> for Pull {
    fn from(given: wire::Pull) -> Self {
        Self {
            number: given.number,
            title: given.title,
            state: given.state,
            is_draft: given.draft,
            author: given.user.map(|user| user.login),
            html_url: given.html_url,
            labels: names(given.labels),
            head: given.head.name,
            base: given.base.name,
            created_at: given.created_at,
            body: given.body.map(|body| cut(&body, MAX_BODY)),
        }
    }
}

impl From<Page<wire::Found<wire::Repository>>> for FoundRepositories {
    fn from(Page { body, next_page }: Page<wire::Found<wire::Repository>>) -> Self {
        let repositories = body.items.into_iter().map(Repository::from).collect();
        Self {
            total: body.total_count,
            is_incomplete: body.incomplete_results,
            repositories,
            next_page,
        }
    }
}

impl From<Page<wire::Found<wire::Issue>>> for FoundIssues {
    fn from(Page { body, next_page }: Page<wire::Found<wire::Issue>>) -> Self {
        let issues = body.items.into_iter().map(Issue::from).collect();
        Self {
            total: body.total_count,
            is_incomplete: body.incomplete_results,
            issues,
            next_page,
        }
    }
}

impl From<Page<Vec<wire::Issue>>> for Issues {
    fn from(Page { body, next_page }: Page<Vec<wire::Issue>>) -> Self {
        let issues = body
            .into_iter()
            .map(Issue::from)
            .filter(|issue| !issue.is_pull_request)
            .collect();
        Self { issues, next_page }
    }
}

impl From<Page<Vec<wire::Pull>>> for Pulls {
    fn from(Page { body, next_page }: Page<Vec<wire::Pull>>) -> Self {
        Self {
            pulls: body.into_iter().map(Pull::from).collect(),
            next_page,
        }
    }
}

impl From<wire::RateLimit> for RateLimit {
    fn from(given: wire::RateLimit) -> Self {
        Self {
            search: given.resources.search.into(),
            core: given.resources.core.into(),
        }
    }
}

impl From<wire::Allowance> for Allowance {
    fn from(given: wire::Allowance) -> Self {
        Self {
            limit: given.limit,
            remaining: given.remaining,
            resets_at: format_rfc3339(given.reset),
        }
    }
}

fn names(labels: Vec<wire::Label>) -> Vec<String> {
    let name = |label| match label {
        wire::Label::Name(name) => Some(name),
        wire::Label::Whole { name } => name,
    };
    labels.into_iter().filter_map(name).collect()
}

/// The beginning of a text, in characters.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
