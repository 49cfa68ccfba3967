//! The environment: the one place that reads the process's own.

use std::collections::BTreeMap;
use std::fmt;

/// Variables by name.
pub trait Environment: fmt::Debug {
    /// A variable's value, if it is set to text.
    fn get(&self, name: &str) -> Option<String>;

    /// Whether a variable is set at all, also to what is not UTF-8.
    fn is_set(&self, name: &str) -> bool;

    /// The names of all variables.
    fn names(&self) -> Vec<String>;
}

/// The variables of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl ProcessEnvironment {
    /// The file of the program that runs, if the system tells it.
    #[must_use]
    pub fn executable(&self) -> Option<std::path::PathBuf> {
        std::env::current_exe().ok()
    }

    /// What the program was started with, its own name first.
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
        std::env::vars_os()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect()
    }
}

/// Variables that a test makes up.
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
