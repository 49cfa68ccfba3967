//! [`Routes`] that reach what tools reach: a user's own data, a state of the app, the clock, and the operators' API.

use mcp_lambda::UserData;
use mcp_lambda::admin::AdminApi;
use mcp_lambda::clock::format_rfc3339;
use mcp_lambda::http::{Access, Route, RouteRequest, RouteResponse, Routes};
use mcp_lambda::prelude::*;
use serde_json::json;

/// The most names that one request reads ([`UserData::names`]).
const PAGE: usize = 100;

/// The kinds of data that an app keeps for a user: what their names begin with, such as `note/`.
///
/// It is a state of the app ([`App::state`]), so that its tools can use it too.
#[derive(Clone, Debug)]
pub struct DataKinds {
    /// The beginnings of names.
    pub prefixes: Vec<String>,
}

/// An overview of stored data as JSON, as [`Routes`]: one for each user, and one for operators.
///
/// | route | for | answers |
/// |---|---|---|
/// | `GET /` | a user | how many values of each of the [`DataKinds`] the user has |
/// | `GET /users` | an operator | how many users there are |
///
/// ```
/// use extensions::data_overview::{DataKinds, DataOverview};
/// use mcp_lambda::App;
///
/// let app = App::new("notes").routes("/overview", DataOverview);
/// assert!(app.check().is_err(), "without the state that the routes require");
/// let kinds = DataKinds { prefixes: vec!["note/".to_owned()] };
/// assert_eq!(app.state(kinds).check(), Ok(()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DataOverview;

impl Routes for DataOverview {
    fn routes(&self) -> Vec<Route> {
        let own = Route::get("/", Access::Caller, show_own);
        vec![
            own.requires_state::<DataKinds>(),
            Route::get("/users", Access::Admin, show_users),
        ]
    }
}

async fn show_own(request: RouteRequest) -> Result<RouteResponse> {
    let kinds: DataKinds = request.state()?;
    let data = request.user_data()?;
    let mut counts = serde_json::Map::new();
    for prefix in kinds.prefixes {
        let count = count(&data, &prefix).await?;
        counts.insert(prefix, count.into());
    }
    let as_of = format_rfc3339(request.now());
    RouteResponse::json(&json!({ "as_of": as_of, "counts": counts }))
}

/// Counts the values whose names begin with a prefix, without reading them.
async fn count(data: &UserData, prefix: &str) -> Result<usize> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = data.names(prefix, after.as_deref(), PAGE).await?;
        count += page.names.len();
        after = page.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

async fn show_users(request: RouteRequest) -> Result<RouteResponse> {
    let admin: &dyn AdminApi = request.admin()?.as_ref();
    let (mut count, mut after) = (0, None);
    loop {
        let page = admin.users(after.as_ref(), PAGE).await?;
        count += page.users.len();
        after = page.next;
        if after.is_none() {
            return RouteResponse::json(&json!({ "users": count }));
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use mcp_lambda::http::laws::RouteLaws;
    use mcp_lambda::testkit::{TestApp, block_on};

    use super::*;

    #[tools]
    #[expect(unreachable_pub, reason = "public functions are the tools")]
    mod tools {
        use mcp_lambda::prelude::*;

        /// Keeps a note.
        #[tool]
        pub async fn keep(data: UserData, name: String) -> Result<String> {
            data.put(&format!("note/{name}"), &name).await?;
            Ok("kept".to_owned())
        }
    }

    fn kinds() -> DataKinds {
        DataKinds {
            prefixes: vec!["note/".to_owned(), "list/".to_owned()],
        }
    }

    async fn app() -> TestApp {
        let app = App::new("notes").tools(tools::tools()).state(kinds());
        TestApp::new(app.routes("/overview", DataOverview)).await
    }

    #[test]
    fn the_overview_keeps_the_laws_of_routes() {
        block_on(RouteLaws::new(&DataOverview).state(kinds()).check());
    }

    #[test]
    fn each_user_sees_the_own_data_alone() {
        block_on(async {
            let app = app().await;
            let [alice, bob] = ["alice@example.com", "bob@example.com"].map(|user| app.user(user));
            let (alice, bob) = (alice.await, bob.await);
            for number in 0..=PAGE {
                let note = json!({ "name": format!("{number:03}") });
                assert_eq!(alice.call("keep", note).await.tool_text(), "kept");
            }
            for (client, count) in [(&alice, PAGE + 1), (&bob, 0)] {
                let page = client.ask(Method::GET, "/overview", None).await;
                assert_eq!(page.status, 200, "{}", page.text);
                let counts = json!({ "note/": count, "list/": 0 });
                assert_eq!(page.json["counts"], counts);
                assert_eq!(page.json["as_of"], "2027-01-15T08:00:00Z");
            }
        });
    }

    #[test]
    fn operators_count_users_and_nobody_else_does() {
        block_on(async {
            let app = app().await;
            let alice = app.user("alice@example.com").await;
            let page = app.admin().ask(Method::GET, "/overview/users", None).await;
            assert_eq!(page.json, json!({ "users": 1 }), "{}", page.text);
            let refused = alice.ask(Method::GET, "/overview/users", None).await;
            assert_eq!(refused.status, 403, "{}", refused.text);
        });
    }
}
