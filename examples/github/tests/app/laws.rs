//! The laws of every app, over a GitHub that knows one repository. It runs on a thread of its own, since each law brings its own runtime.

use std::future::pending;
use std::sync::{LazyLock, mpsc};

use mcp_lambda::testkit::{Suite, UpstreamRequest, UpstreamResponse, block_on};
use serde_json::json;

use crate::upstream::{self, status};

mcp_lambda::app_suite!(suite());

static GITHUB: LazyLock<String> = LazyLock::new(|| {
    let (told, url) = mpsc::channel();
    std::thread::spawn(move || {
        block_on(async {
            let upstream = upstream::start(any).await;
            told.send(upstream.url()).expect("somebody waits");
            pending::<()>().await;
        });
    });
    url.recv().expect("a GitHub")
});

fn suite() -> Suite {
    Suite::new(github::app()).profile(json!({"token": "ghp_anybody", "api_url": *GITHUB}))
}

fn any(seen: &UpstreamRequest) -> UpstreamResponse {
    let path = seen.target.split('?').next().unwrap_or_default();
    match path.trim_start_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["search", "repositories"] => status(200, "search_repositories"),
        ["search", "issues"] => status(200, "search_issues"),
        ["repos", _, _] => status(200, "repository"),
        ["repos", _, _, "issues"] => status(200, "issues"),
        ["repos", _, _, "pulls"] => status(200, "pulls"),
        ["rate_limit"] => status(200, "rate_limit"),
        _ => status(404, "not_found"),
    }
}
