//! Resources: [contents](ResourceContents) that can be read under a URI or a template of URIs (MCP 2026-07-28, resources).

mod template;
mod ui;

use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

#[doc(hidden)] // Authors write a template as text.
pub use template::Template;
pub use ui::{Csp, Permission, UiResource};

use crate::call::Call;
use crate::error::{Error, Result, ResultExt};
use crate::provider::{Answer, Definition, IntoAnswer, Pattern, Primitive, Registration, Sealed};

/// MCP's resources as a [`Primitive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resources {}

/// A registered resource, or a [template](Template) of many: its definition and its handler.
pub type Resource = Registration<Resources>;

/// The part of a [`Definition`] that only resources have (MCP `Resource`, `ResourceTemplate`).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ResourceDetail {
    /// The URI, or the [template](Template) of its URIs.
    pub uri: String,
    /// The parsed [template](Template), if it is one.
    pub(crate) template: Option<Template>,
    /// JSON Schema of the [template](Template)'s variables, where their types are known; their text is coerced by it.
    pub(crate) schema: Arc<Map<String, Value>>,
    /// The problem of the URI, for the check of the app.
    problem: Option<String>,
    /// The MIME type, such as `text/plain`.
    pub mime_type: Option<String>,
    /// The size in bytes, where it is known.
    pub size: Option<u64>,
    /// The time for which a client may cache the [contents](ResourceContents).
    pub ttl: Duration,
    /// `true` if it is the same for everyone who may read it, so that caches may share it.
    pub is_shared: bool,
    /// The settings of a [page](UiResource) (MCP Apps, `_meta.ui`).
    pub(crate) ui: Option<Arc<Value>>,
}

/// The answer of a resource: one piece of [contents](ResourceContents) or several (MCP `ReadResourceResult`).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ReadResult {
    /// The pieces.
    pub contents: Vec<ResourceContents>,
}

/// A piece of a [resource](Resource)'s contents (MCP `ResourceContents`).
///
/// ```
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::resource::ResourceBody;
///
/// let row = ResourceContents::text("Q1,7").mime_type("text/csv").at("sales://2026/q1");
/// assert_eq!(row.body, ResourceBody::Text("Q1,7".to_owned()));
///
/// let picture = ResourceContents::bytes([0x89, 0x50]).mime_type("image/png");
/// assert_eq!(picture.body, ResourceBody::Blob("iVA=".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResourceContents {
    /// Its URI, if it is not the one that was read.
    pub uri: Option<String>,
    /// Its MIME type, if it is not the [resource](Resource)'s.
    pub mime_type: Option<String>,
    /// The text or the bytes.
    pub body: ResourceBody,
}

/// The body of [`ResourceContents`]: text or bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceBody {
    /// Makes contents of a text.
    Text(String),
    /// Bytes, in base64.
    Blob(String),
}

impl ResourceContents {
    /// Makes contents of a text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            uri: None,
            mime_type: None,
            body: ResourceBody::Text(text.into()),
        }
    }

    /// Makes contents of bytes.
    #[must_use]
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            uri: None,
            mime_type: None,
            body: ResourceBody::Blob(BASE64_STANDARD.encode(bytes)),
        }
    }

    /// Makes contents of bytes that are written in base64 already (RFC 4648 §4).
    #[must_use]
    pub fn base64(text: impl Into<String>) -> Self {
        Self {
            uri: None,
            mime_type: None,
            body: ResourceBody::Blob(text.into()),
        }
    }

    /// Makes contents of a value as JSON.
    ///
    /// # Errors
    /// `Internal` if it can't be written.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        let text =
            serde_json::to_string(value).or_internal("the resource can't be written as JSON")?;
        Ok(Self::text(text).mime_type("application/json"))
    }

    /// Sets the MIME type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Sets the URI, where several are read at once.
    #[must_use]
    pub fn at(mut self, uri: impl Into<String>) -> Self {
        self.uri = Some(uri.into());
        self
    }
}

impl IntoAnswer<Resources> for ReadResult {
    fn into_answer(self) -> Result<Self> {
        Ok(self)
    }
}

impl IntoAnswer<Resources> for Vec<ResourceContents> {
    fn into_answer(self) -> Result<ReadResult> {
        Ok(ReadResult { contents: self })
    }
}

impl IntoAnswer<Resources> for ResourceContents {
    fn into_answer(self) -> Result<ReadResult> {
        vec![self].into_answer()
    }
}

impl IntoAnswer<Resources> for String {
    fn into_answer(self) -> Result<ReadResult> {
        ResourceContents::text(self).into_answer()
    }
}

impl IntoAnswer<Resources> for &'static str {
    fn into_answer(self) -> Result<ReadResult> {
        ResourceContents::text(self).into_answer()
    }
}

impl IntoAnswer<Resources> for Vec<u8> {
    fn into_answer(self) -> Result<ReadResult> {
        ResourceContents::bytes(self).into_answer()
    }
}

impl<T, E> IntoAnswer<Resources> for std::result::Result<T, E>
where
    T: IntoAnswer<Resources>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn into_answer(self) -> Result<ReadResult> {
        self.map_err(|error| Error::from_boxed(error.into()))?
            .into_answer()
    }
}

impl Answer for ReadResult {
    fn size(&self) -> usize {
        let size = |contents: &ResourceContents| match &contents.body {
            ResourceBody::Text(text) => text.len(),
            ResourceBody::Blob(data) => data.len(),
        };
        self.contents.iter().map(size).sum()
    }
}

impl Sealed for Resources {}

impl Primitive for Resources {
    const NAME: &'static str = "resource";
    type Detail = ResourceDetail;
    type Answer = ReadResult;

    fn problems(resource: &Definition<Self>) -> Vec<String> {
        let wrong = |problem: &String| {
            format!(
                "resource `{}`: its URI `{}` {problem}",
                resource.name, resource.uri
            )
        };
        resource.problem.iter().map(wrong).collect()
    }

    fn key(resource: &Definition<Self>) -> &str {
        &resource.detail.uri
    }

    fn pattern(resource: &Definition<Self>) -> Option<Pattern> {
        let template = resource.template.as_ref()?;
        Some(Pattern {
            shape: template.shape(),
            literal_bytes: template.literal_bytes(),
        })
    }

    /// Returns the variables of a template's URI: they are the arguments of its function.
    fn captures(resource: &Definition<Self>, uri: &str) -> Option<Map<String, Value>> {
        resource.template.as_ref()?.variables(uri)
    }

    fn argument_schema(resource: &Definition<Self>) -> &Arc<Map<String, Value>> {
        &resource.detail.schema
    }
}

impl ResourceDetail {
    /// Makes the detail of a URI or a template.
    pub(crate) fn at(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        let (template, problem) = match Template::parse(&uri) {
            Ok(template) => (template, None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            uri,
            template,
            problem,
            ..Self::default()
        }
    }
}

impl Registration<Resources> {
    /// A resource under this URI, or under every URI of this template (RFC 6570, `{name}` and `{+name}`), whose variables
    /// the function finds in [`Call::arguments`].
    ///
    /// ```
    /// use mcp_lambda::prelude::*;
    ///
    /// let note = Resource::new("note://{id}", "note", |call| async move { Ok(format!("about {}", call.arguments()["id"])) })
    ///     .description("A note by its id.")
    ///     .mime_type("text/plain");
    /// assert_eq!(note.definition().uri, "note://{id}");
    /// ```
    pub fn new<F, W, R>(uri: impl Into<String>, name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R>> + Send + 'static,
        R: IntoAnswer<Resources>,
    {
        Self::make(name, ResourceDetail::at(uri), handler)
    }

    /// A [resource](Resource) that is always the same: text, or bytes; anyone who may read it may keep it.
    pub fn from_contents(
        uri: impl Into<String>,
        name: impl Into<String>,
        contents: ResourceContents,
    ) -> Self {
        let mime_type = contents.mime_type.clone();
        let resource =
            Self::new(uri, name, move |_| std::future::ready(Ok(contents.clone()))).share();
        mime_type.into_iter().fold(resource, Self::mime_type)
    }

    /// Sets the MIME type.
    #[must_use]
    pub fn mime_type(self, mime_type: impl Into<String>) -> Self {
        self.with(|resource| resource.mime_type = Some(mime_type.into()))
    }

    /// Sets the time for which a client may cache the [contents](ResourceContents).
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        self.with(|resource| resource.ttl = ttl)
    }

    /// Marks it as the same for everyone who may read it, so that caches may share it.
    #[must_use]
    pub fn share(self) -> Self {
        self.with(|resource| resource.is_shared = true)
    }

    /// Moves it to another URI.
    pub(crate) fn move_to(self, uri: String) -> Self {
        if uri == self.definition().uri {
            return self;
        }
        self.with(|resource| {
            let ResourceDetail {
                template, problem, ..
            } = ResourceDetail::at(uri.clone());
            (resource.uri, resource.template) = (uri, template);
            resource.problem = resource.problem.take().or(problem);
        })
    }

    /// Adds the arguments of this schema, whose names must be the variables of the [template](Template).
    #[must_use]
    pub fn variables(self, schema: &Value) -> Self {
        let properties = schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let named: Vec<String> = self
            .definition()
            .template
            .iter()
            .flat_map(Template::names)
            .map(str::to_owned)
            .collect();
        let lost = properties
            .keys()
            .find(|name| !named.contains(name))
            .cloned();
        let unused = named
            .iter()
            .find(|name| !properties.contains_key(*name))
            .cloned();
        let problem = lost
            .map(|name| format!("has no variable `{{{name}}}`, which its function takes"))
            .or_else(|| {
                unused.map(|name| {
                    format!("has a variable `{{{name}}}`, which its function does not take")
                })
            });
        let suggesting = |resource: Self, (name, property): (&String, &Value)| {
            resource.suggesting(name, property)
        };
        let resource = properties.iter().fold(self, suggesting);
        resource.with(|resource| {
            resource.schema = Arc::new(schema.as_object().cloned().unwrap_or_default());
            resource.problem = resource.problem.take().or(problem);
        })
    }

    fn with(mut self, change: impl FnOnce(&mut ResourceDetail)) -> Self {
        change(&mut self.definition_mut().detail);
        self
    }
}
