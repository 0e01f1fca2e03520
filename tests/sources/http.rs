//! Descriptor sets behind URLs.

use std::time::Duration;

use bytes::Bytes;
use protod::client::HttpSource;
use protod::schema::SchemaSource;
use protod::{ClientTls, Schema};

use crate::web::{Reply, Web, answer};

/// The protos of the tutorial as a set.
pub(crate) fn set() -> Bytes {
    let schema = Schema::load("proto/stream.proto").expect("it compiles");
    schema.descriptor_set().encode()
}

/// Builds the schema of a source, on a thread that may block.
async fn build(source: HttpSource) -> Result<Schema, String> {
    let building = tokio::task::spawn_blocking(|| Schema::builder().schema_source(source).build());
    let built = building.await.expect("no panic");
    built.map_err(|error| format!("{error:?}"))
}

/// What a source answers, on a thread that may block.
async fn ask(source: &HttpSource) -> Result<Bytes, String> {
    let source = source.clone();
    let asking =
        tokio::task::spawn_blocking(move || source.descriptor_set().map_err(|error| error.to_string()));
    asking.await.expect("no panic")
}

#[tokio::test]
async fn a_set_is_downloaded_over_tls() {
    let web = Web::start(|_| answer("200 OK", "", &set())).await;
    let source = web.source("/acme/shop/descriptor/main?imports=true");
    let source = source.token("s3cret").expect("a token");
    let schema = build(source).await.expect("it builds");
    assert!(schema.method("proto.StreamService/List").is_some());
    let requests = web.requests();
    let [request] = requests.as_slice() else {
        panic!("one request: {requests:?}");
    };
    let head: Vec<&str> = request.lines().collect();
    assert_eq!(head[0], "get /acme/shop/descriptor/main?imports=true http/1.1");
    for line in [
        format!("host: {}", web.authority),
        "authorization: bearer s3cret".to_owned(),
        "accept: */*".to_owned(),
    ] {
        assert!(head.contains(&&*line), "{line} is missing: {request}");
    }
    assert!(!request.contains("if-none-match"), "{request}");
}

/// The calling thread may run a runtime: a source never blocks on that.
#[tokio::test]
async fn a_source_may_be_asked_inside_a_runtime() {
    let web = Web::start(|_| answer("200 OK", "", &set())).await;
    let source = web.source("/set");
    let asked = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime");
        runtime.block_on(async { source.descriptor_set().map_err(|error| error.to_string()) })
    });
    assert_eq!(asked.await.expect("no panic"), Ok(set()));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let page = |head: &str| {
        if head.contains("if-none-match: \"v1\"\r\n") {
            Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n".to_vec())
        } else {
            answer("200 OK", "etag: \"v1\"\r\n", &set())
        }
    };
    let web = Web::start(page).await;
    let source = web.source("/set");
    assert_eq!(ask(&source).await, Ok(set()));
    assert_eq!(ask(&source).await, Ok(set()));
    let requests = web.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests[1].contains("if-none-match: \"v1\"\r\n"),
        "{}",
        requests[1]
    );

    // A server that has dropped its ETag is not told the old one for ever.
    web.show(|_| answer("200 OK", "", b"\x0a\x00"));
    assert_eq!(ask(&source).await, Ok(Bytes::from_static(b"\x0a\x00")));
    assert_eq!(ask(&source).await, Ok(Bytes::from_static(b"\x0a\x00")));
    assert!(!web.requests()[3].contains("if-none-match"));
}

/// A download that failed leaves what is known as it was.
#[tokio::test]
async fn a_failure_between_two_answers_forgets_nothing() {
    let web = Web::start(|_| answer("200 OK", "etag: \"v1\"\r\n", &set())).await;
    let source = web.source("/set");
    assert_eq!(ask(&source).await, Ok(set()));
    web.show(|_| answer("503 Service Unavailable", "", b""));
    assert!(ask(&source).await.is_err());
    web.show(|_| Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()));
    assert_eq!(ask(&source).await, Ok(set()));
    assert!(web.requests()[2].contains("if-none-match: \"v1\"\r\n"));
}

#[tokio::test]
async fn a_redirect_is_followed_and_takes_no_token_along() {
    let other = Web::start(|_| answer("200 OK", "", &set())).await;
    let there = other.url("/there");
    let web = Web::start(move |head| match head.split(' ').nth(1) {
        Some("/a/near") => answer("302 Found", "location: next?x=1\r\n", b"ignored"),
        Some("/a/next?x=1") => answer("308 Permanent Redirect", &format!("location: {there}\r\n"), b""),
        path => panic!("{path:?}"),
    })
    .await;
    // Each has an authority of its own; this client trusts whom it is told to.
    let source = HttpSource::new(&web.url("/a/near")).expect("a URL");
    let source = source
        .tls(ClientTls::new().insecure())
        .token("s3cret")
        .expect("a token");
    assert_eq!(ask(&source).await, Ok(set()));
    let [first, second] = web.requests().try_into().expect("two requests");
    assert!(first.contains("authorization: bearer s3cret"), "{first}");
    assert!(second.contains("authorization: bearer s3cret"), "{second}");
    let [third] = other.requests().try_into().expect("one request");
    assert!(!third.contains("authorization"), "{third}");
}

#[tokio::test]
async fn what_is_no_set_is_told_in_words() {
    let chunked = |data: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
            data.len()
        );
        [head.as_bytes(), data, b"\r\n0\r\n\r\n"].concat()
    };
    let large = vec![b'a'; 100_001];
    let redirect = |location: &str| answer("302 Found", &format!("location: {location}\r\n"), b"");
    let table = [
        (
            "401",
            answer("401 Unauthorized", "", b""),
            "answers 401 Unauthorized; it does not take the token",
        ),
        (
            "403",
            answer("403 Forbidden", "", b""),
            "answers 403 Forbidden; it does not take the token",
        ),
        (
            "404",
            answer("404 Not Found", "", b"<html>"),
            "answers 404 Not Found; is the path right?",
        ),
        (
            "500",
            answer("500 Oops", "", b""),
            "answers 500 Internal Server Error",
        ),
        (
            "204",
            Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
            "answers 204 No Content",
        ),
        (
            "304",
            answer("304 Not Modified", "", b""),
            "answers 304 Not Modified to a first request",
        ),
        ("empty", answer("200 OK", "", b""), "holds no files"),
        (
            "html",
            answer("200 OK", "content-type: text/html\r\n", b"<html>not found</html>"),
            "is not a descriptor set",
        ),
        (
            "cut",
            answer("200 OK", "", &set()[..set().len() - 7]),
            "is cut short or damaged: failed to decode",
        ),
        (
            "gzip",
            answer("200 OK", "content-encoding: gzip\r\n", b"\x1f\x8b"),
            "sends the set compressed (\"gzip\")",
        ),
        (
            "long",
            answer("200 OK", "", &large),
            "sends more than 100000 bytes",
        ),
        (
            "longer",
            Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec()),
            "sends more than 100000 bytes",
        ),
        (
            "chunks",
            Reply::Bytes(chunked(&large)),
            "sends more than 100000 bytes",
        ),
        (
            "short",
            Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_vec()),
            "broke off the download",
        ),
        (
            "gone",
            Reply::Bytes(Vec::new()),
            "does not answer as a web server does",
        ),
        (
            "ssh",
            Reply::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
            "does not answer as a web server does",
        ),
        (
            "head",
            Reply::Bytes([b"HTTP/1.1 200 OK\r\nx: ", &*vec![b'a'; 1 << 20]].concat()),
            "does not answer as a web server does",
        ),
        (
            "nowhere",
            answer("302 Found", "", b""),
            "answers 302 Found without a usable Location",
        ),
        (
            "file",
            redirect("file:///etc/passwd"),
            "answers 302 Found without a usable Location",
        ),
        (
            "plain",
            redirect("http://localhost:1/set"),
            "sends on to http://localhost:1/set, which is not encrypted",
        ),
        ("circle", redirect("/circle"), "sends on more than 5 times"),
    ];
    let replies = table.clone();
    let web = Web::start(move |head| {
        let path = head.split(' ').nth(1).expect("a path");
        let reply = replies.iter().find(|(name, ..)| path[1..] == **name);
        reply.expect("it is in the table").1.clone()
    })
    .await;
    for (name, _, wanted) in table {
        let source = web.source(&format!("/{name}")).max_size(100_000);
        let error = build(source.token("t").expect("a token")).await.expect_err(name);
        assert!(error.contains(wanted), "{name}: {error}");
        assert!(error.contains(&web.url(&format!("/{name}"))), "{name}: {error}");
    }
    // Without a token the hint is another.
    let error = build(web.source("/401")).await.expect_err("no token");
    assert!(error.contains("set PROTOD_SCHEMA_TOKEN"), "{error}");
}

#[tokio::test]
async fn a_server_that_stalls_is_not_waited_for() {
    for (what, sent) in [
        ("head", &b"HTTP/1.1 200"[..]),
        ("body", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
    ] {
        let web = Web::start(move |_| Reply::Stalled(sent.to_vec())).await;
        let source = web.source("/set").timeout(Duration::from_millis(500));
        let error = build(source).await.expect_err(what);
        assert!(
            error.contains("did not send the descriptor set within 500ms"),
            "{what}: {error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_refused() {
    let web = Web::start(|_| answer("200 OK", "", &set())).await;
    let stranger = Web::start(|_| answer("200 OK", "", &set())).await;
    let source = web.source("/set").tls(ClientTls::new().ca(stranger.ca()));
    let error = build(source).await.expect_err("another authority");
    assert!(
        error.contains("cannot connect") && error.contains("certificate"),
        "{error}"
    );
    assert_eq!(web.requests(), Vec::<String>::new());

    let other_name = web.url("/set").replace("localhost", "127.0.0.1");
    let source = HttpSource::new(&other_name)
        .expect("a URL")
        .tls(ClientTls::new().ca(web.ca()));
    let error = build(source).await.expect_err("another name");
    assert!(
        error.contains("cannot connect") && error.contains("certificate"),
        "{error}"
    );
}

#[tokio::test]
async fn the_name_that_a_certificate_must_have_may_be_given() {
    let web = Web::start(|_| answer("200 OK", "", &set())).await;
    let other_name = web.url("/set").replace("localhost", "127.0.0.1");
    let source = |name: &str| {
        let tls = ClientTls::new().ca(web.ca()).server_name(name);
        HttpSource::new(&other_name).expect("a URL").tls(tls)
    };
    build(source("localhost")).await.expect("the certificate has it");
    build(source("other.test"))
        .await
        .expect_err("the certificate has another");
    // A server that it sends on to has a name of its own.
    let target = web.url("/set");
    let first = Web::start(move |_| answer("302 Found", &format!("location: {target}\r\n"), b"")).await;
    let ca = tempfile::NamedTempFile::new().expect("a file");
    let both = [first.ca(), web.ca()].map(|file| std::fs::read(file).expect("a file"));
    std::fs::write(ca.path(), both.concat()).expect("a file");
    let url = first.url("/set").replace("localhost", "127.0.0.1");
    let tls = ClientTls::new().ca(ca.path()).server_name("localhost");
    build(HttpSource::new(&url).expect("a URL").tls(tls))
        .await
        .expect("two names");
}

#[tokio::test]
async fn plain_text_needs_no_certificates() {
    let gone = ClientTls::new().ca("/no/such/file.pem");
    let error = build(
        HttpSource::new("http://localhost:1/set")
            .expect("a URL")
            .tls(gone.clone()),
    );
    assert!(
        error
            .await
            .expect_err("nobody listens")
            .contains("cannot connect")
    );
    let error = build(
        HttpSource::new("https://localhost:1/set")
            .expect("a URL")
            .tls(gone),
    );
    assert!(error.await.expect_err("no certificates").contains("file.pem"));
}

#[test]
fn urls_of_no_set_are_refused_at_once() {
    for (url, why) in [
        ("https://a.test", "it has no path"),
        ("https://a.test/", "it has no path"),
        ("http://a.test/set", "use https"),
        ("ftp://a.test/set", "its scheme must be https"),
        ("a.test/set", "invalid format"),
        ("https://user:word@a.test/set", "a token is given apart"),
        ("https://a.test/a b", "invalid uri"),
    ] {
        let error = HttpSource::new(url).expect_err(url);
        let source = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(
            error.is_invalid_input() && source.contains(why),
            "{url}: {source}"
        );
    }
    for url in [
        "https://a.test/set",
        "https://a.test?set",
        "http://localhost:1/set",
        "http://[::1]/set",
    ] {
        let _ = HttpSource::new(url).expect(url);
    }
    let source = HttpSource::new("https://a.test/set").expect("a URL");
    let error = source.token("two\nlines").expect_err("no header can hold it");
    assert!(
        error.is_invalid_input() && !format!("{error:?}").contains("lines"),
        "{error:?}"
    );
}

/// Nobody wants a token in a log.
#[test]
fn a_token_is_not_printed() {
    let source = HttpSource::new("https://a.test/set").expect("a URL");
    let source = source.token("s3cret").expect("a token");
    assert!(!format!("{source:?}").contains("s3cret"), "{source:?}");
}
