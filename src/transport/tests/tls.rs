//! TLS over real sockets: certificates of clients, reloads, time-outs.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::start;
use crate::transport::{Limits, Tls, TlsFiles};

/// A root of its own, and a folder for what it signs.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Signs a certificate for `localhost`, and writes it with its key.
    fn sign(&self, cert: &str, key: &str) {
        let pair = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let signed = params.signed_by(&pair, &self.issuer).unwrap();
        fs::write(self.path(cert), signed.pem()).unwrap();
        fs::write(self.path(key), pair.serialize_pem()).unwrap();
    }

    fn server_files(&self, client_ca: bool) -> TlsFiles {
        self.sign("server.pem", "server.key");
        TlsFiles {
            cert: self.path("server.pem"),
            key: self.path("server.key"),
            client_ca: client_ca.then(|| self.path("ca.pem")),
        }
    }

    /// Connects a client that trusts this root, with the certificate that `authority` signs for it.
    async fn connect(
        &self,
        addr: std::net::SocketAddr,
        signed_by: Option<&Authority>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.path("ca.pem")).unwrap())
            .unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match signed_by {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                authority.sign("client.pem", "client.key");
                let cert = CertificateDer::from_pem_file(authority.path("client.pem")).unwrap();
                let key = PrivateKeyDer::from_pem_file(authority.path("client.key")).unwrap();
                builder.with_client_auth_cert(vec![cert], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(addr).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

async fn get(stream: TlsStream<TcpStream>, path: &str) -> Result<String, h2::Error> {
    let (requests, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let request = http::Request::get(format!("https://localhost{path}"))
        .body(())
        .unwrap();
    let response = requests.ready().await?.send_request(request, true)?.0.await?;
    let body = response.into_body().data().await.expect("a body")?;
    connection.abort();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn silent_tls_handshake_is_cut() {
    let authority = Authority::new();
    let tls = Tls::load(authority.server_files(false)).unwrap();
    let limits = Limits::default().handshake_timeout(Duration::from_millis(200));
    let server = start(limits, Some(tls)).await;
    let started = Instant::now();
    let mut silent = TcpStream::connect(server.addr).await.unwrap();
    let read = timeout(Duration::from_secs(20), silent.read(&mut [0])).await;
    assert_eq!(read.expect("the server closes").unwrap(), 0);
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn silent_handshake_does_not_stop_others() {
    let authority = Authority::new();
    let tls = Tls::load(authority.server_files(false)).unwrap();
    let server = start(Limits::default(), Some(tls)).await;
    let _silent = TcpStream::connect(server.addr).await.unwrap();
    let stream = authority.connect(server.addr, None).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert!(get(stream, "/peer").await.unwrap().ends_with(" 0"));
}

#[tokio::test]
async fn client_without_certificate_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let tls = Tls::load(authority.server_files(true)).unwrap();
    let server = start(Limits::default(), Some(tls)).await;
    for signed_by in [None, Some(&stranger)] {
        // With TLS 1.3 the client learns it with its first read.
        if let Ok(stream) = authority.connect(server.addr, signed_by).await {
            get(stream, "/peer").await.unwrap_err();
        }
    }
    let stream = authority.connect(server.addr, Some(&authority)).await.unwrap();
    assert!(get(stream, "/peer").await.unwrap().ends_with(" 1"));
}

#[tokio::test]
async fn reload_is_for_the_next_handshake() {
    let authority = Authority::new();
    let tls = Tls::load(authority.server_files(false)).unwrap();
    let server = start(Limits::default(), Some(tls.clone())).await;
    let certificate = async || {
        let stream = authority.connect(server.addr, None).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    let first = certificate().await;

    authority.sign("server.pem", "other.key");
    let error = tls.reload().unwrap_err();
    assert!(error.to_string().contains("server.pem with "), "{error}");
    assert_eq!(certificate().await, first, "a reload that fails changes nothing");

    authority.sign("server.pem", "server.key");
    tls.reload().unwrap();
    assert_ne!(certificate().await, first);
}

#[tokio::test]
async fn plain_client_is_refused_with_tls() {
    const ALERT: u8 = 21;
    let authority = Authority::new();
    let tls = Tls::load(authority.server_files(false)).unwrap();
    let server = start(Limits::default(), Some(tls)).await;
    let mut plain = TcpStream::connect(server.addr).await.unwrap();
    plain
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(20), plain.read_to_end(&mut answer))
        .await
        .expect("closed");
    assert!(answer.is_empty() || answer[0] == ALERT, "{answer:?}");
}

/// Files as people get them from authorities, editors and other systems.
#[test]
fn a_file_that_is_not_what_it_should_be_is_told_with_what_to_do() {
    let authority = Authority::new();
    let good = authority.server_files(false);
    let (cert, key) = (fs::read(&good.cert).unwrap(), fs::read(&good.key).unwrap());
    let der = CertificateDer::from_pem_slice(&cert).unwrap();
    let utf16 = |text: &[u8]| {
        [
            b"\xFF\xFE".to_vec(),
            text.iter().flat_map(|&byte| [byte, 0]).collect(),
        ]
        .concat()
    };
    let request = b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
    let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let public = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    let other = KeyPair::generate().unwrap().serialize_pem();
    let broken = b"-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----\n";
    for (is_key, contents, advice) in [
        (false, key.as_slice(), "are certificate and key exchanged?"),
        (false, request, "has yet to sign"),
        (false, b"", "no certificate"),
        (false, &der, "openssl x509 -inform der"),
        (false, &utf16(&cert), "save it as UTF-8"),
        (true, cert.as_slice(), "are certificate and key exchanged?"),
        (true, encrypted, "the key is encrypted; decrypt it with"),
        (true, old, "the key is encrypted; decrypt it with"),
        (true, public, "public key"),
        (true, &der, "openssl pkey -inform der"),
        (true, &utf16(&key), "save it as UTF-8"),
        (
            true,
            other.as_bytes(),
            "the key does not belong to the certificate",
        ),
        (true, broken, ""),
    ] {
        fs::write(&good.cert, if is_key { &cert } else { contents }).unwrap();
        fs::write(&good.key, if is_key { contents } else { &key }).unwrap();
        let error = Tls::load(good.clone()).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(advice), "{advice}: {cause}");
        assert!(error.to_string().contains("server."), "{error}");
    }
}

#[test]
fn a_file_with_a_mark_or_other_line_ends_is_read() {
    let authority = Authority::new();
    let good = authority.server_files(false);
    for path in [&good.cert, &good.key] {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, format!("\u{FEFF}{}", text.replace('\n', "\r\n"))).unwrap();
    }
    Tls::load(good).unwrap();
}

#[test]
fn a_certificate_that_has_expired_is_warned_of() {
    let authority = Authority::new();
    let files = authority.server_files(false);
    let tls = Tls::load(files.clone()).unwrap();
    assert_eq!(tls.warning(), None);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 1, 2);
    fs::write(
        &files.cert,
        params.signed_by(&key, &authority.issuer).unwrap().pem(),
    )
    .unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    tls.reload().unwrap();
    let warning = tls.warning().expect("it has expired");
    assert!(
        warning.contains("server.pem") && warning.ends_with("has expired on 2020-01-02 00:00:00 UTC"),
        "{warning}"
    );
}

#[test]
fn files_that_do_not_load_are_named() {
    let authority = Authority::new();
    let good = authority.server_files(false);
    fs::write(authority.path("empty.pem"), "").unwrap();
    let with_cert = |name| TlsFiles {
        cert: authority.path(name),
        ..good.clone()
    };
    let with_key = |name| TlsFiles {
        key: authority.path(name),
        ..good.clone()
    };
    let with_ca = |name| TlsFiles {
        client_ca: Some(authority.path(name)),
        ..good.clone()
    };
    for (files, name, is_io) in [
        (with_cert("missing.pem"), "missing.pem", true),
        (with_cert("empty.pem"), "empty.pem", false),
        (with_key("missing.key"), "missing.key", true),
        (with_key("ca.pem"), "ca.pem", false),
        (with_ca("empty.pem"), "empty.pem", false),
    ] {
        let error = Tls::load(files).unwrap_err();
        assert_eq!(
            (error.is_io(), error.is_invalid_input()),
            (is_io, !is_io),
            "{error}"
        );
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn client_without_tls_is_told_in_its_own_language() {
    let authority = Authority::new();
    let tls = Tls::load(authority.server_files(false)).unwrap();
    let server = start(Limits::default(), Some(tls)).await;
    for (request, answer) in [
        (
            &b"GET / HTTP/1.1\r\nhost: test\r\n\r\n"[..],
            &b"HTTP/1.1 400 "[..],
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[21, 3, 3, 0, 2, 2, 10]),
    ] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answered = Vec::new();
        let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut answered)).await;
        read.expect("the server closes").unwrap();
        assert!(answered.starts_with(answer), "{answered:?}");
    }
}
