//! A method of a foreign handler as something that the middleware can call, and its result as an answer.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use rmcp::ErrorData;
use rmcp::model::Tool;

use super::wire_size::WireSize;
use crate::call::Call;
use crate::error::{Error, Result as CallResult};
use crate::provider::{Answer, Callable, CompletionRequest, DefinitionView, Reply};
use crate::user::enter;

/// The work behind a call, which can be done once: a request of rmcp's is used up by answering it.
type Work = Box<dyn FnOnce(Call) -> BoxFuture<'static, CallResult<Reply>> + Send>;

/// A method of a foreign handler as something that can be called.
pub(super) struct ForeignTarget {
    pub(super) primitive: &'static str,
    name: String,
    /// The name or URI that the call names. A URI is never logged, so a resource has another name.
    pub(super) key: String,
    is_read_only: bool,
    pub(super) is_list: bool,
    work: Mutex<Option<Work>>,
}

impl ForeignTarget {
    /// Describes a tool, a prompt or a resource, or another request by its method.
    pub(super) fn new(
        primitive: &'static str,
        name: impl Into<String>,
        is_read_only: bool,
    ) -> Self {
        let name = name.into();
        Self {
            primitive,
            key: name.clone(),
            name,
            is_read_only,
            is_list: false,
            work: Mutex::default(),
        }
    }

    /// Describes a request that anyone may make who may connect.
    pub(super) fn list(method: &'static str) -> Self {
        Self {
            is_list: true,
            ..Self::new("request", method, true)
        }
    }

    /// Describes a resource by its URI.
    pub(super) fn resource(uri: &str) -> Self {
        Self {
            key: uri.to_owned(),
            ..Self::new("resource", "resource", true)
        }
    }

    /// Returns the view of a resource or a template by its URI, as that of a call of it.
    pub(super) const fn resource_view(uri: &str) -> DefinitionView<'_> {
        DefinitionView::new("resource", "resource", true).with_key(uri)
    }

    /// Adds the work, with the caller as the current user.
    pub(super) fn with_work<T, W>(mut self, work: impl FnOnce(Call) -> W + Send + 'static) -> Self
    where
        T: WireSize,
        W: Future<Output = Result<T, ErrorData>> + Send + 'static,
    {
        let work: Work = Box::new(move |call| {
            let caller = Arc::clone(&call.caller);
            let work = enter(caller, work(call));
            Box::pin(async move { Ok(Reply::from(ForeignAnswer { result: work.await })) })
        });
        self.work = Mutex::new(Some(work));
        self
    }
}

#[async_trait]
impl Callable for ForeignTarget {
    fn view(&self) -> DefinitionView<'_> {
        DefinitionView::new(self.primitive, &self.name, self.is_read_only).with_key(&self.key)
    }

    fn bind(&self, _call: &mut Call) -> CallResult<()> {
        Ok(())
    }

    async fn call(&self, call: Call) -> CallResult<Reply> {
        let work = self
            .work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let work = work.ok_or_else(|| {
            Error::internal("a request to a foreign handler can't be made twice by a middleware")
        })?;
        work(call).await
    }

    async fn complete(&self, _completion: CompletionRequest) -> CallResult<Vec<String>> {
        Ok(Vec::new())
    }
}

/// The result of a foreign handler, errors of the protocol included: they reach the client as the handler made them.
#[derive(Debug)]
pub(super) struct ForeignAnswer<T> {
    result: Result<T, ErrorData>,
}

impl<T> ForeignAnswer<T> {
    pub(super) fn into_result(self) -> Result<T, ErrorData> {
        self.result
    }
}

impl<T: WireSize> Answer for ForeignAnswer<T> {
    fn size(&self) -> usize {
        match &self.result {
            Ok(answer) => answer.wire_size(),
            Err(error) => error.wire_size(),
        }
    }

    /// The message of an error may quote an argument, so it is no cause for the log.
    fn failure(&self) -> Option<Option<&str>> {
        self.result.is_err().then_some(None)
    }
}

/// Returns whether a tool of the handler's says that it changes nothing.
pub(super) fn is_read_only(tool: &Tool) -> bool {
    let hints = tool.annotations.as_ref();
    hints.is_some_and(|hints| hints.read_only_hint == Some(true))
}
