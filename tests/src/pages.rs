//! Routes of every access, some of whose handlers misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_lambda::Error;
use mcp_lambda::http::{Access, Route, RouteResponse, Routes};

/// A value of the fixture app that its pages take.
#[derive(Clone, Debug)]
pub struct Motto {
    /// The words.
    pub words: String,
}

impl Default for Motto {
    fn default() -> Self {
        Self {
            words: "paint it all".to_owned(),
        }
    }
}

/// A page, a form that counts, a user's own page, an operator's notice, and pages of what the server has.
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
            Route::get("/motto", Access::Public, async |request| {
                let Motto { words } = request.state()?;
                Ok(RouteResponse::text(words))
            })
            .requires_state::<Motto>(),
            Route::get("/word", Access::Caller, async |request| {
                let word: Option<String> = request.user_data()?.get("word").await?;
                Ok(RouteResponse::text(word.unwrap_or_default()))
            }),
            Route::post("/word", Access::Caller, async |request| {
                let word = request.form("word")?.unwrap_or_default();
                request.user_data()?.put("word", &word).await?;
                Ok(RouteResponse::text("kept"))
            }),
            Route::get("/users", Access::Admin, async |request| {
                let page = request.admin()?.users(None, 100).await?;
                let emails = page.users.iter().map(|user| user.email.as_str());
                Ok(RouteResponse::text(emails.collect::<Vec<_>>().join(" ")))
            }),
        ]
    }
}

/// A value that the fixture app does not have.
#[derive(Clone, Debug)]
struct NeverGiven;

/// Handlers that panic, that never end, and that ask for what is not there.
#[derive(Clone, Copy, Debug)]
pub struct BadPages;

impl Routes for BadPages {
    fn routes(&self) -> Vec<Route> {
        vec![
            Route::get("/panics", Access::Public, async |_| {
                panic!("the password is hunter2")
            }),
            Route::get("/lacks", Access::Public, async |request| {
                request
                    .state::<NeverGiven>()
                    .map(|_| RouteResponse::text(""))
            }),
            Route::get("/data", Access::Public, async |request| {
                request.user_data().map(|_| RouteResponse::text(""))
            }),
            Route::get("/operates", Access::Caller, async |request| {
                request.admin().map(|_| RouteResponse::text(""))
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
