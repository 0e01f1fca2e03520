//! The connections over which S3 is spoken: hyper's client, with the TLS of all other calls.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderValue, Uri};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};

use crate::client::connect::{Address, ClientTls, Connector, HttpConnector};
use crate::client::protocol::HttpVersion;
use crate::error::Error;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request may take, with its answer.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Connections to one server.
#[derive(Clone)]
pub(super) struct Connections {
    client: Client<HttpConnector, HttpRequestBody>,
}

impl Connections {
    /// To the server of a URL.
    pub(super) fn to(url: &Uri, tls: &ClientTls) -> Result<Self, Error> {
        let scheme = url.scheme_str().unwrap_or_default();
        let authority = url.authority().map_or("", |authority| authority.as_str());
        let address = Address::parse(&format!("{scheme}://{authority}"))?;
        let tls = (scheme == "https").then_some(tls);
        let connector = Connector::new(&address, tls, None, &[HttpVersion::Http1], CONNECT_TIMEOUT)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(HttpConnector::new(connector));
        Ok(Self { client })
    }

    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // It is signed with the host of its URL.
        let authority = request
            .uri()
            .authority()
            .map(|authority| authority.as_str().to_owned());
        if let Some(host) = authority.and_then(|authority| HeaderValue::try_from(authority).ok()) {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        let answered = tokio::time::timeout(TIMEOUT, self.client.request(request)).await;
        let answered = answered.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
        let response = answered.map_err(|error| {
            let kind = if error.is_connect() {
                HttpErrorKind::Connect
            } else {
                HttpErrorKind::Request
            };
            HttpError::new(kind, error)
        })?;
        let (head, body) = response.into_parts();
        let body = body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error));
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body)))
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

impl object_store::client::HttpConnector for Connections {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

// What `async_trait` makes of an `async fn`, without its macro.
impl HttpService for Connections {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.send(request))
    }
}
