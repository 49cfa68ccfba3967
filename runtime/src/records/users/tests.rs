//! Registrations beside changes, revocations and removals, over a store in memory.

use futures_util::future::{join, join_all, try_join_all};
use serde_json::json;

use super::fails_after::FailsAfter;
use super::*;
use crate::records::{PURGING, TokenRecord, data_partition};
use crate::store::{MemoryStore, Version};

fn users() -> (SharedStore, Users) {
    let store: SharedStore = Arc::new(MemoryStore::default());
    (Arc::clone(&store), Users::new(store))
}

fn email(text: &str) -> Email {
    text.parse().expect("valid")
}

async fn registered(users: &Users, name: &str) -> UserRecord {
    let record = UserRecord::new(email(name), Some(json!({"token": "hush"})), 100);
    users.register(&record).await.expect("registered");
    record
}

fn token() -> TokenRecord {
    TokenRecord {
        name: None,
        created: 100,
        expires: 10_000,
        scopes: None,
        read_only: false,
    }
}

async fn give_token(users: &Users, email: &Email) -> Result<String> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let keep = |record: &mut UserRecord| Ok(record.tokens.insert(id.clone(), token()));
    users.change(email, 100, keep).await.map(|_| id)
}

/// Everything that is stored under the email and under these registrations.
async fn left(store: &SharedStore, email: &Email, ids: &[&RegistrationId]) -> Vec<Key> {
    let partitions = ids
        .iter()
        .map(|id| data_partition(id))
        .chain([partition(email)]);
    let mut keys = Vec::new();
    for partition in partitions {
        let page = store
            .list(&Range::Prefix(Key::new(partition, "")), None, 1_000)
            .await
            .expect("listable");
        keys.extend(page.records.into_iter().map(|(key, _)| key));
    }
    keys
}

async fn spoil(store: &SharedStore, email: &Email, value: &str) {
    let entry = Some(Entry {
        listing: LISTING,
        text: "spoilt".to_owned(),
    });
    let put = Put {
        entry,
        ..Put::new(value.to_owned(), When::Always)
    };
    store.put(&record_key(email), put).await.expect("spoilt");
}

#[tokio::test]
async fn a_change_loses_no_other_change() {
    let (_, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    try_join_all((0..64).map(|_| give_token(&users, &alice.email)))
        .await
        .expect("all changes are made");
    assert_eq!(
        users.get(&alice.email).await.expect("there").tokens.len(),
        64
    );
}

#[tokio::test]
async fn nothing_of_a_purged_user_is_left_and_a_namesake_is_another() {
    let (store, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    let data = users.data(&alice);
    for number in 0..120 {
        data.put(&format!("note/{number}"), &"hers")
            .await
            .expect("kept");
    }
    let old = give_token(&users, &alice.email).await.expect("given");
    users.purge(&alice.email, 200).await.expect("purged");
    assert_eq!(left(&store, &alice.email, &[&alice.id]).await, []);
    let error = users.purge(&alice.email, 200).await.expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let again = registered(&users, "alice@example.com").await;
    assert_ne!(again.id, alice.id);
    assert!(
        !users
            .get(&alice.email)
            .await
            .expect("there")
            .tokens
            .contains_key(&old)
    );
    assert!(
        users
            .data(&again)
            .list::<String>("", None, 9)
            .await
            .expect("listable")
            .entries
            .is_empty()
    );
}

#[tokio::test]
async fn a_call_that_runs_on_after_the_purge_writes_nothing() {
    let (store, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    let data = users.data(&alice);
    data.put("count", &1).await.expect("kept");
    users.purge(&alice.email, 200).await.expect("purged");
    let namesake = registered(&users, "alice@example.com").await;
    let refusals = [
        data.put("late", &1).await.expect_err("removed"),
        data.put_new("late", &1).await.expect_err("removed"),
        data.update("count", |count: Option<u8>| count.unwrap_or_default() + 1)
            .await
            .expect_err("removed"),
    ];
    for error in refusals {
        assert_eq!(
            error.kind(),
            ErrorKind::Forbidden,
            "nothing that invites another try"
        );
        assert!(error.message().contains("this user was removed"), "{error}");
    }
    assert_eq!(
        left(&store, &alice.email, &[&alice.id]).await.len(),
        2,
        "the namesake's record and marker alone"
    );
    users
        .data(&namesake)
        .put("own", &1)
        .await
        .expect("the namesake's own are kept");
}

#[tokio::test]
async fn a_removal_that_was_cut_short_is_ended_by_the_next() {
    // Each step of a removal by itself is one write; after each, the process may be gone.
    for steps in 0..7 {
        let (store, users) = users();
        let alice = registered(&users, "alice@example.com").await;
        users.data(&alice).put("note", &"hers").await.expect("kept");
        let failing: SharedStore = Arc::new(FailsAfter::new(Arc::clone(&store), steps));
        let cut_short = Users::new(failing).purge(&alice.email, 200).await;
        assert_eq!(cut_short.is_ok(), steps >= 5, "after {steps} writes");
        if cut_short.is_err() {
            assert!(
                give_token(&users, &alice.email).await.is_err() || steps == 0,
                "after {steps} writes"
            );
        }
        let ended = users.purge(&alice.email, 201).await;
        assert_eq!(
            ended.map_err(|error| error.kind()).err(),
            (steps >= 5).then_some(ErrorKind::NotFound)
        );
        assert_eq!(
            left(&store, &alice.email, &[&alice.id]).await,
            [],
            "after {steps} writes"
        );
    }
}

#[tokio::test]
async fn data_whose_marker_is_missing_are_removed_with_the_user() {
    let (store, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    users.data(&alice).put("note", &"hers").await.expect("kept");
    store
        .delete(
            &marker_key(&alice.email, REGISTRATION, &alice.id),
            When::Always,
        )
        .await
        .expect("gone");
    users.purge(&alice.email, 200).await.expect("purged");
    assert_eq!(left(&store, &alice.email, &[&alice.id]).await, []);
}

#[tokio::test]
async fn a_user_who_is_being_removed_gets_nothing_more() {
    let (store, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    let failing: SharedStore = Arc::new(FailsAfter::new(store, 1));
    Users::new(failing)
        .purge(&alice.email, 200)
        .await
        .expect_err("cut short");
    let record = users.get(&alice.email).await.expect("still there");
    assert!(record.is_purging && record.tokens.is_empty() && record.profile.is_none());
    assert_eq!(
        give_token(&users, &alice.email)
            .await
            .expect_err("refused")
            .kind(),
        ErrorKind::Conflict
    );
    users
        .revoke(&alice.email, 201)
        .await
        .expect("what takes rights away is never refused");
    users.purge(&alice.email, 202).await.expect("ended");
}

#[tokio::test]
async fn removals_registrations_and_writes_at_once_leave_one_user_or_none() {
    for _ in 0..50 {
        let (store, users) = users();
        let alice = registered(&users, "alice@example.com").await;
        let data = users.data(&alice);
        let purges = join_all((0..2).map(|_| users.purge(&alice.email, 200)));
        let namesakes = join_all((0..4).map(|_| async {
            let record = UserRecord::new(email("alice@example.com"), None, 300);
            users.register(&record).await.map(|()| record)
        }));
        let writes = join_all((0..8).map(|number| {
            let data = data.clone();
            async move { data.put(&number.to_string(), &"hers").await }
        }));
        let ((purged, registered), _) = join(join(purges, namesakes), writes).await;
        assert!(purged.iter().any(Result::is_ok));
        let new: Vec<_> = registered.into_iter().flatten().collect();
        assert!(new.len() <= 1, "an email is registered once");
        assert_eq!(
            users.find(&alice.email).await.expect("readable").as_ref(),
            new.first(),
            "who was told is there"
        );
        assert_eq!(
            left(&store, &alice.email, &[&alice.id]).await.len(),
            new.len() * 2
        );
    }
}

#[tokio::test]
async fn an_unreadable_record_is_listed_revoked_purged_and_replaced() {
    for value in [
        "nonsense",
        r#"{"v":1,"email":"alice@example.com"}"#,
        &"[".repeat(1_000),
    ] {
        let (store, users) = users();
        let alice = registered(&users, "alice@example.com").await;
        registered(&users, "bob@example.com").await;
        users.data(&alice).put("note", &"hers").await.expect("kept");
        spoil(&store, &alice.email, value).await;
        let page = users
            .page(None, 9)
            .await
            .expect("one record is not everybody's fault");
        let seen: Vec<_> = page
            .users
            .iter()
            .map(|user| (user.email.as_str(), user.created.is_some()))
            .collect();
        assert_eq!(
            seen,
            [("alice@example.com", false), ("bob@example.com", true)]
        );
        users.get(&alice.email).await.expect_err("unreadable");
        users.revoke(&alice.email, 200).await.expect("revoked");
        let restored = users.get(&alice.email).await.expect("readable again");
        assert_eq!(
            (&restored.id, restored.revoke_after, restored.tokens.len()),
            (&alice.id, Some(200), 0)
        );
        assert_eq!(
            users
                .data(&restored)
                .get::<String>("note")
                .await
                .expect("readable")
                .as_deref(),
            Some("hers")
        );
        spoil(&store, &alice.email, value).await;
        users.purge(&alice.email, 300).await.expect("purged");
        assert_eq!(left(&store, &alice.email, &[&alice.id]).await, []);
        registered(&users, "alice@example.com").await;
    }
}

#[tokio::test]
async fn what_can_be_made_out_of_an_unreadable_record_is_kept_by_its_revocation() {
    let (store, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    spoil(
        &store,
        &alice.email,
        r#"{"v":2,"email":"not one","profile":{"token":"hush"}}"#,
    )
    .await;
    users.revoke(&alice.email, 200).await.expect("revoked");
    assert_eq!(
        users.get(&alice.email).await.expect("readable").profile,
        Some(json!({"token": "hush"}))
    );
}

#[tokio::test]
async fn a_record_at_the_stores_limit_can_be_revoked_and_purged() {
    let (store, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    let mut full = alice.clone();
    let room = crate::store::MAX_VALUE_BYTES - full.to_json().expect("written").len();
    full.profile = Some(json!({"token": "hush", "x": "y".repeat(room - 7)}));
    let text = full.to_json().expect("written");
    assert_eq!(text.len(), crate::store::MAX_VALUE_BYTES);
    spoil(&store, &alice.email, &text).await;
    users.revoke(&alice.email, 200).await.expect("revoked");
    let revoked = users.get(&alice.email).await.expect("readable");
    assert!(revoked.tokens.is_empty() && revoked.revoke_after == Some(200));
    spoil(&store, &alice.email, &text).await;
    users.purge(&alice.email, 300).await.expect("purged");
    assert_eq!(left(&store, &alice.email, &[&alice.id]).await, []);
}

#[tokio::test]
async fn what_could_not_be_read_back_is_not_written() {
    let (_, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    let deep = (0..126).fold(json!(1), |inner, _| json!({ "a": inner }));
    let change = |record: &mut UserRecord| {
        record.profile = Some(deep.clone());
        Ok(())
    };
    let error = users
        .change(&alice.email, 100, change)
        .await
        .expect_err("too deep");
    assert_eq!(
        error.message(),
        "`profile` is nested 126 deep; at most 32 can be kept"
    );
    assert_eq!(users.get(&alice.email).await.expect("readable"), alice);
    let mallory = UserRecord::new(email("mallory@example.com"), Some(deep.clone()), 100);
    users.register(&mallory).await.expect_err("too deep");
}

#[tokio::test]
async fn pages_are_in_order_and_join() {
    let (_, users) = users();
    for name in ["carol@x.com", "alice@x.com", "bob@x.com"] {
        registered(&users, name).await;
    }
    let first = users.page(None, 2).await.expect("listable");
    assert_eq!(first.next, Some(email("bob@x.com")));
    let rest = users.page(first.next.as_ref(), 2).await.expect("listable");
    assert_eq!((rest.users.len(), rest.next), (1, None));
}

#[tokio::test]
async fn a_listing_gives_no_profiles_and_a_token_does_not_change_it() {
    let (store, users) = users();
    let alice = registered(&users, "alice@example.com").await;
    let listed = async || {
        let page = store
            .list(&Range::Listing(LISTING), None, 9)
            .await
            .expect("listable");
        page.records
            .into_iter()
            .map(|(_, record)| (record.value, record.version))
            .collect::<Vec<_>>()
    };
    let before = listed().await;
    assert_eq!(
        before,
        [(
            r#"{"created":100,"revoke_after":null}"#.to_owned(),
            Version::UNKNOWN
        )]
    );
    give_token(&users, &alice.email).await.expect("given");
    assert_eq!(listed().await, before);
    assert!(
        left(&store, &alice.email, &[])
            .await
            .iter()
            .all(|key| !key.sort.starts_with(PURGING))
    );
}
