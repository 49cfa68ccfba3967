//! The admin routes: read the request, ask the [`AdminApi`], word the answer.
//!
//! | route | asks |
//! |---|---|
//! | `GET /admin/health` | `health` |
//! | `GET /admin/safe-tool` | `safe_tool` |
//! | `GET /admin/users?limit=&after=` | `users` |
//! | `POST /admin/users` | `register` |
//! | `GET /admin/users/{email}` | `user` |
//! | `DELETE /admin/users/{email}[?purge=true]` | `revoke`, `purge` |
//! | `GET /admin/users/{email}/profile[?reveal=true]` | `profile` |
//! | `PATCH /admin/users/{email}/profile` | `update_profile` |
//! | `GET /admin/users/{email}/tokens` | `tokens` |
//! | `DELETE /admin/users/{email}/tokens/{id}` | `revoke_token` |
//! | `POST /admin/tokens` | `create_token` |
//! | `POST /admin/imports` | `import` |

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::{self, Response};
use super::{Problem, Router, access, bearer};
use crate::admin::{AdminApi, DEFAULT_LIMIT, MAX_LIMIT};
use crate::user::Email;

/// Answers an admin request after its token.
pub(super) async fn answer<B>(
    router: &Router,
    route: &[&str],
    mut parts: Parts,
    body: B,
) -> Result<Response, Problem>
where
    B: http_body::Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    authorize(router, &mut parts)
        .await
        .map_err(|problem| name_audience(router, problem))?;
    access::let_in(&parts);
    let route = route
        .iter()
        .copied()
        .map(decoded)
        .collect::<Result<Vec<_>, _>>()?;
    let route: Vec<_> = route.iter().map(String::as_str).collect();
    let request = Incoming {
        body: body::read_of_operator(&mut parts, body).await?,
        parts,
    };
    let mut response = dispatch(router.admin.as_ref(), &route, &request).await?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn dispatch(
    api: &dyn AdminApi,
    route: &[&str],
    request: &Incoming,
) -> Result<Response, Problem> {
    match (request.parts.method.as_str(), route) {
        ("GET", ["health"]) => Ok(body::json(200, &api.health().await?)),
        ("GET", ["safe-tool"]) => Ok(body::json(200, &api.safe_tool().await?)),
        ("GET", ["users"]) => users(api, request).await,
        ("POST", ["users"]) => register(api, request).await,
        ("POST", ["tokens"]) => create_token(api, request).await,
        ("POST", ["imports"]) => Ok(body::json(200, &api.import(request.json()?).await?)),
        ("GET", ["users", email]) => Ok(body::json(200, &api.user(&email.parse()?).await?)),
        ("DELETE", ["users", email]) => revoke(api, &email.parse()?, request).await,
        ("GET", ["users", email, "profile"]) => profile(api, &email.parse()?, request).await,
        ("PATCH", ["users", email, "profile"]) => {
            update_profile(api, &email.parse()?, request).await
        }
        ("GET", ["users", email, "tokens"]) => {
            Ok(body::json(200, &api.tokens(&email.parse()?).await?))
        }
        ("DELETE", ["users", email, "tokens", id]) => revoke_token(api, &email.parse()?, id).await,
        (_, route) => Err(wrong(route, request.parts.uri.path())),
    }
}

async fn users(api: &dyn AdminApi, request: &Incoming) -> Result<Response, Problem> {
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
    let list = api.users(after.as_ref(), limit).await?;
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

async fn register(api: &dyn AdminApi, request: &Incoming) -> Result<Response, Problem> {
    let new = api.register(request.json()?).await?;
    let token = new.token.expose();
    Ok(body::json(
        200,
        &json!({ "email": new.email, "token": token, "duration_seconds": new.duration_seconds }),
    ))
}

async fn create_token(api: &dyn AdminApi, request: &Incoming) -> Result<Response, Problem> {
    let new = api.create_token(request.json()?).await?;
    let (token, duration) = (new.token.expose(), new.duration_seconds);
    let answer = json!({ "email": new.email, "token": token, "duration_seconds": duration, "id": new.id, "expires": new.expires });
    Ok(body::json(200, &answer))
}

async fn revoke(
    api: &dyn AdminApi,
    email: &Email,
    request: &Incoming,
) -> Result<Response, Problem> {
    if request.flag("purge")? {
        api.purge(email).await?;
        return Ok(body::json(
            200,
            &json!({ "revoked": email, "purged": true }),
        ));
    }
    api.revoke(email).await?;
    Ok(body::json(200, &json!({ "revoked": email })))
}

async fn profile(
    api: &dyn AdminApi,
    email: &Email,
    request: &Incoming,
) -> Result<Response, Problem> {
    let profile = api.profile(email, request.flag("reveal")?).await?;
    Ok(body::json(
        200,
        &json!({ "email": email, "profile": profile }),
    ))
}

async fn update_profile(
    api: &dyn AdminApi,
    email: &Email,
    request: &Incoming,
) -> Result<Response, Problem> {
    let profile = api.update_profile(email, &request.json()?).await?;
    Ok(body::json(
        200,
        &json!({ "email": email, "profile": profile }),
    ))
}

async fn revoke_token(api: &dyn AdminApi, email: &Email, id: &str) -> Result<Response, Problem> {
    api.revoke_token(email, id).await?;
    Ok(body::json(200, &json!({ "revoked": id })))
}

async fn authorize(router: &Router, parts: &mut Parts) -> Result<(), Problem> {
    let token = bearer::take(parts, false)?;
    Ok(router.identity.admin(&token).await?)
}

/// Whoever has the signing key learns here for whom to make tokens out.
fn name_audience(router: &Router, problem: Problem) -> Problem {
    match router.identity.audience() {
        Some(audience) if problem.is_unauthenticated() => problem.with("audience", audience),
        _ => problem,
    }
}

/// 405 for a path that has other methods, 404 for one that has none.
fn wrong(route: &[&str], path: &str) -> Problem {
    match route {
        ["health" | "safe-tool"] | ["users", _, "tokens"] => Problem::method_not_allowed("GET"),
        ["users"] => Problem::method_not_allowed("GET, POST"),
        ["tokens" | "imports"] => Problem::method_not_allowed("POST"),
        ["users", _] => Problem::method_not_allowed("GET, DELETE"),
        ["users", _, "profile"] => Problem::method_not_allowed("GET, PATCH"),
        ["users", _, "tokens", _] => Problem::method_not_allowed("DELETE"),
        _ => Problem::no_such_path(path),
    }
}

fn decoded(segment: &str) -> Result<String, Problem> {
    let text = percent_decode_str(segment).decode_utf8();
    text.map(std::borrow::Cow::into_owned)
        .map_err(|_| Problem::invalid("the path is not UTF-8"))
}

/// A request that has been let in.
struct Incoming {
    parts: Parts,
    body: Bytes,
}

impl Incoming {
    fn query(&self, name: &str) -> Result<Option<String>, Problem> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        match values.next() {
            Some(_) => Err(Problem::invalid(format!(
                "`{name}` is given twice; give it once"
            ))),
            None => Ok(value),
        }
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

    /// The body, with a message that names the field which does not fit.
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
            let (path, said) = (error.path().to_string(), error.to_string());
            let place = if path == "." {
                "the body".to_owned()
            } else {
                format!("`{path}`")
            };
            let said = said.strip_prefix(&format!("{path}: ")).unwrap_or(&said);
            // What our own types refuse names its field already.
            Problem::invalid(if said.starts_with(&place) {
                said.to_owned()
            } else {
                format!("{place} does not fit: {said}")
            })
        })
    }

    /// RFC 8259 §11, with or without parameters; nothing at all is taken for JSON too.
    fn is_json(&self) -> bool {
        let media = self
            .parts
            .headers
            .get(header::CONTENT_TYPE)
            .map(|value| value.to_str().unwrap_or("?"));
        let essence = media.map(|media| media.split(';').next().unwrap_or_default().trim());
        essence.is_none_or(|essence| essence.eq_ignore_ascii_case("application/json"))
    }
}
