//! Requests that reached a route, with all that its handler reaches by them: [`RouteRequest`].
//!
//! A handler must reach no more of the server than its route's [`Access`] gives it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;

use super::form;
use super::path::{self, PathParameter};
use super::routes::Access;
use crate::admin::AdminApi;
use crate::call::States;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::profile::hydrate;
use crate::records::UserData;
use crate::store;
use crate::user::Caller;

/// A request that reached a route, with the app's states, its clock, and what the route's [`Access`] opens.
///
/// ```
/// use mcp_lambda::http::{Access, Route, RouteResponse, Routes};
/// use mcp_lambda::prelude::*;
/// use mcp_lambda::testkit::{TestApp, block_on};
///
/// #[derive(Clone)]
/// struct Greeting(&'static str);
///
/// #[derive(Debug)]
/// struct Page;
///
/// impl Routes for Page {
///     fn routes(&self) -> Vec<Route> {
///         let page = Route::get("/", Access::Caller, async |request| {
///             let Greeting(hello) = request.state()?;
///             let notes = request.user_data()?.names("note/", None, 100).await?;
///             Ok(RouteResponse::text(format!("{hello}, you have {} notes", notes.names.len())))
///         });
///         vec![page.requires_state::<Greeting>()]
///     }
/// }
///
/// let app = App::new("notes").routes("/page", Page);
/// assert!(app.check().is_err_and(|problems| problems[0].contains("Greeting")));
///
/// block_on(async {
///     let app = TestApp::new(app.state(Greeting("hello"))).await;
///     let alice = app.user("alice@example.com").await;
///     let page = alice.ask(http::Method::GET, "/page", None).await;
///     assert_eq!(page.text, "hello, you have 0 notes");
/// });
/// ```
#[derive(Debug)]
pub struct RouteRequest {
    pub(super) request: Request<Bytes>,
    pub(super) access: Access,
    pub(super) caller: Option<Caller>,
    pub(super) parameters: Vec<PathParameter>,
    pub(super) services: RouteServices,
}

/// The parts of a server that the handlers of its routes reach.
#[derive(Clone)]
pub(crate) struct RouteServices {
    /// The values that the app shares with its handlers.
    pub(crate) states: States,
    /// The store of [`UserData`].
    pub(crate) store: store::SharedStore,
    /// The clock of the server.
    pub(crate) clock: Arc<dyn Clock>,
    /// The operations of an operator.
    pub(crate) admin: Arc<dyn AdminApi>,
    /// The setting `PUBLIC_URL`.
    pub(crate) public_url: Option<Arc<str>>,
}

impl RouteRequest {
    /// Returns the request with its whole body. The path is as it was sent, without the app's base path.
    #[must_use]
    pub const fn request(&self) -> &Request<Bytes> {
        &self.request
    }

    /// Returns the caller; `None` unless the route has [`Access::Caller`].
    #[must_use]
    pub const fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// Returns the app's value of this type, as [`State<T>`](crate::State) gives it to tools.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the app has none; the log names the type. A route that declares it by
    /// [`Route::requires_state`](super::Route::requires_state) lets no app start without it.
    pub fn state<T: Clone + Send + Sync + 'static>(&self) -> Result<T> {
        let lacking = "the server lacks what this page needs; its log names it";
        let state = self.services.states.get();
        state.map_err(|error| Error::internal(lacking).with_source(error))
    }

    /// Returns the time of day by the server's clock, as [`Context::now`](crate::Context::now) does.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.services.clock.now()
    }

    /// Returns the setting `PUBLIC_URL`, the server's URL as clients know it; `None` where it is not set.
    ///
    /// A redirect from elsewhere and protected-resource metadata (RFC 9728 §3.2) need an absolute URL, and `Host` is
    /// whatever a client sends.
    ///
    /// ```
    /// use mcp_lambda::App;
    /// use mcp_lambda::http::{Access, Route, RouteRequest, RouteResponse, Routes};
    /// use mcp_lambda::testkit::{TestApp, block_on};
    /// use serde_json::json;
    ///
    /// #[derive(Debug)]
    /// struct Metadata;
    ///
    /// impl Routes for Metadata {
    ///     fn routes(&self) -> Vec<Route> {
    ///         vec![Route::get("/", Access::Public, async |request: RouteRequest| {
    ///             RouteResponse::json(&json!({ "resource": request.public_url() }))
    ///         })]
    ///     }
    /// }
    ///
    /// block_on(async {
    ///     let app = App::new("notes").routes("/metadata", Metadata);
    ///     let app = TestApp::with_settings(app, &[("PUBLIC_URL", "https://mcp.example.com/notes")]).await;
    ///     let answer = app.anonymous().ask(http::Method::GET, "/metadata", None).await;
    ///     assert_eq!(answer.json["resource"], "https://mcp.example.com/notes");
    /// });
    /// ```
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.services.public_url.as_deref()
    }

    /// Returns the data of the calling user, which a route of [`Access::Caller`] reaches.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for a caller who is no registered user;
    /// [`Internal`](crate::ErrorKind::Internal) in a route of another access.
    pub fn user_data(&self) -> Result<UserData> {
        UserData::for_caller(&self.services.store, self.require_caller()?)
    }

    /// Returns the profile of the calling user, as [`Profile<T>`](crate::Profile) gives it to tools.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a profile that does not read as `T`;
    /// [`Internal`](crate::ErrorKind::Internal) in a route of an access other than [`Access::Caller`].
    pub fn profile<T: DeserializeOwned>(&self) -> Result<T> {
        hydrate(self.require_caller()?.profile()).map_err(|error| {
            Error::invalid(format!(
                "this page needs your profile, and {error}; ask the operator to run `users update-profile`"
            ))
        })
    }

    /// Returns the operations of an operator, which a route of [`Access::Admin`] reaches.
    ///
    /// ```
    /// use mcp_lambda::App;
    /// use mcp_lambda::http::{Access, Route, RouteResponse, Routes};
    /// use mcp_lambda::testkit::{TestApp, block_on};
    ///
    /// #[derive(Debug)]
    /// struct Count;
    ///
    /// impl Routes for Count {
    ///     fn routes(&self) -> Vec<Route> {
    ///         vec![Route::get("/", Access::Admin, async |request| {
    ///             let page = request.admin()?.users(None, 100).await?;
    ///             Ok(RouteResponse::text(page.users.len().to_string()))
    ///         })]
    ///     }
    /// }
    ///
    /// block_on(async {
    ///     let app = TestApp::new(App::new("notes").routes("/count", Count)).await;
    ///     app.user("alice@example.com").await;
    ///     assert_eq!(app.admin().ask(http::Method::GET, "/count", None).await.text, "1");
    /// });
    /// ```
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) in a route of another access.
    pub fn admin(&self) -> Result<&Arc<dyn AdminApi>> {
        match self.access {
            Access::Admin => Ok(&self.services.admin),
            Access::Public | Access::Caller => Err(Error::internal(
                "only a route of `Access::Admin` reaches an operator's operations",
            )),
        }
    }

    /// Returns the percent-decoded value of a `{name}` in the route's path.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        path::parameter(&self.parameters, name)
    }

    /// Returns a value of the query.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if it is sent twice.
    pub fn query(&self, name: &str) -> Result<Option<String>> {
        form::only_value(form::query(self.request.uri()), name)
    }

    /// Returns a value of a body in `application/x-www-form-urlencoded` (WHATWG URL standard §5.1).
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if it is sent twice.
    pub fn form(&self, name: &str) -> Result<Option<String>> {
        form::only_value(self.request.body(), name)
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a body that does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.request.body())
            .map_err(|error| Error::invalid(format!("the body does not fit: {error}")))
    }

    fn require_caller(&self) -> Result<&Caller> {
        self.caller.as_ref().ok_or_else(|| {
            Error::internal("only a route of `Access::Caller` reaches what belongs to a user")
        })
    }
}

impl fmt::Debug for RouteServices {
    /// Prints no field: a state may hold a secret, and a store holds profiles.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteServices").finish_non_exhaustive()
    }
}
