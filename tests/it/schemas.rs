//! Schemas as common clients take them, and arguments as they send them.

use jsonschema::Validator;
use mcp_lambda::prelude::*;
use mcp_lambda::schema::{Purpose, coerce, normalize, portability_problems};
use mcp_lambda::testkit::{Client, Suite, TestApp, laws};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// How it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tone {
    /// With a smile.
    Warm,
    /// Without one.
    Dry,
    Loud,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Place {
    /// Which city.
    city: String,
    /// How far, in whole kilometres.
    distance: u32,
    /// What is said of it.
    note: Option<String>,
}

/// A place with others in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Region {
    /// What it is called.
    name: String,
    /// What is in it.
    parts: Vec<Self>,
}

/// One of two shapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Shape {
    Circle { radius: f64 },
    Square { side: u8, tone: Option<Tone> },
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Taken {
    limit: usize,
    after: Option<String>,
    ratio: Option<f64>,
    fast: Option<bool>,
    tone: Tone,
    counts: Option<Vec<i64>>,
    place: Option<Place>,
    region: Option<Region>,
    shape: Option<Shape>,
}

#[expect(unreachable_pub, reason = "a tool is a public function")]
#[tools]
mod tools {
    use super::*;

    /// Gives back what it was given.
    #[tool(read_only)]
    pub fn take(
        /// How many.
        #[arg(default = 100)]
        limit: usize,
        /// After which.
        after: Option<String>,
        /// A part.
        ratio: Option<f64>,
        /// Whether to hurry.
        fast: Option<bool>,
        /// How it should sound.
        #[arg(default = Tone::Dry)]
        tone: Tone,
        /// Some numbers.
        counts: Option<Vec<i64>>,
        /// Where.
        place: Option<Place>,
        /// A wider place.
        region: Option<Region>,
        /// One of two shapes.
        shape: Option<Shape>,
    ) -> Taken {
        Taken {
            limit,
            after,
            ratio,
            fast,
            tone,
            counts,
            place,
            region,
            shape,
        }
    }

    /// Says a text.
    #[tool(read_only)]
    pub fn say(
        /// What to say.
        text: String,
    ) -> String {
        text
    }
}

fn app() -> App {
    App::new("lenient").tools(tools::tools()).safe_tool("take")
}

async fn took(client: &Client<'_>, argument: &str, value: Value) -> Value {
    let answer = client.call("take", json!({ argument: value })).await;
    assert!(!answer.is_tool_error(), "{argument}: {}", answer.text);
    answer.data()[argument].clone()
}

#[tokio::test]
async fn arguments_are_taken_as_clients_send_them() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let place = json!({"city": "Oslo", "distance": 3, "note": null});
    for (argument, sent, meant) in [
        ("limit", json!(10.0), json!(10)),
        ("limit", json!(1e2), json!(100)),
        ("limit", json!("10"), json!(10)),
        ("limit", json!("1e1"), json!(10)),
        ("limit", json!(null), json!(100)),
        ("after", json!(null), json!(null)),
        ("after", json!("7"), json!("7")),
        ("after", json!("true"), json!("true")),
        ("after", json!("[1]"), json!("[1]")),
        ("ratio", json!("0.5"), json!(0.5)),
        ("ratio", json!(2), json!(2.0)),
        ("fast", json!("true"), json!(true)),
        ("tone", json!(null), json!("dry")),
        ("tone", json!("warm"), json!("warm")),
        ("counts", json!([1.0, "2", 3]), json!([1, 2, 3])),
        ("counts", json!("[1, 2.0]"), json!([1, 2])),
        (
            "place",
            json!({"city": "Oslo", "distance": 3.0, "note": null}),
            place.clone(),
        ),
        (
            "place",
            json!(r#"{"city": "Oslo", "distance": "3"}"#),
            place,
        ),
        (
            "region",
            json!({"name": "a", "parts": [{"name": "b", "parts": "[]"}]}),
            json!({"name": "a", "parts": [{"name": "b", "parts": []}]}),
        ),
        (
            "shape",
            json!({"kind": "square", "side": 2.0, "tone": null}),
            json!({"kind": "square", "side": 2, "tone": null}),
        ),
        (
            "shape",
            json!({"kind": "circle", "radius": "1.5"}),
            json!({"kind": "circle", "radius": 1.5}),
        ),
    ] {
        assert_eq!(
            took(&alice, argument, sent.clone()).await,
            meant,
            "{argument}: {sent}"
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_is_told_in_the_words_of_json() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    for (argument, sent, words) in [
        ("limit", json!(10.5), "`limit` must be a whole number"),
        ("limit", json!("ten"), "`limit` must be a whole number"),
        ("limit", json!(" 10"), "`limit` must be a whole number"),
        ("limit", json!(-1), "`limit` must be 0 or more"),
        (
            "limit",
            json!(9_007_199_254_740_993.0),
            "`limit` must be a whole number",
        ),
        ("after", json!(7), "`after` must be text"),
        ("fast", json!("yes"), "`fast` must be true or false"),
        (
            "tone",
            json!("lud"),
            "`tone` must be one of `loud`, `warm`, `dry`",
        ),
        (
            "counts",
            json!([1, "x"]),
            "`counts[1]` must be a whole number",
        ),
        (
            "place",
            json!({"city": "Oslo"}),
            "`place.distance` is missing",
        ),
        (
            "place",
            json!({"city": "Oslo", "distance": 5_000_000_000_u64}),
            "`place.distance` must be 4294967295 or less",
        ),
    ] {
        let answer = alice.call("take", json!({ argument: sent })).await;
        assert!(
            answer.is_tool_error() && answer.tool_text().contains(words),
            "{argument}: {}",
            answer.text
        );
    }
    let missing = alice.call("say", json!({"text": null})).await;
    assert!(
        missing.tool_text().contains("`text` must be text"),
        "{}",
        missing.text
    );
}

#[tokio::test]
async fn names_of_clients_own_are_ignored_and_misspelt_ones_are_not() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let more = json!({"limit": 5, "wait_for_previous": true, "toolCallId": "c", "sessionId": "s", "action": "x", "chatInput": "y"});
    assert_eq!(alice.call("take", more).await.data()["limit"], 5);
    for (given, meant) in [
        ("limti", "limit"),
        ("Limit", "limit"),
        ("counst", "counts"),
        ("ton", "tone"),
    ] {
        let answer = alice.call("take", json!({ given: 5 })).await;
        let words = format!("there is no argument `{given}`; did you mean `{meant}`?");
        assert!(
            answer.is_tool_error() && answer.tool_text().contains(&words),
            "{}",
            answer.text
        );
    }
    let both = alice.call("take", json!({"limit": 5, "limits": 6})).await;
    assert_eq!(
        both.data()["limit"],
        5,
        "what is there was meant by its own name"
    );
}

/// A list of many small values in a few bytes of text would take a hundred times the room.
#[tokio::test]
async fn json_text_holds_so_many_values_and_no_more() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let text = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert_eq!(
        took(&alice, "counts", text(9_000).into())
            .await
            .as_array()
            .map(Vec::len),
        Some(9_000)
    );
    let answer = alice.call("take", json!({ "counts": text(20_000) })).await;
    assert!(
        answer.is_tool_error() && answer.tool_text().contains("`counts` must be a list"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn what_is_listed_is_plain() {
    let app = TestApp::new(app()).await;
    let tools = app.user("alice@example.com").await.tools().await;
    let tool = tools
        .iter()
        .find(|tool| tool["name"] == "take")
        .expect("listed");
    let schema = &tool["inputSchema"];
    assert_eq!(schema.get("required"), None);
    assert_eq!(schema.get("additionalProperties"), None);
    let fields = &schema["properties"];
    assert_eq!(
        fields["limit"],
        json!({"type": "integer", "minimum": 0, "default": 100, "description": "How many."})
    );
    assert_eq!(
        fields["after"],
        json!({"type": "string", "description": "After which."})
    );
    let said = "How it should sound.\n- `warm`: With a smile.\n- `dry`: Without one.";
    let tone = json!({"type": "string", "enum": ["warm", "dry", "loud"], "default": "dry", "description": said});
    let sorted = |mut tone: Value| {
        tone["enum"]
            .as_array_mut()
            .expect("choices")
            .sort_by_key(ToString::to_string);
        tone
    };
    assert_eq!(sorted(fields["tone"].clone()), sorted(tone));
    assert_eq!(
        fields["place"]["properties"]["distance"]["maximum"],
        u32::MAX
    );
    assert_eq!(
        fields["region"]["properties"]["parts"]["items"]["$ref"],
        "#/$defs/Region"
    );
    assert_eq!(
        schema["$defs"]
            .as_object()
            .map(|all| all.keys().collect::<Vec<_>>()),
        Some(vec![&"Region".to_owned()])
    );
    let text = tool.to_string();
    for word in [
        "\"uint",
        "\"int64",
        "\"double",
        "\"const\"",
        "[\"string\",\"null\"]",
        "\"title\"",
        "\"$schema\"",
    ] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert_eq!(
        tool["outputSchema"]["properties"]["after"],
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "what may be answered as null says so"
    );
}

#[tokio::test]
async fn answers_keep_what_is_listed() {
    let suite = Suite::new(app());
    laws::every_tool_answers(&suite).await;
    laws::schemas_are_json_schema(&suite).await;
    laws::schemas_are_taken_by_common_clients(&suite).await;
}

#[test]
fn a_schema_that_no_client_can_read_is_a_fault_of_the_app() {
    let faults = |schema: Value| {
        let tool =
            Tool::raw("route", schema, |_| async { Ok(Outcome::default()) }).description("Routes.");
        App::new("faulty")
            .tools([tool])
            .check()
            .expect_err("faulty")
            .join("\n")
    };
    let format =
        json!({"type": "object", "properties": {"n": {"type": "integer", "format": "uint"}}});
    assert!(faults(format).contains("`route`: the input schema: /n has the format `uint`"));
    let nowhere = json!({"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}});
    assert!(faults(nowhere).contains("/n refers to `#/$defs/N`, which is not there"));
}

/// A schema of what arguments are made of, and a value that fits it.
fn schema_and_value() -> impl Strategy<Value = (Value, Value)> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| (json!({"type": "integer"}), json!(n))),
        any::<u32>().prop_map(|n| (
            json!({"type": "integer", "minimum": 0}),
            json!(f64::from(n))
        )),
        (-1e9..1e9).prop_map(|n: f64| (json!({"type": "number"}), json!(n))),
        any::<bool>().prop_map(|b| (json!({"type": "boolean"}), json!(b))),
        prop_oneof![
            "[a-z]{0,4}",
            "[0-9]{1,3}",
            Just("true".to_owned()),
            Just("[1]".to_owned()),
            Just("{}".to_owned())
        ]
        .prop_map(|text| (json!({"type": "string"}), json!(text))),
        prop_oneof![
            Just(json!("7")),
            Just(json!(7)),
            Just(json!(null)),
            Just(json!(7.0))
        ]
        .prop_map(|value| (json!({}), value)),
        prop_oneof![Just(json!("7")), Just(json!(7))].prop_map(|value| (
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            value
        )),
        prop_oneof![Just(json!(null)), Just(json!("null"))].prop_map(|value| (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            value
        )),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|several| {
                let (schemas, values): (Vec<_>, Vec<_>) = several.into_iter().unzip();
                (
                    json!({"type": "array", "prefixItems": schemas}),
                    json!(values),
                )
            }),
            prop::collection::btree_map("[a-d]", (inner, any::<bool>()), 1..4).prop_map(|fields| {
                let (mut schemas, mut values, mut needed) = (Map::new(), Map::new(), Vec::new());
                for (name, ((schema, value), is_needed)) in fields {
                    schemas.insert(name.clone(), schema);
                    values.insert(name.clone(), value);
                    needed.extend(is_needed.then_some(name));
                }
                (
                    json!({"type": "object", "properties": schemas, "required": needed}),
                    json!(values),
                )
            }),
        ]
    })
}

/// A value in which every number is as JSON Schema has it: `3.0` is 3.
fn meaning(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15);
            float.map_or_else(|| value.clone(), |float| json!(float as i64))
        }
        Value::Array(items) => items.iter().map(meaning).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), meaning(field)))
            .collect(),
        other => other.clone(),
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).expect("a schema")
}

fn read(value: &Value, schema: &Value) -> Value {
    let mut read = value.clone();
    coerce(&mut read, schema.as_object().expect("an object"));
    read
}

/// Any JSON, with texts that look like other things.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        prop_oneof![
            "[a-z0-9\\[\\]{}\",:.]{0,6}",
            Just("10".to_owned()),
            Just("[[]]".to_owned())
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_fits_keeps_its_meaning((schema, value) in schema_and_value()) {
        prop_assert!(validator(&schema).is_valid(&value), "{schema} {value}");
        prop_assert_eq!(meaning(&read(&value, &schema)), meaning(&value));
    }

    #[test]
    fn reading_twice_is_reading_once((schema, _) in schema_and_value(), value in any_json()) {
        let once = read(&value, &schema);
        prop_assert_eq!(&read(&once, &schema), &once);
        prop_assert!(!validator(&schema).is_valid(&value) || validator(&schema).is_valid(&once), "{schema} {value} {once}");
    }

    #[test]
    fn what_is_written_as_text_is_read_as_what_it_is((schema, value) in schema_and_value()) {
        let is_plain = ["integer", "number", "boolean", "array", "object"].iter().any(|name| schema["type"] == *name);
        prop_assume!(is_plain);
        prop_assert_eq!(meaning(&read(&json!(value.to_string()), &schema)), meaning(&value));
    }

    /// Once normalized, a schema is one that common clients take, and what fitted it still fits.
    #[test]
    fn normalizing_keeps_what_fits((schema, value) in schema_and_value()) {
        let root = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}, "required": ["x"], "$defs": {"X": schema}});
        for purpose in [Purpose::Arguments, Purpose::Answer] {
            let normal = normalize(root.clone(), purpose);
            let faults = portability_problems(normal.as_object().expect("an object"), purpose == Purpose::Arguments);
            prop_assert!(faults.is_empty(), "{normal}: {faults:?}");
            let given = read(&json!({ "x": value }), &normal);
            prop_assert!(validator(&normal).is_valid(&given), "{normal} {given}");
        }
    }
}
