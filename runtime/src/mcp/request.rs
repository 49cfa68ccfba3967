//! A request as we know it: who asks for what, and how the answer goes back.

use std::sync::Arc;

use rmcp::model::{
    CacheScope, InputRequiredResult, InputResponses, MetaObject, PaginatedRequestParams,
    RequestMetaObject,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value};

use super::offers::Offers;
use super::wire::{Wire, is_modern};
use super::{Seat, convert, error};
use crate::call::{Asked, Call, Context, Retry};
use crate::source::{Definition, Kind, Shared};
use crate::user::Caller;

/// The key of the least level of log messages that a client wants.
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The key of who answers.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What a client brings back, if it was asked something.
pub(super) fn retry(responses: Option<InputResponses>, state: Option<String>) -> Option<Retry> {
    if responses.is_none() && state.is_none() {
        return None;
    }
    Some(Retry {
        responses: responses.unwrap_or_default().into_iter().collect(),
        state,
    })
}

/// A request whose caller is known.
pub(super) struct Opening<'a> {
    offers: &'a Offers,
    caller: Arc<Caller>,
    context: Context,
    is_modern: bool,
    version: Option<String>,
}

/// A page of a list.
pub(super) struct Listed<K: Kind> {
    pub(super) definitions: Vec<Arc<Definition<K>>>,
    pub(super) next: Option<String>,
    pub(super) scope: CacheScope,
}

impl<'a> Opening<'a> {
    pub(super) async fn new(
        offers: &'a Offers,
        seat: &Seat,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<Self, ErrorData> {
        let caller = seat
            .caller(&context.extensions)
            .await
            .map_err(|error| error::protocol(&error))?;
        check_level(&context.meta)?;
        let is_modern = is_modern(&context);
        let version = context
            .meta
            .get(convert::VERSION)
            .map(|version| version.as_str().unwrap_or_default().to_owned());
        let (deadline, cancellation) = (seat.deadline(&context), context.ct.clone());
        let channel = Arc::new(Wire::new(context, seat.is_lasting(), seat.level()));
        let context = Context::new(deadline, cancellation, Some(channel));
        Ok(Self {
            offers,
            caller,
            context,
            is_modern,
            version,
        })
    }

    /// The call that is asked for.
    pub(super) fn call<K: Kind>(
        &self,
        name: String,
        arguments: Map<String, Value>,
        retry: Option<Retry>,
    ) -> Call {
        Call {
            noun: K::NOUN,
            name,
            version: self.version.clone(),
            arguments,
            caller: Arc::clone(&self.caller),
            context: self.context.clone(),
            retry,
            store: Arc::clone(&self.offers.store),
            clock: Arc::clone(&self.offers.clock),
        }
    }

    /// The page of a list that is asked for.
    pub(super) async fn page<K: Kind>(
        &self,
        source: &Shared<K>,
        list: &str,
        request: Option<PaginatedRequestParams>,
        keep: impl Fn(&Definition<K>) -> bool + Send,
    ) -> std::result::Result<Listed<K>, ErrorData> {
        let listing = source
            .list(&self.caller)
            .await
            .map_err(|error| error::protocol(&error))?;
        let is_first = request
            .as_ref()
            .is_none_or(|request| request.cursor.is_none());
        let mut definitions = listing.definitions;
        definitions.retain(|definition| keep(definition));
        let user = self.caller.identity();
        let page = self
            .offers
            .pages
            .page(list, &user, request, definitions, |definition| {
                K::key(definition)
            })
            .await;
        let page = page.map_err(|error| error::protocol(&error))?;
        // A cursor is one user's, and so is a page that has one.
        let is_whole = is_first && page.next.is_none();
        let scope = if is_whole && !listing.is_private {
            CacheScope::Public
        } else {
            CacheScope::Private
        };
        Ok(Listed {
            definitions: page.items,
            next: page.next,
            scope,
        })
    }

    /// What is said beside a result: who answers (MCP 2026-07-28, `serverInfo`).
    pub(super) fn stamp(&self, meta: Option<MetaObject>) -> Option<MetaObject> {
        if !self.is_modern {
            return meta;
        }
        let mut meta = meta.unwrap_or_default();
        meta.insert(SERVER_INFO.to_owned(), self.offers.server_info.clone());
        Some(meta)
    }

    pub(super) fn asked(
        &self,
        asked: Asked,
    ) -> std::result::Result<InputRequiredResult, ErrorData> {
        let mut result = convert::asked(asked)?;
        result.meta = self.stamp(None);
        Ok(result)
    }
}

fn check_level(meta: &RequestMetaObject) -> std::result::Result<(), ErrorData> {
    if meta.get(LOG_LEVEL).is_some() && meta.log_level().is_none() {
        return Err(ErrorData::invalid_params(
            format!(
                "`{LOG_LEVEL}` must be debug, info, notice, warning, error, critical, alert or emergency"
            ),
            None,
        ));
    }
    Ok(())
}

/// Whether this is a method of MCP's that we speak, in its newest revision or in those before it.
pub(super) fn is_method(method: &str, is_modern: bool) -> bool {
    const EVER: [&str; 8] = [
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "completion/complete",
    ];
    const BEFORE: [&str; 3] = ["initialize", "ping", "logging/setLevel"];
    EVER.contains(&method) || (!is_modern && BEFORE.contains(&method))
}
