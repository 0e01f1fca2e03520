//! TLS on both sides: which servers the client trusts, and the certificate that it presents.

use std::path::{Path, PathBuf};

use protod::{Client, ClientTls, Tls, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::cli::protod;
use crate::servers::{serve, shapes};

/// A certificate authority, and what it has signed.
struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut params = CertificateParams::new([]).expect("sound names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("it can be written");
        for name in ["server.test", "client.test"] {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new([name.to_owned()]).expect("sound names");
            let certificate = params.signed_by(&key, &authority).expect("signed");
            std::fs::write(folder.path().join(format!("{name}.pem")), certificate.pem())
                .expect("it can be written");
            std::fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem())
                .expect("it can be written");
        }
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn serve(&self, asks_clients: bool) -> String {
        let mut files = TlsFiles::new(self.file("server.test.pem"), self.file("server.test.key"));
        if asks_clients {
            files = files.client_ca(self.file("ca.pem"));
        }
        serve(shapes().tls(Tls::load(files).expect("sound files"))).await
    }

    fn trusting(&self) -> ClientTls {
        ClientTls::new()
            .ca(self.file("ca.pem"))
            .server_name("server.test")
    }
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_and_name() {
    let certificates = Certificates::new();
    let address = certificates.serve(false).await;
    let connect = async |tls| Client::builder(&address).tls(tls).connect().await;
    connect(certificates.trusting())
        .await
        .expect("its authority and name are right");
    connect(certificates.trusting().server_name("other.test"))
        .await
        .expect_err("another name");
    connect(ClientTls::new().server_name("server.test"))
        .await
        .expect_err("an authority that the system does not know");
    Client::connect(&address).await.expect_err("plain text");
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let certificates = Certificates::new();
    let address = certificates.serve(true).await;
    let connect = async |tls| Client::builder(&address).tls(tls).connect().await;
    connect(certificates.trusting())
        .await
        .expect_err("no certificate");
    let identity = (
        certificates.file("client.test.pem"),
        certificates.file("client.test.key"),
    );
    connect(certificates.trusting().identity(identity.0, identity.1))
        .await
        .expect("a certificate");
}

#[tokio::test]
async fn the_command_line_speaks_tls() {
    let certificates = Certificates::new();
    let address = certificates.serve(true).await;
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let flags = [
        ("--tls-ca", text(&certificates.file("ca.pem"))),
        ("--tls-cert", text(&certificates.file("client.test.pem"))),
        ("--tls-key", text(&certificates.file("client.test.key"))),
        ("--tls-server-name", "server.test".to_owned()),
    ];
    let mut args = vec!["call", &address, "shapes.Shapes/Unary", "--tls"];
    args.extend(flags.iter().flat_map(|(flag, value)| [*flag, value.as_str()]));
    let (stdout, stderr, code) = protod(&args).await;
    assert_eq!((stdout.as_str(), stderr.as_str(), code), ("{}\n", "", 0));
}

#[tokio::test]
async fn a_file_that_is_missing_and_one_that_makes_no_sense_are_told_apart() {
    let certificates = Certificates::new();
    let address = certificates.serve(false).await;
    std::fs::write(certificates.file("empty.pem"), "").expect("it can be written");
    let (trusting, key) = (certificates.trusting(), certificates.file("client.test.key"));
    for (tls, is_io) in [
        (trusting.clone().ca(certificates.file("missing.pem")), true),
        (
            trusting.clone().identity(certificates.file("missing.pem"), &key),
            true,
        ),
        (
            trusting.clone().identity(certificates.file("empty.pem"), &key),
            false,
        ),
        (
            trusting.identity(
                certificates.file("client.test.pem"),
                certificates.file("empty.pem"),
            ),
            false,
        ),
    ] {
        let connected = Client::builder(&address).tls(tls).connect().await;
        let error = connected.expect_err("there is no such certificate");
        assert_eq!(
            (error.is_io(), error.is_invalid_input()),
            (is_io, !is_io),
            "{error:?}"
        );
    }
    let error = Client::connect("no address").await.expect_err("it is none");
    assert!(error.is_invalid_input(), "{error:?}");
}
