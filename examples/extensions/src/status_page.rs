//! [`Routes`] beside `/mcp`: a page for anyone, one for a user, and a form for operators.

use std::sync::{Arc, Mutex, PoisonError};

use mcp_lambda::http::{Access, Route, RouteRequest, RouteResponse, Routes};
use mcp_lambda::{Error, Result};

/// A status page with a notice that operators set, as [`Routes`].
#[derive(Clone, Debug, Default)]
pub struct StatusPage {
    notice: Arc<Mutex<String>>,
}

impl StatusPage {
    fn show(&self) -> RouteResponse {
        let notice = self.notice.lock().unwrap_or_else(PoisonError::into_inner);
        RouteResponse::html(format!(
            "<!doctype html><title>Status</title><h1>It works</h1><p>{}</p>",
            escape(&notice)
        ))
    }

    fn set(&self, request: &RouteRequest) -> Result<RouteResponse> {
        let notice = request.form("notice")?;
        let notice = notice.ok_or_else(|| Error::invalid("`notice` is missing"))?;
        *self.notice.lock().unwrap_or_else(PoisonError::into_inner) = notice;
        RouteResponse::redirect("/status")
    }
}

impl Routes for StatusPage {
    fn routes(&self) -> Vec<Route> {
        let shown = self.clone();
        let set = self.clone();
        vec![
            Route::get("/", Access::Public, move |_| {
                let page = shown.show();
                async move { Ok(page) }
            }),
            Route::post("/", Access::Admin, move |request| {
                let answer = set.set(&request);
                async move { answer }
            }),
            Route::get("/me", Access::Caller, async |request| greet(&request)),
        ]
    }
}

fn greet(request: &RouteRequest) -> Result<RouteResponse> {
    let caller = request.caller().map(|caller| caller.subject().to_string());
    Ok(RouteResponse::text(caller.unwrap_or_default()))
}

/// Escapes text for HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use http::{Method, Request};
    use mcp_lambda::App;
    use mcp_lambda::http::laws;
    use mcp_lambda::testkit::{TestApp, TestResponse, block_on};

    use super::*;

    #[derive(Debug)]
    struct Panics;

    impl Routes for Panics {
        fn routes(&self) -> Vec<Route> {
            vec![Route::get("/", Access::Public, async |_| {
                panic!("at the disco")
            })]
        }
    }

    async fn app() -> TestApp {
        let app = App::new("notes").routes("/status", StatusPage::default());
        TestApp::new(app.routes("/panics", Panics)).await
    }

    async fn post(app: &TestApp, token: &str, body: impl Into<bytes::Bytes>) -> TestResponse {
        let request = Request::post("/status")
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(http_body_util::Full::new(body.into()))
            .expect("a request");
        app.send(request).await
    }

    #[test]
    fn the_page_keeps_the_laws_of_routes() {
        block_on(laws::all(&StatusPage::default()));
    }

    #[test]
    fn anyone_sees_the_page_that_an_operator_sets() {
        block_on(async {
            let app = app().await;
            let token = app.admin().token().to_owned();
            let set = post(&app, &token, "notice=back+at+%3C5%3E").await;
            assert_eq!((set.status, set.header("location")), (303, Some("/status")));
            let page = app.anonymous().ask(Method::GET, "/status", None).await;
            assert_eq!(
                page.header("content-type"),
                Some("text/html; charset=utf-8")
            );
            assert!(page.text.contains("back at &lt;5&gt;"), "{}", page.text);
            let head = app.anonymous().ask(Method::HEAD, "/status/", None).await;
            assert_eq!(head.status, 200);
        });
    }

    #[test]
    fn a_route_answers_whom_it_names_and_no_other() {
        block_on(async {
            let app = app().await;
            let alice = app.user("alice@example.com").await;
            let me = alice.ask(Method::GET, "/status/me", None).await;
            assert_eq!((me.status, me.text.as_str()), (200, "alice@example.com"));
            assert_eq!(me.header("cache-control"), Some("no-store"));
            for (client, path, status) in [
                (app.anonymous(), "/status/me", 401),
                (app.probe(), "/status/me", 403),
                (app.admin(), "/status/me", 403),
            ] {
                let answer = client.ask(Method::GET, path, None).await;
                assert_eq!(answer.status, status, "{path}: {}", answer.text);
            }
            let refused = post(&app, alice.token(), "notice=hers").await;
            assert_eq!(refused.status, 403, "{}", refused.text);
            assert!(refused.text.contains("admin token"), "{}", refused.text);
        });
    }

    #[test]
    fn other_methods_are_405_other_paths_404_and_a_panic_500() {
        block_on(async {
            let app = app().await;
            let wrong = app.anonymous().ask(Method::DELETE, "/status", None).await;
            assert_eq!(
                (wrong.status, wrong.header("allow")),
                (405, Some("GET, POST"))
            );
            let hidden = app.anonymous().ask(Method::POST, "/status/me", None).await;
            assert_eq!(
                hidden.status, 401,
                "who may not see a path learns no methods"
            );
            let none = app.anonymous().ask(Method::GET, "/status/x", None).await;
            assert_eq!(none.status, 404);
            let broken = app.anonymous().ask(Method::GET, "/panics", None).await;
            assert_eq!(broken.status, 500);
            assert!(!broken.text.contains("disco"), "{}", broken.text);
        });
    }

    #[test]
    fn prefixes_that_collide_are_problems_of_the_app() {
        let app = App::new("notes")
            .routes("/admin/status", StatusPage::default())
            .routes("/status", StatusPage::default())
            .routes("/status/more", StatusPage::default());
        let problems = app.check().expect_err("they collide");
        assert_eq!(problems.len(), 2, "{problems:#?}");
    }
}
