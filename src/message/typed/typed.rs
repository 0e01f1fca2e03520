//! [`Typed`]: a message as a type with serde's traits.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::Status;

use super::convert::{FromMessage, IntoMessage, MessageType, Sealed, Side};
use super::probe::misfits;
use super::read::read;
use super::write::write;
use crate::error::Problem;
use crate::message::check::check_order;
use crate::message::error::MessageError;

/// A message as a type of one's own, with serde's traits.
///
/// ```
/// # fn main() -> Result<(), protod::Error> {
/// use protod::{Schema, Server, Typed};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize)]
/// struct SearchRequest { request: String }
///
/// #[derive(Serialize)]
/// struct SearchResponse { response: String }
///
/// # let schema = Schema::from_source("search.proto", r#"
/// #     syntax = "proto3";
/// #     package proto;
/// #     message SearchRequest { string request = 1; }
/// #     message SearchResponse { string response = 1; }
/// #     service SearchService { rpc Search(SearchRequest) returns (SearchResponse); }
/// # "#)?;
/// let server = Server::builder(schema)
///     .unary("proto.SearchService/Search", |Typed(r): Typed<SearchRequest>| async move {
///         Ok(Typed(SearchResponse { response: format!("{} Server", r.request) }))
///     })
///     .build()?;
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
///
#[doc = include_str!("typed.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Typed<T>(pub T);

impl<T> Sealed for Typed<T> {}

impl<T: DeserializeOwned + Send + 'static> FromMessage for Typed<T> {
    type Value = T;

    fn from_value(value: T) -> Self {
        Self(value)
    }

    fn misfits(of: MessageType<'_>) -> Vec<Problem> {
        misfits::<T>(of.layouts, of.layout)
    }

    fn read(of: MessageType<'_>, bytes: Bytes) -> Result<T, Status> {
        read_checked(of, &bytes)
    }

    fn read_in_place(of: MessageType<'_>, bytes: &[u8]) -> Option<Result<T, Status>> {
        Some(read_checked(of, bytes))
    }
}

/// Checks the bytes, and reads a value from them.
fn read_checked<T: DeserializeOwned>(of: MessageType<'_>, bytes: &[u8]) -> Result<T, Status> {
    let order = check_order(of.layouts, of.layout, bytes, of.bounds).map_err(MessageError::from)?;
    read(of.layouts, of.layout, bytes, order).map_err(|error| {
        let name = of.layouts.get(of.layout).descriptor.full_name();
        match of.side {
            Side::Request => {
                Status::invalid_argument(format!("the request, a {name}, does not fit: {error}"))
            }
            Side::Response => Status::internal(format!("the response, a {name}, does not fit: {error}")),
        }
    })
}

impl<T: Serialize + Send + 'static> IntoMessage for Typed<T> {
    type Value = T;

    fn into_value(self) -> T {
        self.0
    }

    fn write(of: MessageType<'_>, value: &T, buffer: &mut Vec<u8>) -> Result<(), Status> {
        write(of.layouts, of.layout, value, buffer).map_err(|error| {
            let name = of.layouts.get(of.layout).descriptor.full_name();
            let side = match of.side {
                Side::Request => "request",
                Side::Response => "response",
            };
            Status::internal(format!(
                "`{}` does not fit the {side}, a {name}: {error}",
                std::any::type_name::<T>()
            ))
        })
    }
}
