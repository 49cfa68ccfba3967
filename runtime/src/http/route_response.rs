//! Answers of [`Routes`](super::Routes).

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use serde::Serialize;

use super::Response;
use crate::error::{Error, Result};

/// An answer of a route: a status, headers and a whole body.
///
/// ```
/// use mcp_lambda::http::RouteResponse;
///
/// let page = RouteResponse::html("<h1>hello</h1>").with_status(404)?;
/// let response: http::Response<bytes::Bytes> = page.into();
/// assert_eq!(response.status(), 404);
/// assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
/// # Ok::<(), mcp_lambda::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RouteResponse {
    response: http::Response<Bytes>,
}

impl RouteResponse {
    /// Creates a 200 with a body of this media type (RFC 9110 §8.3.1).
    #[must_use]
    pub fn new(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut response = http::Response::new(body.into());
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        Self { response }
    }

    /// Creates a 200 with plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new("text/plain; charset=utf-8", text.into())
    }

    /// Creates a 200 with an HTML page. The caller escapes what it puts into it.
    #[must_use]
    pub fn html(page: impl Into<String>) -> Self {
        Self::new("text/html; charset=utf-8", page.into())
    }

    /// Creates a 200 with a value as JSON.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) for a value that can't be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        let text = serde_json::to_vec(value)
            .map_err(|error| Error::internal("the answer can't be written").with_source(error))?;
        Ok(Self::new("application/json", text))
    }

    /// Creates a 303 to another address (RFC 9110 §15.4.4), which is always fetched by `GET`.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) for an address that no header can carry.
    pub fn redirect(address: &str) -> Result<Self> {
        Self {
            response: http::Response::new(Bytes::new()),
        }
        .with_status(303)?
        .with_header(header::LOCATION.as_str(), address)
    }

    /// Sets the status.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) for a number that is no status.
    pub fn with_status(mut self, status: u16) -> Result<Self> {
        *self.response.status_mut() = StatusCode::from_u16(status)
            .map_err(|error| Error::internal("the status is none").with_source(error))?;
        Ok(self)
    }

    /// Sets a header, in place of any of the same name.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) for a name or a value that no header can have.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self> {
        let name = HeaderName::try_from(name)
            .map_err(|error| Error::internal("the header's name is none").with_source(error))?;
        let value = HeaderValue::try_from(value)
            .map_err(|error| Error::internal("the header's value is none").with_source(error))?;
        self.response.headers_mut().insert(name, value);
        Ok(self)
    }

    /// Converts to the router's [`Response`]. An answer that only its caller may see is not to be stored (RFC 9111
    /// §5.2.2.5), and no browser guesses media types.
    pub(super) fn into_http(self, is_private: bool) -> Response {
        let mut response = self.response.map(|body| Full::new(body).boxed());
        let headers = response.headers_mut();
        if is_private {
            set_default(headers, header::CACHE_CONTROL, "no-store");
        }
        set_default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        response
    }
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}

impl From<http::Response<Bytes>> for RouteResponse {
    fn from(response: http::Response<Bytes>) -> Self {
        Self { response }
    }
}

impl From<RouteResponse> for http::Response<Bytes> {
    fn from(answer: RouteResponse) -> Self {
        answer.response
    }
}
