//! The ready parts: approval, choice and form. Only the page answers, once, and the server knows what was answered.

use std::sync::Arc;

use mcp_lambda::prelude::*;
use mcp_lambda::records::Users;
use mcp_lambda::testkit::{Client, FaultyStore, TestApp, TestResponse};
use mcp_lambda::toolsets::{approval, choice, form_toolset};
use serde_json::{Value, json};

const DAY: u64 = 24 * 60 * 60;

/// Who is to be met.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the parts read it and keep what was sent")]
struct Contact {
    /// First and last name.
    name: String,
    size: Option<Size>,
    #[schemars(range(min = 1, max = 9))]
    count: u8,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Size {
    /// Less than most.
    Small,
    Large,
}

fn app() -> App {
    App::new("desk")
        .mount(approval())
        .mount(choice())
        .mount(form_toolset::<Contact>("contact", "A new contact"))
}

/// A question, as the page has it from the result of the call that asked.
struct InputRequired {
    tool: String,
    id: String,
    ticket: String,
    question: Value,
}

impl InputRequired {
    fn read(answer: &TestResponse) -> Self {
        let (data, meta) = (answer.data(), &answer.result()["_meta"]);
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("{}", answer.text))
                .to_owned()
        };
        let question = data["question"].clone();
        Self {
            tool: text(&data["answer"]),
            id: text(&question["id"]),
            ticket: text(&meta["mcp-lambda/ticket"]),
            question,
        }
    }

    async fn answer(&self, client: &Client<'_>, answer: Value) -> TestResponse {
        client
            .call(
                &self.tool,
                json!({ "id": self.id, "ticket": self.ticket, "answer": answer }),
            )
            .await
    }

    async fn status(&self, client: &Client<'_>, tool: &str) -> Value {
        client
            .call(tool, json!({ "id": self.id }))
            .await
            .data()
            .clone()
    }
}

async fn request(client: &Client<'_>) -> InputRequired {
    InputRequired::read(
        &client
            .call("request_approval", json!({"summary": "Send it?"}))
            .await,
    )
}

/// Where the app keeps things.
fn store(app: &TestApp) -> mcp_lambda::store::SharedStore {
    Arc::<FaultyStore>::clone(app.store())
}

/// A refusal in words for people, and for the model.
fn refused(answer: &TestResponse, words: &str) {
    assert!(
        answer.is_tool_error() && answer.tool_text().contains(words),
        "{words}: {}",
        answer.text
    );
}

#[tokio::test]
async fn a_decision_is_made_on_the_page_and_known_to_the_server() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    for (decision, word, thanks) in [
        (true, "approved", "You approved this."),
        (false, "rejected", "You rejected this."),
    ] {
        let arguments = json!({"summary": "Send it?", "details": "To Ada."});
        let asked = InputRequired::read(&alice.call("request_approval", arguments).await);
        let expected =
            json!({"kind": "approval", "id": asked.id, "title": "Send it?", "details": "To Ada."});
        assert_eq!(
            (&asked.question, asked.tool.as_str()),
            (&expected, "decide_approval")
        );
        let waiting = json!({"status": "waiting", "question": "Send it?", "answer": null});
        assert_eq!(asked.status(&alice, "approval_status").await, waiting);
        assert_eq!(
            asked.answer(&alice, json!(decision)).await.tool_text(),
            thanks
        );
        let decided = json!({ "status": word, "question": "Send it?", "answer": decision });
        assert_eq!(asked.status(&alice, "approval_status").await, decided);
    }
}

#[tokio::test]
async fn the_model_is_told_where_to_look_and_never_the_ticket() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let shows_pages = alice
        .clone()
        .able_to(json!({"extensions": {"io.modelcontextprotocol/ui": {}}}));
    let answer = shows_pages
        .call("request_approval", json!({"summary": "Send it?"}))
        .await;
    let InputRequired { id, ticket, .. } = InputRequired::read(&answer);
    let told = format!(
        "The user is asked on a page and may take a while. Call `approval_status` with the id `{id}` for the answer."
    );
    assert_eq!(answer.tool_text(), told);
    for seen in [
        answer.data().to_string(),
        answer.result()["content"].to_string(),
    ] {
        assert!(!seen.contains(&ticket), "{seen}");
    }
    let users = Users::new(store(&app));
    let data = users.data(
        &users
            .get(&"alice@example.com".parse().expect("valid"))
            .await
            .expect("registered"),
    );
    let kept: Value = data
        .get(&format!("parts/approval/{id}"))
        .await
        .expect("readable")
        .expect("kept");
    assert!(
        !kept.to_string().contains(&ticket),
        "the server keeps only what tells it: {kept}"
    );
    let blind = alice
        .call("request_approval", json!({"summary": "Send it?"}))
        .await;
    assert!(
        blind
            .tool_text()
            .ends_with("where none is shown, nobody is asked."),
        "{}",
        blind.text
    );
}

#[tokio::test]
async fn only_the_page_that_asks_decides() {
    let app = TestApp::new(app()).await;
    let (alice, bob) = (
        app.user("alice@example.com").await,
        app.user("bob@example.com").await,
    );
    let (asked, other) = (request(&alice).await, request(&alice).await);
    for ticket in ["", "a guess", other.ticket.as_str(), asked.id.as_str()] {
        let forged = json!({ "id": asked.id, "ticket": ticket, "answer": true });
        refused(
            &alice.call("decide_approval", forged).await,
            "only the page that asks can answer",
        );
    }
    refused(
        &asked.answer(&bob, json!(true)).await,
        "there is no question",
    );
    refused(
        &bob.call("approval_status", json!({ "id": asked.id })).await,
        "there is no question",
    );
    for id in [
        "",
        "..",
        "0",
        "../approval",
        &format!("{}/answer", asked.id),
        &"0".repeat(32),
    ] {
        let forged = json!({ "id": id, "ticket": asked.ticket, "answer": true });
        refused(
            &alice.call("decide_approval", forged).await,
            "there is no question",
        );
    }
    for answer in [json!("yes"), json!(1), json!(null)] {
        refused(
            &asked.answer(&alice, answer).await,
            "`answer` must be true or false",
        );
    }
    assert_eq!(
        asked.status(&alice, "approval_status").await["status"],
        "waiting"
    );
    let choosing = json!({ "id": asked.id, "ticket": asked.ticket, "answer": "true" });
    refused(
        &alice.call("record_choice", choosing).await,
        "there is no question",
    );
}

#[tokio::test]
async fn the_first_answer_stands() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let asked = request(&alice).await;
    assert!(!asked.answer(&alice, json!(false)).await.is_tool_error());
    for again in [true, false] {
        refused(
            &asked.answer(&alice, json!(again)).await,
            "has been answered before",
        );
    }
    assert_eq!(
        asked.status(&alice, "approval_status").await["status"],
        "rejected"
    );
    let asked = request(&alice).await;
    let (yes, no) = tokio::join!(
        asked.answer(&alice, json!(true)),
        asked.answer(&alice, json!(false))
    );
    assert!(
        yes.is_tool_error() != no.is_tool_error(),
        "one of two at once: {} {}",
        yes.text,
        no.text
    );
    let word = if no.is_tool_error() {
        "approved"
    } else {
        "rejected"
    };
    assert_eq!(
        asked.status(&alice, "approval_status").await["status"],
        word
    );
}

#[tokio::test]
async fn a_question_waits_for_a_day() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let (early, late) = (request(&alice).await, request(&alice).await);
    app.clock().advance(DAY - 1);
    assert!(!early.answer(&alice, json!(true)).await.is_tool_error());
    app.clock().advance(1);
    refused(
        &late.answer(&alice, json!(true)).await,
        "more than a day old",
    );
    assert_eq!(
        late.status(&alice, "approval_status").await["status"],
        "expired"
    );
    assert_eq!(
        early.status(&alice, "approval_status").await["status"],
        "approved",
        "what was decided stays"
    );
}

#[tokio::test]
async fn a_choice_is_one_of_the_options() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let arguments = json!({"prompt": "Which colour?", "options": ["Red", "Deep blue"]});
    let asked = InputRequired::read(&alice.call("choose", arguments).await);
    let expected = json!({"kind": "choice", "id": asked.id, "title": "Which colour?", "options": ["Red", "Deep blue"]});
    assert_eq!(
        (&asked.question, asked.tool.as_str()),
        (&expected, "record_choice")
    );
    for wrong in ["Green", "red", ""] {
        refused(
            &asked.answer(&alice, json!(wrong)).await,
            "none of the options",
        );
    }
    assert_eq!(
        asked.answer(&alice, json!("Deep blue")).await.tool_text(),
        "You chose “Deep blue”."
    );
    let made = json!({"status": "answered", "question": "Which colour?", "answer": "Deep blue"});
    assert_eq!(asked.status(&alice, "choice_made").await, made);
}

#[tokio::test]
async fn what_was_filled_in_fits_the_type() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let asked = InputRequired::read(
        &alice
            .call("collect_contact", json!({"message": "To write to them."}))
            .await,
    );
    let question = &asked.question;
    assert_eq!(
        (&question["kind"], &question["title"], &question["text"]),
        (
            &json!("form"),
            &json!("A new contact"),
            &json!("To write to them.")
        )
    );
    let fields = &question["schema"]["properties"];
    let sizes = fields["size"]["oneOf"].as_array().expect("choices");
    for choice in [
        json!({"const": "small", "title": "Less than most."}),
        json!({"const": "large", "title": "large"}),
    ] {
        assert!(sizes.contains(&choice), "{fields}");
    }
    for (wrong, words) in [
        (json!({"count": 1}), "`name` is missing"),
        (
            json!({"name": "Ada", "count": 10}),
            "`count` must be 9 or less",
        ),
        (
            json!({"name": "Ada", "count": 1, "size": "huge"}),
            "`size` must be one of `large`, `small`",
        ),
        (json!(["Ada"]), "`answer` must be an object"),
    ] {
        refused(&asked.answer(&alice, wrong).await, words);
    }
    let given = json!({"name": "Ada", "count": 1, "size": "large"});
    assert_eq!(
        asked.answer(&alice, given.clone()).await.tool_text(),
        "Thank you: what you filled in was kept."
    );
    let told = json!({ "status": "answered", "question": "A new contact", "answer": given });
    assert_eq!(asked.status(&alice, "contact_given").await, told);
}

#[test]
fn a_form_that_no_page_can_show_is_a_fault() {
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Order {
        lines: Vec<String>,
    }
    assert_eq!(app().check(), Ok(()), "three ready parts go together");
    let faults = super::faults(&App::new("shop").mount(form_toolset::<Order>("order", "An order")));
    assert_eq!(
        faults,
        ["form `order`: its field `lines` is neither text, nor a number, a boolean or a choice"]
    );
}

#[tokio::test]
async fn what_asks_nothing_is_refused() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    let many: Vec<_> = (0..21).map(|number| number.to_string()).collect();
    for (tool, arguments, words) in [
        (
            "request_approval",
            json!({"summary": " "}),
            "`summary` is empty",
        ),
        ("request_approval", json!({}), "`summary` is missing"),
        (
            "request_approval",
            json!({"sumary": "x"}),
            "no argument `sumary`; did you mean `summary`?",
        ),
        (
            "choose",
            json!({"prompt": "Which?", "options": ["one"]}),
            "must be 2 to 20, and there are 1",
        ),
        (
            "choose",
            json!({"prompt": "Which?", "options": many}),
            "must be 2 to 20, and there are 21",
        ),
        (
            "choose",
            json!({"prompt": "Which?", "options": ["one", ""]}),
            "has an empty one",
        ),
        (
            "collect_contact",
            json!({"message": ""}),
            "`message` is empty",
        ),
    ] {
        refused(&alice.call(tool, arguments).await, words);
    }
}

#[tokio::test]
async fn a_ready_part_works_under_any_name() {
    let app = TestApp::new(App::new("desk").mount_as("sales", approval())).await;
    let alice = app.user("alice@example.com").await;
    let answer = alice
        .call("sales_request_approval", json!({"summary": "Send it?"}))
        .await;
    assert!(
        answer
            .tool_text()
            .contains("Call `sales_approval_status` with"),
        "{}",
        answer.text
    );
    let asked = InputRequired::read(&answer);
    assert_eq!(asked.tool, "sales_decide_approval");
    assert!(!asked.answer(&alice, json!(true)).await.is_tool_error());
    assert_eq!(
        asked.status(&alice, "sales_approval_status").await["status"],
        "approved"
    );
    let page = alice.read("ui://sales/approval/question").await;
    assert!(
        page.result()["contents"][0]["text"]
            .as_str()
            .is_some_and(|html| html.contains("<title>Question</title>"))
    );
}

#[tokio::test]
async fn each_tool_is_for_whom_it_should_be() {
    let app = TestApp::new(app()).await;
    let alice = app.user("alice@example.com").await;
    for (part, ask, decide, status) in [
        (
            "approval",
            "request_approval",
            "decide_approval",
            "approval_status",
        ),
        ("choice", "choose", "record_choice", "choice_made"),
        (
            "contact",
            "collect_contact",
            "submit_contact",
            "contact_given",
        ),
    ] {
        let ui = async |name: &str| super::listed(&alice, name).await["_meta"]["ui"].clone();
        assert_eq!(
            ui(ask).await,
            json!({"resourceUri": format!("ui://{part}/question"), "visibility": ["model"]})
        );
        assert_eq!(ui(decide).await, json!({"visibility": ["app"]}));
        assert_eq!(ui(status).await, json!({"visibility": ["model"]}));
        assert_eq!(
            super::listed(&alice, status).await["annotations"]["readOnlyHint"],
            true
        );
    }
}
