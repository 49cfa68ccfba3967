//! The URLs that a [`RemoteAdmin`](super::Remote) may have.

use reqwest::Url;

/// Returns true for a URL of this machine.
pub(super) fn is_near(url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.is_some_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")))
}

/// A server's URL without a slash or `/mcp` at its end. Tokens travel in the clear only on this machine.
pub(crate) fn web_url(text: &str) -> std::result::Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| {
        url.has_host()
            && url.query().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    let fault = || format!("`{text}` is neither `local` nor a URL such as https://mcp.example.com");
    let url = url.ok_or_else(fault)?;
    match url.scheme() {
        "https" => {}
        "http" if is_near(url.as_str()) => {}
        "http" => {
            return Err(format!(
                "`{text}` would send admin tokens in the clear; use https"
            ));
        }
        _ => return Err(fault()),
    }
    let text = url.as_str().trim_end_matches('/');
    Ok(text.strip_suffix("/mcp").unwrap_or(text).to_owned())
}
