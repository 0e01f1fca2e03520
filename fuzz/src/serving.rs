//! Servers that fuzz targets talk to: without sockets, and without waiting.

use std::future::{Future, pending};
use std::io;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use protod::{ListenAddr, Listener, Peer, Rules, Sampler, Schema, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower::ServiceExt as _;

/// Runs a future. Pauses take no time: the clock advances when nothing else can run.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// The answer to a request, which ends. No handler has panicked.
pub(super) fn ask(server: &Server, request: Request<Full<Bytes>>) -> (StatusCode, Bytes) {
    block_on(async {
        let response = server.service().oneshot(request).await.expect("infallible");
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.expect("our bodies do not fail").to_bytes();
        let text = String::from_utf8_lossy(&body);
        assert!(!text.contains("the handler panicked"), "{status}: {text}");
        (status, body)
    })
}

/// What the server answers to a connection of these bytes, after which the client sends no more.
pub(super) fn talk(server: &Server, bytes: &[u8]) -> Vec<u8> {
    block_on(async {
        let (mut client, pipe) = tokio::io::duplex(64 << 10);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let bound = server.on(OnePipe(Some(pipe))).expect("a pipe has an address");
        let serving = tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        let talking = async {
            // The server may hang up before all of it is sent.
            let _ = client.write_all(bytes).await;
            let _ = client.shutdown().await;
            let mut answers = Vec::new();
            let _ = client.read_to_end(&mut answers).await;
            answers
        };
        let answers = tokio::time::timeout(Duration::from_hours(24), talking).await;
        drop(stop);
        serving
            .await
            .expect("the server does not panic")
            .expect("it stops");
        answers.expect("the server ends what its client has ended")
    })
}

/// Gives one connection.
struct OnePipe(Option<DuplexStream>);

impl Listener for OnePipe {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Peer)> {
        match self.0.take() {
            Some(pipe) => Ok((pipe, Peer::new("pipe"))),
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<ListenAddr> {
        Ok(ListenAddr::Other("pipe".to_owned()))
    }
}

pub(super) fn no_rules(schema: &Schema) -> Rules {
    Rules::from_text(schema, "no.rules.yaml", "rules: []").expect("an empty list is no mistake")
}

pub(super) fn server(schema: Schema, rules: &Rules) -> Server {
    let server = Server::builder(schema)
        .handlers(rules)
        .fallback(Sampler::new(1))
        .build();
    server.expect("rules and samples are of this schema")
}

/// Calls every method, without a message and with a field, and asks reflection for its service.
pub(super) fn serve_all(schema: Schema) {
    let methods: Vec<String> = schema
        .methods()
        .iter()
        .map(|method| method.name().to_owned())
        .collect();
    let server = server(schema.clone(), &no_rules(&schema));
    for method in methods.iter().take(8) {
        call(&server, method, &[&[]]);
        let service = method.split('/').next().expect("a name has a first part");
        // `file_containing_symbol` is field 4.
        let mut request = BytesMut::new();
        request.put_u8(0x22);
        if let Ok(length @ ..0x80) = u8::try_from(service.len()) {
            request.put_u8(length);
            request.put_slice(service.as_bytes());
            call(
                &server,
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                &[&request],
            );
        }
    }
}

/// Sends the messages and reads the answer: its first frames, or everything up to the status, which must be there.
pub(super) fn call(server: &Server, method: &str, messages: &[&[u8]]) {
    const ENOUGH: usize = 64;
    let mut body = BytesMut::new();
    for message in messages {
        body.put_u8(0);
        body.put_u32(u32::try_from(message.len()).expect("a fuzzer's input is small"));
        body.put_slice(message);
    }
    let request = http::Request::post(format!("http://localhost/{method}"))
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "1H")
        .body(Full::new(Bytes::from(body)));
    let Ok(request) = request else { return };
    block_on(async {
        let response = server.service().oneshot(request).await.expect("infallible");
        if response.headers().contains_key("grpc-status") {
            return check_status(response.headers());
        }
        let mut body = response.into_body();
        for _ in 0..ENOUGH {
            let frame = body.frame().await.expect("there is no end without a status");
            if let Ok(trailers) = frame.expect("our bodies do not fail").into_trailers() {
                return check_status(&trailers);
            }
        }
    });
}

/// A handler's panic is caught by the server, and must not happen.
fn check_status(trailers: &http::HeaderMap) {
    assert!(trailers.contains_key("grpc-status"));
    let message = trailers
        .get("grpc-message")
        .map_or(&b""[..], |message| message.as_bytes());
    assert_ne!(message, b"the%20handler%20panicked");
}
