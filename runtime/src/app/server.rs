//! [`Server`]: an app put together, as entry points, the admin CLI and tests hold it.

use std::sync::Arc;

use crate::admin::AdminApi;
use crate::error::Result;
use crate::http::Router;
use crate::identity::{Identity, Issuer};
#[cfg(feature = "local")]
use crate::mcp::Transports;
use crate::secret::Secret;
#[cfg(feature = "local")]
use crate::user::Caller;

/// An app put together, for every entry point. [`App::build`](crate::App::build) makes one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Server {
    /// The [`Router`], which answers HTTP requests.
    #[doc(hidden)]
    pub router: Router,
    /// The MCP server, for standard input and output; HTTP has its own.
    #[cfg(feature = "local")]
    pub(crate) transports: Arc<dyn Transports>,
    /// The verifiers of credentials, and revocation.
    pub(crate) identity: Identity,
    /// The issuer of the server's own tokens.
    pub(crate) issuer: Issuer,
    pub(super) admin: Arc<dyn AdminApi>,
    /// The store and the keys, described for people.
    #[cfg(feature = "local")]
    pub(crate) description: Description,
}

/// The store and the keys of a [`Server`], described for people.
#[cfg(feature = "local")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// The kind and place of the store.
    pub store: String,
    /// The kind and place of the signing key.
    pub keys: String,
}

impl Server {
    /// Returns the operations of an operator, without HTTP: for a program that holds the server itself.
    ///
    /// ```
    /// use mcp_lambda::App;
    /// use mcp_lambda::admin::NewUser;
    /// use mcp_lambda::testkit::{TestApp, block_on};
    ///
    /// block_on(async {
    ///     let app = TestApp::new(App::new("notes")).await;
    ///     let admin = app.server().admin();
    ///     admin.register(NewUser::new("alice@example.com".parse()?)).await?;
    ///     assert_eq!(admin.users(None, 10).await?.users.len(), 1);
    ///     Ok::<(), mcp_lambda::Error>(())
    /// })?;
    /// # Ok::<(), mcp_lambda::Error>(())
    /// ```
    #[must_use]
    pub fn admin(&self) -> &Arc<dyn AdminApi> {
        &self.admin
    }

    /// Returns the audience that own tokens must carry, if one is set.
    #[must_use]
    #[doc(hidden)] // For the admin CLI.
    pub fn audience(&self) -> Option<&str> {
        self.identity.audience()
    }

    /// Makes a token for a probe, by [`Issuer::probe_token`].
    ///
    /// # Errors
    /// `Unavailable` if the keys can't be read.
    #[doc(hidden)] // For the admin CLI.
    pub async fn probe_token(&self) -> Result<Secret<String>> {
        self.issuer.probe_token().await
    }
}

#[cfg(feature = "local")]
impl Server {
    /// Serves one [`Caller`] over standard input and output until the input ends (MCP, transports, stdio).
    ///
    /// # Errors
    /// `Unavailable` if the client hangs up before it has initialized.
    pub async fn serve_stdio(&self, caller: Caller) -> Result<()> {
        self.transports.serve_stdio(caller.into()).await
    }
}
