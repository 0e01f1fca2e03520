//! kill -9 under load: what is kept of a stream is a prefix, and never less than its client was told.
//!
//! `PROTOD_KILLS` is how many rounds there are; docs/reliability.md has the figures of 200.

#![expect(clippy::print_stdout, reason = "the figures")]

use std::time::Duration;

use prost_reflect::{DynamicMessage, Value};
use protod::client::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status};

use crate::program::SOON;
use crate::{folder, serve, value};

/// How many streams write at the same time.
const STREAMS: usize = 4;

/// How many points a stream has sent of which it was not told that they are stored.
const AHEAD: usize = 32;

/// Streams points until the server is gone, and returns how many were told to be stored; of each it tells `told`, too.
async fn record(client: Client, name: String, first: i64, told: mpsc::UnboundedSender<()>) -> i64 {
    let method = client.method("points.Points/Record").expect("it is there");
    let point = method.request();
    let (sender, points) = mpsc::unbounded_channel();
    let mut numbers = (first..).map(|number| point_of(&point, &name, number));
    // The server is gone when nobody takes them.
    let mut send = |count| {
        numbers
            .by_ref()
            .take(count)
            .for_each(|point| drop(sender.send(point)));
    };
    send(AHEAD);
    let mut stored = match method.bidi(UnboundedReceiverStream::new(points)).await {
        Ok(stored) => stored,
        Err(status) => return gone(&status, 0),
    };
    let mut answered = 0;
    loop {
        match stored.message().await {
            Ok(Some(count)) => {
                let count = count.get("count").expect("it has one");
                answered = count.as_i64().expect("a number");
            }
            Ok(None) => panic!("the server ended a stream that goes on"),
            Err(status) => return gone(&status, answered),
        }
        send(1);
        // Nobody counts any more when the server is killed.
        let _ = told.send(());
    }
}

/// What was answered of a stream that ended with its server.
fn gone(status: &Status, answered: i64) -> i64 {
    let is_gone = matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled
    );
    assert!(is_gone, "{status:?}");
    answered
}

fn point_of(point: &DynamicMessage, name: &str, number: i64) -> DynamicMessage {
    let mut point = point.clone();
    point.set_field_by_name("name", Value::String(name.to_owned()));
    point.set_field_by_name("value", Value::I64(number));
    point
}

/// How many points of each stream there are. They are whole and in order: no torn one, none left out, none twice.
async fn kept(client: &Client) -> [i64; STREAMS] {
    let list = client.method("points.Points/List").expect("it is there");
    let mut points = list.server_streaming(list.request()).await.expect("sent");
    let mut kept = [0; STREAMS];
    while let Some(point) = points.message().await.expect("no message is damaged") {
        let name = point.get("name").expect("it has one");
        let stream: usize = name.as_str().expect("a text").parse().expect("a number");
        assert_eq!(value(&point), kept[stream], "of stream {stream}");
        kept[stream] += 1;
    }
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_was_told_is_stored_is_there_after_kill_9_and_what_is_there_is_a_prefix() {
    let rounds = std::env::var("PROTOD_KILLS").map_or(8, |rounds| rounds.parse().expect("a number"));
    let (folder, data) = (folder(), tempfile::tempdir().expect("a folder"));
    let mut random = fastrand::Rng::with_seed(22);
    let mut expected = [0; STREAMS];
    let (mut told, mut more) = (0, 0);
    for round in 0..=rounds {
        let (mut server, client) = serve(folder.path(), data.path()).await;
        let before = kept(&client).await;
        for (stream, (kept, expected)) in before.iter().zip(&expected).enumerate() {
            assert!(
                kept >= expected,
                "round {round}: of stream {stream} {expected} were told to be stored, and {kept} are"
            );
            more += kept - expected;
        }
        if round == rounds {
            break;
        }
        let mut streams = JoinSet::new();
        let (sender, mut answers) = mpsc::unbounded_channel();
        for (stream, first) in before.into_iter().enumerate() {
            let (client, sender) = (client.clone(), sender.clone());
            streams.spawn(async move {
                (
                    stream,
                    first,
                    record(client, stream.to_string(), first, sender).await,
                )
            });
        }
        // Some moment of a commit: after so many answers, and some more instructions.
        for _ in 0..random.u32(0..200) {
            let answer = timeout(SOON, answers.recv()).await;
            answer.expect("answers come").expect("streams go on");
        }
        sleep(Duration::from_micros(random.u64(0..5000))).await;
        server.child.kill().await.expect("it runs");
        expected = before;
        while let Some(ended) = timeout(SOON, streams.join_next()).await.expect("all streams end") {
            let (stream, first, answered) = ended.expect("no panic");
            expected[stream] = first + answered;
            told += answered;
        }
    }
    assert!(told > 0, "no server lived long enough to answer");
    println!(
        "{rounds} kills: {told} points were told to be stored, and all are; {more} more are, of which nothing was told"
    );
}
