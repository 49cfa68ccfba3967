//! The rules around an extension's [`Route`]: identity, body limits, deadline and panic guard.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use http::Request;
use http::request::Parts;
use tokio::time::Instant;

use super::body::{self, Response};
use super::route_request::RouteRequest;
use super::routes::{Access, MountedRoutes, Route, RouteMatch, check_caller};
use super::{Problem, RequestBody, Router, access, admin, bearer, find_deadline};
use crate::call::Deadline;
use crate::error::{Error, Result};
use crate::user::Caller;

/// Answers a request below the prefix of an extension: finds the [`Route`], verifies the caller, reads
/// the body and runs the handler.
pub(super) async fn answer<B: RequestBody>(
    router: &Router,
    mounted: &MountedRoutes,
    path: &[String],
    mut parts: Parts,
    body: B,
) -> Result<Response, Problem> {
    let found = mounted.find(&parts.method, path);
    // Who may not use a path learns nothing about it: identity comes before 405.
    let caller = authorize(router, found.access(), &mut parts).await?;
    let (route, parameters) = match found {
        RouteMatch::Found { route, parameters } => (route, parameters),
        RouteMatch::WrongMethod { allowed, .. } => {
            return Err(Problem::method_not_allowed(allowed));
        }
        RouteMatch::NoSuchPath => return Err(Problem::no_such_path(parts.uri.path())),
    };
    if let Some(caller) = &caller {
        check_caller(caller, route, &parts.method)?;
    }
    let bytes = match route.access {
        Access::Public => body::read_unauthenticated(&mut parts, body).await?,
        Access::Caller => body::read(&mut parts, body).await?,
        Access::Admin => body::read_operator(&mut parts, body).await?,
    };
    let ends = end(&parts, router.route_timeout);
    let request = RouteRequest {
        request: Request::from_parts(parts, bytes),
        access: route.access,
        caller,
        parameters,
        services: router.services.clone(),
    };
    call(route, request, ends).await
}

async fn authorize(
    router: &Router,
    access: Access,
    parts: &mut Parts,
) -> Result<Option<Caller>, Problem> {
    let caller = match access {
        Access::Public => {
            bearer::remove_secrets(parts, router.identity.secret_headers());
            return Ok(None);
        }
        // Not from the query: it would stay in the address that the handler sees, and in its links.
        Access::Caller => Some(router.caller(parts, false).await?),
        Access::Admin => {
            admin::authorize(router, parts).await?;
            None
        }
    };
    access::mark_authenticated(parts);
    Ok(caller)
}

/// Returns when the handler must be done: when the request's carrier stops waiting, or after the app's timeout.
fn end(parts: &Parts, timeout: Duration) -> Instant {
    let own = Instant::now() + timeout;
    find_deadline(parts).map_or(own, |Deadline(carrier)| carrier.min(own))
}

async fn call(route: &Route, request: RouteRequest, end: Instant) -> Result<Response, Problem> {
    // The handler's function itself may panic, before it gives a future: it is called within the guard.
    let work = AssertUnwindSafe(async { (route.handler)(request).await }).catch_unwind();
    let answered = match tokio::time::timeout_at(end, work).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_)) => Err(Error::internal("the route panicked; its log tells more")),
        Err(_) => Err(Error::deadline_exceeded("the route did not answer in time")),
    };
    Ok(answered?.into_http(route.access != Access::Public))
}
