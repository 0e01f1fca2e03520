//! Clients that behave badly: they flood, stop reading, vanish, or never speak HTTP/2.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::http2::{
    DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, call_headers, flood,
    frame, opening,
};
use crate::program::SOON;
use crate::scene::{Scene, every};

/// Frames in one write of a flood.
const BATCH: usize = 200;

/// Starts a flood of one kind twice a second.
pub(crate) async fn flooding(scene: Arc<Scene>, number: u64) {
    let mut random = scene.random(number);
    let mut beat = every(Duration::from_millis(500));
    while scene.goes_on() {
        beat.tick().await;
        let call = call_headers("/soak.Long/Up");
        let (start, frames): (Vec<u8>, Vec<u8>) = match random.u32(..4) {
            0 => (opening(), frame(PING, 0, 0, &[7; 8])),
            1 => (opening(), frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
            2 => (
                [opening(), frame(HEADERS, END_HEADERS, 1, &call)].concat(),
                frame(DATA, 0, 1, &[]),
            ),
            _ => (opening(), Vec::new()),
        };
        let batch = |index: usize| {
            if !frames.is_empty() {
                return frames.repeat(BATCH);
            }
            let pair = |place: usize| {
                let stream = u32::try_from(2 * (index * BATCH + place) + 1).expect("31 bits");
                let reset = frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
                [frame(HEADERS, END_HEADERS, stream, &call), reset].concat()
            };
            (0..BATCH).flat_map(pair).collect()
        };
        let ended = flood(&scene.address, &start, batch, 50).await;
        scene.figures.floods.add(1);
        scene.figures.calmed.add(u64::from(ended.goaway.is_some()));
    }
}

/// Starts a bad client of another kind four times a second. Each takes some time, so many run at once.
pub(crate) async fn odd(scene: Arc<Scene>, number: u64) {
    let mut random = scene.random(number);
    let mut beat = every(Duration::from_millis(250));
    let mut clients = JoinSet::new();
    while scene.goes_on() {
        beat.tick().await;
        let (scene, own) = (Arc::clone(&scene), random.fork());
        match random.u32(..4) {
            0 | 1 => clients.spawn(slow(scene, own)),
            2 => clients.spawn(vanished(scene, own)),
            _ => clients.spawn(silent(scene, own)),
        };
        while let Some(client) = clients.try_join_next() {
            client.expect("it does not panic");
        }
    }
    while let Some(client) = clients.join_next().await {
        client.expect("it does not panic");
    }
}

async fn connect(scene: &Scene) -> TcpStream {
    TcpStream::connect(&scene.address)
        .await
        .expect("the server listens")
}

/// Opens an endless stream with large windows, and reads its first bytes.
async fn pour(scene: &Scene) -> TcpStream {
    let mut socket = connect(scene).await;
    let window = (64_u32 << 20).to_be_bytes();
    let [a, b, c, d] = window;
    let request = [
        opening(),
        frame(SETTINGS, 0, 0, &[0, 4, a, b, c, d]),
        frame(WINDOW_UPDATE, 0, 0, &window),
        frame(HEADERS, END_HEADERS, 1, &call_headers("/soak.Long/Pour")),
        frame(DATA, END_STREAM, 1, &[0, 0, 0, 0, 0]),
    ];
    socket
        .write_all(&request.concat())
        .await
        .expect("the server reads");
    let mut some = [0; 1024];
    let first = timeout(SOON, socket.read_exact(&mut some)).await;
    first.expect("something comes").expect("the stream goes on");
    socket
}

/// Stops reading for a while, reads more, and leaves.
async fn slow(scene: Arc<Scene>, mut random: Rng) {
    let mut socket = pour(&scene).await;
    // It comes and goes as it likes; nobody waits for that.
    tokio::time::sleep(Duration::from_millis(random.u64(100..1500))).await;
    let mut more = vec![0; random.usize(1..1 << 20)];
    let read = timeout(SOON, socket.read_exact(&mut more)).await;
    read.expect("what waited comes").expect("the stream goes on");
    scene.figures.slow.add(1);
}

/// Sends and reads nothing more, with or without an open call, like a client whose network is gone. The server must notice.
async fn vanished(scene: Arc<Scene>, mut random: Rng) {
    let socket = if random.bool() {
        pour(&scene).await
    } else {
        let mut socket = connect(&scene).await;
        socket.write_all(&opening()).await.expect("the server reads");
        socket
    };
    cut(socket).await;
    scene.figures.vanished.add(1);
}

/// Connects, and sends nothing, a part of the preface, or something else.
async fn silent(scene: Arc<Scene>, mut random: Rng) {
    let mut socket = connect(&scene).await;
    let opening = opening();
    let said = match random.u32(..3) {
        0 => &[][..],
        1 => &opening[..random.usize(1..24)],
        _ => b"GET / HTTP/1.1\r\nhost: localhost\r\n",
    };
    socket.write_all(said).await.expect("the server listens");
    cut(socket).await;
    scene.figures.silent.add(1);
}

/// Waits until the server hangs up, without sending anything.
async fn cut(mut socket: TcpStream) {
    let hung_up = async {
        // The peer's end shows while there is still something to read.
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
    };
    timeout(SOON, hung_up).await.expect("the server hangs up");
}
