//! GitHub's answers, as its REST API (2022-11-28) documents them, reduced to the fields that
//! [`answers`](crate::answers) reads.
//!
//! Fields that GitHub may leave out or set to `null` are optional here; nothing here is shown as it is.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A page of what a search found.
#[derive(Deserialize)]
pub(crate) struct Found<T> {
    pub(crate) total_count: u64,
    #[serde(default)]
    pub(crate) incomplete_results: bool,
    pub(crate) items: Vec<T>,
}

#[derive(Deserialize)]
pub(crate) struct Repository {
    pub(crate) full_name: String,
    pub(crate) description: Option<String>,
    pub(crate) html_url: String,
    pub(crate) stargazers_count: u64,
    pub(crate) language: Option<String>,
    pub(crate) open_issues_count: u64,
    pub(crate) default_branch: String,
    pub(crate) updated_at: Option<String>,
}

/// An issue, or a pull request where GitHub counts it as one.
#[derive(Deserialize)]
pub(crate) struct Issue {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) user: Option<User>,
    pub(crate) html_url: String,
    pub(crate) labels: Vec<Label>,
    pub(crate) comments: u64,
    pub(crate) created_at: String,
    pub(crate) body: Option<String>,
    pub(crate) pull_request: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) draft: bool,
    pub(crate) user: Option<User>,
    pub(crate) html_url: String,
    pub(crate) labels: Vec<Label>,
    pub(crate) head: Branch,
    pub(crate) base: Branch,
    pub(crate) created_at: String,
    pub(crate) body: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct User {
    pub(crate) login: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Label {
    Name(String),
    Whole { name: Option<String> },
}

#[derive(Deserialize)]
pub(crate) struct Branch {
    #[serde(rename = "ref")]
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct RateLimit {
    pub(crate) resources: Resources,
}

#[derive(Deserialize)]
pub(crate) struct Resources {
    pub(crate) core: Allowance,
    pub(crate) search: Allowance,
}

#[derive(Deserialize)]
pub(crate) struct Allowance {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    pub(crate) reset: u64,
}
