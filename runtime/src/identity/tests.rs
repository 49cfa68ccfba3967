//! The token rules, each tried from outside: a token in, a caller or a reason out.

use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::keys::{Given, SigningKey};
use crate::store::Memory;
use crate::store::laws::ManualClock;

const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

struct House {
    identity: Identity,
    users: Users,
    clock: Arc<ManualClock>,
}

async fn house(audience: Option<&str>) -> House {
    let clock = Arc::new(ManualClock::default());
    let users = Users::new(Arc::new(Memory::default()));
    let keys = Arc::new(Given::new(SigningKey::new(*KEY).expect("long enough")));
    let config = Config { audience: audience.map(str::to_owned), ..Config::default() };
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let identity = Identity::new(keys, users.clone(), shared, config);
    let alice = users.draft(alice(), None, clock.now()).await.expect("drafted");
    users.register(&alice).await.expect("registered");
    House { identity, users, clock }
}

fn alice() -> Email {
    "alice@example.com".parse().expect("valid")
}

impl House {
    async fn issue(&self) -> NewToken {
        let user = self.users.get(&alice()).await.expect("registered");
        let new = self.identity.issue(&user, TokenRequest::default()).await.expect("issued");
        let keep = |user: &mut UserRecord| Ok(user.tokens.insert(new.id.clone(), new.record.clone()));
        self.users.change(&alice(), self.clock.now(), keep).await.expect("kept");
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
        self.identity.caller(&Secret::new(token.to_owned())).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthenticated => {
                assert_eq!(error.message(), "the token is not valid", "nobody outside learns more");
                std::error::Error::source(&error).expect("a cause for the log").to_string()
            }
            kind => kind.code().to_owned(),
        })
    }
}

use jsonwebtoken::{Algorithm, EncodingKey, Header};

fn forge(algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).expect("encodes")
}

#[tokio::test]
async fn a_token_we_issue_is_its_users() {
    let house = house(None).await;
    let token = house.issue().await.token;
    let caller = house.identity.caller(&token).await.expect("valid");
    assert_eq!(caller.email(), Some(&alice()));
    assert_eq!(caller.scopes(), &Scopes::All);
}

#[tokio::test]
async fn a_token_of_an_older_system_needs_only_a_subject_and_an_end() {
    let house = house(None).await;
    house.fate(json!({})).await.expect("no jti, gen or kid");
    house.fate(json!({"sub": "ALICE@Example.com"})).await.expect("any case");
    house.fate(json!({"exp": house.clock.now() as f64 + 9.5, "iat": 1.5})).await.expect("fractions");
    house.fate(json!({"aud": "somebody"})).await.expect("an audience nobody asks for");
    for (changes, reason) in [
        (json!({"exp": null}), "malformed"),
        (json!({"exp": "soon"}), "malformed"),
        (json!({"sub": null}), "malformed"),
        (json!({"sub": ""}), "bad_subject"),
        (json!({"sub": "admin"}), "bad_subject"),
        (json!({"sub": "../../x"}), "bad_subject"),
        (json!({"sub": "bob@example.com"}), "unknown_user"),
        (json!({"exp": house.clock.now()}), "expired"),
        (json!({"exp": -1}), "expired"),
        (json!({"nbf": house.clock.now() + 1}), "not_yet_valid"),
        (json!({"gen": 0}), "revoked_user"),
        (json!({"gen": 2}), "revoked_user"),
        (json!({"gen": "1"}), "malformed"),
    ] {
        assert_eq!(house.fate(changes.clone()).await.expect_err(&changes.to_string()), reason, "{changes}");
    }
}

#[tokio::test]
async fn a_token_nobody_here_signed_is_refused() {
    let house = house(None).await;
    let claims = json!({"sub": "alice@example.com", "exp": house.clock.now() + 60});
    let good = forge(Algorithm::HS256, KEY, &claims);
    house.present(&good).await.expect("the measure of the others");
    let other = forge(Algorithm::HS256, &[9; 32], &claims);
    assert_eq!(house.present(&other).await.expect_err("another key"), "bad_signature");
    let none = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).expect("a payload"));
    let rs256 = good.replacen(good.split('.').next().expect("a header"), "eyJhbGciOiJSUzI1NiJ9", 1);
    let hs512 = forge(Algorithm::HS512, KEY, &claims);
    for token in [&none, &rs256, &hs512, "", ".", "..", "a.b.c", "eyJ", &good[..good.len() / 2]] {
        assert_eq!(house.present(token).await.expect_err(token), "malformed", "{token}");
    }
    for cut in [&good[..good.len() - 1], &format!("{good}A")] {
        house.present(cut).await.expect_err("cut or stretched");
    }
}

#[tokio::test]
async fn revoking_a_user_ends_every_token_at_once_and_a_new_one_works_in_the_same_second() {
    let house = house(None).await;
    let old = house.issue().await.token;
    let now = house.clock.now();
    house
        .users
        .change(&alice(), now, |user| {
            user.revoke(now);
            Ok(())
        })
        .await
        .expect("revoked");
    assert_eq!(house.present(old.expose()).await.expect_err("old"), "revoked_user");
    assert_eq!(house.fate(json!({"iat": now})).await.expect_err("not after the revocation"), "revoked_user");
    assert_eq!(house.fate(json!({"iat": null})).await.expect_err("no time at all"), "revoked_user");
    house.fate(json!({"iat": now + 1})).await.expect("an older system's token from after it");
    let new = house.issue().await.token;
    house.present(new.expose()).await.expect("no clock is compared");
}

#[tokio::test]
async fn one_token_is_revoked_without_the_others() {
    let house = house(None).await;
    let (one, other) = (house.issue().await, house.issue().await);
    let revoke = |user: &mut UserRecord| Ok(user.tokens.get_mut(&one.id).map(|token| token.revoked = true));
    house.users.change(&alice(), house.clock.now(), revoke).await.expect("changed").expect("known");
    assert_eq!(house.present(one.token.expose()).await.expect_err("revoked"), "revoked_token");
    house.present(other.token.expose()).await.expect("still good");
}

#[tokio::test]
async fn an_audience_that_is_set_must_match() {
    let house = house(Some("https://notes.example.com")).await;
    house.present(house.issue().await.token.expose()).await.expect("our own carry it");
    house.fate(json!({"aud": ["x", "https://notes.example.com"]})).await.expect("one of several");
    for aud in [json!(null), json!("https://other.example.com"), json!([]), json!(7)] {
        assert_eq!(house.fate(json!({"aud": aud})).await.expect_err("another's"), "wrong_audience");
    }
}

#[tokio::test]
async fn admin_user_and_probe_are_kept_apart() {
    let house = house(None).await;
    let key = SigningKey::new(*KEY).expect("long enough");
    let operator = |operator| operator_token(&key, operator, None, house.clock.now()).expect("signed");
    let (admin, probe, user) = (operator(Operator::Admin), operator(Operator::Probe), house.issue().await.token);
    house.identity.admin(&admin).await.expect("an admin token opens /admin");
    assert_eq!(house.present(admin.expose()).await.expect_err("and nothing else"), "forbidden");
    for token in [&probe, &user] {
        assert_eq!(house.identity.admin(token).await.expect_err("no admin").kind(), ErrorKind::Forbidden);
    }
    assert_eq!(house.identity.caller(&probe).await.expect("a caller").email(), None);
    house.clock.advance(300);
    assert_eq!(house.identity.admin(&admin).await.expect_err("five minutes").kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_token_is_named() {
    let house = house(None).await;
    let user = house.users.get(&alice()).await.expect("registered");
    let request = |duration, scope: &str, name: &str| TokenRequest {
        duration_seconds: duration,
        scopes: Some(vec![scope.to_owned()]),
        name: Some(name.to_owned()),
    };
    for (request, named) in [
        (request(Some(0), "a", "n"), "`duration_seconds`"),
        (request(Some(1_000_000_000_000), "a", "n"), "`duration_seconds`"),
        (request(None, "admin", "n"), "`admin`"),
        (request(None, "a b", "n"), "`a b`"),
        (request(None, "a", "line\nbreak"), "`name`"),
    ] {
        let error = house.identity.issue(&user, request).await.expect_err(named);
        assert!(error.kind() == ErrorKind::Invalid && error.message().contains(named), "{error}");
    }
}
