//! [`HttpService`]: what answers the requests of connections.

use std::convert::Infallible;
use std::error::Error as StdError;

use http::{Request, Response};
use http_body::Body;
use tower::Service;

/// A service that answers requests whose bodies are of the type `R`. Cloned for each request.
///
/// Every service that fits is one: this only names what it takes, in one place.
pub(crate) trait HttpService<R>:
    Service<Request<R>, Response = Response<Self::Body>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + 'static
{
    /// The body of its responses.
    type Body: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static;
}

impl<S, R, B> HttpService<R> for S
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    type Body = B;
}
