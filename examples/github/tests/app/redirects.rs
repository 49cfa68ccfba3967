//! Renamed repositories are followed at home, and a token never goes abroad.

use mcp_lambda::testkit::block_on;
use serde_json::{Value, json};

use crate::upstream::{Upstream, recorded, status};
use crate::world::{TOKEN, World};

fn renamed() -> Value {
    json!({"owner": "octocat", "repository": "Old-Name"})
}

#[test]
fn a_renamed_repository_is_followed() {
    block_on(async {
        let world = World::answering(|seen| match seen.target.as_str() {
            "/repositories/1296269" => status(200, "repository"),
            _ => recorded(301, &[("location", "/repositories/1296269")], "moved"),
        })
        .await;
        let found = world.call("get_repository", renamed()).await;
        assert_eq!(found["full_name"], "octocat/Hello-World");
        let seen = world.upstream.taken();
        assert_eq!(
            seen.iter().map(|seen| seen.target.as_str()).collect::<Vec<_>>(),
            ["/repos/octocat/Old-Name", "/repositories/1296269"]
        );
        assert!(seen.iter().all(|seen| seen.header("authorization") == format!("Bearer {TOKEN}")), "{seen:?}");
    });
}

#[test]
fn another_host_is_not_asked() {
    block_on(async {
        let abroad = Upstream::start(|_| status(200, "repository")).await;
        let location = format!("{}/repositories/1296269", abroad.url);
        let world = World::answering(move |_| recorded(301, &[("location", &location)], "moved")).await;
        let refusal = world.refusal("get_repository", renamed()).await;
        assert!(refusal.starts_with("GitHub sends this request on (301 Moved Permanently)"), "{refusal}");
        assert_eq!((world.upstream.taken().len(), abroad.taken().len()), (1, 0));
    });
}

#[test]
fn a_circle_is_left() {
    block_on(async {
        let world = World::answering(|seen| recorded(301, &[("location", &seen.target)], "moved")).await;
        let refusal = world.refusal("get_repository", renamed()).await;
        assert!(refusal.starts_with("GitHub sends this request on"), "{refusal}");
        assert_eq!(world.upstream.taken().len(), 4);
    });
}
