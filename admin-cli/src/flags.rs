//! Flags of `users add` and `users update-profile`, made from an app's profile type: one for each field, with its doc comment as
//! help.
//!
//! A secret field also has `--FIELD-env` and `--FIELD-stdin`, so that no secret has to be in a shell's history. A flag checks
//! only the kind of a value; the server validates the profile.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches};
use mcp_lambda::config::{Environment, ProcessEnvironment};
use mcp_lambda::profile::{ProfileType, follow_reference, is_secret};
use serde_json::{Map, Value};

use crate::input::read_stdin;

/// The flags of the commands themselves. A field of such a name gets `--profile-NAME`.
const RESERVED_FLAGS: [&str; 12] = [
    "expires",
    "help",
    "json",
    "name",
    "on",
    "profile",
    "read-only",
    "save-to",
    "scope",
    "unset",
    "version",
    "yes",
];

/// The flag of one field of the profile.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    field: String,
    /// The name without `--`: that of the field `api_url` is `api-url`.
    name: String,
    kind: ValueKind,
    description: String,
    is_required: bool,
    is_secret: bool,
}

/// The kind of a value, as far as a JSON Schema tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Text,
    Integer,
    Number,
    Boolean,
    OneOf(Vec<String>),
    Json,
}

impl Flag {
    /// Returns one flag for each field of a profile type, in order of name. No two have the same name.
    pub(crate) fn from_profile_type(profile: &ProfileType) -> Vec<Self> {
        let root = profile.schema();
        let required: Vec<_> = root["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let fields = root["properties"].as_object().into_iter().flatten();
        let mut flags: Vec<Self> = Vec::new();
        for (field, schema) in fields {
            let mut flag =
                Self::from_field(field, schema, root, required.contains(&field.as_str()));
            let taken: Vec<_> = RESERVED_FLAGS
                .map(str::to_owned)
                .into_iter()
                .chain(flags.iter().flat_map(Self::names))
                .collect();
            while flag.names().iter().any(|name| taken.contains(name)) {
                flag.name = format!("profile-{}", flag.name);
            }
            flags.push(flag);
        }
        flags
    }

    /// Returns the flag's own name, and those of its `-env` and `-stdin` if it is secret.
    fn names(&self) -> Vec<String> {
        let others = ["env", "stdin"].map(|source| format!("{}-{source}", self.name));
        let others = others.into_iter().filter(|_| self.is_secret);
        std::iter::once(self.name.clone()).chain(others).collect()
    }

    fn from_field(field: &str, schema: &Value, root: &Value, is_required: bool) -> Self {
        let inner = resolve_schema(schema, root);
        let description = [schema, inner]
            .into_iter()
            .find_map(|schema| schema["description"].as_str());
        let is_secret = [schema, inner].into_iter().any(is_secret);
        Self {
            field: field.to_owned(),
            name: field.replace('_', "-"),
            kind: ValueKind::from_resolved(inner),
            description: description.unwrap_or_default().to_owned(),
            is_required,
            is_secret,
        }
    }

    /// Returns clap's arguments for the flag. In a new profile a required field must be given, unless `--profile` may have it.
    pub(crate) fn to_arguments(&self, is_new: bool) -> Vec<Arg> {
        let name = &self.name;
        let value = Arg::new(self.id())
            .long(name.clone())
            .help(self.help())
            .value_name(self.kind.value_name());
        let value = self.kind.add_parser(value).help_heading("Profile");
        if !self.is_secret {
            let is_needed = is_new && self.is_required;
            return vec![if is_needed {
                value.required_unless_present("profile")
            } else {
                value
            }];
        }
        let from_variable = Arg::new(self.variable_id())
            .long(format!("{name}-env"))
            .value_name("VARIABLE");
        let from_stdin = Arg::new(self.stdin_id())
            .long(format!("{name}-stdin"))
            .action(ArgAction::SetTrue);
        vec![
            value,
            from_variable
                .help("The same from this variable")
                .help_heading("Profile")
                .conflicts_with(self.id()),
            from_stdin
                .help("The same from standard input")
                .help_heading("Profile")
                .conflicts_with_all([self.id(), self.variable_id()]),
        ]
    }

    /// Returns the field's value, from the flag, its variable or standard input; `None` if none was given.
    ///
    /// # Errors
    /// A message if the source is empty, or holds no value of this kind.
    pub(crate) fn read_matches(&self, matches: &ArgMatches) -> Result<Option<Value>, String> {
        if self.is_secret && matches.get_flag(&self.stdin_id()) {
            return read_stdin().and_then(|text| self.parse(&text)).map(Some);
        }
        if self.is_secret
            && let Some(variable) = matches.get_one::<String>(&self.variable_id())
        {
            let value = ProcessEnvironment
                .get(variable)
                .filter(|value| !value.is_empty());
            let value =
                value.ok_or_else(|| format!("the variable {variable} is not set, or empty"))?;
            return self.parse(&value).map(Some);
        }
        match matches.get_one::<Value>(&self.id()).cloned() {
            Some(Value::String(text)) if self.is_secret && text.is_empty() => {
                Err(format!("--{} is empty", self.name))
            }
            given => Ok(given),
        }
    }

    /// Asks for the value at the terminal.
    fn ask_value(&self, ask: impl Fn(&str) -> Option<String>) -> Result<Value, String> {
        let name = &self.name;
        let help = self.help();
        let answer = ask(if help.is_empty() { name } else { &help });
        let answer = answer
            .ok_or_else(|| format!("a new user needs --{name}, --{name}-env or --{name}-stdin"))?;
        self.parse(&answer)
    }

    /// Parses a value of this field.
    ///
    /// # Errors
    /// A message that names the field and its kind.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, String> {
        self.kind
            .parse(text)
            .map_err(|error| format!("`{}`: {error}", self.field))
    }

    /// Returns the name of the field.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// Returns the id of the argument in clap.
    fn id(&self) -> String {
        format!("profile.{}", self.field)
    }

    fn variable_id(&self) -> String {
        format!("profile.{}.env", self.field)
    }

    fn stdin_id(&self) -> String {
        format!("profile.{}.stdin", self.field)
    }

    fn help(&self) -> String {
        self.description.trim_end_matches('.').to_owned()
    }
}

impl ValueKind {
    /// Returns the kind of a schema. `root` is the whole schema, which `$ref`s in it point into.
    pub(crate) fn from_schema(schema: &Value, root: &Value) -> Self {
        Self::from_resolved(resolve_schema(schema, root))
    }

    fn from_resolved(schema: &Value) -> Self {
        if let Some(values) = enum_values(schema) {
            return Self::OneOf(values);
        }
        match value_type(schema) {
            Some("string") => Self::Text,
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("boolean") => Self::Boolean,
            _ => Self::Json,
        }
    }

    /// Returns the placeholder of a value in help.
    const fn value_name(&self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer | Self::Number => "NUMBER",
            Self::Boolean => "true|false",
            Self::OneOf(_) => "WORD",
            Self::Json => "JSON",
        }
    }

    /// Describes the values of this kind.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::OneOf(values) => format!("one of {}", values.join(", ")),
            Self::Json => "JSON".to_owned(),
        }
    }

    /// Returns the argument with a parser of this kind.
    fn add_parser(&self, argument: Arg) -> Arg {
        match self {
            Self::OneOf(values) => {
                argument.value_parser(PossibleValuesParser::new(values.clone()).map(Value::from))
            }
            kind => {
                let kind = kind.clone();
                let argument = argument.value_parser(move |text: &str| kind.parse(text));
                argument.allow_negative_numbers(matches!(self, Self::Integer | Self::Number))
            }
        }
    }

    /// Parses a value of this kind.
    ///
    /// # Errors
    /// A message that describes the kind.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, String> {
        let value = match self {
            Self::Text => Some(Value::from(text)),
            Self::OneOf(values) => values
                .iter()
                .any(|value| value == text)
                .then(|| Value::from(text)),
            Self::Integer => text.parse::<i64>().ok().map(Value::from),
            Self::Number => text.parse::<f64>().ok().map(Value::from),
            Self::Boolean => text.parse::<bool>().ok().map(Value::from),
            Self::Json => serde_json::from_str(text).ok(),
        };
        value.ok_or_else(|| format!("expected {}", self.describe()))
    }
}

/// Returns the values of a command's flags as one object; `None` if none was given.
///
/// A required secret of a new profile that is in no flag and can't be in `--profile` is asked for.
///
/// # Errors
/// A message that names the flag.
pub(crate) fn read_profile(
    flags: &[Flag],
    is_new: bool,
    matches: &ArgMatches,
    ask: impl Fn(&str) -> Option<String>,
) -> Result<Option<Map<String, Value>>, String> {
    let mut profile = Map::new();
    let must_ask = |flag: &Flag| {
        is_new && flag.is_required && flag.is_secret && !matches.contains_id("profile")
    };
    for flag in flags {
        match flag.read_matches(matches)? {
            Some(value) => drop(profile.insert(flag.field.clone(), value)),
            None if must_ask(flag) => {
                drop(profile.insert(flag.field.clone(), flag.ask_value(&ask)?))
            }
            None => {}
        }
    }
    Ok(Some(profile).filter(|profile| !profile.is_empty()))
}

/// Follows references, and replaces the schema of an optional field by that without `null`.
fn resolve_schema<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let schema = follow_reference(schema, root);
    let some = schema["anyOf"]
        .as_array()
        .and_then(|any| any.iter().find(|schema| schema["type"] != "null"));
    some.map_or(schema, |inner| resolve_schema(inner, root))
}

/// Returns the type of a schema, other than `null`.
fn value_type(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(one) => Some(one),
        Value::Array(many) => many
            .iter()
            .filter_map(Value::as_str)
            .find(|word| *word != "null"),
        _ => None,
    }
}

/// Returns the values of an enum of texts, which schemars writes as `oneOf` if a variant has a doc comment.
fn enum_values(schema: &Value) -> Option<Vec<String>> {
    let to_text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(to_text).collect();
    }
    let variants = schema["oneOf"].as_array()?;
    variants
        .iter()
        .map(|variant| to_text(&variant["const"]))
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Command;
    use mcp_lambda::Secret;
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Account {
        /// Token from the settings page.
        token: Secret<String>,
        /// Where the upstream listens.
        api_url: Option<String>,
        port: Option<u16>,
        ratio: Option<f64>,
        is_team: Option<bool>,
        plan: Option<Plan>,
        labels: Option<Vec<String>>,
        expires: Option<String>,
        /// Makes the flag that the token's variable has.
        token_env: Option<String>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Plan {
        Free,
        Paid,
    }

    fn parse(is_new: bool, arguments: &[&str]) -> Result<Option<Value>, String> {
        let flags = Flag::from_profile_type(&ProfileType::of::<Account>());
        let command = Command::new("add").arg(Arg::new("profile").long("profile"));
        let command = command.args(flags.iter().flat_map(|flag| flag.to_arguments(is_new)));
        let matches = command
            .try_get_matches_from([&["add"], arguments].concat())
            .map_err(|error| error.to_string())?;
        read_profile(&flags, is_new, &matches, |_| None).map(|profile| profile.map(Value::Object))
    }

    #[test]
    fn fields_are_flags_of_their_kinds() {
        let arguments = [
            "--token",
            "t",
            "--api-url",
            "https://x",
            "--port",
            "7",
            "--ratio",
            "-0.5",
            "--is-team",
            "true",
            "--plan",
            "paid",
            "--labels",
            r#"["a"]"#,
            "--profile-expires",
            "never",
            "--profile-token-env",
            "x",
        ];
        let expected = json!({
            "token": "t", "api_url": "https://x", "port": 7, "ratio": -0.5, "is_team": true, "plan": "paid",
            "labels": ["a"], "expires": "never", "token_env": "x",
        });
        assert_eq!(parse(true, &arguments), Ok(Some(expected)));
    }

    #[test]
    fn what_the_type_needs_a_new_profile_needs_and_a_change_does_not() {
        assert!(
            parse(true, &["--port", "7"])
                .expect_err("no token, and nobody to ask")
                .contains("--token-stdin")
        );
        assert_eq!(
            parse(true, &["--profile", "{}"]),
            Ok(None),
            "it may all be in the JSON"
        );
        assert_eq!(parse(false, &["--port", "7"]), Ok(Some(json!({"port": 7}))));
    }

    #[test]
    fn a_secret_that_is_needed_is_asked_for() {
        let flags = Flag::from_profile_type(&ProfileType::of::<Account>());
        let command = Command::new("add").arg(Arg::new("profile").long("profile"));
        let command = command.args(flags.iter().flat_map(|flag| flag.to_arguments(true)));
        let matches = command.get_matches_from(["add"]);
        let asked = |question: &str| {
            (question == "Token from the settings page").then(|| "typed".to_owned())
        };
        let profile =
            read_profile(&flags, true, &matches, asked).map(|profile| profile.map(Value::Object));
        assert_eq!(profile, Ok(Some(json!({"token": "typed"}))));
        assert_eq!(
            read_profile(&flags, false, &matches, asked),
            Ok(None),
            "a change asks for nothing"
        );
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        for arguments in [
            ["--port", "x"],
            ["--is-team", "maybe"],
            ["--plan", "gold"],
            ["--labels", "["],
        ] {
            assert!(parse(false, &arguments).is_err(), "{arguments:?}");
        }
        assert!(
            parse(false, &["--token-env", "NOT_SET_ANYWHERE"])
                .expect_err("not set")
                .contains("NOT_SET_ANYWHERE")
        );
    }
}
