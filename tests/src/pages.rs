//! Routes of every access, some of whose handlers misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_lambda::Error;
use mcp_lambda::http::{Access, Route, RouteResponse, Routes};

/// A page, a form that counts, a user's own page and an operator's notice.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    posts: Arc<AtomicUsize>,
}

impl Routes for Pages {
    fn routes(&self) -> Vec<Route> {
        let posted = Arc::clone(&self.posts);
        let counted = Arc::clone(&self.posts);
        vec![
            Route::get("/", Access::Public, async |_| {
                Ok(RouteResponse::html("<h1>a page</h1>"))
            }),
            Route::post("/", Access::Public, move |request| {
                posted.fetch_add(1, Ordering::SeqCst);
                let bytes = request.request().body().len();
                async move { Ok(RouteResponse::text(bytes.to_string())) }
            }),
            Route::get("/posts", Access::Public, move |_| {
                let posts = counted.load(Ordering::SeqCst);
                async move { Ok(RouteResponse::text(posts.to_string())) }
            }),
            Route::get("/me", Access::Caller, async |request| {
                let caller = request.caller().map(|caller| caller.subject().to_string());
                Ok(RouteResponse::text(caller.unwrap_or_default()))
            }),
            Route::post("/me", Access::Caller, async |_| {
                Ok(RouteResponse::text("painted"))
            })
            .scopes(["paint:write"]),
            Route::get("/lost", Access::Caller, async |_| {
                Err(Error::not_found("there is no such thing"))
            }),
            Route::post("/notice", Access::Admin, async |request| {
                let notice = request.form("notice")?;
                Ok(RouteResponse::text(notice.unwrap_or_default()))
            }),
        ]
    }
}

/// Handlers that panic, and that never end.
#[derive(Clone, Copy, Debug)]
pub struct BadPages;

impl Routes for BadPages {
    fn routes(&self) -> Vec<Route> {
        vec![
            Route::get("/panics", Access::Public, async |_| {
                panic!("the password is hunter2")
            }),
            Route::get("/hangs", Access::Public, async |_| {
                std::future::pending().await
            }),
            Route::get("/mine", Access::Caller, async |_| {
                std::future::pending().await
            }),
        ]
    }
}
