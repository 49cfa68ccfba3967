//! The parsers of the values of [`Settings`](super::Settings).
//!
//! Each returns a problem as a sentence, which [`Reader::parse`](super::reader::Reader::parse) puts
//! behind the name of the setting.

use std::path::PathBuf;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use super::{LogFormat, ResponseMode};
use crate::http::{AllowedOrigin, BUILT_IN};
use crate::identity::DURATION_SECONDS;
use crate::keys::SigningKey;

/// Parses a signing key, without the key in the problem.
pub(super) fn signing_key(text: &str) -> Result<SigningKey, String> {
    SigningKey::from_text(text).map_err(|error| error.to_string())
}

/// Parses a path from the root.
pub(super) fn absolute_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(format!("`{text}` must be a whole path, from the root"))
    }
}

/// Parses a token's duration within [`DURATION_SECONDS`].
pub(super) fn duration(text: &str) -> Result<u64, String> {
    let least = DURATION_SECONDS.start();
    let most = DURATION_SECONDS.end();
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| DURATION_SECONDS.contains(seconds));
    seconds.ok_or_else(|| format!("`{text}` is not a number of seconds from {least} to {most}"))
}

/// Parses `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    bool::from_str(text).map_err(|_| format!("`{text}` is neither `true` nor `false`"))
}

/// Parses a [`ResponseMode`].
pub(super) fn response_mode(text: &str) -> Result<ResponseMode, String> {
    match text {
        "stream" => Ok(ResponseMode::Stream),
        "buffered" => Ok(ResponseMode::Buffered),
        _ => Err(format!("`{text}` is neither `stream` nor `buffered`")),
    }
}

/// Parses a [`LogFormat`].
pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err(format!("`{text}` is neither `json` nor `text`")),
    }
}

/// Parses a log level by its name, in any case.
pub(super) fn level(text: &str) -> Result<LevelFilter, String> {
    // `LevelFilter` itself parses numbers as well, and takes an empty text for `error`.
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    let lower = text.to_ascii_lowercase();
    let level = known
        .contains(&lower.as_str())
        .then(|| lower.parse().ok())
        .flatten();
    level.ok_or_else(|| format!("`{text}` is none of {}", known.join(", ")))
}

/// Parses the URL under which clients reach the server, and takes the slash off its end.
///
/// It has no query and no fragment (RFC 3986 §3.4, §3.5), since requests could not match them.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let url: Option<http::Uri> = text.parse().ok();
    let is_web = url.is_some_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.query().is_none()
    });
    if !is_web || text.contains(['#', '*']) || origin_of(text).is_none() {
        return Err(format!(
            "`{text}` is not a URL such as https://mcp.example.com"
        ));
    }
    let text = text.trim_end_matches('/');
    check_base_path(text)?;
    Ok(text.to_owned())
}

/// Checks that the path of a [`public_url`] can be taken off requests.
///
/// Requests may come with the path or without it. A path that is itself a route would be taken off
/// requests for that route, and one that clients normalize (RFC 3986 §6.2.2) would never arrive.
fn check_base_path(url: &str) -> Result<(), String> {
    let uri: http::Uri = url.parse().map_err(|_| format!("`{url}` is not a URL"))?;
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let mut segments = path.split('/').filter(|_| !path.is_empty());
    let first = segments.clone().next().unwrap_or_default();
    if is_route(first) {
        return Err(format!(
            "`{url}` ends in a route of the server; give the URL that stands before `/{first}`"
        ));
    }
    let is_plain = |segment: &str| {
        !segment.is_empty() && !matches!(segment, "." | "..") && !segment.contains('%')
    };
    if segments.all(is_plain) {
        Ok(())
    } else {
        Err(format!("`{url}` has a path that clients write differently"))
    }
}

/// Returns whether paths that begin with this segment are the router's own, or those of discovery (RFC 8615).
fn is_route(segment: &str) -> bool {
    let built_in = BUILT_IN.map(|path| path.trim_start_matches('/'));
    segment == ".well-known" || built_in.contains(&segment)
}

/// Returns the origin of a URL (RFC 6454 §4); `None` for one with a user or an impossible port.
pub(super) fn origin_of(url: &str) -> Option<AllowedOrigin> {
    let url: http::Uri = url.parse().ok()?;
    format!("{}://{}", url.scheme_str()?, url.authority()?)
        .parse()
        .ok()
}

/// Parses a list of [`AllowedOrigin`]s, separated by commas.
pub(super) fn origins(text: &str) -> Result<Vec<AllowedOrigin>, String> {
    let named = text
        .split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty());
    let origins: Vec<AllowedOrigin> = named.map(str::parse).collect::<Result<_, _>>()?;
    if origins.is_empty() {
        Err(format!("`{text}` names no origin"))
    } else {
        Ok(origins)
    }
}
