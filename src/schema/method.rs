//! [`Method`]: one method of a service, with everything that a call needs.
//!
//! What the hot path reads is stored here, so that it asks no descriptor. Its types are those of a descriptor pool, which is made
//! when they are first asked for: of most methods of a large schema nobody asks.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prost_reflect::{MessageDescriptor, MethodDescriptor};

use super::declared::DeclaredMethod;
use super::layout::LayoutId;
use super::layouts::Layouts;
use super::method_types::MethodTypes;
use super::tables::Tables;

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
    /// Those of its file, and which one it is.
    of_file: Arc<[DeclaredMethod]>,
    nth: usize,
    tables: Arc<Tables>,
    /// The place of its file in the tables.
    file: usize,
    /// Made when somebody first asks for it.
    types: OnceLock<MethodTypes>,
}

impl Method {
    /// One of the methods that a file declares, which has this place in the tables.
    pub(super) fn new(
        of_file: &Arc<[DeclaredMethod]>,
        nth: usize,
        tables: &Arc<Tables>,
        file: usize,
    ) -> Self {
        Self {
            of_file: Arc::clone(of_file),
            nth,
            tables: Arc::clone(tables),
            file,
            types: OnceLock::new(),
        }
    }

    #[inline]
    fn declared(&self) -> &DeclaredMethod {
        &self.of_file[self.nth]
    }

    /// The place of its file among those of the schema.
    pub(super) fn file(&self) -> usize {
        self.file
    }

    #[inline]
    fn types(&self) -> &MethodTypes {
        self.types.get_or_init(|| self.find_types())
    }

    #[cold]
    fn find_types(&self) -> MethodTypes {
        MethodTypes::of(self.declared(), &self.tables.reached_from(self.file))
    }

    /// `package.Service/Method`, as in rules and handlers.
    pub fn name(&self) -> &str {
        &self.declared().path[1..]
    }

    /// `/package.Service/Method`, as in HTTP/2 requests.
    pub fn path(&self) -> &str {
        &self.declared().path
    }

    /// The full name of the service.
    pub fn service(&self) -> &str {
        self.declared().service()
    }

    /// The descriptor, for options and comments.
    pub fn descriptor(&self) -> &MethodDescriptor {
        &self.types().descriptor
    }

    /// The type of requests.
    pub fn input(&self) -> &MessageDescriptor {
        &self.types().input
    }

    /// The type of responses.
    pub fn output(&self) -> &MessageDescriptor {
        &self.types().output
    }

    /// Whether the client sends any number of messages rather than one.
    pub fn is_client_streaming(&self) -> bool {
        self.declared().client_streaming
    }

    /// Whether the server sends any number of messages rather than one.
    pub fn is_server_streaming(&self) -> bool {
        self.declared().server_streaming
    }

    /// Whether its proto says that it has no side effects, by `idempotency_level`: then it may be called by GET.
    pub fn has_no_side_effects(&self) -> bool {
        self.declared().has_no_side_effects
    }

    /// The full name of the type of requests.
    pub(crate) fn input_name(&self) -> &str {
        &self.declared().input
    }

    /// The full name of the type of responses.
    pub(crate) fn output_name(&self) -> &str {
        &self.declared().output
    }

    pub(crate) fn layouts(&self) -> &Arc<Layouts> {
        &self.types().layouts
    }

    pub(crate) fn input_layout(&self) -> LayoutId {
        self.types().input_layout
    }

    pub(crate) fn output_layout(&self) -> LayoutId {
        self.types().output_layout
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
