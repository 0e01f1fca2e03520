//! Certificates that are renewed while the server runs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use protod::live::load_tls;
use protod::{Client, ClientTls, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::folder::reload_checked;
use crate::program::{Server, command};

/// Signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).expect("sound names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("signed"))
    }

    fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).expect("it can be written");
    }

    /// A certificate for `name`, and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("sound names");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        (certificate.pem(), key.serialize_pem())
    }
}

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    fn write(&self, name: &str, (certificate, key): (String, String)) {
        for (ending, text) in [("pem", certificate), ("key", key)] {
            std::fs::write(self.path(&format!("{name}.{ending}")), text).expect("it can be written");
        }
    }

    /// Whether a client that trusts `ca` gets an answer.
    async fn accepts(&self, server: &Server, ca: &str, identity: Option<&str>) -> bool {
        let mut tls = ClientTls::new().ca(self.path(ca)).server_name("server.test");
        if let Some(name) = identity {
            tls = tls.identity(
                self.path(&format!("{name}.pem")),
                self.path(&format!("{name}.key")),
            );
        }
        Client::builder(server.address().to_owned())
            .tls(tls)
            .connect()
            .await
            .is_ok()
    }
}

const RELOADED: &str = "TLS reloaded";

#[tokio::test]
async fn renewed_certificate_is_for_new_connections_and_a_broken_one_changes_nothing() {
    let (files, first, second) = (Files::new(), Authority::new(), Authority::new());
    first.write(&files.path("first.pem"));
    second.write(&files.path("second.pem"));
    files.write("server", first.sign("server.test"));
    let (cert, key) = (files.text("server.pem"), files.text("server.key"));
    let tls = ["--tls-cert", &cert, "--tls-key", &key, "proto"];
    // Lines of JSON say as much as those for people.
    let mut server = Server::start(&[&tls[..], &["--log-format", "json"]].concat()).await;
    assert!(files.accepts(&server, "first.pem", None).await);

    files.write("server", second.sign("server.test"));
    server.line_with(RELOADED).await;
    assert!(files.accepts(&server, "second.pem", None).await);
    assert!(!files.accepts(&server, "first.pem", None).await);

    std::fs::write(files.path("server.pem"), "no certificate").expect("it can be written");
    let line = server.line_with("TLS not reloaded").await;
    assert!(
        line.contains("server.pem: it contains no certificate"),
        "the file and the cause: {line}"
    );
    let (whole, _) = first.sign("server.test");
    let half = &whole[..whole.len() / 2];
    std::fs::write(files.path("server.pem"), half).expect("it can be written");
    let line = server.line_with("TLS not reloaded").await;
    let cause = "server.pem: it ends before `-----END CERTIFICATE-----`; is it half written?";
    assert!(line.contains(cause), "{line}");
    assert!(files.accepts(&server, "second.pem", None).await);
    assert_eq!(reload_status(&files, &server, "second.pem").await, "NOT_SERVING");
    // A reload of protos and rules changes nothing about that.
    server.signal("HUP").await;
    server.line_with("reloaded in").await;
    assert_eq!(reload_status(&files, &server, "second.pem").await, "NOT_SERVING");

    files.write("server", first.sign("server.test"));
    server.line_with(RELOADED).await;
    assert!(files.accepts(&server, "first.pem", None).await);
    assert_eq!(reload_status(&files, &server, "first.pem").await, "SERVING");
}

/// What the health service says of reloads.
async fn reload_status(files: &Files, server: &Server, ca: &str) -> String {
    let tls = ClientTls::new().ca(files.path(ca)).server_name("server.test");
    let client = Client::builder(server.address().to_owned()).tls(tls);
    let client = client.connect().await.expect("it listens");
    reload_checked(&client).await
}

/// `cert-manager` renews by swapping links, others by renaming, or in place.
#[tokio::test]
async fn certificates_are_watched_by_whatever_path_they_are_given() {
    let (files, first, second) = (Files::new(), Authority::new(), Authority::new());
    first.write(&files.path("first.pem"));
    second.write(&files.path("second.pem"));
    let swap = |revision: &str, signed: (String, String)| {
        let folder = files.path(revision);
        std::fs::create_dir(&folder).expect("a new folder");
        files.write(&format!("{revision}/server"), signed);
        std::os::unix::fs::symlink(revision, files.path("next")).expect("a new link");
        std::fs::rename(files.path("next"), files.path("current")).expect("links are renamed at once");
    };
    let by_rename = |name: &str, signed: (String, String)| {
        files.write("renewed", signed);
        for ending in ["key", "pem"] {
            std::fs::rename(
                files.path(&format!("renewed.{ending}")),
                files.path(&format!("{name}.{ending}")),
            )
            .expect("it can be renamed");
        }
    };
    std::fs::create_dir(files.path("deep")).expect("a new folder");
    let proto = std::path::absolute("proto")
        .expect("a path")
        .display()
        .to_string();
    for (from, folder, is_link) in [
        ("", "", false),
        ("", "./", false),
        ("", &format!("{}/", files.text("")), false),
        ("deep", "../", false),
        ("", "deep/../", false),
        ("", "current/", true),
    ] {
        if is_link {
            swap("one", first.sign("server.test"));
        } else {
            files.write("server", first.sign("server.test"));
        }
        let (cert, key) = (format!("{folder}server.pem"), format!("{folder}server.key"));
        let args = [
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
            &proto,
        ];
        let mut serve = command(&args);
        serve.current_dir(files.path(from));
        let mut server = Server::start_command(serve).await;
        assert!(files.accepts(&server, "first.pem", None).await, "{cert}");
        if is_link {
            swap("two", second.sign("server.test"));
        } else {
            files.write("server", second.sign("server.test"));
        }
        server.line_with(RELOADED).await;
        assert!(files.accepts(&server, "second.pem", None).await, "{cert}");
        by_rename(
            if is_link { "two/server" } else { "server" },
            first.sign("server.test"),
        );
        server.line_with(RELOADED).await;
        assert!(files.accepts(&server, "first.pem", None).await, "{cert}");
    }
}

/// Writes a file in many pieces, and returns the longest time between two of them.
fn write_slowly(path: &Path, text: &str, began: &mpsc::Sender<()>) -> Duration {
    let mut longest = Duration::ZERO;
    let mut before = Instant::now();
    let mut file = fs::File::create(path).expect("it can be made");
    for piece in text.as_bytes().chunks(text.len() / 64 + 1) {
        file.write_all(piece).expect("it can be written");
        let _ = began.send(());
        longest = longest.max(before.elapsed());
        before = Instant::now();
        // The pace of the writer is what is tried: all pieces take longer than a load that does not wait.
        std::thread::sleep(Duration::from_millis(2));
    }
    longest.max(before.elapsed())
}

#[test]
fn certificates_that_are_being_written_at_the_start_are_waited_for() {
    let files = Files::new();
    let authority = Authority::new();
    loop {
        files.write("a", authority.sign("server.test"));
        let key = fs::read_to_string(files.path("a.key")).expect("it was written");
        let (began, begun) = mpsc::channel();
        let path = files.path("a.key");
        let writer = std::thread::spawn(move || write_slowly(&path, &key, &began));
        begun.recv().expect("it begins");
        let loaded = load_tls(TlsFiles::new(files.path("a.pem"), files.path("a.key")));
        // A writer that was held up on a busy machine proves nothing.
        if writer.join().expect("no panic") < Duration::from_millis(15) {
            loaded.expect("the key is whole");
            break;
        }
    }
}

#[tokio::test]
async fn renewed_client_authority_is_for_new_connections() {
    let (files, first, second) = (Files::new(), Authority::new(), Authority::new());
    first.write(&files.path("ca.pem"));
    first.write(&files.path("clients.pem"));
    files.write("server", first.sign("server.test"));
    files.write("old", first.sign("client.test"));
    files.write("new", second.sign("client.test"));
    let (cert, key, clients) = (
        files.text("server.pem"),
        files.text("server.key"),
        files.text("clients.pem"),
    );
    let flags = [
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--tls-client-ca",
        &clients,
        "proto",
    ];
    let mut server = Server::start(&flags).await;
    assert!(files.accepts(&server, "ca.pem", Some("old")).await);
    assert!(!files.accepts(&server, "ca.pem", Some("new")).await);

    second.write(&files.path("clients.pem"));
    server.line_with(RELOADED).await;
    assert!(files.accepts(&server, "ca.pem", Some("new")).await);
    assert!(!files.accepts(&server, "ca.pem", Some("old")).await);
    assert!(!files.accepts(&server, "ca.pem", None).await);
}

#[tokio::test]
async fn hangup_reloads_certificates_that_nothing_watches() {
    let (files, first, second) = (Files::new(), Authority::new(), Authority::new());
    second.write(&files.path("second.pem"));
    files.write("server", first.sign("server.test"));
    let (cert, key) = (files.text("server.pem"), files.text("server.key"));
    let mut server = Server::start(&["--no-watch", "--tls-cert", &cert, "--tls-key", &key, "proto"]).await;
    files.write("server", second.sign("server.test"));
    assert!(!files.accepts(&server, "second.pem", None).await);
    server.signal("HUP").await;
    server.line_with(RELOADED).await;
    assert!(files.accepts(&server, "second.pem", None).await);
}

#[tokio::test]
async fn address_that_others_reach_without_tls_is_warned_of() {
    const EVERYWHERE: &str = "0.0.0.0:0";
    const WARNING: &str = "nothing is encrypted";
    let mut open = Server::start_at(EVERYWHERE, &["proto"]).await;
    open.line_with(WARNING).await;

    let (files, authority) = (Files::new(), Authority::new());
    files.write("server", authority.sign("server.test"));
    let (cert, key) = (files.text("server.pem"), files.text("server.key"));
    let encrypted = Server::start_at(EVERYWHERE, &["--tls-cert", &cert, "--tls-key", &key, "proto"]).await;
    let local = Server::start(&["proto"]).await;
    for server in [encrypted, local] {
        let (status, log) = server.stop().await;
        assert!(status.success());
        assert!(!log.iter().any(|line| line.contains(WARNING)), "{log:?}");
    }
}
