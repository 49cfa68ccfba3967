//! The URLs of servers.

use reqwest::Url;

/// Returns true for a URL whose host is this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.is_some_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")))
}

/// Parses a server's URL, and removes `/` and `/mcp` from its end.
///
/// # Errors
/// A message if it is no URL, has a query or a user, or would send tokens over plain HTTP to another machine.
pub(crate) fn parse_server_url(text: &str) -> std::result::Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| {
        url.has_host()
            && url.query().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    let not_a_url =
        || format!("`{text}` is neither `local` nor a URL such as https://mcp.example.com");
    let url = url.ok_or_else(not_a_url)?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url.as_str()) => {}
        "http" => {
            return Err(format!(
                "`{text}` would send admin tokens in the clear; use https"
            ));
        }
        _ => return Err(not_a_url()),
    }
    let text = url.as_str().trim_end_matches('/');
    Ok(text.strip_suffix("/mcp").unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_kept_in_one_spelling() {
        for text in [
            "https://mcp.example.com",
            "https://mcp.example.com/",
            "https://MCP.example.com/mcp",
            "https://mcp.example.com/mcp/",
        ] {
            assert_eq!(
                parse_server_url(text).expect(text),
                "https://mcp.example.com",
                "{text}"
            );
        }
        assert_eq!(
            parse_server_url("http://localhost:9000/lambda-url/notes/").expect("near"),
            "http://localhost:9000/lambda-url/notes"
        );
        for text in [
            "mcp.example.com",
            "http://mcp.example.com",
            "ftp://x",
            "",
            "https://x/?token=t",
            "https://u:pw@x",
        ] {
            assert!(parse_server_url(text).is_err(), "{text}");
        }
    }
}
