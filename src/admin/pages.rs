//! Plain HTTP on the port of the admin service: what answers the paths that are no methods.
//!
//! Pages stand behind the [guard](super::guard) and in front of the service. A page says what is different about it: that
//! it takes POST, that it needs no token, how much it reads. What all have in common is here: HEAD is GET without the body, other
//! methods get 405 with `allow`, the body of a request is bounded, and nothing is kept by caches.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;
use tonic::body::Body;

use super::steered::Steered;
use crate::server::Route;

/// How much of a request's body is read, where a page does not say otherwise.
const MAX_BODY: usize = 64 << 10;

/// How long the body of a request may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The response to come.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

type Answer = Box<dyn Fn(Around, Request<Bytes>) -> Answering + Send + Sync>;

/// What a page may need besides the request.
struct Around {
    steered: Arc<Steered>,
    /// What answers the methods of the service.
    service: Route,
}

/// What answers one path.
pub(super) struct Page {
    path: &'static str,
    /// Those that it takes, without HEAD.
    methods: Vec<Method>,
    needs_token: bool,
    max_body: usize,
    answer: Answer,
}

impl Page {
    /// A page that is read by GET and HEAD. It needs the token of the service, if there is one.
    pub(super) fn get<F, R>(path: &'static str, answer: F) -> Self
    where
        F: Fn(Arc<Steered>, Request<Bytes>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Body>> + Send + 'static,
    {
        Self {
            path,
            methods: vec![Method::GET],
            needs_token: true,
            max_body: MAX_BODY,
            answer: Box::new(move |around, request| Box::pin(answer(around.steered, request))),
        }
    }

    /// A page to which up to `max_body` bytes are sent by POST, and which calls methods of the service. It needs the token of
    /// the service, if there is one.
    pub(super) fn post<F, R>(path: &'static str, max_body: usize, answer: F) -> Self
    where
        F: Fn(Route, Request<Bytes>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Body>> + Send + 'static,
    {
        Self {
            path,
            methods: vec![Method::POST],
            needs_token: true,
            max_body,
            answer: Box::new(move |around, request| Box::pin(answer(around.service, request))),
        }
    }

    /// Lets everybody read it who may speak to the service at all, with or without the token.
    pub(super) fn without_token(self) -> Self {
        Self {
            needs_token: false,
            ..self
        }
    }

    fn allows(&self, method: &Method) -> bool {
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.methods.contains(method)
    }

    /// The methods that it takes, as `allow` lists them.
    fn allow(&self) -> HeaderValue {
        let mut names: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        if self.methods.contains(&Method::GET) {
            names.push(Method::HEAD.as_str());
        }
        HeaderValue::from_str(&names.join(", ")).expect("names of methods are tokens")
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// All pages of an admin service.
#[derive(Debug)]
pub(super) struct Pages {
    by_path: HashMap<&'static str, Arc<Page>>,
    steered: Arc<Steered>,
}

impl Pages {
    pub(super) fn new(pages: impl IntoIterator<Item = Page>, steered: Arc<Steered>) -> Self {
        let by_path = pages.into_iter().map(|page| (page.path, Arc::new(page)));
        Self {
            by_path: by_path.collect(),
            steered,
        }
    }

    pub(super) fn add(&mut self, page: Page) {
        self.by_path.insert(page.path, Arc::new(page));
    }

    /// The paths whose pages need no token.
    pub(super) fn without_token(&self) -> impl Iterator<Item = &'static str> {
        let open = self.by_path.values().filter(|page| !page.needs_token);
        open.map(|page| page.path)
    }

    /// The page of a path.
    pub(super) fn at(&self, path: &str) -> Option<&Arc<Page>> {
        self.by_path.get(path)
    }

    /// What a page answers to a request. `service` answers the methods.
    pub(super) fn answer(&self, page: &Arc<Page>, request: Request<Body>, service: &Route) -> Answering {
        let page = Arc::clone(page);
        let around = Around {
            steered: Arc::clone(&self.steered),
            service: service.clone(),
        };
        Box::pin(async move {
            let is_head = request.method() == Method::HEAD;
            let mut response = match read(&page, request).await {
                Ok(request) => (page.answer)(around, request).await,
                Err(refused) => refused,
            };
            let headers = response.headers_mut();
            headers
                .entry(header::CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("no-store"));
            headers
                .entry(HeaderName::from_static("x-content-type-options"))
                .or_insert(HeaderValue::from_static("nosniff"));
            if is_head { without_body(response) } else { response }
        })
    }
}

/// A request with all of its body, or why it is refused.
async fn read(page: &Page, request: Request<Body>) -> Result<Request<Bytes>, Response<Body>> {
    if !page.allows(request.method()) {
        let mut response = text(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{} is not read by {}\n", page.path, request.method()),
        );
        response.headers_mut().insert(header::ALLOW, page.allow());
        return Err(response);
    }
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, page.max_body).collect();
    match timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(Request::from_parts(parts, body.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(text(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("{} takes up to {} bytes\n", page.path, page.max_body),
        )),
        Ok(Err(_)) => Err(text(
            StatusCode::BAD_REQUEST,
            "the request ended too early\n".to_owned(),
        )),
        Err(_) => Err(text(
            StatusCode::REQUEST_TIMEOUT,
            "the request took too long\n".to_owned(),
        )),
    }
}

/// The answer to HEAD: what GET would get, without its body.
pub(super) fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// A response in plain text.
pub(super) fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, TEXT);
    response
}
