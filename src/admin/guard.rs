//! Who may speak to the admin service.
//!
//! It steers a server, so a web page must not reach it. A page of another origin is told by `origin` and `sec-fetch-site`,
//! which browsers send. A page whose host name was made to point to this machine (DNS rebinding) has its own name in
//! `host`: only names that are known are taken, and addresses, which nobody can rebind. Where there is a token, each request
//! has to bring it, but for pages that say that they need none. What the guard lets pass goes to the page of its path, or to
//! the service.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use tonic::body::Body;
use tower::{Layer, Service};

use super::pages::{Pages, text, without_body};
use super::token::Token;
use crate::excerpt::excerpt;
use crate::handler::{Peer, PeerAddr};
use crate::server::Route;

/// Where a request comes from, in the words of a browser.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Which requests are taken.
#[derive(Debug)]
pub(super) struct Guard {
    /// The names of this service, besides `localhost` and addresses. In lower case.
    pub(super) hosts: Vec<String>,
    /// `https`, or `http`.
    pub(super) scheme: &'static str,
    pub(super) token: Option<Token>,
    /// The paths that need no token.
    pub(super) without_token: HashSet<&'static str>,
}

impl Guard {
    /// Why a request is refused, if it is.
    fn refusal<B>(&self, request: &Request<B>) -> Option<Refusal> {
        let headers = request.headers();
        let of_unix = request
            .extensions()
            .get::<Peer>()
            .is_some_and(|peer| is_unix(peer.addr()));
        let host = request.uri().authority().map(Authority::as_str);
        let hosts: Vec<&str> = host.into_iter().chain(texts(headers, &header::HOST)).collect();
        // No page can speak through a Unix socket.
        if !of_unix {
            if hosts.is_empty() {
                return Some(Refusal::forbidden("the request names no host"));
            }
            if let Some(other) = hosts.iter().find(|host| !self.is_own_host(host)) {
                let other = excerpt(other);
                return Some(Refusal::forbidden(format!(
                    "{other:?} is no name of this admin service: use localhost or an address, or allow the name by --admin-host"
                )));
            }
        }
        let own = |origin: &str| {
            hosts
                .iter()
                .any(|host| origin.eq_ignore_ascii_case(&format!("{}://{host}", self.scheme)))
        };
        if let Some(origin) = texts(headers, &header::ORIGIN).find(|origin| !own(origin)) {
            let origin = excerpt(origin);
            return Some(Refusal::forbidden(format!(
                "pages of {origin} may not call the admin service"
            )));
        }
        let mut sites = texts(headers, &SEC_FETCH_SITE);
        if sites.any(|site| site != "same-origin" && site != "none") {
            return Some(Refusal::forbidden(
                "pages of other sites may not call the admin service",
            ));
        }
        let token = self.token.as_ref()?;
        if self.without_token.contains(request.uri().path()) {
            return None;
        }
        let mut given = headers
            .get_all(header::AUTHORIZATION)
            .iter()
            .map(HeaderValue::as_bytes);
        match given.next() {
            // Which of them counts is for nobody to guess.
            Some(_) if given.next().is_some() => Some(Refusal::unauthorized(
                "the request has more than one authorization header",
            )),
            Some(given) if token.is_in(given) => None,
            Some(_) => Some(Refusal::unauthorized(
                "the token is not that of this admin service",
            )),
            None => Some(Refusal::unauthorized(
                "the admin service wants its token: authorization: Bearer TOKEN",
            )),
        }
    }

    fn is_own_host(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host().to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<IpAddr>().is_ok() || self.hosts.contains(&host)
    }
}

#[cfg(unix)]
fn is_unix(peer: &PeerAddr) -> bool {
    *peer == PeerAddr::Unix
}

#[cfg(not(unix))]
fn is_unix(_: &PeerAddr) -> bool {
    false
}

/// The values of a header. One that is no text is as good as a wrong one.
fn texts<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> + use<'h> {
    let values = headers.get_all(name).into_iter();
    values.map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

/// An HTTP response, of which [layers](crate::ServerBuilder::layer) make a status of the call's protocol.
struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    fn forbidden(text: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            text: text.into(),
        }
    }

    fn unauthorized(text: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            text: text.into(),
        }
    }

    fn into_response(self) -> Response<Body> {
        let mut response = text(self.status, self.text + "\n");
        if self.status == StatusCode::UNAUTHORIZED {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The answer to who looks for a page that is not there. `None` if the path is that of a method, or nothing is looked for.
fn no_page<B>(request: &Request<B>) -> Option<Response<Body>> {
    let path = request.uri().path();
    // The full name of each service of this port has a dot in it.
    let mut parts = path.strip_prefix('/')?.split('/');
    let is_method = parts.next()?.contains('.') && parts.next().is_some() && parts.next().is_none();
    let is_looked_for = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_looked_for || is_method {
        return None;
    }
    let path = excerpt(path);
    let response = text(
        StatusCode::NOT_FOUND,
        format!("there is no page {path} here: / is the console\n"),
    );
    let is_head = request.method() == Method::HEAD;
    Some(if is_head { without_body(response) } else { response })
}

/// Puts a [`Guard`] in front of a server, and pages between them.
#[derive(Debug, Clone)]
pub(super) struct GuardLayer {
    pub(super) guard: Arc<Guard>,
    pub(super) pages: Arc<Pages>,
}

impl Layer<Route> for GuardLayer {
    type Service = Guarded;

    fn layer(&self, inner: Route) -> Guarded {
        Guarded {
            guard: Arc::clone(&self.guard),
            pages: Arc::clone(&self.pages),
            inner,
        }
    }
}

/// A server behind a [`Guard`].
#[derive(Debug, Clone)]
pub(super) struct Guarded {
    guard: Arc<Guard>,
    pages: Arc<Pages>,
    inner: Route,
}

impl Service<Request<Body>> for Guarded {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Some(refusal) = self.guard.refusal(&request) {
            return Box::pin(std::future::ready(Ok(refusal.into_response())));
        }
        if let Some(page) = self.pages.at(request.uri().path()) {
            let answer = self.pages.answer(page, request, &self.inner);
            return Box::pin(async { Ok(answer.await) });
        }
        if let Some(none) = no_page(&request) {
            return Box::pin(std::future::ready(Ok(none)));
        }
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(guard: &Guard, headers: &[(&str, &str)]) -> Option<StatusCode> {
        refused_at("/a.B/C", guard, headers)
    }

    fn refused_at(path: &str, guard: &Guard, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        guard.refusal(&request).map(|refusal| refusal.status)
    }

    fn guard(token: Option<&str>) -> Guard {
        Guard {
            hosts: vec!["build.example".to_owned()],
            scheme: "http",
            token: token.map(|token| Token::new(token).expect("a token")),
            without_token: HashSet::from(["/open"]),
        }
    }

    #[test]
    fn only_names_that_nobody_can_rebind_are_its_own() {
        let guard = guard(None);
        for host in [
            "localhost",
            "LOCALHOST:9003",
            "127.0.0.1:9003",
            "[::1]:9003",
            "10.1.2.3",
            "build.example:80",
            "Build.Example",
        ] {
            assert_eq!(refused(&guard, &[("host", host)]), None, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:9003",
            "evil.localhost",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
            "build.example.evil",
            "\u{e9}",
        ] {
            assert_eq!(
                refused(&guard, &[("host", host)]),
                Some(StatusCode::FORBIDDEN),
                "{host}"
            );
        }
        assert_eq!(refused(&guard, &[]), Some(StatusCode::FORBIDDEN));
        let both = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(refused(&guard, &both), Some(StatusCode::FORBIDDEN));
    }

    #[test]
    fn a_page_is_of_the_same_origin_or_refused() {
        let guard = guard(None);
        let with = |name, value| refused(&guard, &[("host", "localhost:9003"), (name, value)]);
        for (name, value) in [
            ("origin", "http://localhost:9003"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert_eq!(with(name, value), None, "{name}: {value}");
        }
        for (name, value) in [
            ("origin", "null"),
            ("origin", ""),
            ("origin", "http://localhost"),
            ("origin", "http://localhost:3000"),
            ("origin", "http://127.0.0.1:9003"),
            ("origin", "https://localhost:9003"),
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(with(name, value), Some(StatusCode::FORBIDDEN), "{name}: {value}");
        }
    }

    #[test]
    fn where_there_is_a_token_each_request_brings_it() {
        let guard = guard(Some("sesame"));
        let with = |value| refused(&guard, &[("host", "localhost"), ("authorization", value)]);
        assert_eq!(with("Bearer sesame"), None);
        assert_eq!(with("bearer sesame"), None);
        for other in [
            "",
            "sesame",
            "Bearer",
            "Bearer ",
            "Bearer sesam",
            "Bearer sesame2",
            "Basic sesame",
            "Bearer SESAME",
        ] {
            assert_eq!(with(other), Some(StatusCode::UNAUTHORIZED), "{other}");
        }
        assert_eq!(
            refused(&guard, &[("host", "localhost")]),
            Some(StatusCode::UNAUTHORIZED)
        );
        let twice = ["Bearer sesame"; 2].map(|value| ("authorization", value));
        let twice = [&[("host", "localhost")][..], &twice].concat();
        assert_eq!(refused(&guard, &twice), Some(StatusCode::UNAUTHORIZED));
        // A path that needs no token is open to nobody else.
        let open = |headers: &[_]| refused_at("/open", &guard, headers);
        assert_eq!(open(&[("host", "localhost")]), None);
        assert_eq!(open(&[("host", "evil.example")]), Some(StatusCode::FORBIDDEN));
        // A page that has the token is refused all the same.
        let page = [
            ("host", "localhost"),
            ("origin", "http://evil.example"),
            ("authorization", "Bearer sesame"),
        ];
        assert_eq!(refused(&guard, &page), Some(StatusCode::FORBIDDEN));
    }
}
