//! Names and values in `application/x-www-form-urlencoded`, as queries and forms have them (WHATWG URL standard §5.1);
//! read by [`RouteRequest::query`](super::RouteRequest::query) and [`RouteRequest::form`](super::RouteRequest::form).

use http::Uri;

use crate::error::{Error, Result};

/// Returns the query of a URI, which may be empty.
pub(super) fn query(uri: &Uri) -> &[u8] {
    uri.query().unwrap_or_default().as_bytes()
}

/// Returns the value of a name that may be given once.
///
/// # Errors
/// `Invalid` if it is given twice: of two values neither is known to be meant.
pub(super) fn only_value(pairs: &[u8], name: &str) -> Result<Option<String>> {
    let mut values = form_urlencoded::parse(pairs).filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        Some(_) => Err(Error::invalid(format!(
            "`{name}` is given twice; give it once"
        ))),
        None => Ok(value),
    }
}
