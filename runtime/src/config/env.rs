//! The environment: the only module that reads the process's own variables.

use std::collections::BTreeMap;
use std::fmt;

/// Environment variables by name.
///
/// ```
/// use std::collections::BTreeMap;
/// use mcp_lambda::config::Environment;
///
/// let variables = BTreeMap::from([("HOME".to_owned(), "/home/a".to_owned())]);
/// assert_eq!(Environment::get(&variables, "HOME").as_deref(), Some("/home/a"));
/// assert!(!variables.is_set("PUBLIC_URL"));
/// ```
pub trait Environment: fmt::Debug {
    /// Returns a variable's value, if it is set to text.
    fn get(&self, name: &str) -> Option<String>;

    /// Returns true if a variable is set at all, also to a value that is not UTF-8.
    fn is_set(&self, name: &str) -> bool;

    /// Returns the names of all variables.
    fn names(&self) -> Vec<String>;
}

/// The [`Environment`] of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl ProcessEnvironment {
    /// Returns the path of the running program, if the system knows it.
    #[must_use]
    pub fn executable(&self) -> Option<std::path::PathBuf> {
        std::env::current_exe().ok()
    }

    /// Returns the command line of the program, its own name first.
    #[must_use]
    pub fn arguments(&self) -> Vec<std::ffi::OsString> {
        std::env::args_os().collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the environment's one home"
)]
impl Environment for ProcessEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn is_set(&self, name: &str) -> bool {
        std::env::var_os(name).is_some()
    }

    fn names(&self) -> Vec<String> {
        // `vars` would panic on a name or a value that is not UTF-8.
        std::env::vars_os()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect()
    }
}

/// The [`Environment`] of a test.
impl Environment for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }

    fn is_set(&self, name: &str) -> bool {
        self.contains_key(name)
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}
