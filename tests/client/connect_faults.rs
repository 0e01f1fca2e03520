//! Connections that are not made: the library names the fault, and the commands say what it is and what to do.

use std::time::Duration;

use protod::client::ConnectFault;
use protod::{Client, ClientTls, Tls, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::cli::protod;
use crate::servers::{serve, shapes};
use crate::support::Server;

const SPEAKS_TLS: &str = "the server speaks TLS, and this client was told to speak plain text";
const SPEAKS_PLAIN_TEXT: &str = "the server does not speak TLS, and this client was told to";
const UNKNOWN_ISSUER: &str = "the server's certificate is signed by no authority that is trusted here";
const EXPIRED: &str = "the server's certificate has expired";
const OF_AN_AUTHORITY: &str =
    "the server's certificate is that of an authority (CA:TRUE), and not of a server";
const WANTS_ONE: &str = "the server wants a certificate of the client";

/// What docs/tls.md explains.
pub(crate) const EXPLAINED: [&str; 6] = [
    SPEAKS_TLS,
    SPEAKS_PLAIN_TEXT,
    UNKNOWN_ISSUER,
    EXPIRED,
    OF_AN_AUTHORITY,
    WANTS_ONE,
];

/// A client of a server that is not there, or not as the client expects it.
async fn fault(address: &str, tls: Option<ClientTls>) -> Option<ConnectFault> {
    let mut builder = Client::builder(address).connect_timeout(Duration::from_secs(5));
    if let Some(tls) = tls {
        builder = builder.tls(tls);
    }
    let error = builder.connect().await.expect_err("no connection");
    assert!(error.is_io(), "{error:?}");
    assert_eq!(error.to_string(), format!("cannot connect to {address}"));
    ConnectFault::of(&error)
}

/// What `protod list ADDRESS FLAGS` says; it must fail.
async fn list_says(address: &str, flags: &[&str]) -> String {
    let (stdout, stderr, code) = protod(&[&["list", address], flags].concat()).await;
    assert_eq!((stdout.as_str(), code), ("", 1), "{stderr}");
    stderr
}

fn told(address: &str, cause: &str, hint: &str) -> String {
    format!("error: cannot connect to {address}\ncaused by: {cause}\nhint: {hint}\n")
}

/// A server that gives each connection one of these answers, after it has read the first byte: the first to a client of
/// TLS, the second to any other. Then it hangs up.
async fn answering(to_tls: &'static [u8], to_others: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            tokio::spawn(async move {
                let answer = match socket.read_u8().await {
                    Ok(22) => to_tls,
                    _ => to_others,
                };
                // A client that has gone needs no answer.
                let _ = socket.write_all(answer).await;
            });
        }
    });
    address
}

/// A refusal of TLS: fatal, handshake failure.
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
const HTTP1: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nwhat?";

/// A folder with an authority and the certificates that it has signed, and one server for each.
struct Certificates {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("sound names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        std::fs::write(folder.path().join("ca.key"), key.serialize_pem()).expect("it can be written");
        let authority = CertifiedIssuer::self_signed(params, key).expect("signed");
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("it can be written");
        Self { folder, authority }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn sign(&self, file: &str, host: &str, change: impl FnOnce(&mut CertificateParams)) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([host.to_owned()]).expect("sound names");
        change(&mut params);
        let signed = params.signed_by(&key, &self.authority).expect("signed");
        std::fs::write(self.file(&format!("{file}.pem")), signed.pem()).expect("it can be written");
        std::fs::write(self.file(&format!("{file}.key")), key.serialize_pem()).expect("it can be written");
    }

    /// A server with the certificate `file`, reached as localhost.
    async fn serve(&self, file: &str, asks_clients: bool) -> String {
        let mut files = TlsFiles::new(
            self.file(&format!("{file}.pem")),
            self.file(&format!("{file}.key")),
        );
        if asks_clients {
            files = files.client_ca(self.file("ca.pem"));
        }
        let address = serve(shapes().tls(Tls::load(files).expect("sound files"))).await;
        address.replace("127.0.0.1", "localhost")
    }

    fn trusting(&self) -> ClientTls {
        ClientTls::new().ca(self.file("ca.pem"))
    }
}

#[tokio::test]
async fn a_server_of_tls_is_told_apart_from_a_broken_one() {
    let certificates = Certificates::new();
    certificates.sign("server", "localhost", |_| {});
    for address in [
        certificates.serve("server", false).await,
        // Some refuse plain text with an alert, some with HTTP/1, and some without a word.
        answering(ALERT, ALERT).await,
        answering(ALERT, HTTP1).await,
        answering(ALERT, b"").await,
    ] {
        assert_eq!(fault(&address, None).await, Some(ConnectFault::SpeaksTls));
        let told = told(&address, SPEAKS_TLS, "this server speaks TLS: --tls");
        assert_eq!(list_says(&address, &[]).await, told);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart_from_a_broken_one() {
    let axum = crate::failures::web_server(axum::Router::new()).await;
    for address in [serve(shapes()).await, axum] {
        let tls = Some(ClientTls::new());
        assert_eq!(fault(&address, tls).await, Some(ConnectFault::SpeaksPlainText));
        let hint = "this server does not speak TLS: leave out --tls, and write http:// instead of https://";
        let told = told(&address, SPEAKS_PLAIN_TEXT, hint);
        assert_eq!(list_says(&address, &["--tls"]).await, told);
        assert_eq!(
            list_says(&address, &["--insecure"]).await.lines().count(),
            4,
            "a warning first"
        );
    }
}

#[tokio::test]
async fn what_is_no_grpc_server_is_named() {
    for (to_tls, to_others, plain, with_tls) in [
        (HTTP1, HTTP1, ConnectFault::SpeaksHttp1, ConnectFault::SpeaksHttp1),
        (b"", b"", ConnectFault::HungUp, ConnectFault::HungUp),
        (
            b"220 mail.test ESMTP\r\n",
            b"220 mail.test ESMTP\r\n",
            ConnectFault::SpeaksOther,
            ConnectFault::SpeaksOther,
        ),
    ] as [(&[u8], &[u8], _, _); 3]
    {
        let address = answering(to_tls, to_others).await;
        assert_eq!(fault(&address, None).await, Some(plain));
        assert_eq!(fault(&address, Some(ClientTls::new())).await, Some(with_tls));
    }
    assert_eq!(fault("127.0.0.1:1", None).await, Some(ConnectFault::Unreachable));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_and_no_longer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    for tls in [None, Some(ClientTls::new())] {
        let mut builder = Client::builder(&address).connect_timeout(Duration::from_millis(200));
        if let Some(tls) = tls {
            builder = builder.tls(tls);
        }
        let error = builder.connect().await.expect_err("nobody answers");
        assert_eq!(
            ConnectFault::of(&error),
            Some(ConnectFault::TimedOut),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said_with_what_to_do() {
    let certificates = Certificates::new();
    certificates.sign("good", "localhost", |_| {});
    certificates.sign("other", "other.test", |_| {});
    certificates.sign("old", "localhost", |params| {
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    certificates.sign("early", "localhost", |params| {
        params.not_before = date_time_ymd(4000, 1, 1);
    });
    let insecure = "or do without verification: --insecure";
    for (file, trusts, expected, cause, hint) in [
        (
            "good",
            false,
            ConnectFault::UnknownIssuer,
            UNKNOWN_ISSUER,
            format!("trust the authority that signed it: --tls-ca FILE; {insecure}"),
        ),
        (
            "other",
            true,
            ConnectFault::WrongName,
            "the server's certificate is not for localhost: it is for other.test",
            format!("say which of its names to expect: --tls-server-name NAME; {insecure}"),
        ),
        (
            "old",
            true,
            ConnectFault::WrongTime,
            EXPIRED,
            format!("renew it; {insecure}"),
        ),
        (
            "early",
            true,
            ConnectFault::WrongTime,
            "the server's certificate is not valid yet",
            format!("renew it; {insecure}"),
        ),
        (
            "ca",
            true,
            ConnectFault::BadCertificate,
            OF_AN_AUTHORITY,
            format!("docs/tls.md shows how to make one with openssl; {insecure}"),
        ),
    ] {
        let address = certificates.serve(file, false).await;
        let ca = certificates.file("ca.pem");
        let (tls, flags) = if trusts {
            (certificates.trusting(), vec!["--cacert", &ca])
        } else {
            (ClientTls::new(), vec!["--tls"])
        };
        assert_eq!(fault(&address, Some(tls)).await, Some(expected), "{file}");
        assert_eq!(
            list_says(&address, &flags).await,
            told(&address, cause, &hint),
            "{file}"
        );

        let (stdout, stderr, code) = protod(&["list", &address, "--insecure"]).await;
        assert!(stdout.contains("shapes.Shapes\n"), "{stderr}");
        let warning = "warning: --insecure: the connection is encrypted, but nobody has verified who is at its other end\n";
        assert_eq!((stderr.as_str(), code), (warning, 0), "{file}");
    }
}

#[tokio::test]
async fn a_name_may_be_given_for_the_certificate_alone_or_for_requests_too() {
    let certificates = Certificates::new();
    certificates.sign("other", "other.test", |_| {});
    let address = certificates.serve("other", false).await;
    let ca = certificates.file("ca.pem");
    for flag in ["--tls-server-name", "--authority"] {
        let (stdout, stderr, _) = protod(&["list", &address, "--tls-ca", &ca, flag, "other.test"]).await;
        assert!(stdout.contains("shapes.Shapes\n"), "{flag}: {stderr}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_says_so_when_the_client_connects() {
    let certificates = Certificates::new();
    certificates.sign("server", "localhost", |_| {});
    let address = certificates.serve("server", true).await;
    let expected = Some(ConnectFault::ClientCertificate);
    assert_eq!(fault(&address, Some(certificates.trusting())).await, expected);
    let hint = "show one that the server trusts: --tls-cert FILE --tls-key FILE";
    let said = list_says(&address, &["--tls-ca", &certificates.file("ca.pem")]).await;
    assert_eq!(said, told(&address, WANTS_ONE, hint));

    let others = Certificates::new();
    others.sign("client", "client.test", |_| {});
    let tls = certificates
        .trusting()
        .identity(others.file("client.pem"), others.file("client.key"));
    assert_eq!(fault(&address, Some(tls)).await, expected);
}

#[tokio::test]
async fn an_encrypted_key_is_said_to_be_encrypted_on_both_sides() {
    let certificates = Certificates::new();
    certificates.sign("server", "localhost", |_| {});
    let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    std::fs::write(certificates.file("secret.key"), key).expect("it can be written");
    let files = TlsFiles::new(certificates.file("server.pem"), certificates.file("secret.key"));
    let server = Tls::load(files).expect_err("nobody knows the passphrase");
    let tls = certificates
        .trusting()
        .identity(certificates.file("server.pem"), certificates.file("secret.key"));
    let client = Client::builder("localhost:1").tls(tls).connect().await;
    let client = client.expect_err("nobody knows the passphrase");
    for error in [server, client] {
        let cause = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(
            cause.starts_with("the key is encrypted; decrypt it with `openssl pkey "),
            "{cause}"
        );
        assert!(error.is_invalid_input(), "{error:?}");
    }
}

/// The log of the server says it too, for whoever runs it.
#[tokio::test]
async fn a_mix_up_of_tls_and_plain_text_is_in_the_servers_log() {
    let certificates = Certificates::new();
    certificates.sign("server", "localhost", |_| {});
    let (cert, key) = (certificates.file("server.pem"), certificates.file("server.key"));
    let mut with_tls = Server::start(&["--tls-cert", &cert, "--tls-key", &key, "proto"]).await;
    let mut without = Server::start(&["proto"]).await;
    list_says(with_tls.address(), &[]).await;
    list_says(without.address(), &["--tls"]).await;
    let line = with_tls.line_with("no connection was made").await;
    let told = "the client does not speak TLS, and this port does: call it with TLS, as https://";
    assert!(line.contains("INFO") && line.contains(told), "{line}");
    let line = without.line_with("no connection was made").await;
    let told = "the client speaks TLS, and this port does not: call it without TLS, or give the server a certificate";
    assert!(line.contains("INFO") && line.contains(told), "{line}");
}

#[tokio::test]
async fn a_certificate_that_is_missing_or_refused_is_in_the_servers_log() {
    let certificates = Certificates::new();
    certificates.sign("server", "localhost", |_| {});
    let file = |name| certificates.file(name);
    let [cert, key, ca] = ["server.pem", "server.key", "ca.pem"].map(file);
    let args = [
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--tls-client-ca",
        &ca,
        "proto",
    ];
    let mut server = Server::start(&args).await;
    list_says(server.address(), &["--insecure"]).await;
    let line = server.line_with("no connection was made").await;
    let told =
        "the client shows no certificate, and this port wants one: give the client a certificate and its key";
    assert!(line.contains("INFO") && line.contains(told), "{line}");

    // Another authority signed these.
    let others = Certificates::new();
    others.sign("client", "localhost", |_| {});
    let (cert, key) = (others.file("client.pem"), others.file("client.key"));
    list_says(
        server.address(),
        &["--insecure", "--tls-cert", &cert, "--tls-key", &key],
    )
    .await;
    let line = server.line_with("no connection was made").await;
    assert!(
        line.contains("INFO") && line.contains("the client's certificate is refused"),
        "{line}"
    );

    list_says(server.address(), &["--tls"]).await;
    let line = server.line_with("no connection was made").await;
    assert!(
        line.contains("INFO") && line.contains("the client refuses this port's certificate"),
        "{line}"
    );
    assert!(
        line.contains("and call a name that the certificate has"),
        "{line}"
    );

    // They are not told without end.
    for _ in 0..12 {
        list_says(server.address(), &["--tls"]).await;
    }
    let (_, log) = server.stop().await;
    let told = log.iter().filter(|line| line.contains("no connection was made"));
    assert_eq!(told.count(), 10, "{log:#?}");
}
