//! [`Method`]: one method of a service, with everything that a call needs.
//!
//! What the hot path reads is stored here, so that it asks no descriptor.

use std::fmt;
use std::sync::Arc;

use prost_reflect::{MessageDescriptor, MethodDescriptor};

use super::layout::LayoutId;
use super::layouts::Layouts;

/// One method of a schema: its descriptors, its shape, and the tables for checking its messages.
///
/// ```
/// use protod::Schema;
///
/// let schema = Schema::load("proto")?;
/// let list = schema.require_method("proto.StreamService/List")?;
/// assert_eq!(list.service(), "proto.StreamService");
/// assert_eq!(list.input().full_name(), "proto.StreamRequest");
/// assert!(list.is_server_streaming() && !list.is_client_streaming());
/// # Ok::<(), protod::Error>(())
/// ```
pub struct Method {
    path: String,
    descriptor: MethodDescriptor,
    input: MessageDescriptor,
    output: MessageDescriptor,
    /// Copied from the descriptor, since they are read for each message.
    client_streaming: bool,
    server_streaming: bool,
    layouts: Arc<Layouts>,
    input_layout: LayoutId,
    output_layout: LayoutId,
}

impl Method {
    pub(super) fn new(descriptor: MethodDescriptor, layouts: &Arc<Layouts>) -> Self {
        let (input, output) = (descriptor.input(), descriptor.output());
        let layout_of = |message: &MessageDescriptor| {
            layouts
                .find(message.full_name())
                .expect("layouts hold every message of the pool")
        };
        Self {
            path: format!(
                "/{}/{}",
                descriptor.parent_service().full_name(),
                descriptor.name()
            ),
            input_layout: layout_of(&input),
            output_layout: layout_of(&output),
            client_streaming: descriptor.is_client_streaming(),
            server_streaming: descriptor.is_server_streaming(),
            layouts: Arc::clone(layouts),
            descriptor,
            input,
            output,
        }
    }

    /// `package.Service/Method`, as in rules and handlers.
    pub fn name(&self) -> &str {
        &self.path[1..]
    }

    /// `/package.Service/Method`, as in HTTP/2 requests.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The full name of the service.
    pub fn service(&self) -> &str {
        self.name().rsplit_once('/').map_or("", |(service, _)| service)
    }

    /// The descriptor, for options and comments.
    pub fn descriptor(&self) -> &MethodDescriptor {
        &self.descriptor
    }

    /// The type of requests.
    pub fn input(&self) -> &MessageDescriptor {
        &self.input
    }

    /// The type of responses.
    pub fn output(&self) -> &MessageDescriptor {
        &self.output
    }

    /// Whether the client sends any number of messages rather than one.
    pub fn is_client_streaming(&self) -> bool {
        self.client_streaming
    }

    /// Whether the server sends any number of messages rather than one.
    pub fn is_server_streaming(&self) -> bool {
        self.server_streaming
    }

    pub(crate) fn layouts(&self) -> &Arc<Layouts> {
        &self.layouts
    }

    pub(crate) fn input_layout(&self) -> LayoutId {
        self.input_layout
    }

    pub(crate) fn output_layout(&self) -> LayoutId {
        self.output_layout
    }
}

/// Prints only the name: prost-reflect's own `Debug` does not end for a recursive type.
impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
