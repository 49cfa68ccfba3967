//! The size of rmcp's results as JSON, for the answer limit.

use std::fmt;
use std::io;

use rmcp::ErrorData;
use rmcp::model::{
    CallToolResponse, CompleteResult, CustomResult, DiscoverResult, GetPromptResponse,
    GetSkillResult, GetTaskResult, InitializeResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult,
    ReadResourceResponse, ServerResult,
};
use serde::Serialize;

/// A result of a foreign handler, whose JSON can be measured without being stored.
pub(super) trait WireSize: fmt::Debug + Send + Sync + 'static {
    /// Returns the number of bytes as JSON.
    fn wire_size(&self) -> usize;
}

/// A writer that counts what is written to it.
#[derive(Default)]
struct ByteCounter {
    bytes: usize,
}

impl io::Write for ByteCounter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.bytes += buffer.len();
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts the bytes of a value as JSON. What can't be written is not sent either: rmcp answers with an error in its place.
fn json_size(value: &impl Serialize) -> usize {
    let mut counter = ByteCounter::default();
    let _ = serde_json::to_writer(&mut counter, value);
    counter.bytes
}

/// Measures types that are written as they are.
macro_rules! as_json {
    ($($result:ty),+ $(,)?) => {$(
        impl WireSize for $result {
            fn wire_size(&self) -> usize {
                json_size(self)
            }
        }
    )+};
}

as_json! {
    (), ErrorData, CompleteResult, CustomResult, DiscoverResult, GetSkillResult, GetTaskResult, InitializeResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult,
}

/// Measures types that are a whole answer or a question. Of a variant that rmcp adds, a copy is measured.
macro_rules! as_variants {
    ($($result:ident),+) => {$(
        impl WireSize for $result {
            fn wire_size(&self) -> usize {
                match self {
                    Self::Complete(result) => json_size(result),
                    Self::InputRequired(result) => json_size(result),
                    other => json_size(&ServerResult::from(other.clone())),
                }
            }
        }
    )+};
}

as_variants!(CallToolResponse, GetPromptResponse, ReadResourceResponse);
