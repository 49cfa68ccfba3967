//! The order of verifiers, what they see, and users whom they have registered.

use serde_json::json;

use super::*;

/// Recognises tokens that begin with its name, and counts how often it is asked.
#[derive(Debug)]
struct Prefixed {
    name: &'static str,
    verdict: Verdict,
    asked: std::sync::atomic::AtomicUsize,
}

impl Prefixed {
    fn new(name: &'static str, verdict: Verdict) -> Arc<Self> {
        Arc::new(Self {
            name,
            verdict,
            asked: std::sync::atomic::AtomicUsize::default(),
        })
    }

    fn count(&self) -> usize {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Verifier for Prefixed {
    async fn verify(&self, credential: &Credential) -> Result<Verdict> {
        self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let token = credential.token();
        let is_mine = token.is_some_and(|token| token.starts_with(self.name));
        Ok(if is_mine {
            self.verdict.clone()
        } else {
            Verdict::Unrecognized
        })
    }

    fn challenge(&self) -> Challenge {
        Challenge::bearer().with_parameter("realm", self.name)
    }
}

#[tokio::test]
async fn the_first_verifier_that_recognises_a_credential_decides() {
    let mut server = server(None).await;
    let valid = |at| Verdict::Valid(Claims::user(alice(), at));
    let refusing = Prefixed::new("key-", Verdict::Refused("key_is_blocked".into()));
    let second = Prefixed::new("key-", valid(server.clock.now()));
    let third = Prefixed::new("other-", valid(server.clock.now()));
    server.identity.verifiers = vec![
        Arc::<Prefixed>::clone(&refusing),
        Arc::<Prefixed>::clone(&second),
        Arc::<Prefixed>::clone(&third),
    ];
    assert_eq!(
        server
            .present("key-1")
            .await
            .expect_err("the first decides"),
        "key_is_blocked"
    );
    assert_eq!((refusing.count(), second.count()), (1, 0));
    server.present("other-1").await.expect("the third's");
    assert_eq!(
        server.present("nobodys-1").await.expect_err("nobody's"),
        "malformed"
    );
    let before = refusing.count();
    let own = server.issue().await.token;
    server.present(own.expose()).await.expect("an own token");
    assert_eq!(refusing.count(), before, "others never see an own token");
    let challenges = server.identity.challenges();
    assert_eq!(challenges.len(), 1, "one for each scheme");
    assert_eq!(challenges[0].to_string(), r#"Bearer realm="key-""#);
}

#[tokio::test]
async fn a_verifiers_reason_is_never_counted_as_one_of_a_token_signed_here() {
    let mut server = server(None).await;
    for reason in ["revoked_token", "expired"] {
        server.identity.verifiers = vec![Prefixed::new("key-", Verdict::Refused(reason.into()))];
        let error = server.identity.caller(&credential("key-1")).await;
        let error = error.expect_err("refused");
        let denial = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
        assert_eq!(denial, Some(&Denial::ByVerifier(reason.into())));
        assert!(!Denial::ByVerifier(reason.into()).is_of_signed_token());
    }
}

#[tokio::test]
async fn revocation_is_the_same_for_every_verifier() {
    let mut server = server(None).await;
    let verdict = Verdict::Valid(Claims::user(alice(), server.clock.now()));
    server.identity.verifiers = vec![Prefixed::new("key-", verdict)];
    server.present("key-1").await.expect("registered before");
    let admin = server.identity.admin(&credential("key-1")).await;
    assert_eq!(
        admin.expect_err("a user").kind(),
        ErrorKind::Forbidden,
        "no verifier makes an operator"
    );
    server
        .users
        .revoke(&alice(), server.clock.now())
        .await
        .expect("revoked");
    assert_eq!(
        server.present("key-1").await.expect_err("at the next call"),
        "revoked_user"
    );
    server
        .users
        .purge(&alice(), server.clock.now())
        .await
        .expect("purged");
    assert_eq!(
        server.present("key-1").await.expect_err("gone"),
        "unknown_user"
    );
}

/// Recognises users by a header of a proxy, and nothing without the proxy's secret.
#[derive(Debug)]
struct Proxy;

#[async_trait::async_trait]
impl Verifier for Proxy {
    async fn verify(&self, credential: &Credential) -> Result<Verdict> {
        Ok(
            match (
                credential.header("x-proxy-secret"),
                credential.header("x-user"),
            ) {
                (None, _) => Verdict::Unrecognized,
                (Some("sesame"), Some(user)) => {
                    Verdict::Valid(Claims::user(user.parse()?, 1_800_000_005))
                }
                _ => Verdict::Refused("not_the_proxy".into()),
            },
        )
    }

    fn challenge(&self) -> Challenge {
        Challenge::bearer()
    }

    fn secret_headers(&self) -> Vec<String> {
        vec!["X-Proxy-Secret".to_owned()]
    }
}

fn by_headers(headers: &[(&'static str, &'static str)]) -> Credential {
    let pairs = headers.iter().map(|(name, value)| {
        let value = http::HeaderValue::from_static(value);
        (http::HeaderName::from_static(name), value)
    });
    Credential::from_request(http::Method::POST, "/mcp", pairs.collect())
}

#[tokio::test]
async fn a_request_without_a_token_is_whoever_a_verifier_recognises() {
    let server = server(None).await;
    let mut identity = server.identity.clone();
    let bare = by_headers(&[("authorization", "Basic x")]);
    assert!(
        identity
            .caller(&bare)
            .await
            .expect("no credential")
            .is_none()
    );
    assert!(
        identity
            .admin(&bare)
            .await
            .expect("no credential")
            .is_none()
    );
    identity.verifiers = vec![Arc::new(Proxy)];
    assert!(
        identity
            .caller(&bare)
            .await
            .expect("not the proxy's")
            .is_none()
    );
    let proxied = [
        ("x-proxy-secret", "sesame"),
        ("x-user", "alice@example.com"),
    ];
    let proxied = by_headers(&proxied);
    let caller = identity.caller(&proxied).await.expect("the proxy's");
    assert_eq!(caller.expect("a user").email(), Some(&alice()));
    let error = identity.admin(&proxied).await.expect_err("a user");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let forged = by_headers(&[("x-proxy-secret", "guess"), ("x-user", "alice@example.com")]);
    let error = identity.caller(&forged).await.expect_err("not the proxy");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let own = server.issue().await.token;
    let both = forged.with_token(Some(own.clone()));
    let caller = identity.caller(&both).await.expect("own tokens come first");
    assert!(caller.is_some());
}

#[test]
fn headers_that_can_be_named_are_secret() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let keys = Arc::new(FixedKey::new(SigningKey::new(*KEY).expect("long enough")));
    let own = OwnTokens::new(keys, Arc::clone(&clock), None);
    let users = Users::new(Arc::new(MemoryStore::default()));
    let identity = Identity::new(own, vec![Arc::new(Proxy)], users, clock, None);
    assert_eq!(identity.secret_headers(), ["x-proxy-secret"]);
}

#[tokio::test]
async fn a_verifier_by_headers_keeps_the_laws() {
    let proxied = [
        ("x-proxy-secret", "sesame"),
        ("x-user", "alice@example.com"),
    ];
    let claims = Claims::user(alice(), 1_800_000_005);
    let forged = by_headers(&[("x-proxy-secret", "guess"), ("x-user", "alice@example.com")]);
    let samples = laws::Samples::new(by_headers(&proxied), claims).with_refused([forged]);
    laws::all(&Proxy, &samples).await;
}

/// Takes whoever comes without a credential for alice.
#[derive(Debug)]
struct Open;

#[async_trait::async_trait]
impl Verifier for Open {
    async fn verify(&self, _: &Credential) -> Result<Verdict> {
        Ok(Verdict::Valid(Claims::user(alice(), 1)))
    }

    fn challenge(&self) -> Challenge {
        Challenge::bearer()
    }
}

#[tokio::test]
#[should_panic(expected = "a request without a credential")]
async fn a_verifier_that_lets_anyone_in_breaks_a_law() {
    let samples = laws::Samples::new(credential("key-1"), Claims::user(alice(), 1));
    laws::all(&Open, &samples).await;
}

fn bob() -> Email {
    "bob@example.com".parse().expect("valid")
}

fn first_seen(server: &Server, claims: Claims) -> Identity {
    let mut identity = server.identity.clone();
    identity.verifiers = vec![Prefixed::new("key-", Verdict::Valid(claims))];
    identity
}

async fn reason(identity: &Identity) -> String {
    let refused = identity.caller(&credential("key-1")).await;
    let error = refused.expect_err("refused");
    std::error::Error::source(&error)
        .expect("a cause")
        .to_string()
}

#[tokio::test]
async fn a_user_whom_an_issuer_answers_for_is_registered_once_at_first_sight() {
    let server = server(None).await;
    let now = server.clock.now();
    let scopes = Scopes::from_claim(Some("notes:read"));
    let claims = Claims::user(bob(), now - 5).with_scopes(scopes.clone());
    assert_eq!(
        reason(&first_seen(&server, claims.clone())).await,
        "unknown_user"
    );
    let claims = claims.register_if_new(Some(json!({"name": "Bob"})));
    assert!(!format!("{claims:?}").contains("Bob"));
    let identity = first_seen(&server, claims);
    let card = credential("key-1");
    let callers = futures_util::future::join_all((0..8).map(|_| identity.caller(&card))).await;
    let record = server.users.get(&bob()).await.expect("registered");
    assert_eq!((record.created, record.tokens.len()), (now, 0));
    for caller in callers {
        let caller = caller.expect("valid").expect("a user");
        assert_eq!(caller.registration(), Some(&record.id), "one registration");
        assert_eq!(caller.profile(), Some(&json!({"name": "Bob"})));
        assert_eq!(caller.scopes(), &scopes);
    }
    let other = Claims::user(bob(), now - 9).register_if_new(Some(json!({"name": "Robert"})));
    let caller = first_seen(&server, other).caller(&card).await;
    let caller = caller.expect("an older credential").expect("a user");
    assert_eq!(
        caller.profile(),
        Some(&json!({"name": "Bob"})),
        "the record's"
    );
}

#[tokio::test]
async fn a_record_decides_about_who_is_registered_at_first_sight() {
    let server = server(None).await;
    let issued = server.clock.now();
    let identity = first_seen(&server, Claims::user(bob(), issued).register_if_new(None));
    let card = credential("key-1");
    identity.caller(&card).await.expect("registered");
    server.clock.advance(5);
    server
        .users
        .revoke(&bob(), server.clock.now())
        .await
        .expect("known");
    assert_eq!(reason(&identity).await, "revoked_user");
    let key = crate::store::Key::new("user#bob@example.com", "record");
    let mut purging = server.users.get(&bob()).await.expect("known");
    purging.is_purging = true;
    let text = serde_json::to_string(&purging).expect("JSON");
    let put = crate::store::Put::new(text, crate::store::When::Always);
    server.users.store().put(&key, put).await.expect("written");
    assert_eq!(
        reason(&identity).await,
        "revoked_user",
        "while a purge goes on"
    );
}

#[tokio::test]
async fn a_credential_that_would_be_refused_registers_nobody() {
    let server = server(None).await;
    let now = server.clock.now();
    let user = || Claims::user(bob(), now).register_if_new(None);
    let early = Claims::user(bob(), now + 1).register_if_new(None);
    let big = user().register_if_new(Some(json!({"name": "x".repeat(70_000)})));
    let listed = user().with_token_id("of another server");
    let text = user().register_if_new(Some(json!("no object")));
    for (claims, expected) in [
        (early, "not_yet_valid"),
        (big, "unfit_profile"),
        (text, "unfit_profile"),
        (listed, "revoked_token"),
    ] {
        assert_eq!(reason(&first_seen(&server, claims)).await, expected);
        assert!(server.users.find(&bob()).await.expect("readable").is_none());
    }
    let identity = first_seen(&server, user());
    let error = identity
        .admin(&credential("key-1"))
        .await
        .expect_err("a user");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let found = server.users.find(&bob()).await.expect("readable");
    assert!(found.is_none(), "/admin registers nobody");
}
