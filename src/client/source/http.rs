//! [`HttpSource`]: a descriptor set that a web server has, such as a registry of schemas.
//!
//! The server is told which version is known (`If-None-Match`), so that one that has no other sends nothing. A token goes
//! to the server of the URL and to no other that it refers to, and in plain text to this machine only.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use tokio::time::timeout;
use tonic::metadata::{Ascii, MetadataValue};

use super::download::{Answer, Download, DownloadTls, is_loopback, redirected};
use super::thread;
use super::token::bearer;
use crate::client::connect::ClientTls;
use crate::error::{Error, Problem};
use crate::schema::SchemaSource;

/// How often a server may send on to another URL for one download.
const MAX_REDIRECTS: usize = 5;

/// A descriptor set behind an `https` URL: what `buf build`, `protoc --include_imports` or `protod build` made, or what the
/// Buf Schema Registry serves at `https://buf.build/OWNER/MODULE/descriptor/LABEL`.
///
/// Asked again, it sends the `ETag` that came with the last answer, and takes `304 Not Modified` for the same again.
///
/// ```no_run
/// use protod::Schema;
/// use protod::client::HttpSource;
///
/// let schema = Schema::builder()
///     .schema_source(HttpSource::new("https://buf.build/connectrpc/eliza/descriptor/main")?)
///     .build()?;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct HttpSource {
    url: Uri,
    tls: ClientTls,
    token: Option<MetadataValue<Ascii>>,
    timeout: Duration,
    max_size: usize,
    /// The last answer that had a name for its version, and that name. Clones share it.
    known: Arc<Mutex<Option<(HeaderValue, Bytes)>>>,
}

impl HttpSource {
    /// The default of [`timeout`](Self::timeout): 30 s.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// The default of [`max_size`](Self::max_size): 256 MiB.
    pub const DEFAULT_MAX_SIZE: usize = 256 << 20;

    /// The set behind a URL. It is an `https` URL with a path; on this machine `http` will do.
    pub fn new(url: &str) -> Result<Self, Error> {
        let invalid = |why: &str| Error::invalid_input(format!("{url:?} is no URL of a descriptor set"), why);
        let parsed: Uri = url
            .parse()
            .map_err(|error: http::uri::InvalidUri| invalid(&error.to_string()))?;
        let authority = parsed.authority().map_or("", |authority| authority.as_str());
        match parsed.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(&parsed) => {}
            Some("http") => return Err(invalid("anybody on the way could change what comes: use https")),
            _ => return Err(invalid("its scheme must be https")),
        }
        if authority.contains('@') {
            return Err(invalid("it names a user: a token is given apart from the URL"));
        }
        if matches!(parsed.path(), "" | "/") && parsed.query().is_none() {
            return Err(invalid(
                "it has no path; the reflection of a server is asked by grpcs://host:port",
            ));
        }
        Ok(Self {
            url: parsed,
            tls: ClientTls::new(),
            token: None,
            timeout: Self::DEFAULT_TIMEOUT,
            max_size: Self::DEFAULT_MAX_SIZE,
            known: Arc::default(),
        })
    }

    /// Sends this token, as `Authorization: Bearer TOKEN`. Default: none.
    pub fn token(mut self, token: &str) -> Result<Self, Error> {
        self.token = Some(bearer(token)?);
        Ok(self)
    }

    /// The TLS options. Default: those of [`ClientTls::new`].
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = tls;
        self
    }

    /// How long a download may take, from the name of the host to the last byte, redirects included. Default: 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest set that is taken, in bytes. Default: 256 MiB.
    pub fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }

    fn known(&self) -> Option<(HeaderValue, Bytes)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn problem(&self, text: impl Into<String>) -> Problem {
        Problem::in_file(self.url.to_string(), text)
    }

    async fn fetch(&self) -> Result<Bytes, Error> {
        let fetched = timeout(self.timeout, self.follow()).await;
        let late = || {
            self.problem(format!(
                "did not send the descriptor set within {:?}",
                self.timeout
            ))
        };
        fetched.unwrap_or_else(|_| Err(failed(late())))
    }

    /// Asks the URL, and those that it leads to.
    async fn follow(&self) -> Result<Bytes, Error> {
        // The system's root certificates are many, and plain text needs none.
        let mut config = None;
        let known = self.known();
        let mut url = self.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut headers = HeaderMap::new();
            if let Some((version, _)) = &known {
                headers.insert(IF_NONE_MATCH, version.clone());
            }
            let is_same_server = url.scheme() == self.url.scheme() && url.authority() == self.url.authority();
            if let Some(token) = self.token.as_ref().filter(|_| is_same_server) {
                let mut token =
                    HeaderValue::from_bytes(token.as_bytes()).expect("it is the value of a header");
                token.set_sensitive(true);
                headers.insert(AUTHORIZATION, token);
            }
            let is_encrypted = url.scheme_str() == Some("https");
            if is_encrypted && config.is_none() {
                config = Some(Arc::new(self.tls.load(&["http/1.1"])?));
            }
            let tls = config
                .as_ref()
                .filter(|_| is_encrypted)
                .map(|config| DownloadTls {
                    config,
                    // Of the URL's own server; where it sends on to, names are what they are.
                    server_name: self.tls.name().filter(|_| is_same_server),
                });
            let download = Download {
                url: &url,
                tls,
                timeout: self.timeout,
                max_size: self.max_size,
            };
            let answer = download.get(headers).await;
            let answer = answer.map_err(|why| failed(self.at(&url, &why)))?;
            match answer.status {
                StatusCode::OK => return Ok(self.remember(answer)),
                StatusCode::NOT_MODIFIED => {
                    let unasked = || failed(self.at(&url, "answers 304 Not Modified to a first request"));
                    return known.map(|(_, set)| set).ok_or_else(unasked);
                }
                status if status.is_redirection() => {
                    let location = answer
                        .headers
                        .get(LOCATION)
                        .and_then(|location| location.to_str().ok());
                    let next = location.and_then(|location| redirected(&url, location));
                    let next = next.ok_or_else(|| {
                        failed(self.at(&url, &format!("answers {status} without a usable Location")))
                    })?;
                    let stays_here = url.scheme_str() == Some("http") && is_loopback(&next);
                    if next.scheme_str() != Some("https") && !stays_here {
                        let why = format!("sends on to {next}, which is not encrypted");
                        return Err(failed(self.at(&url, &why)));
                    }
                    url = next;
                }
                status => return Err(failed(self.refused(&url, status, is_same_server))),
            }
        }
        let why = format!("sends on more than {MAX_REDIRECTS} times");
        Err(failed(self.problem(why)))
    }

    fn remember(&self, answer: Answer) -> Bytes {
        let version = answer.headers.get(ETAG).cloned();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = version.map(|version| (version, answer.body.clone()));
        answer.body
    }

    /// A problem at the URL, or at one that it led to.
    fn at(&self, url: &Uri, why: &str) -> Problem {
        if *url == self.url {
            self.problem(why)
        } else {
            self.problem(format!("{why} ({url}, to which it sends on)"))
        }
    }

    fn refused(&self, url: &Uri, status: StatusCode, has_token: bool) -> Problem {
        let problem = self.at(url, &format!("answers {status}"));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.token.is_none() => {
                problem.with_hint("it may need a token: set PROTOD_SCHEMA_TOKEN")
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if has_token => {
                problem.with_hint("it does not take the token that it was sent: is PROTOD_SCHEMA_TOKEN the right one?")
            }
            StatusCode::NOT_FOUND if self.token.is_none() => {
                problem.with_hint("is the path right? Some servers also answer so to who may not see a schema, and need a token: PROTOD_SCHEMA_TOKEN")
            }
            StatusCode::NOT_FOUND => problem.with_hint("is the path right?"),
            _ => problem,
        }
    }
}

fn failed(problem: Problem) -> Error {
    Error::schema(vec![problem])
}

impl SchemaSource for HttpSource {
    fn name(&self) -> String {
        self.url.to_string()
    }

    fn descriptor_set(&self) -> Result<Bytes, Box<dyn StdError + Send + Sync>> {
        Ok(thread::run(self.fetch())?)
    }
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
