//! The providers of a built server, and the calls that any protocol makes of them.
//!
//! A protocol turns its requests into [`CallContext`]s and the results into its own messages. Looking up, paging and cache
//! scope are decided here, so that two protocols can't decide differently.

use std::any::Any;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::call::{Call, Context, States};
use crate::clock::Clock;
use crate::elicitation::InputResponses;
use crate::error::Result;
use crate::prompt::Prompts;
use crate::provider::{
    self, Definition, ListPage, PageRequest, Pager, Primitive, Provider, Resolved, SharedProvider,
};
use crate::resource::Resources;
use crate::store;
use crate::tool::Tools;
use crate::user::Caller;

/// The providers of a server with every rule around them, and what a [`CallContext`] puts into their calls.
#[derive(Debug)]
pub(crate) struct Registry {
    /// The provider of tools.
    pub(crate) tools: SharedProvider<Tools>,
    /// The provider of prompts.
    pub(crate) prompts: SharedProvider<Prompts>,
    /// The provider of resources and resource templates.
    pub(crate) resources: SharedProvider<Resources>,
    /// The [`Pager`] of lists.
    pub(crate) pager: Pager,
    /// The store of [`UserData`](crate::UserData).
    pub(crate) store: store::SharedStore,
    /// The clock of the server.
    pub(crate) clock: Arc<dyn Clock>,
    /// The values of the app that handlers take as [`State`](crate::State).
    pub(crate) states: States,
}

/// The providers that an app adds ([`App::provider`](crate::App::provider)) to what its code registers.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddedProviders {
    /// The providers of tools.
    pub(crate) tools: Vec<SharedProvider<Tools>>,
    /// The providers of prompts.
    pub(crate) prompts: Vec<SharedProvider<Prompts>>,
    /// The providers of resources and resource templates.
    pub(crate) resources: Vec<SharedProvider<Resources>>,
}

impl AddedProviders {
    /// Returns whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.prompts.is_empty() && self.resources.is_empty()
    }

    /// Adds a provider behind those of its primitive.
    ///
    /// The list is found by its type: so the bound of [`App::provider`](crate::App::provider) is [`Primitive`], which
    /// this crate alone implements, and no trait that names the lists. Of the three exactly one has the type.
    pub(crate) fn add<P: Primitive>(&mut self, provider: impl Provider<P>) {
        let provider: SharedProvider<P> = Arc::new(provider);
        let lists: [&mut dyn Any; 3] = [&mut self.tools, &mut self.prompts, &mut self.resources];
        let mut fitting = lists.into_iter().filter_map(<dyn Any>::downcast_mut);
        if let Some(list) = fitting.next() {
            <Vec<SharedProvider<P>>>::push(list, provider);
        }
    }
}

/// A primitive with its field in a [`Registry`]: [`Tools`], [`Prompts`] or [`Resources`].
pub(crate) trait Registrable: Primitive {
    /// Returns the provider of this primitive.
    fn of(registry: &Registry) -> &SharedProvider<Self>;
}

impl Registrable for Tools {
    fn of(registry: &Registry) -> &SharedProvider<Self> {
        &registry.tools
    }
}

impl Registrable for Prompts {
    fn of(registry: &Registry) -> &SharedProvider<Self> {
        &registry.prompts
    }
}

impl Registrable for Resources {
    fn of(registry: &Registry) -> &SharedProvider<Self> {
        &registry.resources
    }
}

/// A request to a server, whatever protocol it came by: the caller and the circumstances of the calls it makes.
#[derive(Debug)]
pub(crate) struct CallContext {
    registry: Arc<Registry>,
    caller: Arc<Caller>,
    context: Context,
    /// The version that is asked for, if not any.
    version: Option<String>,
}

impl CallContext {
    /// Describes a request by this caller; the [`Context`] has its deadline and the way back to its client.
    pub(crate) const fn new(
        registry: Arc<Registry>,
        caller: Arc<Caller>,
        context: Context,
        version: Option<String>,
    ) -> Self {
        Self {
            registry,
            caller,
            context,
            version,
        }
    }

    /// Returns the caller.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Makes the [`Call`] of something by its name or URI.
    pub(crate) fn call(
        &self,
        primitive: &'static str,
        name: String,
        arguments: Map<String, Value>,
        input_responses: Option<InputResponses>,
    ) -> Call {
        Call {
            primitive,
            name,
            version: self.version.clone(),
            arguments: Arc::new(arguments),
            caller: Arc::clone(&self.caller),
            context: self.context.clone(),
            input_responses,
            is_bound: false,
            store: Arc::clone(&self.registry.store),
            clock: Arc::clone(&self.registry.clock),
            states: self.registry.states.clone(),
        }
    }

    /// Resolves what a call names, by the provider of its primitive
    /// ([`Provider::resolve`](crate::provider::Provider::resolve)).
    ///
    /// # Errors
    /// `NotFound` for whatever does not exist for the caller, `Unavailable`.
    pub(crate) async fn resolve<P: Registrable>(&self, call: &Call) -> Result<Resolved<P>> {
        provider::resolve(&**P::of(&self.registry), call).await
    }

    /// Lists a [`ListPage`] of the definitions that the caller may see and that `keep` admits to this list.
    ///
    /// # Errors
    /// `Stale` for a cursor that is not the caller's for this list, `Unavailable`.
    pub(crate) async fn page<P: Registrable>(
        &self,
        list: &str,
        cursor: Option<&str>,
        keep: fn(&Definition<P>) -> bool,
    ) -> Result<ListPage<P>> {
        let mut listing = P::of(&self.registry).list(&self.caller).await?;
        listing.definitions.retain(|definition| keep(definition));
        let user = self.caller.seal_owner();
        let request = PageRequest {
            list,
            user: &user,
            cursor,
        };
        self.registry.pager.page(request, listing).await
    }
}
