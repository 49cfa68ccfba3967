//! Constraints on an [argument](crate::call::Argument) beyond its type: shown in its schema, and
//! checked when a call is read.

use serde_json::{Map, Number, Value};

use super::violation::violation;

/// The constraints of one [argument](crate::call::Argument), as `#[arg(min = 1, max = 100)]` writes
/// them (JSON Schema, validation §6).
///
/// ```
/// use mcp_lambda::schema::Constraints;
/// use serde_json::json;
///
/// let constraints = Constraints::new().min(1).max(100);
/// assert_eq!(constraints.violation(&json!(7)), None);
/// assert_eq!(constraints.violation(&json!(0)), Some("must be 1 or more".to_owned()));
/// assert_eq!(Constraints::new().pattern("^[a-z]+$").violation(&json!("A1")), Some("must match `^[a-z]+$`".to_owned()));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    keywords: Vec<(&'static str, Number)>,
    pattern: Option<&'static str>,
}

impl Constraints {
    /// Makes constraints that everything keeps.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keywords: Vec::new(),
            pattern: None,
        }
    }

    /// Sets the least number.
    #[must_use]
    pub fn min(self, least: impl Into<Bound>) -> Self {
        self.with("minimum", least)
    }

    /// Sets the greatest number.
    #[must_use]
    pub fn max(self, most: impl Into<Bound>) -> Self {
        self.with("maximum", most)
    }

    /// Sets the least length of a text, in characters.
    #[must_use]
    pub fn min_length(self, least: u32) -> Self {
        self.with("minLength", i64::from(least))
    }

    /// Sets the greatest length of a text, in characters.
    #[must_use]
    pub fn max_length(self, most: u32) -> Self {
        self.with("maxLength", i64::from(most))
    }

    /// Sets the least number of entries of a list.
    #[must_use]
    pub fn min_items(self, least: u32) -> Self {
        self.with("minItems", i64::from(least))
    }

    /// Sets the greatest number of entries of a list.
    #[must_use]
    pub fn max_items(self, most: u32) -> Self {
        self.with("maxItems", i64::from(most))
    }

    /// Sets a regular expression that a text must match somewhere; `^` and `$` anchor it (JSON
    /// Schema, validation §6.3.3).
    #[must_use]
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Returns the keywords for the [argument](crate::call::Argument)'s schema.
    #[must_use]
    pub fn to_schema(&self) -> Map<String, Value> {
        let keywords = self.keywords.iter();
        let numbers =
            keywords.map(|(keyword, bound)| ((*keyword).to_owned(), Value::from(bound.clone())));
        let pattern = self
            .pattern
            .map(|pattern| ("pattern".to_owned(), pattern.into()));
        numbers.chain(pattern).collect()
    }

    /// Returns the first constraint that a value breaks, such as `must be 1 or more`.
    ///
    /// A constraint for another type than the value's does not apply.
    #[must_use]
    pub fn violation(&self, value: &Value) -> Option<String> {
        let broken = violation(value, &self.to_schema()).map(|violation| violation.message);
        broken.or_else(|| {
            let text = value.as_str()?;
            let pattern = self.pattern?;
            // The macro compiled the pattern while the app was built; one written by hand that does
            // not compile refuses everything, which the first test of the tool shows. Each
            // call compiles its own, so a cold start pays for no tool that is not called.
            let is_match = regex_lite::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
            (!is_match).then(|| format!("must match `{pattern}`"))
        })
    }

    fn with(mut self, keyword: &'static str, bound: impl Into<Bound>) -> Self {
        self.keywords
            .extend(bound.into().0.map(|bound| (keyword, bound)));
        self
    }
}

/// A bound of a number in [`Constraints`], whole or with a fraction; one that is not finite has no
/// effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound(Option<Number>);

impl From<i64> for Bound {
    fn from(bound: i64) -> Self {
        Self(Some(bound.into()))
    }
}

impl From<f64> for Bound {
    fn from(bound: f64) -> Self {
        Self(Number::from_f64(bound))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_constraint_is_shown_and_checked() {
        let lengths = Constraints::new().min_length(2).max_length(3);
        let items = Constraints::new().min_items(1).max_items(2);
        let share = Constraints::new().min(-0.5).max(0.5);
        for (constraints, good, bad) in [
            (&lengths, json!("åä"), json!("a")),
            (&lengths, json!(7), json!("abcd")),
            (&items, json!([1, 2]), json!([])),
            (&share, json!(0), json!(0.6)),
            (&share, json!(-0.5), json!(-1)),
        ] {
            assert_eq!(constraints.violation(&good), None, "{good}");
            assert!(constraints.violation(&bad).is_some(), "{bad}");
        }
        assert_eq!(
            Value::Object(lengths.pattern("^a").to_schema()),
            json!({"minLength": 2, "maxLength": 3, "pattern": "^a"})
        );
    }

    #[test]
    fn a_pattern_that_does_not_compile_matches_nothing() {
        assert!(
            Constraints::new()
                .pattern("(")
                .violation(&json!("x"))
                .is_some()
        );
    }
}
