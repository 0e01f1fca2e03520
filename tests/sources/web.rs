//! A web server over TLS that answers as it is told, also as no web server should.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protod::ClientTls;
use protod::client::HttpSource;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Everything is a line of HTTP/1.1, so that what is wrong can be written down.
pub(crate) type Page = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// What a page does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Sends these bytes, and closes the connection.
    Bytes(Vec<u8>),
    /// Sends these bytes and nothing more, until the client is gone.
    Stalled(Vec<u8>),
}

/// The bytes of an answer with a body.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Reply {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A running web server. It ends when this is dropped.
pub(crate) struct Web {
    /// `host:port`
    pub(crate) authority: String,
    ca: PathBuf,
    requests: Arc<Mutex<Vec<String>>>,
    page: Arc<Mutex<Page>>,
    _folder: TempDir,
    _tasks: JoinSet<()>,
}

impl Web {
    /// Serves `page` over TLS, with a certificate for localhost.
    pub(crate) async fn start(page: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let mut params = CertificateParams::new([]).expect("sound names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("sound names");
        let certificate = params.signed_by(&key, &ca).expect("signed");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
            )
            .expect("they fit together");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, ca.pem()).expect("it can be written");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let page: Arc<Mutex<Page>> = Arc::new(Mutex::new(Arc::new(page)));
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let mut tasks = JoinSet::new();
        let (shown, heard) = (Arc::clone(&page), Arc::clone(&requests));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.expect("it listens");
                let (acceptor, shown, heard) = (acceptor.clone(), Arc::clone(&shown), Arc::clone(&heard));
                connections.spawn(serve(socket, acceptor, shown, heard));
            }
        });
        Self {
            authority: format!("localhost:{port}"),
            ca: ca_file,
            requests,
            page,
            _folder: folder,
            _tasks: tasks,
        }
    }

    /// Serves another page from now on.
    pub(crate) fn show(&self, page: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.page.lock().expect("no panic") = Arc::new(page);
    }

    /// The heads of the requests so far, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.authority)
    }

    /// The file of its authority's certificate.
    pub(crate) fn ca(&self) -> &str {
        self.ca.to_str().expect("UTF-8")
    }

    /// A source of the set at `path`, which trusts this server.
    pub(crate) fn source(&self, path: &str) -> HttpSource {
        let source = HttpSource::new(&self.url(path)).expect("a URL");
        source
            .tls(ClientTls::new().ca(&self.ca))
            .timeout(Duration::from_secs(20))
    }
}

async fn serve(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    page: Arc<Mutex<Page>>,
    requests: Arc<Mutex<Vec<String>>>,
) {
    // Clients may hang up at any time.
    if let Ok(stream) = acceptor.accept(socket).await {
        let _ = exchange(stream, page, requests).await;
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    page: Arc<Mutex<Page>>,
    requests: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(request).expect("ASCII").to_ascii_lowercase();
    requests.lock().expect("no panic").push(head.clone());
    let page = Arc::clone(&page.lock().expect("no panic"));
    match page(&head) {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
        }
        Reply::Stalled(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
        }
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await?;
    Ok(())
}
