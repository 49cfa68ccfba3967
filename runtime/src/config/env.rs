//! The environment: the one place that reads the process's own.

use std::collections::BTreeMap;
use std::fmt;

/// Variables by name.
pub trait Environment: fmt::Debug {
    /// A variable's value.
    fn get(&self, name: &str) -> Option<String>;

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

#[expect(clippy::disallowed_methods, reason = "this is the environment's one home")]
impl Environment for ProcessEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

/// Variables that a test makes up.
impl Environment for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}
