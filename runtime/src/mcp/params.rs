//! The parameters of MCP's methods, as far as rmcp does not say which of them is wrong:
//! [`describe_problem`] does.

use serde_json::Value;

/// A parameter: its place in `params`, its [`Type`], and whether it is required.
type Requirement = (&'static str, Type, bool);

#[derive(Clone, Copy)]
enum Type {
    Text,
    Object,
}

impl Type {
    fn is_of(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Object => value.is_object(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Object => "an object",
        }
    }
}

/// The parameters of a method that a client can get wrong (MCP, schema).
fn parameters(method: &str) -> &'static [Requirement] {
    match method {
        "initialize" => &[
            ("protocolVersion", Type::Text, true),
            ("capabilities", Type::Object, true),
            ("clientInfo", Type::Object, true),
            ("clientInfo/name", Type::Text, true),
            ("clientInfo/version", Type::Text, true),
        ],
        "tools/call" | "prompts/get" => &[
            ("name", Type::Text, true),
            ("arguments", Type::Object, false),
        ],
        "resources/read" => &[("uri", Type::Text, true)],
        "completion/complete" => &[
            ("ref", Type::Object, true),
            ("ref/type", Type::Text, true),
            ("argument", Type::Object, true),
            ("argument/name", Type::Text, true),
            ("argument/value", Type::Text, true),
            ("context", Type::Object, false),
            ("context/arguments", Type::Object, false),
        ],
        "logging/setLevel" => &[("level", Type::Text, true)],
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
            &[("cursor", Type::Text, false)]
        }
        _ => &[],
    }
}

/// Describes what is wrong with the [`parameters`] of a request that rmcp could not read.
pub(super) fn describe_problem(method: &str, params: Option<&Value>) -> String {
    let none = Value::Null;
    let params = params.unwrap_or(&none);
    let mut problems = parameters(method)
        .iter()
        .filter_map(|parameter| problem(parameter, params));
    problems.next().map_or_else(
        || format!("the parameters of `{method}` are not as MCP has them"),
        |problem| format!("{problem} in the parameters of `{method}`"),
    )
}

fn problem(&(path, kind, is_needed): &Requirement, params: &Value) -> Option<String> {
    let name = path.replace('/', ".");
    match params.pointer(&format!("/{path}")) {
        None | Some(Value::Null) => is_needed.then(|| format!("`{name}` is missing")),
        Some(value) if kind.is_of(value) => None,
        Some(_) => Some(format!("`{name}` must be {}", kind.name())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parameter_that_is_wrong_is_named() {
        for (method, params, expected) in [
            (
                "initialize",
                json!({"protocolVersion": "2025-11-25", "capabilities": {}}),
                "`clientInfo` is missing",
            ),
            (
                "initialize",
                json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c"}}),
                "`clientInfo.version` is missing",
            ),
            (
                "tools/call",
                json!({"name": "a", "arguments": []}),
                "`arguments` must be an object",
            ),
            (
                "tools/call",
                json!({"name": "a", "arguments": "{}"}),
                "`arguments` must be an object",
            ),
            ("tools/call", json!(null), "`name` is missing"),
            (
                "resources/read",
                json!({"uri": 7}),
                "`uri` must be a string",
            ),
            (
                "tools/list",
                json!({"cursor": 7}),
                "`cursor` must be a string",
            ),
            (
                "completion/complete",
                json!({"ref": {"type": "ref/other"}}),
                "`argument` is missing",
            ),
        ] {
            let said = describe_problem(method, Some(&params));
            assert_eq!(said, format!("{expected} in the parameters of `{method}`"));
        }
        let unknown = describe_problem("tools/call", Some(&json!({"name": "a", "_meta": 7})));
        assert_eq!(
            unknown,
            "the parameters of `tools/call` are not as MCP has them"
        );
        assert!(describe_problem("ping", None).contains("`ping`"));
    }
}
