//! Pages that show a tool's answers (MCP Apps, `io.modelcontextprotocol/ui`, 2026-01-26).
//!
//! A [page](UiResource) is one self-contained HTML document. It must declare the origins that it
//! loads from, or a host blocks them: an undeclared one is a problem of the app at its start, and not
//! a button that does nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Resource, ResourceContents};

/// The MIME type of every [page](UiResource) (MCP Apps).
const UI_MIME_TYPE: &str = "text/html;profile=mcp-app";

/// The time for which a client may cache a page.
const TTL: Duration = Duration::from_secs(3_600);

/// The script by which a page speaks with its host (MCP Apps).
const BRIDGE: &str = include_str!("bridge.js");

/// The comment in a page that [`UiResource::with_bridge`] replaces.
const BRIDGE_PLACE: &str = "<!-- bridge -->";

/// A page that shows a tool's answers: builds a [`Resource`].
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::resource::Csp;
///
/// let html = r#"<img src="https://maps.example.com/oslo.png">"#;
/// let page = |html| UiResource::html("ui://weather/map", "map", html);
///
/// let app = App::new("weather").resources([page(html)]);
/// assert!(app.check().unwrap_err()[0].contains("https://maps.example.com"), "an undeclared origin");
///
/// let csp = Csp::default().resource("https://maps.example.com");
/// let app = App::new("weather").resources([page(html).csp(csp)]);
/// assert_eq!(app.check(), Ok(()));
/// ```
#[derive(Clone, Debug)]
pub struct UiResource {
    uri: String,
    name: String,
    description: String,
    html: String,
    csp: Csp,
    permissions: BTreeSet<Permission>,
    domain: Option<String>,
    prefers_border: Option<bool>,
    /// `true` if the page has no place for the bridge.
    lacks_bridge: bool,
}

/// The origins that a [page](UiResource) may reach (MCP Apps, `_meta.ui.csp`), such as
/// `https://api.example.com` or `https://*.example.com`.
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::resource::Csp;
///
/// let html = r#"<script>fetch("https://api.example.com/v1")</script>"#;
/// let csp = Csp::default().connect("https://*.example.com");
/// let page = UiResource::html("ui://weather/now", "now", html).csp(csp);
/// assert_eq!(App::new("weather").resources([page]).check(), Ok(()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Csp {
    connect: Vec<String>,
    resource: Vec<String>,
    frame: Vec<String>,
    base_uri: Vec<String>,
}

/// A feature of the user's machine that a [page](UiResource) may use, if host and user agree
/// (MCP Apps, `_meta.ui.permissions`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Permission {
    /// The camera.
    Camera,
    /// The microphone.
    Microphone,
    /// The position of the user.
    Geolocation,
    /// Writing to the clipboard.
    ClipboardWrite,
}

impl Csp {
    /// Allows requests, sockets and events to an origin.
    #[must_use]
    pub fn connect(mut self, origin: impl Into<String>) -> Self {
        self.connect.push(origin.into());
        self
    }

    /// Allows scripts, styles, pictures, fonts and media from an origin.
    #[must_use]
    pub fn resource(mut self, origin: impl Into<String>) -> Self {
        self.resource.push(origin.into());
        self
    }

    /// Allows frames that show [pages](UiResource) of an origin.
    #[must_use]
    pub fn frame(mut self, origin: impl Into<String>) -> Self {
        self.frame.push(origin.into());
        self
    }

    /// Allows an origin as the base of the [page](UiResource)'s relative URLs.
    #[must_use]
    pub fn base_uri(mut self, origin: impl Into<String>) -> Self {
        self.base_uri.push(origin.into());
        self
    }

    fn origins(&self) -> impl Iterator<Item = &String> {
        [&self.connect, &self.resource, &self.frame, &self.base_uri]
            .into_iter()
            .flatten()
    }

    fn declares(&self, origin: &str) -> bool {
        // `*.example.com` is for any number of labels and not for `example.com` itself, as in a Content
        // Security Policy (CSP Level 3, host sources), by which hosts enforce what is declared here.
        let covers = |declared: &String| match declared.split_once("*.") {
            Some((scheme, domain)) => origin.strip_prefix(scheme).is_some_and(|host| {
                host.strip_suffix(domain)
                    .is_some_and(|rest| rest.ends_with('.'))
            }),
            None => origin == declared,
        };
        self.origins().any(covers)
    }

    fn to_json(&self) -> Map<String, Value> {
        let lists = [
            ("connectDomains", &self.connect),
            ("resourceDomains", &self.resource),
            ("frameDomains", &self.frame),
            ("baseUriDomains", &self.base_uri),
        ];
        // A host denies what is absent; an empty list would mean the same, in more bytes of each list
        // of resources.
        let named = lists.into_iter().filter(|(_, origins)| !origins.is_empty());
        named
            .map(|(name, origins)| (name.to_owned(), json!(origins)))
            .collect()
    }
}

impl Permission {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Geolocation => "geolocation",
            Self::ClipboardWrite => "clipboardWrite",
        }
    }
}

impl UiResource {
    /// Makes a page under a `ui://` URI of HTML that needs no other file; `include_str!` reads it.
    #[must_use]
    pub fn html(uri: impl Into<String>, name: impl Into<String>, html: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            name: name.into(),
            description: "A page for people.".to_owned(),
            html: html.into(),
            csp: Csp::default(),
            permissions: BTreeSet::new(),
            domain: None,
            prefers_border: None,
            lacks_bridge: false,
        }
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Puts a script in place of `<!-- bridge -->`, by which the page speaks with its host.
    ///
    /// `host.connect({…})` receives the tool's result, `host.request("tools/call", {…})` calls tools of
    /// the page's [`Toolset`](crate::Toolset); `bridge.js` documents the rest.
    #[must_use]
    pub fn with_bridge(mut self) -> Self {
        // A page without the place is an error of its author. A builder can't fail, so it is noted here
        // and reported by the check of the app.
        match self.html.split_once(BRIDGE_PLACE) {
            Some((before, after)) => {
                self.html = format!("{before}<script>\n{BRIDGE}</script>{after}")
            }
            None => self.lacks_bridge = true,
        }
        self
    }

    /// Sets the [origins](Csp) that it may reach.
    #[must_use]
    pub fn csp(mut self, csp: Csp) -> Self {
        self.csp = csp;
        self
    }

    /// Adds [features](Permission) of the user's machine that it may use.
    #[must_use]
    pub fn permissions(mut self, permissions: impl IntoIterator<Item = Permission>) -> Self {
        self.permissions.extend(permissions);
        self
    }

    /// Sets the [origin](Csp) that a host should give it, where it needs a stable one.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets whether a host should draw a border around it.
    #[must_use]
    pub const fn prefers_border(mut self, prefers: bool) -> Self {
        self.prefers_border = Some(prefers);
        self
    }

    /// Returns the first problem of the page, to follow its name and URI in
    /// [`App::check`](crate::App::check).
    fn find_problem(&self) -> Option<String> {
        if !self.uri.starts_with("ui://") || self.uri.contains('{') {
            return Some("is a page's and must begin with `ui://`, without variables".to_owned());
        }
        if self.lacks_bridge {
            return Some(format!(
                "is a page's that is to be bridged, and has no `{BRIDGE_PLACE}`"
            ));
        }
        if let Some(origin) = self.csp.origins().find(|origin| !is_origin(origin)) {
            return Some(format!(
                "declares `{origin}`; an origin is such as `https://api.example.com` or `https://*.example.com`"
            ));
        }
        let undeclared = find_origins(&self.html).find(|origin| !self.csp.declares(origin));
        undeclared.map(|origin| {
            format!("is a page's that reaches for `{origin}`, which its `Csp` does not declare")
        })
    }

    /// Returns `_meta.ui`, without what was not set.
    fn to_meta(&self) -> Map<String, Value> {
        let mut meta = Map::new();
        let csp = self.csp.to_json();
        if !csp.is_empty() {
            meta.insert("csp".into(), Value::Object(csp));
        }
        if !self.permissions.is_empty() {
            let permissions = self
                .permissions
                .iter()
                .map(|permission| (permission.as_str().to_owned(), json!({})));
            meta.insert("permissions".into(), Value::Object(permissions.collect()));
        }
        meta.extend(
            self.domain
                .iter()
                .map(|domain| ("domain".to_owned(), json!(domain))),
        );
        meta.extend(
            self.prefers_border
                .map(|prefers| ("prefersBorder".to_owned(), json!(prefers))),
        );
        meta
    }
}

impl From<UiResource> for Resource {
    fn from(page: UiResource) -> Self {
        let problem = page.find_problem();
        let meta = page.to_meta();
        // The settings and the size are those of the listed resource, so a host can prepare its frame
        // before it reads the page.
        let size = page.html.len() as u64;
        let contents = ResourceContents::text(page.html).mime_type(UI_MIME_TYPE);
        let resource = Self::from_contents(page.uri, page.name, contents)
            .description(page.description)
            .ttl(TTL);
        resource.with(|resource| {
            resource.size = Some(size);
            resource.problem = resource.problem.take().or(problem);
            resource.ui = Some(Arc::new(Value::Object(meta)));
        })
    }
}

/// Returns `true` for an origin that [`Csp`] may declare: `https:` or `wss:` and a host, whose first
/// label may be `*`.
fn is_origin(origin: &str) -> bool {
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("wss://"));
    host.is_some_and(|host| {
        let host = host.strip_prefix("*.").unwrap_or(host);
        let is_valid = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':')
        };
        host.contains('.') && host.bytes().all(is_valid)
    })
}

/// Finds the origins that a page loads from by itself, without links that a person follows and XML
/// namespaces.
fn find_origins(html: &str) -> impl Iterator<Item = String> {
    // This is no parser of HTML, CSS and scripts. An origin is named by `//` behind a quote, a
    // parenthesis or `=`, in all three of them, which sets it apart from comments and prose. One that
    // a script puts together at run time is not found, and the host blocks it.
    let found = html.match_indices("//").filter_map(|(place, _)| {
        let scheme = ["https:", "http:", "wss:", "ws:"]
            .into_iter()
            .find(|scheme| html[..place].ends_with(scheme));
        let before = &html[..place - scheme.map_or(0, str::len)];
        let is_value = before.ends_with(['"', '\'', '(', '`', '=']);
        let host: String = html[place + 2..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || ".-:".contains(*c))
            .collect();
        let is_link = before
            .rsplit_once('<')
            .is_some_and(|(_, tag)| tag.starts_with("a ") && !tag.contains('>'));
        let reaches = is_value && host.contains(['.', ':']) && !is_link && host != "www.w3.org";
        reaches.then(|| {
            format!(
                "{}//{}",
                scheme.unwrap_or("https:"),
                host.to_ascii_lowercase()
            )
        })
    });
    found.collect::<BTreeSet<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Primitive;
    use crate::resource::Resources;

    fn problems(page: UiResource) -> Vec<String> {
        Resources::problems(Resource::from(page).definition())
    }

    fn page(html: &str) -> UiResource {
        UiResource::html("ui://crm/contacts", "contacts", html)
    }

    #[test]
    fn a_page_by_itself_has_no_fault_and_says_nothing_it_need_not() {
        let html = r#"<svg xmlns="http://www.w3.org/2000/svg"></svg><a href="https://example.com">more</a> see https://example.com // not"#;
        assert_eq!(problems(page(html)), Vec::<String>::new());
        let resource = Resource::from(page(html));
        assert_eq!(resource.definition().ui.as_deref(), Some(&json!({})));
        assert_eq!(
            resource.definition().mime_type.as_deref(),
            Some(UI_MIME_TYPE)
        );
    }

    #[test]
    fn the_bridge_stands_where_the_page_wants_it() {
        let bridged = Resource::from(page("<body><!-- bridge --><p>").with_bridge());
        assert!(bridged.definition().size.expect("known") > BRIDGE.len() as u64);
        assert_eq!(
            problems(page("<!-- bridge -->").with_bridge()),
            Vec::<String>::new()
        );
        assert!(problems(page("<p>").with_bridge())[0].contains("<!-- bridge -->"));
    }

    #[test]
    fn what_it_reaches_for_must_be_declared() {
        for html in [
            r#"<script src="https://cdn.example.com/x.js"></script>"#,
            r"<script src='//cdn.example.com/x.js'></script>",
            "<style>body { background: url(https://cdn.example.com/x.png) }</style>",
            "<script>fetch('https://cdn.example.com/')</script>",
            "<img src=https://cdn.example.com/x.png>",
            "<script>new WebSocket(`wss://cdn.example.com`)</script>",
        ] {
            assert!(
                problems(page(html))[0].contains("cdn.example.com"),
                "{html}"
            );
        }
        let html = r#"<script src="https://cdn.example.com/x.js"></script>"#;
        for origin in ["https://cdn.example.com", "https://*.example.com"] {
            assert_eq!(
                problems(page(html).csp(Csp::default().resource(origin))),
                Vec::<String>::new(),
                "{origin}"
            );
        }
        assert_eq!(
            problems(page(html).csp(Csp::default().resource("https://*.n.example.com"))).len(),
            1
        );
    }

    #[test]
    fn no_origin_is_open_or_in_the_clear() {
        for origin in [
            "*",
            "https://*",
            "http://example.com",
            "https://example.com/path",
            "https://",
            "example.com",
            "https://a b.com",
            "'unsafe-eval'",
        ] {
            let declared = page("").csp(Csp::default().connect(origin));
            assert!(
                problems(declared)
                    .first()
                    .is_some_and(|problem| problem.contains("declares")),
                "{origin}"
            );
        }
        for uri in ["https://example.com", "ui://{id}"] {
            assert!(
                !problems(UiResource::html(uri, "x", "")).is_empty(),
                "{uri}"
            );
        }
    }

    #[test]
    fn what_is_said_is_said_in_the_protocols_words() {
        let csp = Csp::default()
            .connect("https://api.example.com")
            .frame("https://maps.example.com");
        let page = page("")
            .csp(csp)
            .permissions([Permission::Geolocation])
            .prefers_border(true);
        assert_eq!(
            Value::Object(page.to_meta()),
            json!({
                "csp": {"connectDomains": ["https://api.example.com"], "frameDomains": ["https://maps.example.com"]},
                "permissions": {"geolocation": {}},
                "prefersBorder": true,
            })
        );
    }
}
