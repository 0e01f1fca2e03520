//! [`HttpChannel`]: hyper's client on one server, which keeps its connections.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tonic::Status;

use super::fault::status_before_answer;
use super::request_body::RequestBody;
use crate::client::connect::HttpConnector;
use crate::client::protocol::HttpVersion;

/// The way to a server. Cheap to clone; clones share its connections.
#[derive(Debug, Clone)]
pub(in crate::client) struct HttpChannel {
    client: Client<HttpConnector, RequestBody>,
    scheme: Scheme,
    authority: Authority,
}

impl HttpChannel {
    /// A channel whose requests name this origin. Without a `version` it is the one that TLS agrees on.
    pub(in crate::client) fn new(
        connector: HttpConnector,
        version: Option<HttpVersion>,
        scheme: Scheme,
        authority: Authority,
        max_headers: u32,
    ) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(version == Some(HttpVersion::Http2))
            .http2_max_header_list_size(max_headers)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self {
            client,
            scheme,
            authority,
        }
    }

    /// The URL of a path of this server.
    pub(super) fn url(&self, path: PathAndQuery) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).expect("it has all three")
    }

    /// Sends a request, and waits for the head of the response.
    pub(super) async fn send(
        &self,
        protocol: &'static str,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Status> {
        let response = self.client.request(request).await;
        response.map_err(|error| status_before_answer(protocol, &error))
    }
}
