//! Many at once, and many in all.

use std::sync::Arc;

use futures_util::future::join_all;
use mcp_lambda::admin::{AdminApi, NewToken, NewUser};
use mcp_lambda::clock::SystemClock;
use mcp_lambda::records::{TokenRecord, UserRecord, Users};
use mcp_lambda::store::SharedStore;
use mcp_lambda_tests::aws::{Dynamo, SecretsManager, dynamo_client};
use mcp_lambda_tests::churn;
use mcp_lambda_tests::process::Home;
use mcp_lambda_tests::proxy::{Proxy, Units};

use super::{KEY, deployment, server};

const CHURN: &str = env!("CARGO_BIN_EXE_churn");

#[tokio::test]
async fn of_64_writers_in_two_processes_none_loses_its_change() {
    let (dynamo, secrets) = (
        Dynamo::start("users").await,
        SecretsManager::start(Some(KEY)).await,
    );
    let (home, variables) = (Home::default(), deployment(&dynamo.url, &secrets.url));
    let (_first, one) = server(&home, &variables).await;
    let (_second, other) = server(&home, &variables).await;
    let email: mcp_lambda::user::Email = "alice@example.com".parse().expect("valid");
    let user = NewUser::new(email.clone());
    one.register(user).await.expect("registered");
    let token = |number: usize| {
        let mut token = NewToken::new(email.clone());
        token.name = Some(format!("token {number}"));
        token
    };
    let writes = (0..64)
        .map(|number| if number % 2 == 0 { &one } else { &other }.create_token(token(number)));
    for written in join_all(writes).await {
        written.expect("written");
    }
    let names: Vec<_> = other
        .tokens(&email)
        .await
        .expect("readable")
        .into_iter()
        .filter_map(|token| token.name)
        .collect();
    for number in 0..64 {
        assert!(
            names.contains(&format!("token {number}")),
            "{number} of {names:?}"
        );
    }
}

#[tokio::test]
async fn ten_thousand_users_are_listed_with_one_query_for_each_page() {
    let dynamo = Dynamo::start("users").await;
    let proxy = Proxy::start(&dynamo.url).await;
    let store = |url: &str| {
        Users::new(Arc::new(mcp_lambda_dynamo::DynamoStore::new(
            dynamo_client(url),
            "users",
            Arc::new(SystemClock),
        )))
    };
    let (users, counted) = (store(&dynamo.url), store(&proxy.url));
    for hundred in 0..100 {
        let registrations = (0..100).map(|number| {
            let (users, email) = (
                users.clone(),
                format!("user{:05}@example.com", hundred * 100 + number),
            );
            async move {
                let record = UserRecord::new(email.parse().expect("valid"), None, 1);
                users.register(&record).await.expect("registered");
            }
        });
        join_all(registrations).await;
    }
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = counted.page(after.as_ref(), 500).await.expect("listable");
        seen.extend(page.users.iter().map(|user| user.email.to_string()));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (10_000, 20));
    assert!(seen.is_sorted() && seen[0] == "user00000@example.com");
    assert_eq!(
        proxy.calls().get("Query"),
        Some(&20),
        "one query for each page"
    );
    assert_eq!(
        proxy.calls().len(),
        1,
        "and nothing else: {:?}",
        proxy.calls()
    );
}

#[tokio::test]
async fn of_purged_users_and_their_namesakes_none_meets_the_other() {
    for told in [
        churn::over_sqlite(CHURN, 32).await,
        churn::over_dynamodb(CHURN, 32).await,
    ] {
        assert_eq!(told.len(), 9, "eight processes and the last: {told:?}");
    }
}

/// What the bill counts: a transaction costs twice, an index what of it changes.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn what_a_user_costs_in_write_units_is_known() {
    let dynamo = Dynamo::start("users").await;
    let proxy = Proxy::start(&dynamo.url).await;
    let store: SharedStore = Arc::new(mcp_lambda_dynamo::DynamoStore::new(
        dynamo_client(&proxy.url),
        "users",
        Arc::new(SystemClock),
    ));
    let users = Users::new(store);
    let alice = UserRecord::new("alice@example.com".parse().expect("valid"), None, 1);
    proxy.meter();
    users.register(&alice).await.expect("registered");
    assert_eq!(
        proxy.units(),
        Units {
            reads: 0.0,
            writes: 4.0,
            index: 1.0
        },
        "registration: record and marker, twice; entry"
    );
    let token = TokenRecord {
        name: Some("laptop".into()),
        created: 1,
        expires: 9,
        scopes: None,
        read_only: false,
    };
    let keep = |user: &mut UserRecord| Ok(user.tokens.insert("0".repeat(32), token.clone()));
    users.change(&alice.email, 1, keep).await.expect("kept");
    assert_eq!(
        proxy.units(),
        Units {
            reads: 1.0,
            writes: 1.0,
            index: 0.0
        },
        "a token does not touch the listing"
    );
    let profile = |user: &mut UserRecord| {
        Ok(user
            .profile
            .replace(serde_json::json!({ "colour": "blue" })))
    };
    users.change(&alice.email, 1, profile).await.expect("kept");
    assert_eq!(
        proxy.units(),
        Units {
            reads: 1.0,
            writes: 1.0,
            index: 0.0
        },
        "a profile does not touch the listing"
    );
    users
        .find(&alice.email)
        .await
        .expect("found")
        .expect("there");
    assert_eq!(
        proxy.units(),
        Units {
            reads: 1.0,
            writes: 0.0,
            index: 0.0
        },
        "a call: one read"
    );
    let data = users.data(&alice);
    data.put("note", &"milk").await.expect("kept");
    assert_eq!(
        proxy.units(),
        Units {
            reads: 0.0,
            writes: 4.0,
            index: 0.0
        },
        "a value: it and the check, twice"
    );
    users
        .revoke_token(&alice.email, &"0".repeat(32), 2)
        .await
        .expect("revoked");
    assert_eq!(
        proxy.units(),
        Units {
            reads: 1.0,
            writes: 1.0,
            index: 0.0
        },
        "a token's revocation"
    );
    users.revoke(&alice.email, 2).await.expect("revoked");
    assert_eq!(
        proxy.units(),
        Units {
            reads: 1.0,
            writes: 1.0,
            index: 1.0
        },
        "a user's revocation: record and entry"
    );
}

/// The index of listings is one partition for all users, so nothing is in it but what lists show.
#[tokio::test]
async fn the_listing_holds_keys_and_what_lists_show() {
    let dynamo = Dynamo::start("users").await;
    let client = dynamo_client(&dynamo.url);
    let store: SharedStore = Arc::new(mcp_lambda_dynamo::DynamoStore::new(
        client.clone(),
        "users",
        Arc::new(SystemClock),
    ));
    let users = Users::new(Arc::clone(&store));
    for name in ["alice", "bob"] {
        let email = format!("{name}@example.com").parse().expect("valid");
        let profile = serde_json::json!({ "token": "hunter2" });
        let record = UserRecord::new(email, Some(profile), 1);
        users.register(&record).await.expect("registered");
    }
    let key = mcp_lambda::store::Key::new("data#1", "note");
    let put = mcp_lambda::store::Put::new("\"a note\"".into(), mcp_lambda::store::When::Always);
    store.put(&key, put).await.expect("written");
    let table = client.scan().table_name("users").send().await;
    assert!(
        table.expect("readable").count() > 2,
        "records of other kinds"
    );
    let listed = client.scan().table_name("users").index_name("listings");
    let listed = listed.send().await.expect("readable");
    assert_eq!(listed.count(), 2, "one item for each user");
    for item in listed.items() {
        let mut names: Vec<_> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["entry", "listing", "pk", "sk"]);
        let entry = item["entry"].as_s().expect("text");
        let entry: serde_json::Value = serde_json::from_str(entry).expect("JSON");
        let fields = entry.as_object().expect("an object").keys();
        let shown = |name: &String| ["created", "revoke_after"].contains(&name.as_str());
        assert!(fields.into_iter().all(shown), "{entry}");
    }
}
