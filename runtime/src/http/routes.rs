//! The [`Routes`] extension point: HTTP paths beside `/mcp`, `/admin` and `/health`.
//!
//! A route must not be able to widen what the router allows: host, origin, body limits, identity, deadline and panic guard
//! hold before its handler is called.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::Method;

use super::Problem;
use super::path::{self, PathParameter};
use super::route_request::RouteRequest;
use super::route_response::RouteResponse;
use crate::call::{StateType, States};
use crate::error::Result;
use crate::user::Caller;

type RouteHandler =
    Arc<dyn Fn(RouteRequest) -> BoxFuture<'static, Result<RouteResponse>> + Send + Sync>;

/// HTTP paths below a prefix; registered by [`App::routes`](crate::App::routes).
///
/// The routes are asked for once, while the app is declared: the method reads no environment and opens nothing. The laws in
/// `http::laws` (feature `laws`) hold for every implementation.
///
/// ```
/// use mcp_lambda::http::{Access, Route, RouteResponse, Routes};
///
/// #[derive(Debug)]
/// struct Greeting;
///
/// impl Routes for Greeting {
///     fn routes(&self) -> Vec<Route> {
///         vec![Route::get("/{name}", Access::Public, async |request| {
///             let name = request.parameter("name").unwrap_or("nobody");
///             Ok(RouteResponse::text(format!("hello {name}")))
///         })]
///     }
/// }
///
/// let app = mcp_lambda::App::new("notes").routes("/greetings", Greeting);
/// assert_eq!(app.check(), Ok(()));
/// assert!(app.routes("/admin", Greeting).check().is_err());
/// ```
pub trait Routes: fmt::Debug + Send + Sync + 'static {
    /// Returns the routes, with paths relative to the prefix.
    fn routes(&self) -> Vec<Route>;
}

/// The callers to whom a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Anyone, before identity: the request keeps its `Authorization` header, for a protocol that authenticates clients by
    /// itself, and a body has at most 64 KiB.
    Public,
    /// Users with a valid credential (and anyone in an open app); the handler gets the [`Caller`] and the user's data.
    Caller,
    /// Operators with an admin token; the handler gets their operations ([`RouteRequest::admin`]).
    Admin,
}

/// A method, a path pattern and the handler of their requests.
#[derive(Clone)]
pub struct Route {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) access: Access,
    pub(super) scopes: Vec<String>,
    pub(super) state_types: Vec<StateType>,
    pub(super) handler: RouteHandler,
}

impl Route {
    /// Creates a route. In the path, `{name}` stands for one segment; `/` is the prefix itself.
    #[must_use]
    pub fn new<F, Answer>(
        method: Method,
        path: impl Into<String>,
        access: Access,
        handler: F,
    ) -> Self
    where
        F: Fn(RouteRequest) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<RouteResponse>> + Send + 'static,
    {
        Self {
            method,
            path: path.into(),
            access,
            scopes: Vec::new(),
            state_types: Vec::new(),
            handler: Arc::new(move |request| Box::pin(handler(request))),
        }
    }

    /// Creates a route for `GET`, which also answers `HEAD` (RFC 9110 §9.3.2).
    #[must_use]
    pub fn get<F, Answer>(path: impl Into<String>, access: Access, handler: F) -> Self
    where
        F: Fn(RouteRequest) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<RouteResponse>> + Send + 'static,
    {
        Self::new(Method::GET, path, access, handler)
    }

    /// Creates a route for `POST`.
    #[must_use]
    pub fn post<F, Answer>(path: impl Into<String>, access: Access, handler: F) -> Self
    where
        F: Fn(RouteRequest) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<RouteResponse>> + Send + 'static,
    {
        Self::new(Method::POST, path, access, handler)
    }

    /// Requires these scopes of a caller's credential.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Declares that the handler takes the app's state of this type ([`RouteRequest::state`]), so that
    /// [`App::check`](crate::App::check) reports one that is missing.
    #[must_use]
    pub fn requires_state<T: 'static>(mut self) -> Self {
        self.state_types.push(StateType::of::<T>());
        self
    }

    fn answers(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }

    /// Returns the pattern with its parameters' names left out: two routes of one shape match the same paths.
    fn shape(&self) -> String {
        let blank = |segment| path::parameter_name(segment).map_or(segment, |_| "{}");
        let shape: Vec<_> = path::segments(&self.path).map(blank).collect();
        format!("{} /{}", self.method, shape.join("/"))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({} {}, {:?})", self.method, self.path, self.access)
    }
}

/// The routes of one extension below their prefix.
#[derive(Clone, Debug)]
pub(crate) struct MountedRoutes {
    prefix: String,
    routes: Vec<Route>,
}

/// A route that answers a request, or the reason why none does.
#[derive(Debug)]
pub(super) enum RouteMatch<'r> {
    Found {
        route: &'r Route,
        parameters: Vec<PathParameter>,
    },
    /// The path has routes, for these methods; the access is that of the first.
    WrongMethod {
        allowed: String,
        access: Access,
    },
    NoSuchPath,
}

impl MountedRoutes {
    pub(crate) fn new(prefix: impl Into<String>, routes: &dyn Routes) -> Self {
        Self {
            prefix: prefix.into(),
            routes: routes.routes(),
        }
    }

    /// Returns a problem for each state that a route requires and that is not among these.
    pub(crate) fn missing_states(&self, states: &States) -> impl Iterator<Item = String> {
        let required = self.routes.iter().flat_map(|route| &route.state_types);
        let missing = required.filter(|state| !states.contains(**state));
        missing.map(|state| state.missing())
    }

    /// Returns the part of a path below the prefix.
    pub(super) fn strip<'p>(&self, path: &'p [String]) -> Option<&'p [String]> {
        let prefix: Vec<_> = path::segments(&self.prefix).collect();
        let (start, rest) = path.split_at_checked(prefix.len())?;
        (start == prefix.as_slice()).then_some(rest)
    }

    pub(super) fn find(&self, method: &Method, path: &[String]) -> RouteMatch<'_> {
        let mut of_path = Vec::new();
        for route in &self.routes {
            let Some(parameters) = path::matches(&route.path, path) else {
                continue;
            };
            if route.answers(method) {
                return RouteMatch::Found { route, parameters };
            }
            of_path.push(route);
        }
        match of_path.first() {
            Some(first) => RouteMatch::WrongMethod {
                allowed: path::allow(of_path.iter().map(|route| route.method.as_str())),
                access: first.access,
            },
            None => RouteMatch::NoSuchPath,
        }
    }

    /// Returns everything that is wrong with the prefix and the routes, each in a sentence.
    fn own_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !is_path(&self.prefix, false) || path::segments(&self.prefix).next().is_none() {
            problems.push(format!(
                "route prefix `{}` must be a path such as `/status`, without `{{}}` and without a slash at its end",
                self.prefix
            ));
        }
        let mut shapes = std::collections::BTreeSet::new();
        for route in &self.routes {
            if !is_path(&route.path, true) {
                problems.push(format!(
                    "route `{}` below `{}` must be a path such as `/items/{{id}}`",
                    route.path, self.prefix
                ));
            }
            if !shapes.insert(route.shape()) {
                problems.push(format!(
                    "route `{} {}` below `{}` is there twice",
                    route.method, route.path, self.prefix
                ));
            }
        }
        problems
    }

    /// Returns whether one prefix lies below the other. A prefix without segments is wrong by itself and collides with none.
    fn overlaps(&self, other: &str) -> bool {
        let own: Vec<_> = path::segments(&self.prefix).collect();
        let other: Vec<_> = path::segments(other).collect();
        let have_segments = !own.is_empty() && !other.is_empty();
        have_segments && (own.starts_with(&other) || other.starts_with(&own))
    }
}

/// The paths of the router itself.
pub(crate) const BUILT_IN: [&str; 3] = ["/mcp", "/admin", "/health"];

/// Returns everything that is wrong with these routes together: paths, and prefixes that collide.
pub(crate) fn problems(mounted: &[MountedRoutes]) -> Vec<String> {
    let mut problems: Vec<_> = mounted
        .iter()
        .flat_map(MountedRoutes::own_problems)
        .collect();
    for (place, routes) in mounted.iter().enumerate() {
        let others = mounted[..place].iter().map(|other| other.prefix.as_str());
        let taken = BUILT_IN.into_iter().chain(others);
        let collisions = taken.filter(|taken| routes.overlaps(taken));
        problems.extend(collisions.map(|taken| {
            format!(
                "route prefix `{}` collides with `{taken}`: choose another",
                routes.prefix
            )
        }));
    }
    problems
}

/// Returns whether a text is an absolute path of unreserved characters (RFC 3986 §3.3), or `{name}` where allowed.
fn is_path(text: &str, takes_parameters: bool) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let is_segment = |segment: &str| {
        is_plain(segment)
            || (takes_parameters && path::parameter_name(segment).is_some_and(is_plain))
    };
    match text.strip_prefix('/') {
        Some("") => true,
        Some(rest) => rest.split('/').all(is_segment),
        None => false,
    }
}

impl RouteMatch<'_> {
    /// Returns the access that is checked before anything is told about the path.
    pub(super) const fn access(&self) -> Access {
        match self {
            Self::Found { route, .. } => route.access,
            Self::WrongMethod { access, .. } => *access,
            Self::NoSuchPath => Access::Public,
        }
    }
}

/// Refuses a caller whose credential does not open the route.
pub(super) fn check_caller(caller: &Caller, route: &Route, method: &Method) -> Result<(), Problem> {
    if caller.is_probe() {
        return Err(Problem::forbidden(
            "a probe token lists tools and opens nothing else",
        ));
    }
    if caller.may_use(&route.scopes, method.is_safe()) {
        Ok(())
    } else {
        Err(Problem::forbidden("the token does not open this"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Paths(Vec<&'static str>);

    impl Routes for Paths {
        fn routes(&self) -> Vec<Route> {
            let route = |path: &&'static str| {
                Route::get(*path, Access::Public, async |_| Ok(RouteResponse::text("")))
            };
            self.0.iter().map(route).collect()
        }
    }

    fn mounted(prefix: &str, paths: &[&'static str]) -> MountedRoutes {
        MountedRoutes::new(prefix, &Paths(paths.to_vec()))
    }

    #[test]
    fn prefixes_that_collide_are_told_together() {
        let routes = [
            mounted("/admin", &["/"]),
            mounted("/mcp/more", &["/"]),
            mounted("/page", &["/"]),
            mounted("/page/more", &["/"]),
            mounted("/pages", &["/"]),
            mounted("/", &["/"]),
            mounted("no-slash", &["/"]),
            mounted("/slash/", &["/"]),
            mounted("/{id}", &["/"]),
        ];
        let found = problems(&routes);
        for named in [
            "`/admin` collides with `/admin`",
            "`/mcp/more` collides with `/mcp`",
            "`/page/more` collides with `/page`",
            "`/` must be",
            "`no-slash` must be",
            "`/slash/` must be",
            "`/{id}` must be",
        ] {
            assert!(
                found.iter().any(|problem| problem.contains(named)),
                "{named}: {found:#?}"
            );
        }
        assert!(!found.iter().any(|problem| problem.contains("`/pages`")));
    }

    #[test]
    fn routes_of_one_shape_and_paths_that_are_none_are_told() {
        let routes = [mounted("/page", &["/{a}/x", "/{b}/x", "a", "/a b", "/{a}"])];
        let found = problems(&routes);
        assert_eq!(found.len(), 3, "{found:#?}");
    }

    #[test]
    fn a_path_of_other_methods_names_them() {
        let routes = mounted("/page", &["/"]);
        let RouteMatch::WrongMethod { allowed, .. } = routes.find(&Method::PUT, &[]) else {
            panic!("a route for PUT");
        };
        assert_eq!(allowed, "GET");
        assert!(matches!(
            routes.find(&Method::HEAD, &[]),
            RouteMatch::Found { .. }
        ));
        assert!(matches!(
            routes.find(&Method::GET, &["x".to_owned()]),
            RouteMatch::NoSuchPath
        ));
    }
}
