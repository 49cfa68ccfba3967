//! [`RouteLaws`]: the laws of routes in their order, with the states that the routes' handlers take.

use std::collections::BTreeSet;

use super::world::{Handlers, PREFIX, World};
use super::{
    a_body_of_a_stranger_is_bounded, a_handler_reaches_what_its_access_opens,
    a_handler_that_breaks_is, every_handler_answers, no_credential_reaches_a_handler, surface,
};
use crate::call::States;
use crate::http::routes::{MountedRoutes, Routes, problems};

/// The laws over routes whose handlers take states of the app ([`RouteRequest::state`](crate::http::RouteRequest::state)).
///
/// ```
/// use mcp_lambda::http::{Access, Route, RouteResponse, Routes, laws::RouteLaws};
///
/// #[derive(Debug)]
/// struct Page;
///
/// impl Routes for Page {
///     fn routes(&self) -> Vec<Route> {
///         let page = Route::get("/", Access::Public, async |request| {
///             Ok(RouteResponse::text(request.state::<String>()?))
///         });
///         vec![page.requires_state::<String>()]
///     }
/// }
///
/// mcp_lambda::testkit::block_on(RouteLaws::new(&Page).state("hello".to_owned()).check());
/// ```
#[derive(Debug)]
pub struct RouteLaws<'r> {
    routes: &'r dyn Routes,
    states: States,
}

impl<'r> RouteLaws<'r> {
    /// Prepares the laws over these routes.
    #[must_use]
    pub fn new(routes: &'r dyn Routes) -> Self {
        Self {
            routes,
            states: States::default(),
        }
    }

    /// Adds a state for the handlers, as [`App::state`](crate::App::state) does.
    #[must_use]
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }

    /// Runs every law.
    ///
    /// # Panics
    /// If the routes break a law.
    pub async fn check(&self) {
        self.the_paths_are_well_made_and_the_states_there();
        every_handler_answers(&self.world(Handlers::Own).await).await;
        let world = self.world(Handlers::Recording).await;
        surface(&world).await;
        no_credential_reaches_a_handler(&world).await;
        a_handler_reaches_what_its_access_opens(&world).await;
        a_body_of_a_stranger_is_bounded(&world).await;
        for panicking in [Handlers::PanickingAtOnce, Handlers::PanickingLater] {
            let world = self.world(panicking).await;
            a_handler_that_breaks_is(&world, 500, "internal").await;
        }
        let world = self.world(Handlers::Endless).await;
        a_handler_that_breaks_is(&world, 504, "deadline_exceeded").await;
    }

    async fn world(&self, handlers: Handlers) -> World {
        World::of_routes(self.routes, handlers, &self.states).await
    }

    fn the_paths_are_well_made_and_the_states_there(&self) {
        let mounted = MountedRoutes::new(PREFIX, self.routes);
        let missing: BTreeSet<_> = mounted.missing_states(&self.states).collect();
        assert!(missing.is_empty(), "{missing:#?}");
        let found = problems(&[mounted]);
        assert!(found.is_empty(), "{found:#?}");
    }
}
