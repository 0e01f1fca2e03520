//! One GET request over HTTP/1.1, which every web server speaks.
//!
//! Each request has a connection of its own: they are minutes apart. hyper reads the answer; the size of its head is
//! hyper's to bound, that of its body ours.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::client::connect::{Address, ConnectError, Duplex, open};

/// A GET request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Download<'d> {
    pub(super) url: &'d Uri,
    /// Of an https URL.
    pub(super) tls: Option<DownloadTls<'d>>,
    /// How long it may take to open the socket.
    pub(super) timeout: Duration,
    /// How large the body may be, in bytes.
    pub(super) max_size: usize,
}

/// How TLS is spoken with a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct DownloadTls<'d> {
    pub(super) config: &'d Arc<ClientConfig>,
    /// The name that the server's certificate must have, if it is not that of the URL.
    pub(super) server_name: Option<&'d str>,
}

/// The answer to one. Only that of a 200 has a body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Download<'_> {
    /// Sends the request with these headers. An error says in words why there is no answer.
    pub(super) async fn get(self, headers: HeaderMap) -> Result<Answer, String> {
        let stream = self.connect().await?;
        let broken = |error: hyper::Error| format!("does not answer as a web server does: {error}");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = self.request(headers)?;
        // The connection is driven here and not by a task: it ends with the download.
        let answering = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let (head, body) = response.into_parts();
            let body = match head.status {
                StatusCode::OK => self.read(&head.headers, body).await?,
                _ => Bytes::new(),
            };
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        tokio::pin!(answering);
        tokio::select! {
            biased;
            answer = &mut answering => answer,
            // Without a connection the answer says why it ends.
            _ = connection => answering.await,
        }
    }

    async fn connect(self) -> Result<Box<dyn Duplex>, String> {
        let authority = self.url.authority().map_or("", |authority| authority.as_str());
        let scheme = self.url.scheme_str().unwrap_or_default();
        let address =
            Address::parse(&format!("{scheme}://{authority}")).map_err(|error| error.to_string())?;
        let failed = |error: ConnectError| format!("cannot connect: {error}");
        let socket = open(&address, self.timeout).await.map_err(failed)?;
        let Some(tls) = self.tls else {
            return Ok(socket);
        };
        let host = tls.server_name.unwrap_or(address.host()).to_owned();
        let name = ServerName::try_from(host).map_err(|error| format!("has no name for TLS: {error}"))?;
        let connector = TlsConnector::from(Arc::clone(tls.config));
        match connector.connect(name, socket).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(ConnectError::of_tls(&error).map_or_else(
                || format!("the TLS handshake failed: {error}"),
                |error| format!("cannot connect: {error}"),
            )),
        }
    }

    fn request(self, headers: HeaderMap) -> Result<Request<Empty<Bytes>>, String> {
        let authority = self.url.authority().map_or("", |authority| authority.as_str());
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = path
            .parse()
            .map_err(|error| format!("has a path that cannot be asked for: {error}"))?;
        *request.headers_mut() = headers;
        let host = HeaderValue::try_from(authority).map_err(|error| error.to_string())?;
        let headers = request.headers_mut();
        headers.insert(HOST, host);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let agent = concat!("protod/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        Ok(request)
    }

    async fn read(self, headers: &HeaderMap, mut body: Incoming) -> Result<Bytes, String> {
        if let Some(encoding) = headers
            .get(CONTENT_ENCODING)
            .filter(|encoding| *encoding != "identity")
        {
            return Err(format!(
                "sends the set compressed ({encoding:?}), which it was not asked for"
            ));
        }
        let too_large = || format!("sends more than {} bytes", self.max_size);
        let length = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.max_size as u64) {
            return Err(too_large());
        }
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("broke off the download: {error}"))?;
            if let Ok(data) = frame.into_data() {
                if read.len() + data.len() > self.max_size {
                    return Err(too_large());
                }
                read.extend_from_slice(&data);
            }
        }
        Ok(read.freeze())
    }
}

/// Whether a URL is one of this machine.
pub(super) fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The URL that a `Location` at `url` means: a whole one, or one from a part on. `None` if it is none of http or https.
pub(super) fn redirected(url: &Uri, location: &str) -> Option<Uri> {
    let location = location.split('#').next()?;
    let scheme = url.scheme_str()?;
    let origin = format!("{scheme}://{}", url.authority()?);
    let whole = if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{origin}{location}")
    } else if location.starts_with('?') {
        format!("{origin}{}{location}", url.path())
    } else {
        let (folder, _) = url.path().rsplit_once('/')?;
        format!("{origin}{folder}/{location}")
    };
    let next: Uri = whole.parse().ok()?;
    let is_known = matches!(next.scheme_str(), Some("https" | "http"));
    (is_known && next.authority().is_some()).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_read_from_where_it_was_sent() {
        let url: Uri = "https://a.test:1/b/c?d".parse().expect("a URL");
        for (location, next) in [
            ("https://e.test/f?g", Some("https://e.test/f?g")),
            ("//e.test/f", Some("https://e.test/f")),
            ("/f#g", Some("https://a.test:1/f")),
            ("f?g=https:%2F%2Fh", Some("https://a.test:1/b/f?g=https:%2F%2Fh")),
            ("?f", Some("https://a.test:1/b/c?f")),
            ("http://127.0.0.1/f", Some("http://127.0.0.1/f")),
            ("http://e.test/f", Some("http://e.test/f")),
            ("file:///etc/passwd", None),
            ("https://", None),
            ("\u{7f}", None),
        ] {
            let found = redirected(&url, location).map(|url| url.to_string());
            assert_eq!(found.as_deref(), next, "{location}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for (url, is_it) in [
            ("http://localhost:1/a", true),
            ("http://127.0.0.9/a", true),
            ("http://[::1]:1/a", true),
            ("http://localhost.test/a", false),
            ("http://10.0.0.1/a", false),
        ] {
            assert_eq!(is_loopback(&url.parse().expect("a URL")), is_it, "{url}");
        }
    }
}
