//! The order of the rules ([`Middleware`](crate::middleware::Middleware)) around everything that an app serves.

use std::sync::Arc;

use super::App;
use crate::middleware::{
    AnswerLimit, ArgumentReader, CallDeadline, CallLog, DisabledNames, PanicGuard, ScopeCheck,
    SealedElicitation, SharedMiddleware,
};
use crate::provider::SharedProvider;
use crate::seal::Sealer;
use crate::tool::Tools;
use crate::toolsets::{PageAddresses, ToolsetLayers};

impl App {
    /// Returns the rules around an app's own providers, the outermost first.
    ///
    /// The log is outermost: it sees every refusal. The deadline and the panic guard cover the app's and the toolsets'
    /// layers. Elicitation and page addresses are innermost: they belong to the handler, and addresses are replaced before
    /// the answer is measured.
    pub(super) fn rules(
        &self,
        sealer: Sealer,
        tools: &SharedProvider<Tools>,
    ) -> Arc<[SharedMiddleware]> {
        let mut rules: Vec<SharedMiddleware> = vec![Arc::new(CallLog), Arc::new(ScopeCheck)];
        if !self.providers.is_empty() && !self.disabled.is_empty() {
            rules.push(Arc::new(DisabledNames::new(self.disabled.clone())));
        }
        rules.push(Arc::new(ArgumentReader));
        rules.push(Arc::new(CallDeadline::new(self.timeout)));
        rules.push(Arc::new(PanicGuard));
        rules.extend(self.layers.iter().cloned());
        if self.own.has_layers() || !self.providers.is_empty() {
            rules.push(Arc::new(ToolsetLayers));
        }
        rules.push(Arc::new(AnswerLimit::new(self.answer_limit)));
        let clock = Arc::clone(&self.clock);
        rules.push(Arc::new(SealedElicitation::new(sealer, clock)));
        rules.push(Arc::new(PageAddresses::new(tools)));
        rules.into()
    }

    /// Returns the rules around what a foreign handler does for a user ([`App::serve_handler`]). Its answers are rmcp's
    /// and it asks its user itself.
    pub(super) fn foreign_rules(&self) -> Arc<[SharedMiddleware]> {
        let mut rules: Vec<SharedMiddleware> = vec![Arc::new(CallLog), Arc::new(ScopeCheck)];
        rules.push(Arc::new(CallDeadline::new(self.timeout)));
        rules.push(Arc::new(PanicGuard));
        rules.extend(self.layers.iter().cloned());
        rules.push(Arc::new(AnswerLimit::new(self.answer_limit)));
        rules.into()
    }

    /// Returns the rules around discovery and the lists of a foreign handler.
    pub(super) fn list_rules(&self) -> Arc<[SharedMiddleware]> {
        Arc::new([
            Arc::new(CallDeadline::new(self.timeout)),
            Arc::new(PanicGuard),
            Arc::new(AnswerLimit::new(self.answer_limit)),
        ])
    }
}
