//! An app's tools, spoken by hand over rmcp's `ServerHandler`: its macros rebuild their routers at every call.

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, DiscoverResult, Implementation, ListToolsResult,
    PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::{Seat, Seated, convert, error};
use crate::store;
use crate::tool::{Call, Shared};
#[cfg(feature = "local")]
use crate::user::Caller;

/// How long a client may go by a list or a discovery before it asks again, in milliseconds.
const TTL_MS: u64 = 60_000;

/// The revisions we speak, newest first where a client has no preference.
const VERSIONS: [ProtocolVersion; 4] = [
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The app's name.
    pub name: String,
    /// The app's version.
    pub version: String,
    /// What a model should know before it uses the tools.
    pub instructions: Option<String>,
}

/// Speaks MCP for a source of tools.
#[derive(Clone, Debug)]
pub struct Server {
    source: Shared,
    store: store::Shared,
    about: Arc<About>,
    seat: Seat,
}

impl Server {
    /// Speaks for these tools, whose users' data are in this store.
    #[must_use]
    pub fn new(source: Shared, store: store::Shared, about: About, seat: Seat) -> Self {
        Self { source, store, about: Arc::new(about), seat }
    }
}

impl Seated for Server {
    #[cfg(feature = "local")]
    fn taken_by(&self, caller: Arc<Caller>) -> Self {
        Self { seat: self.seat.clone().taken_by(caller), ..self.clone() }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(&self.about.name, &self.about.version));
        info.instructions.clone_from(&self.about.instructions);
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(const { &VERSIONS })
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let discovered = DiscoverResult::from_server_info(VERSIONS.to_vec(), self.get_info());
        Ok(discovered.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if request.is_some_and(|page| page.cursor.is_some()) {
            return Err(ErrorData::invalid_params("this cursor is not one of ours: the list has one page", None));
        }
        let caller = self.seat.caller(&context.extensions).map_err(|error| error::protocol(&error))?;
        let tools = self.source.list(&caller).await.map_err(|error| error::protocol(&error))?;
        let listed = ListToolsResult::with_all_items(tools.iter().map(|tool| convert::tool(tool)).collect());
        Ok(listed.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = self.seat.caller(&context.extensions).map_err(|error| error::protocol(&error))?;
        let call = Call {
            name: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            caller,
            context: self.seat.context(&context),
            store: Arc::clone(&self.store),
        };
        let outcome = self.source.call(call).await.or_else(error::outcome)?;
        Ok(convert::outcome(outcome).into())
    }
}
