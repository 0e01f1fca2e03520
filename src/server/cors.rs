//! Which web pages may call a server from a browser: cross-origin resource sharing.
//!
//! A browser asks before it sends a call of another origin's page (a preflight), and hides the response from the page unless
//! its headers name the page's origin. gRPC itself cannot be spoken by pages, so its calls have none of this on their way.

use std::net::Ipv4Addr;
use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method as HttpMethod, Request, Response, StatusCode, Uri, header,
};
use tracing::info;

use crate::error::Error;
use crate::excerpt::excerpt;
use crate::handler::CallBody;
use crate::throttle::Throttle;

/// How long a browser may go by the answer to a preflight, in seconds: two hours, which is the most that Chromium takes.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The verbs by which most methods are called.
const VERBS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// A browser asks by it whether a page of the internet may call a server of the user's own network.
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// What the answer to a preflight depends on.
const PREFLIGHT_VARY: HeaderValue = HeaderValue::from_static(
    "origin, access-control-request-method, access-control-request-headers, access-control-request-private-network",
);

const ANY: HeaderValue = HeaderValue::from_static("*");

/// Headers of responses that a page sees without being told, or that are for the browser itself.
const SEEN_ANYWAY: [HeaderName; 8] = [
    header::CACHE_CONTROL,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::PRAGMA,
    header::VARY,
];

/// Whoever runs the server is told of pages that are refused, but not of each.
static REFUSALS: Throttle = Throttle::of_lines(10, Duration::from_mins(1));

/// Which web pages may call a server from a browser, by their origin.
///
/// By default those that this machine serves to itself may: `http` and `https`, at `localhost`, `127.0.0.1`, `[::1]` and what
/// else means this machine (`app.localhost`, `127.1.2.3`), on any port.
///
/// ```
/// use protod::{Cors, Schema, Server};
///
/// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
/// let server = Server::builder(schema)
///     .cors(Cors::loopback().and("https://app.example.com")?)
///     .build()?;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Cors {
    is_any: bool,
    takes_loopback: bool,
    /// As browsers write them.
    others: Vec<String>,
}

impl Default for Cors {
    fn default() -> Self {
        Self::loopback()
    }
}

impl Cors {
    /// Pages of this machine. The default.
    pub fn loopback() -> Self {
        Self {
            takes_loopback: true,
            ..Self::none()
        }
    }

    /// No pages, and no headers that speak of them, for servers whose own layers do this.
    pub fn none() -> Self {
        Self {
            is_any: false,
            takes_loopback: false,
            others: Vec::new(),
        }
    }

    /// All pages.
    pub fn any() -> Self {
        Self {
            is_any: true,
            ..Self::none()
        }
    }

    /// The pages of this origin too: `https://app.example.com`, with its port if that is not the usual one of the scheme, or
    /// `*` for all pages.
    ///
    /// Fails if it is no origin.
    pub fn and(mut self, origin: &str) -> Result<Self, Error> {
        if origin == "*" {
            return Ok(Self::any());
        }
        self.others.push(normal(origin).ok_or_else(|| {
            Error::invalid_input(
                format!("{origin:?} is not the origin of web pages"),
                "expected SCHEME://HOST or SCHEME://HOST:PORT without a path, or * for all pages",
            )
        })?);
        Ok(self)
    }

    /// What a request has to do with pages. `None` if the server does not speak of them.
    pub(super) fn meet<B>(&self, request: &Request<B>) -> Option<Meeting> {
        if *self == Self::none() {
            return None;
        }
        let headers = request.headers();
        let Some(origin) = headers.get(header::ORIGIN) else {
            let allowed = self.is_any.then_some(ANY);
            return Some(Meeting::Page(Page { allowed }));
        };
        let asks = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let allowed = self.allows(origin);
        let allowed = allowed.then(|| if self.is_any { ANY } else { origin.clone() });
        if request.method() == HttpMethod::OPTIONS && asks {
            return Some(Meeting::Preflight(Box::new(preflight(origin, allowed, headers))));
        }
        Some(Meeting::Page(Page { allowed }))
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.is_any
            || self.takes_loopback && is_loopback(origin)
            || self.others.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }
}

/// What a request has to do with pages.
pub(super) enum Meeting {
    /// A browser asks whether it may send a request.
    Preflight(Box<Response<CallBody>>),
    /// A page may have sent it.
    Page(Page),
}

/// The page that may have sent a request.
#[derive(Debug)]
pub(super) struct Page {
    /// What to say to the browser. `None` if the page is not to see the response.
    allowed: Option<HeaderValue>,
}

impl Page {
    /// Says in the headers of a response who may see it, unless a layer of the server has said so.
    pub(super) fn finish(self, headers: &mut HeaderMap) {
        if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        if self.allowed != Some(ANY) {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        let Some(allowed) = self.allowed else { return };
        let mut exposed = String::new();
        for name in headers.keys().filter(|name| !SEEN_ANYWAY.contains(name)) {
            let comma = if exposed.is_empty() { "" } else { ", " };
            exposed.extend([comma, name.as_str()]);
        }
        if let Ok(exposed) = HeaderValue::try_from(exposed)
            && !exposed.is_empty()
        {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    }
}

/// The answer to a browser that asks whether it may send a request. Any header is allowed: it may be metadata.
#[cold]
fn preflight(origin: &HeaderValue, allowed: Option<HeaderValue>, asked: &HeaderMap) -> Response<CallBody> {
    let mut response = Response::new(CallBody::empty());
    let Some(allowed) = allowed else {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let origin = excerpt(&origin);
        if REFUSALS.pass().is_some() {
            info!(
                "a web page of {origin} was refused, which is none of the origins whose pages may call this server"
            );
        }
        *response.body_mut() = CallBody::whole(format!("pages of {origin} may not call this server\n"));
        *response.status_mut() = StatusCode::FORBIDDEN;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(header::VARY, PREFLIGHT_VARY);
        return response;
    };
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, verbs(asked));
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if asked.contains_key(REQUEST_PRIVATE_NETWORK) {
        headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.insert(header::VARY, PREFLIGHT_VARY);
    response
}

/// The verbs that a page may use, also one of its own: a rule of google.api.http may be for any.
fn verbs(asked: &HeaderMap) -> HeaderValue {
    let wanted = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let own = wanted
        .and_then(|verb| HttpMethod::from_bytes(verb.as_bytes()).ok())
        .filter(|verb| !VERBS.split(", ").any(|known| known == verb.as_str()));
    own.and_then(|verb| HeaderValue::try_from(format!("{VERBS}, {verb}")).ok())
        .unwrap_or(HeaderValue::from_static(VERBS))
}

/// An origin as browsers write it: in lower case, without the usual port of its scheme.
fn normal(origin: &str) -> Option<String> {
    let origin = origin.strip_suffix('/').unwrap_or(origin).to_ascii_lowercase();
    let uri: Uri = origin.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    // What a URI may have beyond these is not part of an origin.
    if origin != format!("{scheme}://{authority}")
        || authority.as_str().contains(['@', '*'])
        || authority.host().is_empty()
    {
        return None;
    }
    let usual = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    match authority.port_u16() {
        Some(port) if Some(port) != usual => Some(origin),
        // A port that is no number.
        None if authority.as_str() != authority.host() => None,
        _ => Some(format!("{scheme}://{}", authority.host())),
    }
}

/// Whether a page comes from this machine. RFC 6761 section 6.3: so do names below `localhost`.
fn is_loopback(origin: &str) -> bool {
    let rest = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    let Some(rest) = rest else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an address.
        _ if rest.ends_with(']') => (rest, None),
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let is_host_of_this_machine = host == "localhost"
        || host == "[::1]"
        || host.strip_suffix(".localhost").is_some_and(is_name)
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback());
    is_host_of_this_machine
        && port.is_none_or(|digits| digits.parse::<u16>().is_ok() && !digits.starts_with('+'))
}

/// Whether it is labels of a name with dots between them.
fn is_name(text: &str) -> bool {
    let is_of_labels = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(is_of_labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(cors: &Cors, origin: &'static str) -> bool {
        cors.allows(&HeaderValue::from_static(origin))
    }

    #[test]
    fn pages_of_this_machine_are_those_of_its_own_names_and_addresses() {
        let cors = Cors::loopback();
        for origin in [
            "http://localhost",
            "https://localhost:8443",
            "http://127.0.0.1:3000",
            "http://[::1]:5173",
            "https://[::1]",
            "http://127.0.0.2",
            "http://127.255.1.2:80",
            "http://app.localhost:3000",
            "http://a-b.c.localhost",
        ] {
            assert!(allows(&cors, origin), "{origin}");
            assert!(!allows(&Cors::none(), origin), "{origin}");
        }
        for origin in [
            "",
            "null",
            "localhost",
            "ftp://localhost",
            "http://localhost.example.com",
            "http://localhost:80.example.com",
            "http://localhost:",
            "http://localhost:+80",
            "http://localhost:99999",
            "http://localhost@example.com",
            "http://127.0.0.1.example.com",
            "http://128.0.0.1",
            "http://127.1",
            "http://0.0.0.0",
            "http://[::2]",
            "http://[::1].example.com",
            "http://[::1]x",
            "http://.localhost",
            "http://a@b.localhost",
            "http://example.com/.localhost",
            "http://applocalhost",
            "http://example.com",
            "http://example.com/http://localhost",
        ] {
            assert!(!allows(&cors, origin), "{origin}");
            assert!(allows(&Cors::any(), origin), "{origin}");
        }
    }

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        let origins = [
            ("https://App.Example.com:443", "https://app.example.com"),
            ("http://a.example/", "http://a.example"),
            ("http://a.example:8080", "http://a.example:8080"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("http://[::2]:1", "http://[::2]:1"),
        ];
        for (given, written) in origins {
            let cors = Cors::none().and(given).expect(given);
            assert!(allows(&cors, written), "{given}");
            assert!(!allows(&cors, "http://a.example:8081"), "{given}");
            assert!(!allows(&cors, "http://localhost"), "{given}");
        }
        assert_eq!(Cors::loopback().and("*").expect("all"), Cors::any());
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for other in [
            "",
            "null",
            "app.example.com",
            "https://",
            "https://a.example/path",
            "https://a.example?x",
            "https://user@a.example",
            "https://a.example:port",
            "https://a.example:",
            "https://*.example.com",
            "https://a.example https://b.example",
        ] {
            assert!(Cors::none().and(other).is_err(), "{other:?}");
        }
    }
}
