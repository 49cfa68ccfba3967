//! Renamed repositories are followed at home, and a token never goes abroad.

use mcp_lambda::testkit::block_on;
use serde_json::{Value, json};

use crate::upstream::{self, recorded, status};
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
        let seen = world.upstream.take_requests();
        assert_eq!(
            seen.iter()
                .map(|seen| seen.target.as_str())
                .collect::<Vec<_>>(),
            ["/repos/octocat/Old-Name", "/repositories/1296269"]
        );
        assert!(
            seen.iter()
                .all(|seen| seen.header("authorization") == format!("Bearer {TOKEN}")),
            "{seen:?}"
        );
    });
}

#[test]
fn another_host_is_not_asked() {
    block_on(async {
        let abroad = upstream::start(|_| status(200, "repository")).await;
        let location = format!("{}/repositories/1296269", abroad.url());
        let world =
            World::answering(move |_| recorded(301, &[("location", &location)], "moved")).await;
        let refusal = world.refusal("get_repository", renamed()).await;
        assert!(
            refusal.starts_with("GitHub sends this request on (301 Moved Permanently)"),
            "{refusal}"
        );
        assert_eq!(
            (
                world.upstream.take_requests().len(),
                abroad.take_requests().len()
            ),
            (1, 0)
        );
    });
}

#[test]
fn a_circle_is_left() {
    block_on(async {
        let world =
            World::answering(|seen| recorded(301, &[("location", &seen.target)], "moved")).await;
        let refusal = world.refusal("get_repository", renamed()).await;
        assert!(
            refusal.starts_with("GitHub sends this request on"),
            "{refusal}"
        );
        assert_eq!(world.upstream.take_requests().len(), 4);
    });
}

/// The same in a process whose variables name a proxy: to this machine a token goes in the clear.
#[test]
fn no_proxy_is_asked_on_the_way_to_this_machine() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    proxy.set_nonblocking(true).expect("set");
    let url = format!("http://{}", proxy.local_addr().expect("an address"));
    let mut again = std::process::Command::new(std::env::current_exe().expect("this test"));
    again.args(["--exact", "redirects::a_renamed_repository_is_followed"]);
    again.envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, &url)));
    let output = again.output().expect("it runs");
    let asked = proxy.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(
        asked,
        Err(std::io::ErrorKind::WouldBlock),
        "a token went to the proxy"
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}
