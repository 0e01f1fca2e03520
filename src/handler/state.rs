//! What all handlers of a server share: a database pool, a configuration.
//!
//! A server has one value of each type. Closures take them as [`State`], a [`Handler`](super::traits::Handler) by
//! [`Call::state`](super::call::Call::state). That a closure's state is there is checked when the server is built.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

/// A value that all handlers share, taken as an argument of a closure.
///
/// ```
/// # fn main() -> Result<(), protod::Error> {
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use protod::{Message, Schema, Server, State};
///
/// # let schema = Schema::from_source(
/// #     "echo.proto",
/// #     r#"syntax = "proto3"; message Text { string text = 1; } service Echo { rpc Say(Text) returns (Text); }"#,
/// # )?;
/// let server = Server::builder(schema)
///     .state(Arc::new(AtomicU64::new(0)))
///     .unary("Echo/Say", |State(calls): State<Arc<AtomicU64>>, request: Message| async move {
///         calls.fetch_add(1, Ordering::Relaxed);
///         Ok(request)
///     })
///     .build()?;
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
///
/// The value is cloned for each call, so it should be cheap to clone, as an `Arc` or a pool of connections is. A server
/// without a value of this type is an error of [`build`](crate::server::ServerBuilder::build).
#[derive(Debug, Clone, Copy, Default)]
pub struct State<T>(pub T);

/// The values that all handlers of a server share, one of each type: see [`State`].
#[derive(Clone, Default)]
pub struct States {
    values: Vec<Shared>,
}

#[derive(Clone)]
struct Shared {
    id: TypeId,
    name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

impl States {
    /// The value of this type. `None` if there is none.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        // There are few, and comparing ids is quicker than a hash.
        let id = TypeId::of::<T>();
        let shared = self.values.iter().find(|shared| shared.id == id)?;
        shared.value.downcast_ref()
    }

    /// Adds a value, in the place of an earlier one of its type.
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.add(Shared {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
            value: Arc::new(value),
        });
    }

    /// Adds the values of `others`, in the place of earlier ones of their types.
    pub(super) fn extend(&mut self, others: Self) {
        others.values.into_iter().for_each(|shared| self.add(shared));
    }

    fn add(&mut self, shared: Shared) {
        self.values.retain(|earlier| earlier.id != shared.id);
        self.values.push(shared);
    }

    /// The values to be given to each call: `None` if there are none.
    pub(super) fn shared(self) -> Option<Arc<Self>> {
        (!self.values.is_empty()).then(|| Arc::new(self))
    }

    /// The types that there are.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.values.iter().map(|shared| shared.name)
    }
}

/// Prints only the types.
impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
