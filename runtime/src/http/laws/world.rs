//! A router with one table of routes, callers of every kind, and their answers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;

use crate::admin::laws::open_local;
use crate::admin::{AdminApi, KnownScopes, LocalAdmin, NewToken, NewUser};
use crate::call::States;
use crate::clock::{Clock, SystemClock};
use crate::http::routes::{Access, MountedRoutes, Route, Routes};
use crate::http::{OriginPolicy, RouteRequest, RouteResponse, RouteServices, Router, body, path};
use crate::identity::{Identity, Operator, OwnTokens, operator_token};
use crate::keys::{FixedKey, SigningKey};

/// The prefix of the routes under the laws.
pub(super) const PREFIX: &str = "/under/laws";

/// The words of a handler that panics.
pub(super) const SECRET: &str = "hunter2";

/// The value of every parameter of a path.
const SAMPLE: &str = "sample";

/// The handlers of a table under the laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handlers {
    /// The table's own.
    Own,
    /// Handlers that store their requests.
    Recording,
    /// Functions that panic before they give a future.
    PanickingAtOnce,
    /// Functions whose futures panic.
    PanickingLater,
    /// Handlers that never end.
    Endless,
}

/// The requests that reached a handler.
type Reached = Arc<Mutex<Vec<RouteRequest>>>;

impl Handlers {
    fn replace(self, mut route: Route, reached: &Reached) -> Route {
        let reached = Arc::clone(reached);
        match self {
            Self::Own => {}
            Self::Recording => {
                route.handler = Arc::new(move |request| {
                    let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
                    reached.push(request);
                    Box::pin(async { Ok(RouteResponse::text("reached")) })
                });
            }
            Self::PanickingAtOnce => route.handler = Arc::new(|_| panic!("{SECRET}")),
            Self::PanickingLater => {
                route.handler = Arc::new(|_| Box::pin(async { panic!("{SECRET}") }));
            }
            Self::Endless => route.handler = Arc::new(|_| Box::pin(std::future::pending())),
        }
        route
    }
}

/// The callers that ask for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Client {
    /// No credential.
    Nobody,
    /// A token that nobody signed.
    Forged,
    /// A user who was revoked.
    Revoked,
    /// A user whose token can do everything.
    User,
    /// A user whose token has no scope.
    WithoutScopes,
    /// A user whose token only reads.
    Reader,
    /// An operator.
    Admin,
    /// An operator's probe.
    Probe,
}

impl Client {
    pub(super) const ALL: [Self; 8] = [
        Self::Nobody,
        Self::Forged,
        Self::Revoked,
        Self::User,
        Self::WithoutScopes,
        Self::Reader,
        Self::Admin,
        Self::Probe,
    ];
}

/// A route as the laws know it.
#[derive(Clone, Debug)]
pub(in crate::http) struct Row {
    pub(in crate::http) method: Method,
    pub(in crate::http) pattern: String,
    pub(in crate::http) access: Access,
    pub(in crate::http) scopes: Vec<String>,
}

impl Row {
    /// Returns the path below the prefix, with a value for each parameter.
    pub(super) fn path(&self) -> String {
        let value = |segment| path::parameter_name(segment).map_or(segment, |_| SAMPLE);
        let segments: Vec<_> = path::segments(&self.pattern).map(value).collect();
        format!("/{}", segments.join("/"))
    }

    /// Returns whether the path of the other row is one of this pattern's.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let path: Vec<_> = path::segments(&other.path()).map(str::to_owned).collect();
        path::matches(&self.pattern, &path).is_some()
    }

    /// Returns a client that the route answers.
    pub(super) const fn entitled(&self) -> Client {
        match self.access {
            Access::Public => Client::Nobody,
            Access::Caller => Client::User,
            Access::Admin => Client::Admin,
        }
    }

    /// Returns the status that a client is refused with; `None` for one that the route answers.
    pub(super) fn refusal_of(&self, client: Client) -> Option<u16> {
        match (self.access, client) {
            (Access::Public, _)
            | (Access::Caller, Client::User)
            | (Access::Admin, Client::Admin) => None,
            (_, Client::Nobody | Client::Forged) | (Access::Caller, Client::Revoked) => Some(401),
            (Access::Caller, Client::WithoutScopes) if self.scopes.is_empty() => None,
            (Access::Caller, Client::Reader) if self.method.is_safe() => None,
            _ => Some(403),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.pattern)
    }
}

/// A router with one table of routes below a prefix.
pub(in crate::http) struct World {
    router: Router,
    prefix: &'static str,
    rows: Vec<Row>,
    tokens: Vec<(Client, String)>,
    /// The requests that reached a handler, where the handlers are the laws' own.
    reached: Option<Reached>,
}

#[derive(Debug)]
struct Table {
    routes: Vec<Route>,
}

impl Routes for Table {
    fn routes(&self) -> Vec<Route> {
        self.routes.clone()
    }
}

impl World {
    /// Mounts routes with these handlers.
    pub(super) async fn of_routes(
        routes: &dyn Routes,
        handlers: Handlers,
        states: &States,
    ) -> Self {
        let reached = Reached::default();
        let routes = routes.routes().into_iter();
        let routes: Vec<_> = routes
            .map(|route| handlers.replace(route, &reached))
            .collect();
        let rows = routes.iter().map(|route| Row {
            method: route.method.clone(),
            pattern: route.path.clone(),
            access: route.access,
            scopes: route.scopes.clone(),
        });
        let mut world = Self::of_rows(PREFIX, rows.collect()).await;
        world.router.services.states = states.clone();
        world.reached = (handlers != Handlers::Own).then_some(reached);
        world.router.routes = vec![MountedRoutes::new(PREFIX, &Table { routes })];
        if handlers == Handlers::Endless {
            world.router.route_timeout = Duration::ZERO;
        }
        world
    }

    /// Makes a world of the router's own routes below a prefix.
    pub(in crate::http) async fn of_rows(prefix: &'static str, rows: Vec<Row>) -> Self {
        let admin = LocalAdmin {
            profile: None,
            scopes: KnownScopes::Any,
            ..open_local()
        };
        Self {
            tokens: tokens(&admin).await,
            router: router(admin),
            prefix,
            rows,
            reached: None,
        }
    }

    pub(super) const fn prefix(&self) -> &'static str {
        self.prefix
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the path of a row with a value for each parameter.
    pub(super) fn path_of(&self, row: &Row) -> String {
        format!("{}{}", self.prefix, row.path())
    }

    /// Returns the token of a client; empty for one without.
    pub(super) fn token(&self, client: Client) -> &str {
        let mut tokens = self.tokens.iter();
        let found = tokens.find(|(owner, _)| *owner == client);
        found.map_or("", |(_, token)| token)
    }

    /// Returns the header of a client's token.
    pub(super) fn authorization(&self, client: Client) -> Option<(HeaderName, String)> {
        let token = self.token(client);
        (!token.is_empty()).then(|| (header::AUTHORIZATION, format!("Bearer {token}")))
    }

    /// Takes the requests that reached a handler.
    pub(super) fn take_reached(&self) -> Vec<RouteRequest> {
        let reached = self.reached.as_ref();
        let lock = |reached: &Reached| {
            std::mem::take(&mut *reached.lock().unwrap_or_else(PoisonError::into_inner))
        };
        reached.map(lock).unwrap_or_default()
    }

    /// Returns whether a request reached a handler; without handlers of the laws' own, by its answer.
    pub(super) fn was_reached(&self, answer: &Answer) -> bool {
        match &self.reached {
            Some(_) => !self.take_reached().is_empty(),
            None => !answer.is_refused() && answer.status != 404,
        }
    }

    pub(super) async fn send(&self, row: &Row, method: &Method, client: Client) -> Answer {
        self.send_to(method, &self.path_of(row), client).await
    }

    pub(super) async fn send_to(&self, method: &Method, path: &str, client: Client) -> Answer {
        let headers: Vec<_> = self.authorization(client).into_iter().collect();
        self.send_with(method, path, &headers, Vec::new()).await
    }

    /// Sends a request as each kind of caller in turn, until one may ask.
    pub(super) async fn send_as_entitled(&self, method: &Method, path: &str) -> Answer {
        for client in [Client::Nobody, Client::User] {
            let answer = self.send_to(method, path, client).await;
            if !matches!(answer.status, 401 | 403) {
                return answer;
            }
        }
        self.send_to(method, path, Client::Admin).await
    }

    /// Sends a request. Whatever it is answered with shows no token, and lets no browser guess what it is.
    pub(super) async fn send_with(
        &self,
        method: &Method,
        path: &str,
        headers: &[(HeaderName, String)],
        body: Vec<u8>,
    ) -> Answer {
        // What reached a handler is asked for of one request at a time.
        drop(self.take_reached());
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::HOST, "localhost");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        let request = request.body(Full::new(Bytes::from(body)));
        let response = self.router.handle(request.expect("a request")).await;
        let (parts, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        };
        let shown = format!("{answer:?}");
        for (client, token) in &self.tokens {
            assert!(
                !shown.contains(token),
                "{method} {path} shows a token of {client:?}"
            );
        }
        let sniffing = answer.header(&header::X_CONTENT_TYPE_OPTIONS);
        let is_empty = answer.text.is_empty();
        assert!(
            is_empty || sniffing == "nosniff",
            "{method} {path}: {answer:?}"
        );
        answer
    }
}

async fn tokens(admin: &LocalAdmin) -> Vec<(Client, String)> {
    let user = "alice@example.com".parse().expect("valid");
    let revoked = "mallory@example.com".parse().expect("valid");
    let whole = admin
        .register(NewUser::new(user))
        .await
        .expect("registered");
    let of_revoked = admin
        .register(NewUser::new(revoked))
        .await
        .expect("registered");
    admin.revoke(&of_revoked.email).await.expect("revoked");
    let without_scopes = NewToken {
        scopes: Some(Vec::new()),
        ..NewToken::new(whole.email.clone())
    };
    let reader = NewToken {
        read_only: true,
        ..NewToken::new(whole.email.clone())
    };
    let without_scopes = admin.create_token(without_scopes).await.expect("issued");
    let reader = admin.create_token(reader).await.expect("issued");
    let key = key();
    let operator = |operator| {
        let token = operator_token(&key, operator, None, SystemClock.now());
        token.expect("signed").expose().clone()
    };
    vec![
        (Client::Forged, "abc.def.ghi".to_owned()),
        (Client::Revoked, of_revoked.token.expose().clone()),
        (Client::User, whole.token.expose().clone()),
        (Client::WithoutScopes, without_scopes.token.expose().clone()),
        (Client::Reader, reader.token.expose().clone()),
        (Client::Admin, operator(Operator::Admin)),
        (Client::Probe, operator(Operator::Probe)),
    ]
}

/// The key of [`open_local`].
fn key() -> SigningKey {
    SigningKey::new([7; 32]).expect("long enough")
}

fn router(admin: LocalAdmin) -> Router {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let own = OwnTokens::new(Arc::new(FixedKey::new(key())), Arc::clone(&clock), None);
    let no_mcp = |_| Box::pin(async { body::empty(StatusCode::NOT_FOUND) }) as _;
    Router {
        identity: Identity::new(
            own,
            Vec::new(),
            admin.users.clone(),
            Arc::clone(&clock),
            None,
        ),
        health_check: Arc::clone(&admin.health_check),
        services: RouteServices {
            states: States::default(),
            store: admin.users.store(),
            clock,
            admin: Arc::new(admin),
            public_url: None,
        },
        mcp: Arc::new(no_mcp),
        routes: Vec::new(),
        route_timeout: Duration::from_secs(60),
        base_path: String::new(),
        origin_policy: OriginPolicy::default(),
        // A token may be in the query of an MCP path, and of no other.
        allow_query_token: true,
        allows_anonymous: false,
    }
}

/// A whole answer.
#[derive(Debug)]
pub(in crate::http) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// Returns a header, or an empty text.
    pub(super) fn header(&self, name: &HeaderName) -> String {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    fn is_refused(&self) -> bool {
        matches!(self.status, 401 | 403 | 405)
    }

    /// An answer that only its caller may see is not to be stored, unless the route says otherwise (RFC 9111 §5.2.2.5).
    pub(super) fn assert_private(&self, row: &Row) {
        let is_said = !self.header(&header::CACHE_CONTROL).is_empty();
        assert!(row.access == Access::Public || is_said, "{row}: {self:?}");
    }

    /// A refusal is JSON that names its code and has a sentence, and is not to be stored.
    pub(super) fn assert_refusal(&self, method: &Method, code: &str) {
        let body = self.json();
        assert_eq!(body["code"], code, "{method}: {self:?}");
        assert!(body["error"].is_string(), "{method}: {self:?}");
        assert_eq!(
            body["error"], body["error_description"],
            "{method}: {self:?}"
        );
        let caching = self.header(&header::CACHE_CONTROL);
        assert_eq!(caching, "no-store", "{method}: {self:?}");
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}
