//! [`ForeignTarget`], a method of a foreign handler as something that can be called.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use rmcp::ErrorData;

use crate::call::Call;
use crate::error::{Error, Result as CallResult};
use crate::provider::{Answer, Callable, Completion, DefinitionView, Reply};
use crate::user::enter;

/// The work behind a call. It is a [`FnOnce`]: a request of rmcp's is consumed by answering it.
type Work = Box<dyn FnOnce(Call) -> BoxFuture<'static, CallResult<Reply>> + Send>;

/// A method of a foreign handler as a [`Callable`].
pub(super) struct ForeignTarget {
    pub(super) primitive: &'static str,
    name: String,
    /// The name or URI that the call names. A URI is never logged, so a resource has another name.
    pub(super) key: String,
    is_read_only: bool,
    /// True for requests that anyone may make who may connect.
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

    /// Adds the [`Work`], run with the caller as the current user.
    pub(super) fn with_work<T, W>(mut self, work: impl FnOnce(Call) -> W + Send + 'static) -> Self
    where
        T: std::fmt::Debug + Send + Sync + 'static,
        W: Future<Output = Result<T, ErrorData>> + Send + 'static,
    {
        let work: Work = Box::new(move |call| {
            let caller = Arc::clone(&call.caller);
            let work = enter(caller, work(call));
            Box::pin(async move { Ok(Reply::from(ForeignAnswer(work.await))) })
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

    async fn complete(&self, _completion: Completion) -> CallResult<Vec<String>> {
        Ok(Vec::new())
    }
}

/// The result of a foreign handler, errors of the protocol included: they reach the client as the handler made them.
#[derive(Debug)]
pub(super) struct ForeignAnswer<T>(Result<T, ErrorData>);

impl<T> ForeignAnswer<T> {
    /// Returns the result as the handler made it.
    pub(super) fn into_result(self) -> Result<T, ErrorData> {
        self.0
    }
}

impl<T: std::fmt::Debug + Send + Sync + 'static> Answer for ForeignAnswer<T> {
    /// Returns zero: rmcp's results are not measured.
    fn size(&self) -> usize {
        0
    }

    /// The message of an error may quote an argument, so it is no cause for the log.
    fn failure(&self) -> Option<Option<&str>> {
        self.0.is_err().then_some(None)
    }
}
