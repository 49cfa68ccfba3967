//! The layers of toolsets ([`Toolset::layer`](super::Toolset::layer)), which hold for their members alone.

use std::sync::Arc;

use async_trait::async_trait;

use crate::call::Call;
use crate::error::Result;
use crate::middleware::{Middleware, Next, SharedMiddleware};
use crate::provider::{CompletionRequest, DefinitionView, Primitive, Registration, Reply};
use crate::user::Caller;

/// The layers around a member of toolsets, the outermost first: an extension of its definition
/// ([`Registration::extension`]).
#[derive(Clone)]
struct MemberLayers {
    layers: Arc<[SharedMiddleware]>,
}

/// Puts layers around a member; a member without any stays as it is.
pub(super) fn put_around<P: Primitive>(
    member: Registration<P>,
    layers: &Arc<[SharedMiddleware]>,
) -> Registration<P> {
    if layers.is_empty() {
        return member;
    }
    let layers = Arc::clone(layers);
    member.extension(MemberLayers { layers })
}

/// The rule that runs the layers of toolsets around their members, at one place among the rules of the app.
///
/// The layers travel with the definition, so that they hold wherever a toolset is mounted and for what a provider makes of
/// one ([`Toolset::into_tools`](super::Toolset::into_tools)).
#[derive(Debug)]
pub(crate) struct ToolsetLayers;

fn layers_of<'a>(definition: &DefinitionView<'a>) -> Option<&'a Arc<[SharedMiddleware]>> {
    definition
        .extension::<MemberLayers>()
        .map(|member| &member.layers)
}

/// Puts a member's layers before the rest of its call.
fn enter(next: Next) -> Next {
    match layers_of(&next.definition()).map(Arc::clone) {
        Some(layers) => Next::new(layers, Arc::new(next)),
        None => next,
    }
}

#[async_trait]
impl Middleware for ToolsetLayers {
    fn visible(&self, caller: &Caller, definition: &DefinitionView<'_>) -> bool {
        let mut layers = layers_of(definition).into_iter().flat_map(|all| &**all);
        layers.all(|layer| layer.visible(caller, definition))
    }

    fn depends_on_caller(&self, definition: &DefinitionView<'_>) -> bool {
        let mut layers = layers_of(definition).into_iter().flat_map(|all| &**all);
        layers.any(|layer| layer.depends_on_caller(definition))
    }

    async fn call(&self, call: Call, next: Next) -> Result<Reply> {
        enter(next).run(call).await
    }

    async fn complete(&self, completion: CompletionRequest, next: Next) -> Result<Vec<String>> {
        enter(next).complete(completion).await
    }
}
