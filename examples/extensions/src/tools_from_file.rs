//! A [`Provider`] whose tools come from a JSON file that changes while the server runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use mcp_lambda::provider::{Facts, Listing, Provider, Resolved};
use mcp_lambda::tool::{Hints, Tools};
use mcp_lambda::user::Caller;
use mcp_lambda::{Error, Outcome, Result, Tool};
use serde::Deserialize;
use serde_json::json;

/// A [`Provider`] of the tools in a JSON file: an object of names, each with a `description` and a `text` to answer with.
///
/// ```json
/// {"opening_hours": {"description": "Says when we are open.", "text": "Monday to Friday, 9 to 17"}}
/// ```
///
/// The file is read again when its size or its time of change is another. While it can't be read, the tools are
/// unavailable; a server that answered with old ones would hide the problem.
///
/// ```
/// use extensions::tools_from_file::ToolFile;
/// use mcp_lambda::App;
///
/// assert_eq!(App::new("office").provider(ToolFile::new("/srv/office/tools.json")).check(), Ok(()));
/// ```
#[derive(Debug)]
pub struct ToolFile {
    path: PathBuf,
    read: Mutex<Arc<Snapshot>>,
}

/// The tools of a [`ToolFile`] as it was at one time.
#[derive(Debug, Default)]
struct Snapshot {
    stamp: Option<Stamp>,
    tools: BTreeMap<String, Tool>,
}

/// The size and the time of change of a file, by which a [`Snapshot`] is known to be old.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stamp {
    bytes: u64,
    modified: SystemTime,
}

/// A tool as the file describes it.
#[derive(Deserialize)]
struct Entry {
    description: String,
    text: String,
}

impl ToolFile {
    /// Reads tools from this file, when they are first asked for.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            read: Mutex::default(),
        }
    }

    /// Returns the tools as of now.
    fn tools(&self) -> Result<Arc<Snapshot>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.stamp()?;
        if read.stamp != Some(stamp) {
            *read = Arc::new(Snapshot {
                stamp: Some(stamp),
                tools: self.parse()?,
            });
        }
        Ok(Arc::clone(&read))
    }

    fn stamp(&self) -> Result<Stamp> {
        let metadata = fs::metadata(&self.path).map_err(unavailable)?;
        Ok(Stamp {
            bytes: metadata.len(),
            modified: metadata.modified().map_err(unavailable)?,
        })
    }

    fn parse(&self) -> Result<BTreeMap<String, Tool>> {
        let text = fs::read_to_string(&self.path).map_err(unavailable)?;
        let entries: BTreeMap<String, Entry> = serde_json::from_str(&text).map_err(unavailable)?;
        let tools = entries.into_iter();
        Ok(tools
            .map(|(name, entry)| (name.clone(), tool(name, entry)))
            .collect())
    }
}

fn tool(name: String, Entry { description, text }: Entry) -> Tool {
    Tool::raw(name, json!({"type": "object"}), move |_| {
        let answer = Outcome::text(text.clone());
        async move { Ok(answer) }
    })
    .description(description)
    .hints(Hints::default().read_only(true))
}

fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::unavailable("the file with the tools can't be read; try again later").with_source(cause)
}

#[async_trait]
impl Provider<Tools> for ToolFile {
    async fn list(&self, _caller: &Caller) -> Result<Listing<Tools>> {
        let snapshot = self.tools()?;
        let tools = snapshot.tools.values();
        Ok(Listing::public(
            tools.map(Tool::definition).cloned().collect(),
        ))
    }

    async fn resolve(&self, _caller: &Caller, name: &str) -> Result<Option<Resolved<Tools>>> {
        let snapshot = self.tools()?;
        let tool = snapshot.tools.get(name).cloned();
        Ok(tool.map(Resolved::new))
    }

    /// Returns [`Facts::changing`], without scopes and timeouts: no tool of the file has its own.
    fn facts(&self) -> Facts<Tools> {
        Facts::changing()
            .with_scopes::<String>([])
            .with_longest_timeout(std::time::Duration::ZERO)
            .with_completions(false)
    }
}

#[cfg(test)]
mod tests {
    use mcp_lambda::App;
    use mcp_lambda::provider::laws;
    use mcp_lambda::testkit::{TestApp, block_on};
    use serde_json::Value;
    use tempfile::TempDir;

    use super::*;

    /// A file of tools in a folder of its own.
    struct File {
        folder: TempDir,
    }

    impl File {
        fn new(tools: &Value) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let file = Self { folder };
            file.write(tools);
            file
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("tools.json")
        }

        fn write(&self, tools: &Value) {
            fs::write(self.path(), tools.to_string()).expect("written");
        }
    }

    fn hours() -> Value {
        json!({"hours": {"description": "Says when we are open.", "text": "9 to 17"}})
    }

    fn hours_and_address() -> Value {
        let address = json!({"description": "Says where we are.", "text": "Main Street 1"});
        let mut tools = hours();
        tools["address"] = address;
        tools
    }

    #[test]
    fn the_provider_keeps_the_laws() {
        let file = File::new(&hours_and_address());
        let provider = ToolFile::new(file.path());
        let caller = Arc::new(Caller::anonymous());
        block_on(laws::all(&provider, &caller));
    }

    #[test]
    fn a_tool_appears_is_called_and_disappears_while_the_server_runs() {
        block_on(async {
            let file = File::new(&hours());
            let app = App::new("office").provider(ToolFile::new(file.path()));
            let app = TestApp::new(app).await;
            let alice = app.user("alice@example.com").await;
            let names = async || -> Vec<Value> {
                let tools = alice.tools().await;
                tools.iter().map(|tool| tool["name"].clone()).collect()
            };
            assert_eq!(names().await, ["hours"]);
            let unknown = alice.call("address", json!({})).await;
            assert!(unknown.text.contains("unknown tool `address`"));

            file.write(&hours_and_address());
            assert_eq!(names().await, ["address", "hours"]);
            let address = alice.call("address", json!({})).await;
            assert_eq!(address.tool_text(), "Main Street 1");

            file.write(&hours());
            assert_eq!(names().await, ["hours"]);
            let unknown = alice.call("address", json!({})).await;
            assert!(unknown.text.contains("unknown tool `address`"));
        });
    }

    #[test]
    fn a_file_that_is_broken_is_an_error_that_names_no_path() {
        block_on(async {
            let file = File::new(&hours());
            let app = App::new("office").provider(ToolFile::new(file.path()));
            let app = TestApp::new(app).await;
            let alice = app.user("alice@example.com").await;
            fs::write(file.path(), "not JSON").expect("written");
            let refused = alice.call("hours", json!({})).await;
            assert!(refused.text.contains("can't be read"), "{}", refused.text);
            assert!(!refused.text.contains("tools.json"), "{}", refused.text);
        });
    }

    #[test]
    fn the_safe_tool_and_disabled_names_follow_the_file() {
        block_on(async {
            let file = File::new(&json!({}));
            let app = App::new("office")
                .provider(ToolFile::new(file.path()))
                .safe_tool("hours")
                .disable("address");
            let app = TestApp::new(app).await;
            let has_safe_tool = async || {
                let safe_tool = app.server().admin().safe_tool().await.expect("an answer");
                safe_tool.supported
            };
            assert!(!has_safe_tool().await);
            file.write(&hours_and_address());
            assert!(has_safe_tool().await);
            let alice = app.user("alice@example.com").await;
            let unknown = alice.call("address", json!({})).await;
            assert!(unknown.text.contains("unknown tool `address`"));
        });
    }
}
