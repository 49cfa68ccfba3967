//! Path patterns such as `/admin/users/{email}`: [`matches()`] compares whole segments, which [`decode`] has
//! percent-decoded.

use percent_encoding::percent_decode_str;

use super::Problem;

/// A value that a pattern took out of a path ([`matches()`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathParameter {
    pub(super) name: String,
    pub(super) value: String,
}

/// Splits a path at its slashes; empty segments do not count.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// Decodes the segments of a path ([`segments`]), each by itself: a `%2F` never becomes a separator (RFC 3986 §2.2).
pub(super) fn decode(segments: &[&str]) -> Result<Vec<String>, Problem> {
    let decode = |segment: &&str| {
        let text = percent_decode_str(segment).decode_utf8();
        text.map(std::borrow::Cow::into_owned)
            .map_err(|_| Problem::invalid("the path is not UTF-8"))
    };
    segments.iter().map(decode).collect()
}

/// Matches a path against a pattern, and returns the values of the pattern's `{names}`.
pub(super) fn matches(pattern: &str, path: &[String]) -> Option<Vec<PathParameter>> {
    let mut parameters = Vec::new();
    let mut left = path.iter();
    for expected in segments(pattern) {
        let value = left.next()?;
        match parameter_name(expected) {
            Some(name) => parameters.push(PathParameter {
                name: name.to_owned(),
                value: value.clone(),
            }),
            None if expected != value => return None,
            None => {}
        }
    }
    left.next().is_none().then_some(parameters)
}

/// Returns the name in a segment `{name}`.
pub(super) fn parameter_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Returns the value that [`matches()`] found for a `{name}`.
pub(super) fn parameter<'p>(parameters: &'p [PathParameter], name: &str) -> Option<&'p str> {
    let found = parameters.iter().find(|known| known.name == name);
    found.map(|found| found.value.as_str())
}

/// Joins methods for the `Allow` header, each once (RFC 9110 §10.2.1).
pub(super) fn allow<'m>(methods: impl IntoIterator<Item = &'m str>) -> String {
    let mut allowed: Vec<_> = methods.into_iter().collect();
    let mut seen = std::collections::BTreeSet::new();
    allowed.retain(|method| seen.insert(*method));
    allowed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pattern: &str, path: &str) -> Option<Vec<String>> {
        let segments: Vec<_> = segments(path).collect();
        let decoded = decode(&segments).expect("UTF-8");
        let found = matches(pattern, &decoded)?;
        Some(found.into_iter().map(|found| found.value).collect())
    }

    #[test]
    fn a_pattern_matches_whole_segments_and_takes_values_out() {
        for (pattern, path, expected) in [
            ("/", "/", Some(vec![])),
            ("/users", "/users/", Some(vec![])),
            ("/users", "/users/a", None),
            ("/users/{email}", "/users", None),
            ("/users/{email}", "/users/a%40b.de", Some(vec!["a@b.de"])),
            ("/{a}/x/{b}", "/1/x/2%2F3", Some(vec!["1", "2/3"])),
            ("/{a}/x", "/1/y", None),
        ] {
            let expected = expected.map(|values| values.into_iter().map(str::to_owned).collect());
            assert_eq!(values(pattern, path), expected, "{pattern} {path}");
        }
    }
}
