//! What a closure takes besides the request: shared state, metadata, and types of one's own.

use std::any::type_name;
use std::future::Future;

use tonic::Status;
use tonic::metadata::MetadataMap;

use super::call::Call;
use super::state::{State, States};

/// Something that a closure takes before the request, made from the call.
///
/// Implemented by [`State`] and [`MetadataMap`], and by types of one's own: a check that several handlers share is written
/// once, and a handler that takes the type cannot forget it.
///
/// ```
/// use protod::{Call, FromCall, Message, Schema, Server};
/// use tonic::Status;
///
/// /// Who calls, by the token of the call.
/// struct User(String);
///
/// impl FromCall for User {
///     async fn from_call(call: &mut Call) -> Result<Self, Status> {
///         match call.metadata().get("authorization").map(|token| token.as_bytes()) {
///             Some(b"Bearer sesame") => Ok(User("ali".to_owned())),
///             _ => Err(Status::unauthenticated("the call has no valid token")),
///         }
///     }
/// }
///
/// # fn main() -> Result<(), protod::Error> {
/// # let schema = Schema::from_source(
/// #     "echo.proto",
/// #     r#"syntax = "proto3"; message Text { string text = 1; } service Echo { rpc Say(Text) returns (Text); }"#,
/// # )?;
/// let server = Server::builder(schema)
///     .unary("Echo/Say", |User(_name): User, request: Message| async move { Ok(request) })
///     .build()?;
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
///
/// They are made in the order of the arguments, before the request is read. The first that fails ends the call with its
/// status.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from a call",
    note = "closures take what implements `FromCall`, such as `State<T>`, then the request, then the call"
)]
pub trait FromCall: Sized + Send {
    /// Makes it.
    fn from_call(call: &mut Call) -> impl Future<Output = Result<Self, Status>> + Send;

    /// The name of a type of which it needs a shared value that `states` does not have, which is an error of
    /// [`build`](crate::server::ServerBuilder::build). Default: it needs none.
    fn missing_state(states: &States) -> Option<&'static str> {
        let _ = states;
        None
    }
}

impl<T: Clone + Send + Sync + 'static> FromCall for State<T> {
    async fn from_call(call: &mut Call) -> Result<Self, Status> {
        let value = call.state().cloned().map(Self);
        value.ok_or_else(|| Status::internal(format!("the server has no state {}", type_name::<T>())))
    }

    fn missing_state(states: &States) -> Option<&'static str> {
        states.get::<T>().is_none().then(type_name::<T>)
    }
}

/// A copy of the client's metadata.
impl FromCall for MetadataMap {
    async fn from_call(call: &mut Call) -> Result<Self, Status> {
        Ok(call.metadata().clone())
    }
}
