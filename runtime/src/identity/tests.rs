//! The token rules, each tried from outside: a token in, a caller or a reason out.

mod verifiers;

use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::keys::{FixedKey, SigningKey, SigningKeys};
use crate::records::UserRecord;
use crate::secret::Secret;
use crate::store::MemoryStore;
use crate::store::laws::ManualClock;
use crate::user::Scopes;

const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

struct Server {
    identity: Identity,
    issuer: Issuer,
    users: Users,
    clock: Arc<ManualClock>,
}

fn identity(
    keys: Arc<dyn SigningKeys>,
    users: &Users,
    clock: &Arc<dyn Clock>,
    config: &TokenConfig,
) -> Identity {
    let own = OwnTokens::new(keys, Arc::clone(clock), config.audience.clone());
    Identity::new(own, Vec::new(), users.clone(), Arc::clone(clock), None)
}

fn credential(token: &str) -> Credential {
    Credential::new(Secret::new(token.to_owned()))
}

async fn server(audience: Option<&str>) -> Server {
    let clock = Arc::new(ManualClock::default());
    let users = Users::new(Arc::new(MemoryStore::default()));
    let keys = Arc::new(FixedKey::new(SigningKey::new(*KEY).expect("long enough")));
    let config = TokenConfig {
        audience: audience.map(str::to_owned),
        ..TokenConfig::default()
    };
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let identity = identity(Arc::<FixedKey>::clone(&keys), &users, &shared, &config);
    let server = Server {
        identity,
        issuer: Issuer::new(keys, shared, config),
        users,
        clock,
    };
    server.register(false).await;
    server.clock.advance(10);
    server
}

fn alice() -> Email {
    "alice@example.com".parse().expect("valid")
}

impl Server {
    async fn register(&self, is_imported: bool) {
        let record = UserRecord {
            is_imported,
            ..UserRecord::new(alice(), None, self.clock.now())
        };
        self.users.register(&record).await.expect("registered");
    }

    async fn issue(&self) -> DraftToken {
        let user = self.users.get(&alice()).await.expect("registered");
        let new = self
            .issuer
            .issue(&user, TokenRequest::default())
            .await
            .expect("issued");
        let keep =
            |user: &mut UserRecord| Ok(user.tokens.insert(new.id.clone(), new.record.clone()));
        self.users
            .change(&alice(), self.clock.now(), keep)
            .await
            .expect("kept");
        new
    }

    /// What becomes of a token with these claims on top of good ones; `null` leaves a claim out.
    async fn fate(&self, changes: Value) -> Result<Caller, String> {
        let now = self.clock.now();
        let mut claims = json!({"sub": "alice@example.com", "iat": now, "exp": now + 60});
        crate::profile::merge(&mut claims, &changes);
        self.present(&forge(Algorithm::HS256, KEY, &claims)).await
    }

    async fn present(&self, token: &str) -> Result<Caller, String> {
        let caller = self.identity.caller(&credential(token)).await;
        caller
            .map(|caller| caller.expect("a token is there"))
            .map_err(|error| match error.kind() {
                ErrorKind::Unauthenticated => {
                    assert_eq!(
                        error.message(),
                        "the token is not valid",
                        "nobody outside learns more"
                    );
                    std::error::Error::source(&error)
                        .expect("a cause for the log")
                        .to_string()
                }
                kind => kind.code().to_owned(),
            })
    }
}

use jsonwebtoken::{Algorithm, EncodingKey, Header};

fn forge(algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(
        &Header::new(algorithm),
        claims,
        &EncodingKey::from_secret(key),
    )
    .expect("encodes")
}

#[tokio::test]
async fn a_token_we_issue_is_its_users() {
    let server = server(None).await;
    let token = server.issue().await.token;
    let caller = server
        .identity
        .caller(&credential(token.expose()))
        .await
        .expect("valid")
        .expect("a token is there");
    assert_eq!(caller.email(), Some(&alice()));
    assert_eq!(caller.scopes(), &Scopes::All);
}

#[tokio::test]
async fn a_token_of_an_older_system_needs_a_subject_a_beginning_and_an_end() {
    let server = server(None).await;
    server.fate(json!({})).await.expect("no jti or kid");
    server
        .fate(json!({"sub": "ALICE@Example.com"}))
        .await
        .expect("any case");
    let now = server.clock.now() as f64;
    server
        .fate(json!({"exp": now + 9.5, "iat": now - 0.5}))
        .await
        .expect("fractions");
    server
        .fate(json!({"aud": "somebody"}))
        .await
        .expect("an audience nobody asks for");
    for (changes, reason) in [
        (json!({"exp": null}), "malformed"),
        (json!({"exp": "soon"}), "malformed"),
        (json!({"sub": null}), "malformed"),
        (json!({"sub": ""}), "bad_subject"),
        (json!({"sub": "admin"}), "bad_subject"),
        (json!({"sub": "../../x"}), "bad_subject"),
        (json!({"sub": "bob@example.com"}), "unknown_user"),
        (json!({"exp": server.clock.now()}), "expired"),
        (json!({"exp": -1}), "expired"),
        (json!({"nbf": server.clock.now() + 1}), "not_yet_valid"),
        (json!({"iat": server.clock.now() + 1}), "not_yet_valid"),
        (json!({"iat": null}), "older_than_user"),
        (json!({"iat": server.clock.now() - 11}), "older_than_user"),
        (json!({"iat": server.clock.now() - 10}), "older_than_user"),
        (json!({"jti": "not in the record"}), "revoked_token"),
        (json!({"jti": ""}), "revoked_token"),
        (json!({"scope": "admin"}), "bad_subject"),
        (json!({"scope": "probe"}), "bad_subject"),
    ] {
        assert_eq!(
            server
                .fate(changes.clone())
                .await
                .expect_err(&changes.to_string()),
            reason,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn a_token_nobody_here_signed_is_refused() {
    let server = server(None).await;
    let claims = json!({"sub": "alice@example.com", "iat": server.clock.now(), "exp": server.clock.now() + 60});
    let good = forge(Algorithm::HS256, KEY, &claims);
    server
        .present(&good)
        .await
        .expect("the measure of the others");
    let other = forge(Algorithm::HS256, &[9; 32], &claims);
    assert_eq!(
        server.present(&other).await.expect_err("another key"),
        "bad_signature"
    );
    let none = format!(
        "eyJhbGciOiJub25lIn0.{}.",
        good.split('.').nth(1).expect("a payload")
    );
    let rs256 = good.replacen(
        good.split('.').next().expect("a header"),
        "eyJhbGciOiJSUzI1NiJ9",
        1,
    );
    let hs512 = forge(Algorithm::HS512, KEY, &claims);
    for token in [
        &none,
        &rs256,
        &hs512,
        "",
        ".",
        "..",
        "a.b.c",
        "eyJ",
        &good[..good.len() / 2],
    ] {
        assert_eq!(
            server.present(token).await.expect_err(token),
            "malformed",
            "{token}"
        );
    }
    for cut in [&good[..good.len() - 1], &format!("{good}A")] {
        server.present(cut).await.expect_err("cut or stretched");
    }
}

#[tokio::test]
async fn revoking_a_user_ends_every_token_at_once_and_a_new_one_works_in_the_same_second() {
    let server = server(None).await;
    let old = server.issue().await.token;
    let now = server.clock.now();
    server.users.revoke(&alice(), now).await.expect("revoked");
    assert_eq!(
        server.present(old.expose()).await.expect_err("old"),
        "revoked_user"
    );
    assert_eq!(
        server
            .fate(json!({"iat": now}))
            .await
            .expect_err("not after the revocation"),
        "revoked_user"
    );
    assert_eq!(
        server
            .fate(json!({"iat": null}))
            .await
            .expect_err("no time at all"),
        "older_than_user"
    );
    let new = server.issue().await.token;
    server
        .present(new.expose())
        .await
        .expect("no clock is compared");
    server.clock.advance(1);
    server
        .fate(json!({"iat": now + 1}))
        .await
        .expect("an older system's token from after it");
}

#[tokio::test]
async fn one_token_is_revoked_without_the_others() {
    let server = server(None).await;
    let (one, other) = (server.issue().await, server.issue().await);
    server
        .users
        .revoke_token(&alice(), &one.id, server.clock.now())
        .await
        .expect("known");
    assert_eq!(
        server
            .present(one.token.expose())
            .await
            .expect_err("revoked"),
        "revoked_token"
    );
    server
        .present(other.token.expose())
        .await
        .expect("still good");
}

#[tokio::test]
async fn an_audience_that_is_set_must_match() {
    let server = server(Some("https://notes.example.com")).await;
    server
        .present(server.issue().await.token.expose())
        .await
        .expect("our own carry it");
    server
        .fate(json!({"aud": ["x", "https://notes.example.com"]}))
        .await
        .expect("one of several");
    for aud in [
        json!(null),
        json!("https://other.example.com"),
        json!([]),
        json!(7),
    ] {
        assert_eq!(
            server
                .fate(json!({"aud": aud}))
                .await
                .expect_err("another's"),
            "wrong_audience"
        );
    }
}

#[tokio::test]
async fn admin_user_and_probe_are_kept_apart() {
    let server = server(None).await;
    let key = SigningKey::new(*KEY).expect("long enough");
    let operator =
        |operator| operator_token(&key, operator, None, server.clock.now()).expect("signed");
    let (admin, probe, user) = (
        operator(Operator::Admin),
        operator(Operator::Probe),
        server.issue().await.token,
    );
    server
        .identity
        .admin(&credential(admin.expose()))
        .await
        .expect("an admin token opens /admin");
    assert_eq!(
        server
            .present(admin.expose())
            .await
            .expect_err("and nothing else"),
        "forbidden"
    );
    for token in [&probe, &user] {
        assert_eq!(
            server
                .identity
                .admin(&credential(token.expose()))
                .await
                .expect_err("no admin")
                .kind(),
            ErrorKind::Forbidden
        );
    }
    assert_eq!(
        server
            .identity
            .caller(&credential(probe.expose()))
            .await
            .expect("a caller")
            .expect("a token is there")
            .email(),
        None
    );
    server.clock.advance(300);
    assert_eq!(
        server
            .identity
            .admin(&credential(admin.expose()))
            .await
            .expect_err("five minutes")
            .kind(),
        ErrorKind::Unauthenticated
    );
}

#[tokio::test]
async fn an_imported_users_token_of_the_same_second_goes_on() {
    let server = server(None).await;
    server
        .users
        .purge(&alice(), server.clock.now())
        .await
        .expect("purged");
    server.register(true).await;
    server
        .fate(json!({}))
        .await
        .expect("the other system made user and token in one second");
    let earlier = server
        .fate(json!({"iat": server.clock.now() - 1}))
        .await
        .expect_err("another user's");
    assert_eq!(earlier, "older_than_user");
}

#[tokio::test]
async fn no_token_of_a_purged_user_is_a_namesakes() {
    let server = server(None).await;
    let ours = server.issue().await.token;
    let older = forge(
        Algorithm::HS256,
        KEY,
        &json!({"sub": alice(), "iat": server.clock.now(), "exp": server.clock.now() + 60}),
    );
    server.present(&older).await.expect("good until the purge");
    server
        .users
        .purge(&alice(), server.clock.now())
        .await
        .expect("purged");
    assert_eq!(
        server.present(ours.expose()).await.expect_err("gone"),
        "unknown_user"
    );
    server.register(false).await;
    assert_eq!(
        server.present(ours.expose()).await.expect_err("another's"),
        "revoked_token"
    );
    assert_eq!(
        server
            .present(&older)
            .await
            .expect_err("of the second of the registration"),
        "older_than_user"
    );
}

#[tokio::test]
async fn a_clock_that_was_wrong_for_a_moment_brings_no_revoked_token_back() {
    let server = server(None).await;
    let (kept, revoked) = (server.issue().await, server.issue().await);
    server
        .users
        .revoke_token(&alice(), &revoked.id, server.clock.now())
        .await
        .expect("known");
    let in_a_year = server.clock.now() + 365 * 24 * 3_600;
    server
        .users
        .change(&alice(), in_a_year, |_| Ok(()))
        .await
        .expect("changed by a fast clock");
    assert_eq!(
        server
            .present(revoked.token.expose())
            .await
            .expect_err("still"),
        "revoked_token"
    );
    assert_eq!(
        server
            .present(kept.token.expose())
            .await
            .expect_err("the safe side"),
        "revoked_token"
    );
}

#[tokio::test]
async fn a_token_is_as_its_record_says() {
    let server = server(None).await;
    let user = server.users.get(&alice()).await.expect("registered");
    let request = TokenRequest {
        scopes: Some(vec!["a".into()]),
        read_only: true,
        ..TokenRequest::default()
    };
    let new = server.issuer.issue(&user, request).await.expect("issued");
    assert_eq!(
        server
            .present(new.token.expose())
            .await
            .expect_err("not kept yet"),
        "revoked_token"
    );
    let keep = |user: &mut UserRecord| Ok(user.tokens.insert(new.id.clone(), new.record.clone()));
    server
        .users
        .change(&alice(), server.clock.now(), keep)
        .await
        .expect("kept");
    let caller = server.present(new.token.expose()).await.expect("kept");
    assert!(caller.is_read_only() && caller.scopes() == &Scopes::Only(["a".to_owned()].into()));
    assert_eq!(caller.registration(), Some(&user.id));
}

#[tokio::test]
async fn an_operators_token_is_short_lived_and_says_who_and_since_when() {
    let server = server(None).await;
    let now = server.clock.now();
    let good = json!({"sub": "admin", "scope": "admin", "iat": now, "exp": now + 300});
    let admin = async |changes: Value| {
        let mut claims = good.clone();
        crate::profile::merge(&mut claims, &changes);
        let token = forge(Algorithm::HS256, KEY, &claims);
        server
            .identity
            .admin(&credential(&token))
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Unauthenticated => std::error::Error::source(&error)
                    .expect("a cause")
                    .to_string(),
                kind => kind.code().to_owned(),
            })
    };
    admin(json!({})).await.expect("as the CLI makes them");
    admin(json!({"iat": now + 60, "exp": now + 360}))
        .await
        .expect("a clock that is a little ahead");
    for (changes, reason) in [
        (json!({"exp": now + 301}), "long_lived"),
        (json!({"exp": 1e300}), "long_lived"),
        (json!({"iat": null}), "long_lived"),
        (json!({"iat": now + 61, "exp": now + 120}), "long_lived"),
        (json!({"iat": now + 50, "exp": now + 40}), "long_lived"),
        (json!({"sub": "probe"}), "forbidden"),
        (json!({"sub": "alice@example.com"}), "forbidden"),
        (json!({"scope": "admin probe"}), "forbidden"),
        (json!({"scope": null}), "forbidden"),
    ] {
        assert_eq!(
            admin(changes.clone())
                .await
                .expect_err(&changes.to_string()),
            reason,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn a_header_that_asks_for_an_extension_is_refused() {
    let server = server(None).await;
    let claims = json!({"sub": "alice@example.com", "iat": server.clock.now(), "exp": server.clock.now() + 60});
    let header = Header {
        crit: Some(vec!["exp".to_owned()]),
        ..Header::new(Algorithm::HS256)
    };
    let token =
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(KEY)).expect("encodes");
    assert_eq!(
        server.present(&token).await.expect_err("critical"),
        "malformed"
    );
}

/// Keys of which the second is the last one's.
#[derive(Debug)]
struct Rotated([Arc<SigningKey>; 2]);

impl std::fmt::Display for Rotated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("two keys")
    }
}

#[async_trait::async_trait]
impl crate::keys::SigningKeys for Rotated {
    async fn current(&self) -> crate::Result<Arc<SigningKey>> {
        Ok(Arc::clone(&self.0[0]))
    }

    async fn verification_keys(&self, _id: Option<&str>) -> crate::Result<Vec<Arc<SigningKey>>> {
        Ok(self.0.to_vec())
    }
}

#[tokio::test]
async fn the_key_before_opens_admin_no_more_and_users_tokens_still() {
    let Server { users, clock, .. } = server(None).await;
    let [new, old] =
        [[9; 32], *KEY].map(|key| Arc::new(SigningKey::new(key).expect("long enough")));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let keys = Arc::new(Rotated([Arc::clone(&new), Arc::clone(&old)]));
    let identity = identity(keys, &users, &shared, &TokenConfig::default());
    let admin = |key| operator_token(key, Operator::Admin, None, clock.now()).expect("signed");
    identity
        .admin(&credential(admin(&new).expose()))
        .await
        .expect("the current key's");
    let error = identity
        .admin(&credential(admin(&old).expose()))
        .await
        .expect_err("the one before");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(
        std::error::Error::source(&error)
            .expect("a cause")
            .to_string(),
        "replaced_key"
    );
    let claims = json!({"sub": "alice@example.com", "iat": clock.now(), "exp": clock.now() + 60});
    identity
        .caller(&credential(&forge(Algorithm::HS256, KEY, &claims)))
        .await
        .expect("users go on");
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_token_is_named() {
    let server = server(None).await;
    let user = server.users.get(&alice()).await.expect("registered");
    let request = |duration, scope: &str, name: &str| TokenRequest {
        duration_seconds: duration,
        scopes: Some(vec![scope.to_owned()]),
        name: Some(name.to_owned()),
        read_only: false,
    };
    for (request, named) in [
        (request(Some(0), "a", "n"), "`duration_seconds`"),
        (
            request(Some(1_000_000_000_000), "a", "n"),
            "`duration_seconds`",
        ),
        (request(None, "admin", "n"), "`admin`"),
        (request(None, "a b", "n"), "`a b`"),
        (request(None, "a", "line\nbreak"), "`name`"),
        (
            TokenRequest {
                scopes: Some(vec!["a".into(); 33]),
                ..TokenRequest::default()
            },
            "`scopes`",
        ),
    ] {
        let error = server.issuer.issue(&user, request).await.expect_err(named);
        assert!(
            error.kind() == ErrorKind::Invalid && error.message().contains(named),
            "{error}"
        );
    }
}

#[tokio::test]
async fn own_tokens_keep_the_laws_of_verifiers() {
    let server = server(Some("https://notes.example.com")).await;
    let issued = server.issue().await;
    let now = server.clock.now();
    let forged = |changes: Value| {
        let mut claims = json!({"sub": "alice@example.com", "iat": now, "exp": now + 60, "aud": "https://notes.example.com"});
        crate::profile::merge(&mut claims, &changes);
        forge(Algorithm::HS256, KEY, &claims)
    };
    let refused = [
        json!({"exp": now}),
        json!({"nbf": now + 1}),
        json!({"aud": "https://other.example.com"}),
        json!({"sub": "not an email"}),
        json!({"sub": "probe", "scope": "probe", "exp": now + 301}),
    ];
    let claims = Claims::user(alice(), now).with_token_id(issued.id);
    let samples = laws::Samples::new(credential(issued.token.expose()), claims)
        .with_refused(refused.map(forged).map(|token| credential(&token)));
    laws::all(server.identity.own.as_ref(), &samples).await;
}

#[tokio::test]
async fn a_remembered_signature_is_no_verdict_about_time_or_revocation() {
    let server = server(None).await;
    let [ending, revoked] = [server.issue().await, server.issue().await];
    for token in [&ending, &revoked] {
        server.present(token.token.expose()).await.expect("valid");
    }
    server
        .users
        .revoke_token(&alice(), &revoked.id, server.clock.now())
        .await
        .expect("known");
    assert_eq!(
        server
            .present(revoked.token.expose())
            .await
            .expect_err("at the next call"),
        "revoked_token"
    );
    server.clock.advance(ending.duration_seconds);
    assert_eq!(
        server
            .present(ending.token.expose())
            .await
            .expect_err("its time is over"),
        "expired"
    );
}
