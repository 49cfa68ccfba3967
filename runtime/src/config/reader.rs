//! The reading of [`Settings`] from an [`Environment`], with all problems noted.

use std::path::PathBuf;

use super::{Environment, Platform, Settings, find_near_misses, parse, vars};

/// A reader of [`Settings`] that notes problems and goes on.
pub(super) struct Reader<'a> {
    environment: &'a dyn Environment,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Creates a reader of an [`Environment`], which notes misspelt settings at once.
    pub(super) fn new(environment: &'a dyn Environment) -> Self {
        Self {
            environment,
            problems: find_near_misses(environment),
        }
    }

    /// Returns the problems, each with the name of its setting and the remedy.
    pub(super) fn into_problems(self) -> Vec<String> {
        self.problems
    }

    /// Returns a setting's text; an empty one counts as unset, and one that is not UTF-8 is a
    /// problem.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = self.environment.get(name);
        // A value that can't be read must not count as unset: an audience would be accepted that
        // the operator meant to refuse. A setting may be read twice, and is reported once.
        let problem = format!("{name}: its value is not UTF-8; set it again, or unset it");
        if text.is_none() && self.environment.is_set(name) && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        text.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// Returns the audience (RFC 7519 §4.1.3). A blank one is a problem: leaving it out accepts
    /// every audience, and an operator who sets it means to accept one.
    pub(super) fn audience(&mut self) -> Option<String> {
        let audience = self.text(vars::JWT_AUD);
        if audience.is_none() && self.environment.get(vars::JWT_AUD).is_some() {
            let name = vars::JWT_AUD;
            self.problems.push(format!(
                "{name}: it is blank; set it to the audience, or unset it to accept any"
            ));
        }
        audience
    }

    /// Parses a setting's value; one that does not parse is a problem.
    pub(super) fn parse<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems.push(format!("{name}: {problem}"));
                None
            }
        }
    }

    /// Parses a setting's value like [`Reader::parse`], with the type's default in place of a
    /// problem.
    pub(super) fn parse_or_default<T: Default>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        self.parse(name, parse).unwrap_or_default()
    }

    /// Returns the folder of the embedded store: the one that is named or, locally, the app's own
    /// in the user's data folder (XDG Base Directory Specification, `XDG_DATA_HOME`).
    pub(super) fn users_path(&mut self, platform: Platform, app: &str) -> Option<PathBuf> {
        let named = self.parse(vars::APP_USERS_PATH, parse::absolute_path);
        if named.is_some() || platform == Platform::Lambda {
            return named;
        }
        // The specification has relative paths ignored, so this one is no problem.
        let data = self
            .text("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let home = |home: String| PathBuf::from(home).join(".local/share");
        let folder = data
            .or_else(|| self.text("HOME").map(home))
            .map(|data| data.join(app));
        if folder.is_none() {
            self.problems.push(format!(
                "{}: there is no home folder to keep data in; set it to a folder",
                vars::APP_USERS_PATH
            ));
        }
        folder
    }

    /// Checks the [`Settings`] that depend on each other.
    pub(super) fn check_together(&mut self, settings: &Settings) {
        if settings.signing_key.is_some() && settings.signing_key_secret.is_some() {
            self.problems.push(format!(
                "{} and {} are both set; set one",
                vars::SIGNING_KEY,
                vars::SIGNING_KEY_SECRET
            ));
        }
        if settings.platform == Platform::Lambda {
            self.check_resources(settings);
            self.check_lambda_variables();
        }
    }

    /// Checks that a Lambda's settings name its key and its users, since none are created there.
    fn check_resources(&mut self, settings: &Settings) {
        // The text and not the key: one that does not parse is a problem already.
        if self.text(vars::SIGNING_KEY).is_none() && settings.signing_key_secret.is_none() {
            self.problems.push(format!(
                "{}: set it to the Secrets Manager secret that holds the signing key, or SIGNING_KEY to the key",
                vars::SIGNING_KEY_SECRET
            ));
        }
        if settings.users_table.is_none() && settings.users_path.is_none() {
            self.problems.push(format!(
                "{}: set it to the DynamoDB table that holds the users, or, under the emulator, APP_USERS_PATH to a folder of this machine",
                vars::USERS_TABLE
            ));
        }
    }

    /// Checks the variables that the Lambda runtime library needs, and that Lambda sets (AWS Lambda
    /// Developer Guide, "Defined runtime environment variables").
    fn check_lambda_variables(&mut self) {
        for name in [
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        ] {
            if self.text(name).is_none() {
                self.problems.push(format!(
                    "{name}: Lambda sets it; without Lambda, unset AWS_LAMBDA_RUNTIME_API"
                ));
            }
        }
    }
}
