//! Floods of frames: the server uses little memory for them, and calls on other connections continue.

#![expect(clippy::print_stdout, reason = "the figures of each flood")]

use std::time::{Duration, Instant};

use protod::Client;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::folder::folder;
use crate::http2::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, Ended, Frame, GOAWAY, HEADERS, PING,
    PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, Wire, call_headers, exchange, flood, frame, goaway,
    opening,
};
use crate::program::{Server, command};
use crate::resident::resident_kib;

/// How much the resident memory of a server may grow in a flood, at its peak. If a hundred bytes were kept for each
/// frame, the smallest flood would take 20 MiB.
const MARGIN_KIB: u64 = 2 << 10;

/// The same for small DATA frames that wait to be read: h2 ends the connection when they take 12 MiB. All of them would
/// take half a GiB.
const WAITING_DATA_MARGIN_KIB: u64 = 16 << 10;

/// The same for a thousand waiting streams, which take 2.5 to 4 MiB. All streams of that flood would take five times that.
const WAITING_STREAMS_MARGIN_KIB: u64 = 8 << 10;

/// The longest time of a call on another connection, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// Frames in one write.
const BATCH: usize = 1000;

const PROTO: &str = r#"syntax = "proto3"; package flood;
message Text { string text = 1; }
service Ears {
  rpc Say(Text) returns (Text);
  rpc Listen(stream Text) returns (Text);
  rpc Ignore(stream Text) returns (Text);
  rpc Dawdle(stream Text) returns (Text);
}"#;

const RULES: &str = r#"rules:
  - {method: flood.Ears/Say, reply: {text: "yes"}}
  - {method: flood.Ears/Listen, session: {half_close: [{send: {text: "${received} heard"}}]}}
  - {method: flood.Ears/Dawdle, session: {open: [{wait: 300ms}], half_close: [{send: {text: "${received} heard"}}]}}
  - {method: flood.Ears/Ignore, session: {open: [{wait: 10m}], half_close: [{send: {}}]}}
"#;

/// A server under attack, and a client that calls it on another connection.
struct Scene {
    _folder: TempDir,
    server: Server,
    bystander: Client,
}

impl Scene {
    async fn set() -> Self {
        let folder = folder([("flood.proto", PROTO), ("flood.rules.yaml", RULES)]);
        let path = folder.path().to_str().expect("UTF-8");
        let mut serve = command(&["serve", "--addr", "127.0.0.1:0", path]);
        // Each thread has some memory of its own, which would count where there are many.
        serve.env("TOKIO_WORKER_THREADS", "2");
        let server = Server::start_command(serve).await;
        let bystander = Client::builder(server.address().to_owned()).connect().await;
        Self {
            _folder: folder,
            bystander: bystander.expect("it listens"),
            server,
        }
    }

    async fn call(&self) {
        let method = self.bystander.method("flood.Ears/Say").expect("it is there");
        let answer = timeout(PATIENCE, method.unary(method.request())).await;
        answer.expect("the call is stalled").expect("an answer");
    }

    /// Floods the server with batches of frames, calls it at the same time, and returns how the flood ended.
    async fn flood(
        self,
        opening: Vec<u8>,
        batch: impl FnMut(usize) -> Vec<u8> + Send + 'static,
        batches: usize,
    ) -> Ended {
        self.flood_within(MARGIN_KIB, opening, batch, batches).await
    }

    /// The same, with another limit on the growth of memory.
    async fn flood_within(
        self,
        margin_kib: u64,
        opening: Vec<u8>,
        batch: impl FnMut(usize) -> Vec<u8> + Send + 'static,
        batches: usize,
    ) -> Ended {
        for _ in 0..20 {
            self.call().await;
        }
        let (before, began) = (resident_kib(self.server.id(), "VmHWM"), Instant::now());
        let address = self.server.address().to_owned();
        let flooding = tokio::spawn(async move { flood(&address, &opening, batch, batches).await });
        let mut calls = 1;
        self.call().await;
        while !flooding.is_finished() {
            self.call().await;
            calls += 1;
        }
        let ended = flooding.await.expect("no panic");
        let peak = resident_kib(self.server.id(), "VmHWM");
        println!(
            "{:?}, all sent: {}, in {:.1?}; {calls} calls; at most {before} KiB before, {peak} KiB in it",
            ended.goaway,
            ended.sent_all,
            began.elapsed()
        );
        assert!(
            peak < before + margin_kib,
            "at most {before} KiB before, {peak} KiB in it"
        );
        let (status, log) = self.server.stop().await;
        assert!(status.success(), "{log:?}");
        assert!(log.len() < 200, "the flood went to the log: {} lines", log.len());
        ended
    }
}

/// The same frame many times.
fn repeated(frame: Vec<u8>) -> impl FnMut(usize) -> Vec<u8> + Send + 'static {
    let batch = frame.repeat(BATCH);
    move |_| batch.clone()
}

fn open_call(method: &str) -> Vec<u8> {
    let headers = call_headers(&format!("/flood.Ears/{method}"));
    // With an acknowledgement, after which the server's windows apply.
    let acknowledged = frame(SETTINGS, ACK, 0, &[]);
    [opening(), acknowledged, frame(HEADERS, END_HEADERS, 1, &headers)].concat()
}

fn assert_calmed(ended: &Ended) {
    let (code, _) = ended.goaway.as_ref().expect("GOAWAY");
    assert_eq!(*code, ENHANCE_YOUR_CALM, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_pings_is_told_to_calm_down() {
    let scene = Scene::set().await;
    let ended = scene
        .flood(opening(), repeated(frame(PING, 0, 0, &[0; 8])), 500)
        .await;
    assert_eq!(
        ended.goaway,
        Some((ENHANCE_YOUR_CALM, "too_many_pings".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_answers_to_no_ping_is_told_to_calm_down() {
    let scene = Scene::set().await;
    assert_calmed(
        &scene
            .flood(opening(), repeated(frame(PING, ACK, 0, &[0; 8])), 500)
            .await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_settings_is_told_to_calm_down() {
    let scene = Scene::set().await;
    // INITIAL_WINDOW_SIZE, which the server applies to every open stream.
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]);
    assert_calmed(&scene.flood(open_call("Ignore"), repeated(settings), 500).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_priorities_is_told_to_calm_down() {
    let scene = Scene::set().await;
    let priority = frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]);
    assert_calmed(&scene.flood(open_call("Ignore"), repeated(priority), 500).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_resets_is_told_to_calm_down() {
    let scene = Scene::set().await;
    let headers = call_headers("/flood.Ears/Listen");
    let batch = move |batch: usize| {
        let call = |index: usize| {
            let stream = u32::try_from(2 * (batch * BATCH + index) + 1).expect("31 bits");
            let reset = frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
            [frame(HEADERS, END_HEADERS, stream, &headers), reset].concat()
        };
        (0..BATCH).flat_map(call).collect()
    };
    assert_calmed(&scene.flood(opening(), batch, 100).await);
}

/// Such a request is read for up to a second before it is refused. Until then it is one of its connection's streams.
#[tokio::test(flavor = "multi_thread")]
async fn flood_of_requests_that_are_not_grpc_and_never_end_is_told_to_calm_down() {
    let scene = Scene::set().await;
    let batch = |batch: usize| {
        let get = |index: usize| {
            let stream = u32::try_from(2 * (batch * BATCH + index) + 1).expect("31 bits");
            // :method GET, :scheme http, :path /
            let headers = frame(HEADERS, END_HEADERS, stream, &[0x82, 0x86, 0x84]);
            [headers, frame(DATA, 0, stream, &[0; 10])].concat()
        };
        (0..BATCH).flat_map(get).collect()
    };
    assert_calmed(
        &scene
            .flood_within(WAITING_STREAMS_MARGIN_KIB, opening(), batch, 5)
            .await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_continuations_is_cut() {
    let scene = Scene::set().await;
    let start = [
        opening(),
        frame(HEADERS, 0, 1, &call_headers("/flood.Ears/Listen")),
    ]
    .concat();
    // Each adds a header of two empty strings.
    let ended = scene
        .flood(start, repeated(frame(CONTINUATION, 0, 1, &[0, 0, 0])), 500)
        .await;
    assert_calmed(&ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_empty_data_is_told_to_calm_down() {
    let scene = Scene::set().await;
    assert_calmed(
        &scene
            .flood(open_call("Listen"), repeated(frame(DATA, 0, 1, &[])), 500)
            .await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_tiny_data_that_nobody_reads_is_told_to_calm_down() {
    let scene = Scene::set().await;
    assert_calmed(
        &scene
            .flood_within(
                WAITING_DATA_MARGIN_KIB,
                open_call("Ignore"),
                repeated(frame(DATA, 0, 1, &[0])),
                500,
            )
            .await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quick_client_of_a_slow_handler_is_no_flood() {
    const WINDOW: usize = 128 << 10;
    let scene = Scene::set().await;
    // A message of three bytes in each frame, and as many frames as a client may send before any is read.
    let message = frame(DATA, 0, 1, &[0, 0, 0, 0, 3, 10, 1, b'x']);
    let count = WINDOW / 8;
    let messages = [message.repeat(count), frame(DATA, END_STREAM, 1, &[])].concat();
    let answer = format!("{count} heard");
    // Before its first WINDOW_UPDATE, the connection's window is smaller.
    let window_update = &frame(WINDOW_UPDATE, 0, 0, &[0; 4])[..9];
    let steps = [
        (&*open_call("Dawdle"), window_update),
        (&*messages, answer.as_bytes()),
    ];
    let received = exchange(scene.server.address(), &steps).await;
    assert_eq!(goaway(&received), None);
    assert!(
        String::from_utf8_lossy(&received).contains(&answer),
        "{received:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_window_updates_costs_no_memory() {
    let scene = Scene::set().await;
    let update = frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes());
    scene.flood(opening(), repeated(update), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_its_way_when_its_call_ended_is_no_flood() {
    let scene = Scene::set().await;
    let mut wire = Wire::open(scene.server.address()).await;
    let headers = call_headers("/flood.Ears/Nothing");
    let mut stream = 1;
    for _ in 0..12 {
        let streams: Vec<u32> = (0..200).map(|index| stream + 2 * index).collect();
        stream += 400;
        let calls: Vec<u8> = streams
            .iter()
            .flat_map(|stream| frame(HEADERS, END_HEADERS, *stream, &headers))
            .collect();
        wire.send(&calls).await;
        let mut left = streams.len();
        let all_answered = |frame: &Frame| {
            left -= usize::from(frame.ends_stream());
            left == 0
        };
        let frames = wire.read(all_answered).await;
        assert!(frames.iter().all(|frame| frame.kind != GOAWAY), "{frames:?}");
        // Like a client that has not read the answers yet.
        for flags in [0, END_STREAM] {
            let data: Vec<u8> = streams
                .iter()
                .flat_map(|stream| frame(DATA, flags, *stream, &[0; 5]))
                .collect();
            wire.send(&data).await;
        }
    }
    wire.send(&frame(PING, 0, 0, &[0; 8])).await;
    let is_answer = |frame: &Frame| (frame.kind, frame.flags, frame.stream) == (PING, ACK, 0);
    let frames = wire.read(is_answer).await;
    assert!(frames.last().is_some_and(is_answer), "{frames:?}");
}
