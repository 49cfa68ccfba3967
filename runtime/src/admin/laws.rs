//! The laws of [`AdminApi`], which the local and the remote implementation run.
//!
//! A law works on users of its own and must never count or remove others'.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminApi, ImportedUser, KnownScopes, LocalAdmin, NewToken, NewUser, SafeTool};
use crate::clock::{Clock, SystemClock};
use crate::error::{ErrorKind, Result};
use crate::health::{HealthCheck, Status};
use crate::identity::{Issuer, TokenConfig};
use crate::keys::{FixedKey, SigningKey, SigningKeys};
use crate::profile::ProfileType;
use crate::records::{MAX_PROFILE_BYTES, Users};
use crate::secret::{MASK, Secret};
use crate::store::{MemoryStore, SharedStore};
use crate::user::Email;

/// The only scope that an app under these laws must name.
#[doc(hidden)]
pub const SCOPE: &str = "paint:write";

/// The profile that an app under these laws must declare.
#[derive(Debug, Deserialize, JsonSchema)]
#[doc(hidden)]
pub struct LawProfile {
    /// A credential.
    pub token: Secret<String>,
    /// A field to show.
    pub colour: Option<String>,
    /// A field of a type other than text.
    pub port: Option<u16>,
}

/// Creates a local [`AdminApi`] over [`MemoryStore`] with the profile and the safe tool that the laws need.
///
/// # Panics
/// Never: the key is long enough.
#[must_use]
#[doc(hidden)]
pub fn local() -> impl AdminApi {
    open_local()
}

/// Creates what [`local`] returns, for laws of this crate that change it.
pub(crate) fn open_local() -> LocalAdmin {
    let store: SharedStore = Arc::new(MemoryStore::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys: Arc<dyn SigningKeys> = Arc::new(FixedKey::new(
        SigningKey::new([7; 32]).expect("long enough"),
    ));
    let users = Users::new(Arc::clone(&store));
    let issuer = Issuer::new(
        Arc::clone(&keys),
        Arc::clone(&clock),
        TokenConfig::default(),
    );
    let health_check = Arc::new(HealthCheck::new(
        store,
        keys,
        Arc::clone(&clock),
        BTreeMap::new(),
    ));
    let profile = Some(ProfileType::of::<LawProfile>());
    let safe_tool = Arc::new(SafeTool::of_tool("count".into(), "Counts.".into()));
    let scopes = KnownScopes::Named([SCOPE.to_owned()].into());
    LocalAdmin {
        users,
        issuer,
        health_check,
        clock,
        profile,
        safe_tool,
        scopes,
    }
}

/// Runs every law over an API whose app declares [`LawProfile`] and a safe tool.
///
/// # Panics
/// When the API breaks a law.
pub async fn all(api: &dyn AdminApi) {
    a_user_is_registered_once(api).await;
    of_many_registrations_one_wins(api).await;
    a_profile_is_checked_merged_and_masked(api).await;
    invalid_registrations_leave_nothing(api).await;
    an_import_is_done_once_and_makes_no_token(api).await;
    a_revocation_elsewhere_is_imported(api).await;
    an_invalid_import_leaves_nothing(api).await;
    users_are_listed_in_pages(api).await;
    tokens_are_listed_and_revoked_one_by_one(api).await;
    revoking_a_user_revokes_every_token(api).await;
    a_purged_user_is_gone(api).await;
    nobody_is_not_found(api).await;
    tokens_have_bounds(api).await;
    a_first_token_is_as_it_was_asked_for(api).await;
    profiles_have_bounds(api).await;
    health_and_the_safe_tool_are_reported(api).await;
}

fn new_email() -> Email {
    format!("{}+a/b~c@law.example.com", uuid::Uuid::new_v4())
        .parse()
        .expect("valid")
}

fn new_user(email: &Email) -> NewUser {
    NewUser {
        profile: Some(json!({"token": "hush", "colour": "blue"})),
        ..NewUser::new(email.clone())
    }
}

fn new_token(email: &Email) -> NewToken {
    NewToken::new(email.clone())
}

async fn register(api: &dyn AdminApi) -> Email {
    let email = new_email();
    api.register(new_user(&email)).await.expect("registered");
    email
}

fn kind<T: std::fmt::Debug>(outcome: Result<T>) -> ErrorKind {
    outcome.expect_err("a law expects a refusal").kind()
}

async fn a_user_is_registered_once(api: &dyn AdminApi) {
    let email = new_email();
    let issued = api.register(new_user(&email)).await.expect("registered");
    assert_eq!(
        (&issued.email, issued.duration_seconds),
        (&email, crate::identity::DEFAULT_DURATION_SECONDS)
    );
    assert_eq!(issued.token.expose().split('.').count(), 3);
    let error = api.register(new_user(&email)).await.expect_err("taken");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.message().contains(email.as_str()), "{error}");
    let user = api.user(&email).await.expect("there");
    assert_eq!(
        (user.email, user.revoke_after, user.tokens),
        (email, None, 1)
    );
}

async fn of_many_registrations_one_wins(api: &dyn AdminApi) {
    let email = new_email();
    let attempts = (0..64).map(|_| api.register(new_user(&email)));
    let outcomes = futures_util::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes
            .into_iter()
            .filter_map(Result::err)
            .all(|error| error.kind() == ErrorKind::AlreadyExists)
    );
}

async fn a_profile_is_checked_merged_and_masked(api: &dyn AdminApi) {
    let email = register(api).await;
    assert_eq!(
        api.profile(&email, false).await.expect("there"),
        Some(json!({"token": MASK, "colour": "blue"}))
    );
    let merged = api
        .update_profile(&email, &json!({"colour": null, "port": 80}))
        .await
        .expect("fits");
    assert_eq!(merged, json!({"token": MASK, "port": 80}));
    for patch in [
        json!({"token": null}),
        json!({"port": "s3cret"}),
        json!({"unknown": 1}),
        json!("s3cret"),
        json!([]),
    ] {
        let error = api
            .update_profile(&email, &patch)
            .await
            .expect_err("does not fit");
        assert!(
            error.kind() == ErrorKind::Invalid && !error.message().contains("s3cret"),
            "{error}"
        );
    }
    assert_eq!(
        api.profile(&email, true).await.expect("there"),
        Some(json!({"token": "hush", "port": 80}))
    );
    assert_eq!(
        api.user(&email).await.expect("there").profile,
        Some(json!({"token": MASK, "port": 80}))
    );
}

async fn invalid_registrations_leave_nothing(api: &dyn AdminApi) {
    let email = new_email();
    for profile in [
        None,
        Some(json!({})),
        Some(json!("text")),
        Some(json!({"token": "t", "port": -1})),
    ] {
        assert_eq!(
            kind(
                api.register(NewUser {
                    profile,
                    ..new_user(&email)
                })
                .await
            ),
            ErrorKind::Invalid
        );
    }
    for seconds in [0, 1_000_000_000_000] {
        assert_eq!(
            kind(
                api.register(NewUser {
                    duration_seconds: Some(seconds),
                    ..new_user(&email)
                })
                .await
            ),
            ErrorKind::Invalid
        );
    }
    assert_eq!(kind(api.user(&email).await), ErrorKind::NotFound);
}

/// A user of another system, with a profile and two values.
fn new_import() -> ImportedUser {
    let data = json!({"note/1": {"text": "milk"}, "seen": [1, 2]})
        .as_object()
        .cloned()
        .unwrap_or_default();
    ImportedUser {
        email: new_email(),
        created: Some(1_700_000_000),
        revoke_after: Some(1_700_000_100),
        profile: Some(json!({"token": "hush"})),
        data,
    }
}

async fn an_import_is_done_once_and_makes_no_token(api: &dyn AdminApi) {
    let user = new_import();
    let email = user.email.clone();
    let first = api.import(user.clone()).await.expect("imported");
    assert_eq!((first.is_new, first.new_values), (true, 2));
    let again = ImportedUser {
        revoke_after: None,
        profile: Some(json!({"token": "other"})),
        ..user.clone()
    };
    let second = api.import(again).await.expect("imported");
    assert_eq!(
        (second.is_new, second.new_values),
        (false, 0),
        "what is there stays"
    );
    let known = api.user(&email).await.expect("known");
    assert_eq!(
        (known.created.as_str(), known.revoke_after),
        ("2023-11-14T22:13:20Z", Some(1_700_000_100))
    );
    assert!(api.tokens(&email).await.expect("known").is_empty());
    assert_eq!(
        api.profile(&email, true).await.expect("known"),
        user.profile
    );
}

async fn a_revocation_elsewhere_is_imported(api: &dyn AdminApi) {
    let user = new_import();
    let email = user.email.clone();
    api.import(user.clone()).await.expect("imported");
    api.create_token(new_token(&email)).await.expect("a token");
    let later = ImportedUser {
        revoke_after: Some(1_700_000_200),
        ..user
    };
    assert!(!api.import(later).await.expect("imported").is_new);
    assert!(
        api.tokens(&email).await.expect("known").is_empty(),
        "revoked there is revoked here"
    );
    assert_eq!(
        api.user(&email).await.expect("known").revoke_after,
        Some(1_700_000_200),
        "a revocation is not lost"
    );
}

async fn an_invalid_import_leaves_nothing(api: &dyn AdminApi) {
    let invalid = ImportedUser {
        profile: Some(json!({"port": "x"})),
        ..new_import()
    };
    assert_eq!(
        api.import(invalid.clone())
            .await
            .expect_err("does not fit")
            .kind(),
        ErrorKind::Invalid
    );
    assert_eq!(
        api.user(&invalid.email).await.expect_err("nobody").kind(),
        ErrorKind::NotFound
    );
}

async fn users_are_listed_in_pages(api: &dyn AdminApi) {
    let mut mine = vec![
        register(api).await,
        register(api).await,
        register(api).await,
    ];
    mine.sort();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = api.users(after.as_ref(), 2).await.expect("listable");
        assert!(page.users.len() <= 2);
        found.extend(page.users.into_iter().map(|user| user.email));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(found.is_sorted());
    found.retain(|email| mine.contains(email));
    assert_eq!(found, mine);
}

async fn tokens_are_listed_and_revoked_one_by_one(api: &dyn AdminApi) {
    let email = register(api).await;
    let scopes = Some(vec![SCOPE.to_owned()]);
    let laptop = NewToken {
        name: Some("laptop".into()),
        duration_seconds: Some(3_600),
        scopes: scopes.clone(),
        read_only: true,
        ..new_token(&email)
    };
    let issued = api.create_token(laptop).await.expect("created");
    assert_eq!(issued.duration_seconds, 3_600);
    let of_issued = async || {
        api.tokens(&email)
            .await
            .expect("listable")
            .into_iter()
            .find(|token| token.id == issued.id)
    };
    let listed = of_issued().await.expect("listed");
    assert_eq!(
        (
            listed.name.as_deref(),
            listed.expires,
            listed.scopes,
            listed.read_only
        ),
        (Some("laptop"), issued.expires.clone(), scopes, true)
    );
    api.revoke_token(&email, &issued.id).await.expect("revoked");
    assert!(of_issued().await.is_none());
    assert_eq!(
        api.tokens(&email).await.expect("listable").len(),
        1,
        "the first one stays"
    );
    for id in [issued.id.as_str(), "no-such-token"] {
        assert_eq!(
            kind(api.revoke_token(&email, id).await),
            ErrorKind::NotFound
        );
    }
}

async fn revoking_a_user_revokes_every_token(api: &dyn AdminApi) {
    let email = register(api).await;
    api.revoke(&email).await.expect("revoked");
    assert!(api.tokens(&email).await.expect("listable").is_empty());
    assert!(
        api.user(&email)
            .await
            .expect("still there")
            .revoke_after
            .is_some()
    );
    api.create_token(new_token(&email))
        .await
        .expect("a revoked user may have a new token");
    assert_eq!(api.user(&email).await.expect("there").tokens, 1);
}

async fn a_purged_user_is_gone(api: &dyn AdminApi) {
    let email = register(api).await;
    api.purge(&email).await.expect("purged");
    assert_eq!(kind(api.user(&email).await), ErrorKind::NotFound);
    api.register(new_user(&email))
        .await
        .expect("the name is free again");
}

async fn nobody_is_not_found(api: &dyn AdminApi) {
    let nobody = new_email();
    let kinds = [
        kind(api.user(&nobody).await),
        kind(api.revoke(&nobody).await),
        kind(api.purge(&nobody).await),
        kind(api.profile(&nobody, false).await),
        kind(api.update_profile(&nobody, &json!({"colour": "red"})).await),
        kind(api.create_token(new_token(&nobody)).await),
        kind(api.tokens(&nobody).await),
        kind(api.revoke_token(&nobody, "x").await),
    ];
    assert_eq!(kinds, [ErrorKind::NotFound; 8]);
}

async fn tokens_have_bounds(api: &dyn AdminApi) {
    let email = register(api).await;
    for token in [
        NewToken {
            duration_seconds: Some(59),
            ..new_token(&email)
        },
        NewToken {
            scopes: Some(vec!["admin".into()]),
            ..new_token(&email)
        },
        NewToken {
            scopes: Some(vec!["paint:wirte".into()]),
            ..new_token(&email)
        },
        NewToken {
            scopes: Some(vec![SCOPE.into(); 33]),
            ..new_token(&email)
        },
        NewToken {
            name: Some("x".repeat(101)),
            ..new_token(&email)
        },
    ] {
        assert_eq!(kind(api.create_token(token).await), ErrorKind::Invalid);
    }
}

async fn a_first_token_is_as_it_was_asked_for(api: &dyn AdminApi) {
    let email = new_email();
    let scopes = Some(vec![SCOPE.to_owned()]);
    let asked = NewUser {
        name: Some("ro".into()),
        scopes: scopes.clone(),
        read_only: true,
        ..new_user(&email)
    };
    let near = NewUser {
        scopes: Some(vec!["paint:wirte".into()]),
        ..asked.clone()
    };
    let error = api.register(near).await.expect_err("nothing names it");
    assert!(
        error.message().contains("did you mean `paint:write`?"),
        "{error}"
    );
    api.register(asked).await.expect("registered");
    let listed = api.tokens(&email).await.expect("listable");
    let seen: Vec<_> = listed
        .into_iter()
        .map(|token| (token.name, token.scopes, token.read_only))
        .collect();
    assert_eq!(seen, [(Some("ro".to_owned()), scopes, true)]);
}

async fn profiles_have_bounds(api: &dyn AdminApi) {
    let email = register(api).await;
    let large = json!({ "colour": "x".repeat(MAX_PROFILE_BYTES) });
    assert_eq!(
        kind(api.update_profile(&email, &large).await),
        ErrorKind::TooLarge
    );
    let large = NewUser {
        profile: Some(json!({"token": "x".repeat(MAX_PROFILE_BYTES)})),
        ..new_user(&new_email())
    };
    assert_eq!(kind(api.register(large).await), ErrorKind::TooLarge);
    api.revoke(&email)
        .await
        .expect("what takes rights away is done");
}

async fn health_and_the_safe_tool_are_reported(api: &dyn AdminApi) {
    let health = api.health().await.expect("reported");
    assert_eq!(health.status, Status::Healthy);
    assert!(health.details.contains_key("store") && health.details.contains_key("signing_key"));
    let safe = api.safe_tool().await.expect("reported");
    assert!(
        safe.supported
            && safe
                .tool
                .is_some_and(|tool| Value::Object(tool.arguments).is_object())
    );
}
