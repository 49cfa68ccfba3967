//! The admin routes: one table, by which requests are dispatched, 405 answers name their methods, and `docs/admin.md` is held
//! to the code by a test.
//!
//! A handler reads the request, calls the [`AdminApi`] and writes the answer; no rule about users lives here.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Method;
use http::header::{self, HeaderValue};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::{self, Response};
use super::path::{self, PathParameter};
use super::{Problem, RequestBody, Router, accept, access, bearer, form};
use crate::admin::{AdminApi, DEFAULT_LIMIT, MAX_LIMIT};
use crate::identity::Operator;
use crate::user::Email;

type AdminHandler = for<'r> fn(&'r AdminRequest<'r>) -> BoxFuture<'r, Result<Response, Problem>>;

/// A row of the table of `/admin`, answered by [`answer`].
struct AdminRoute {
    method: &'static str,
    /// Below `/admin`.
    path: &'static str,
    /// The sentence in `docs/admin.md`.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "a test compares it with the document")
    )]
    description: &'static str,
    handler: AdminHandler,
}

const ROUTES: &[AdminRoute] = &[
    AdminRoute {
        method: "GET",
        path: "/health",
        description: "The health of the deployment with details.",
        handler: |request| Box::pin(health(request)),
    },
    AdminRoute {
        method: "GET",
        path: "/safe-tool",
        description: "The tool that an operator may call to see whether tools work.",
        handler: |request| Box::pin(safe_tool(request)),
    },
    AdminRoute {
        method: "GET",
        path: "/users",
        description: "A page of users: `?limit=` and `?after=EMAIL`; `Link` names the next one.",
        handler: |request| Box::pin(users(request)),
    },
    AdminRoute {
        method: "POST",
        path: "/users",
        description: "Registers a user and issues a token.",
        handler: |request| Box::pin(register(request)),
    },
    AdminRoute {
        method: "GET",
        path: "/users/{email}",
        description: "The record of a user, without secrets.",
        handler: |request| Box::pin(user(request)),
    },
    AdminRoute {
        method: "DELETE",
        path: "/users/{email}",
        description: "Revokes a user; with `?purge=true` also removes record and data.",
        handler: |request| Box::pin(revoke(request)),
    },
    AdminRoute {
        method: "GET",
        path: "/users/{email}/profile",
        description: "The profile of a user; secrets are masked without `?reveal=true`.",
        handler: |request| Box::pin(profile(request)),
    },
    AdminRoute {
        method: "PATCH",
        path: "/users/{email}/profile",
        description: "Merges a JSON object into the profile (RFC 7396).",
        handler: |request| Box::pin(update_profile(request)),
    },
    AdminRoute {
        method: "GET",
        path: "/users/{email}/tokens",
        description: "The live tokens of a user, without the tokens themselves.",
        handler: |request| Box::pin(tokens(request)),
    },
    AdminRoute {
        method: "DELETE",
        path: "/users/{email}/tokens/{id}",
        description: "Revokes one token.",
        handler: |request| Box::pin(revoke_token(request)),
    },
    AdminRoute {
        method: "POST",
        path: "/tokens",
        description: "Issues a token for a registered user.",
        handler: |request| Box::pin(create_token(request)),
    },
    AdminRoute {
        method: "POST",
        path: "/imports",
        description: "Imports a user of another system, without a token.",
        handler: |request| Box::pin(import(request)),
    },
];

/// Answers an admin request, once its token is verified ([`authorize`]).
pub(super) async fn answer<B: RequestBody>(
    router: &Router,
    segments: &[&str],
    mut parts: Parts,
    body: B,
) -> Result<Response, Problem> {
    authorize(router, &mut parts).await?;
    access::mark_authenticated(&parts);
    let path = path::decode(segments)?;
    let body = body::read_operator(&mut parts, body).await?;
    let (route, parameters) = find(&path, &parts)?;
    let request = AdminRequest {
        api: router.services.admin.as_ref(),
        parts,
        body,
        parameters,
    };
    let mut response = (route.handler)(&request).await?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Looks up the row of a request.
///
/// # Errors
///
/// [`Problem::method_not_allowed`] for a path that has other methods, [`Problem::no_such_path`] for one that has none.
fn find(
    path: &[String],
    parts: &Parts,
) -> Result<(&'static AdminRoute, Vec<PathParameter>), Problem> {
    let of_path = || {
        ROUTES
            .iter()
            .filter_map(|route| Some((route, path::matches(route.path, path)?)))
    };
    // Who answers `GET` answers `HEAD` (RFC 9110 §9.1).
    let method = match parts.method {
        Method::HEAD => "GET",
        ref method => method.as_str(),
    };
    if let Some(found) = of_path().find(|(route, _)| route.method == method) {
        return Ok(found);
    }
    let allowed = path::allow(of_path().map(|(route, _)| route.method));
    Err(if allowed.is_empty() {
        Problem::no_such_path(parts.uri.path())
    } else {
        Problem::method_not_allowed(allowed)
    })
}

/// Verifies the admin token of a request. The challenge of a refusal names the audience that a holder of the signing
/// key must put into tokens ([`Identity::admin_challenges`](crate::identity::Identity::admin_challenges)).
pub(super) async fn authorize(router: &Router, parts: &mut Parts) -> Result<(), Problem> {
    let challenges = router.identity.admin_challenges();
    verify(router, parts).await.map_err(|problem| {
        let problem = problem.with_challenges(&challenges);
        match router.identity.audience() {
            Some(audience) if problem.is_unauthenticated() => problem.with("audience", audience),
            _ => problem,
        }
    })
}

async fn verify(router: &Router, parts: &mut Parts) -> Result<(), Problem> {
    let credential = bearer::take(parts, false, router.identity.secret_headers())?;
    match router.identity.admin(&credential).await? {
        Some(Operator::Admin) => Ok(()),
        Some(Operator::Probe) | None => Err(Problem::no_token()),
    }
}

async fn health(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    Ok(body::json(200, &request.api.health().await?))
}

async fn safe_tool(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    Ok(body::json(200, &request.api.safe_tool().await?))
}

async fn import(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    Ok(body::json(200, &request.api.import(request.json()?).await?))
}

async fn user(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    Ok(body::json(200, &request.api.user(&request.email()?).await?))
}

async fn tokens(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    Ok(body::json(
        200,
        &request.api.tokens(&request.email()?).await?,
    ))
}

async fn users(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    let limit = match request.query("limit")? {
        None => DEFAULT_LIMIT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| {
                Problem::invalid(format!("`limit` must be a number from 1 to {MAX_LIMIT}"))
            })?,
    };
    let after: Option<Email> = request
        .query("after")?
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| Problem::invalid("`after` must be the email to list after"))?;
    let list = request.api.users(after.as_ref(), limit).await?;
    let mut response = body::json(200, &list.users);
    if let Some(next) = list.next {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("limit", &limit.to_string())
            .append_pair("after", next.as_str())
            .finish();
        // Relative to what was asked for: a gateway may serve us below a path of its own.
        let link = HeaderValue::from_str(&format!("<?{query}>; rel=\"next\""));
        response
            .headers_mut()
            .extend(link.ok().map(|link| (header::LINK, link)));
    }
    Ok(response)
}

async fn register(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    let new = request.api.register(request.json()?).await?;
    let token = new.token.expose();
    Ok(body::json(
        200,
        &json!({ "email": new.email, "token": token, "duration_seconds": new.duration_seconds }),
    ))
}

async fn create_token(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    let new = request.api.create_token(request.json()?).await?;
    let (token, duration) = (new.token.expose(), new.duration_seconds);
    let answer = json!({ "email": new.email, "token": token, "duration_seconds": duration, "id": new.id, "expires": new.expires });
    Ok(body::json(200, &answer))
}

async fn revoke(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    let email = &request.email()?;
    if request.flag("purge")? {
        request.api.purge(email).await?;
        return Ok(body::json(
            200,
            &json!({ "revoked": email, "purged": true }),
        ));
    }
    request.api.revoke(email).await?;
    Ok(body::json(200, &json!({ "revoked": email })))
}

async fn profile(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    let email = &request.email()?;
    let reveal = request.flag("reveal")?;
    let profile = request.api.profile(email, reveal).await?;
    Ok(body::json(
        200,
        &json!({ "email": email, "profile": profile }),
    ))
}

async fn update_profile(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    let email = &request.email()?;
    let patch = request.json()?;
    let profile = request.api.update_profile(email, &patch).await?;
    Ok(body::json(
        200,
        &json!({ "email": email, "profile": profile }),
    ))
}

async fn revoke_token(request: &AdminRequest<'_>) -> Result<Response, Problem> {
    let id = request.parameter("id");
    request.api.revoke_token(&request.email()?, id).await?;
    Ok(body::json(200, &json!({ "revoked": id })))
}

/// A request with a valid admin token.
struct AdminRequest<'a> {
    api: &'a dyn AdminApi,
    parts: Parts,
    body: Bytes,
    parameters: Vec<PathParameter>,
}

impl AdminRequest<'_> {
    /// Returns the value of a `{name}` in the path of the [`AdminRoute`].
    fn parameter(&self, name: &str) -> &str {
        path::parameter(&self.parameters, name).unwrap_or_default()
    }

    fn email(&self) -> Result<Email, Problem> {
        Ok(self.parameter("email").parse()?)
    }

    fn query(&self, name: &str) -> Result<Option<String>, Problem> {
        Ok(form::only_value(form::query(&self.parts.uri), name)?)
    }

    fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.query(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::invalid(format!(
                "`{name}` must be `true` or `false`"
            ))),
        }
    }

    /// Reads the body; the message of a problem names the field that does not fit.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.is_json() {
            return Err(Problem::not_json());
        }
        let value: Value = serde_json::from_slice(&self.body)
            .map_err(|error| Problem::invalid(format!("the body is not JSON: {error}")))?;
        if !value.is_object() {
            return Err(Problem::invalid("the body must be a JSON object"));
        }
        serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let message = error.to_string();
            let place = if path == "." {
                "the body".to_owned()
            } else {
                format!("`{path}`")
            };
            let message = message
                .strip_prefix(&format!("{path}: "))
                .unwrap_or(&message);
            // The framework's own types name the field already.
            Problem::invalid(if message.starts_with(&place) {
                message.to_owned()
            } else {
                format!("{place} does not fit: {message}")
            })
        })
    }

    /// Returns whether the media type is JSON (RFC 8259 §11), with or without parameters, or missing.
    fn is_json(&self) -> bool {
        let headers = &self.parts.headers;
        !headers.contains_key(header::CONTENT_TYPE) || accept::is_json(headers)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::http::laws::{self, Row, World};
    use crate::http::routes::Access;

    #[test]
    fn the_document_lists_the_table() {
        let document = include_str!("../../../docs/admin.md");
        let mut expected = String::from("| method | path | answer |\n|---|---|---|\n");
        for route in ROUTES {
            let (method, path) = (route.method, route.path);
            writeln!(
                expected,
                "| `{method}` | `/admin{path}` | {} |",
                route.description
            )
            .expect("memory");
        }
        assert!(document.contains(&expected), "docs/admin.md:\n{expected}");
    }

    #[test]
    fn every_path_of_the_table_names_its_methods() {
        for route in ROUTES {
            let segments: Vec<_> = path::segments(route.path).map(str::to_owned).collect();
            let request = http::Request::builder().method("PUT").uri("/admin");
            let (parts, ()) = request.body(()).expect("a request").into_parts();
            let Err(problem) = find(&segments, &parts) else {
                panic!("{} has a PUT", route.path);
            };
            let response = problem.into_response();
            let allowed = response.headers()[header::ALLOW].to_str().expect("text");
            assert!(response.status() == 405 && allowed.contains(route.method));
        }
    }

    /// The handlers are functions in a constant table, so the laws that put others in their place are not for it: what a
    /// handler sees, and how one that panics or never ends is answered for.
    #[tokio::test]
    async fn the_table_keeps_the_laws_of_routes() {
        let row = |route: &AdminRoute| Row {
            method: route.method.parse().expect("a method"),
            pattern: route.path.to_owned(),
            access: Access::Admin,
            scopes: Vec::new(),
        };
        let rows = ROUTES.iter().map(row).collect();
        laws::surface(&World::of_rows("/admin", rows).await).await;
    }
}
