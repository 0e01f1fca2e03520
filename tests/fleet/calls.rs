//! The calls of all servers of a fleet: each is told of once, whatever happens to the broker, and no call waits for that.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use protod::fleet::Fleet as Observed;
use protod::{CallFilter, JetStream, JetStreamOptions};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use crate::admin::send;
use crate::client::Client;
use crate::program::{SOON, Server, command};
use crate::support::{Fleet, await_answer, stderr};

/// The calls of `p.S/Unary` that the fleet tells of, when there are so many.
async fn unary_calls(fleet: &Fleet, count: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let told = fleet
            .told(&["calls", "--fleet", "--method", "p.S/Unary", "--limit", "100000"])
            .await;
        let calls = told["calls"].as_array().expect("a list");
        if calls.len() >= count {
            assert_eq!(calls.len(), count, "no call is told of twice");
            return calls.clone();
        }
        assert!(began.elapsed() < SOON, "{} of {count} calls", calls.len());
    }
}

async fn call(server: &Server, times: usize) {
    let mut client = Client::connect(server.address()).await;
    for _ in 0..times {
        client.unary().await.expect("no call fails");
    }
}

fn text<'v>(call: &'v Value, name: &str) -> &'v str {
    call[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {call:#}"))
}

/// The ids of replicas and calls, which are different ones.
fn ids(calls: &[Value]) -> BTreeSet<(String, u64)> {
    let ids: BTreeSet<_> = calls
        .iter()
        .map(|call| {
            let id = text(call, "id").parse().expect("a number");
            (text(call, "replica").to_owned(), id)
        })
        .collect();
    assert_eq!(ids.len(), calls.len(), "no call is there twice");
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_all_replicas_are_there_once_in_the_order_in_which_they_began() {
    let fleet = Fleet::of_one_broker();
    let folder = fleet.change(1, "secret answer");
    let mut replicas = Vec::new();
    for name in ["a", "b", "c"] {
        replicas.push(fleet.replica(name, &[&folder]).await);
    }
    assert!(
        fleet.run(&["calls", "--fleet"]).await.stdout.is_empty(),
        "nothing was called"
    );
    for round in 1..=7 {
        for replica in &replicas {
            call(replica, round % 3).await;
        }
    }
    let calls = unary_calls(&fleet, 3 * 7).await;
    assert_eq!(ids(&calls).len(), 21);
    assert!(calls.is_sorted_by_key(|call| text(call, "start").to_owned()));
    for name in ["a", "b", "c"] {
        assert_eq!(calls.iter().filter(|call| call["replica"] == name).count(), 7);
    }
    let mut one = calls[0].as_object().expect("an object").clone();
    for varies in ["replica", "id", "start", "duration"] {
        assert!(one.remove(varies).is_some(), "{varies}");
    }
    let wanted = serde_json::json!({
        "method": "p.S/Unary", "protocol": "grpc", "code": "OK", "session": "", "rule": "unary", "generation": "0",
        "unmatched": false, "requestCount": "1", "responseCount": "1",
    });
    assert_eq!(Value::from(one), wanted, "and nothing else of a call");

    // The newest are the newest of all, whoever answered them.
    let five = fleet
        .told(&["calls", "--fleet", "--method", "p.S/Unary", "--limit", "5"])
        .await;
    assert_eq!(five["calls"].as_array().expect("a list"), &calls[16..]);
    let table = fleet.run(&["calls", "--fleet", "--limit", "2"]).await;
    let table = String::from_utf8(table.stdout).expect("UTF-8");
    assert!(table.starts_with("REPLICA  ID "), "{table}");
    assert!(
        table.lines().count() == 3 && table.lines().nth(2).is_some_and(|line| line.ends_with("  unary")),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_about_what_is_told_and_others_are_refused() {
    let fleet = Fleet::of_one_broker();
    let folder = fleet.change(1, "text");
    let a = fleet.replica("a", &[&folder]).await;
    let b = fleet.replica("b", &[&folder]).await;
    call(&a, 2).await;
    call(&b, 3).await;
    let mut client = Client::connect(b.address()).await;
    client.down().await.expect("it answers");
    drop(client);
    unary_calls(&fleet, 5).await;
    let count = async |condition: &str| {
        let told = fleet.told(&["calls", "--fleet", "--where", condition]).await;
        told["calls"].as_array().expect("a list").len()
    };
    let began = Instant::now();
    while count("call.service == 'p.S'").await < 6 {
        assert!(began.elapsed() < SOON, "the stream is told of");
    }
    for (condition, found) in [
        ("call.replica == 'a'", 2),
        ("call.method.endsWith('Down') && call.response_count == 5", 1),
        ("call.code == 'OK' && call.matched && call.rule == 'unary'", 5),
        ("call.code == 'NOT_FOUND' || call.session != ''", 0),
        (
            "call.duration < duration('1h') && call.start < now && call.id > 0 && call.protocol == 'grpc'",
            6,
        ),
    ] {
        assert_eq!(count(condition).await, found, "{condition}");
    }
    for (condition, why) in [
        ("call.headers['x'] == ''", "call.replica"),
        ("call.peer == ''", "call.replica"),
        ("request.n == 1", "call.replica"),
        ("metadata['x'] == 'y'", "call.replica"),
        ("call.id", "a condition is a bool"),
    ] {
        let failed = fleet.run(&["calls", "--fleet", "--where", condition]).await;
        assert_eq!(failed.status.code(), Some(1), "{condition}");
        assert!(stderr(&failed).contains(why), "{condition}: {}", stderr(&failed));
    }
    for wrong in [&["--open"][..], &["17"]] {
        let failed = fleet.run(&[&["calls", "--fleet"], wrong].concat()).await;
        assert_eq!(failed.status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_gets_each_call_once_as_it_ends() {
    let mut fleet = Fleet::of_one_broker();
    let folder = fleet.change(1, "text");
    let replicas = [
        fleet.replica("a", &[&folder]).await,
        fleet.replica("b", &[&folder]).await,
    ];
    let store = JetStream::open(&JetStreamOptions::new(fleet.brokers.url())).expect("opened");
    let filter = CallFilter::method("p.S/Unary");
    // Before there is a stream.
    let mut watch = Observed::new(&store)
        .watch_calls(&filter)
        .await
        .expect("it watches");
    let mut seen = BTreeSet::new();
    for times in [1, 4] {
        for replica in &replicas {
            call(replica, times).await;
        }
        for _ in 0..2 * times {
            let call = timeout(SOON, watch.next())
                .await
                .expect("it comes")
                .expect("a call");
            assert!(seen.insert((call.replica, call.id)), "no call comes twice");
        }
        // It goes on when the broker has been away, with what was answered meanwhile.
        fleet.brokers.kill(0);
        call(&replicas[0], 1).await;
        fleet.brokers.start_again(0);
        let call = timeout(SOON, watch.next())
            .await
            .expect("it comes")
            .expect("a call");
        assert!(seen.insert((call.replica, call.id)));
    }
    assert_eq!((seen.len(), watch.take_missed()), (12, 0));
    unary_calls(&fleet, 12).await;

    // The command prints lines, or objects.
    let url = fleet.brokers.url();
    for is_json in [false, true] {
        let mut follow = command(&["calls", "--fleet", "-f", "--store", &url]);
        if is_json {
            follow.arg("--json");
        }
        let mut follow = follow.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(follow.stdout.take().expect("piped")).lines();
        let began = Instant::now();
        let line = loop {
            // It may not watch yet.
            call(&replicas[1], 1).await;
            if let Ok(line) = timeout(Duration::from_millis(500), lines.next_line()).await {
                break line.expect("UTF-8").expect("a line");
            }
            assert!(began.elapsed() < SOON, "it prints nothing");
        };
        if is_json {
            let told: Value = serde_json::from_str(&line).expect("an object on a line");
            assert_eq!(
                (text(&told["call"], "replica"), text(&told, "missed")),
                ("b", "0")
            );
        } else {
            assert!(
                line.starts_with("b  ") && line.contains("  p.S/Unary  OK  "),
                "{line}"
            );
        }
        follow.kill().await.expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_that_is_away_costs_calls_nothing_and_what_is_lost_is_counted() {
    let mut fleet = Fleet::of_one_broker();
    let folder = fleet.change(1, "text");
    let flags = [&folder, "--journal-size", "64KiB", "--admin-addr", "127.0.0.1:0"];
    let mut replica = fleet.replica("a", &flags).await;
    let admin = replica.line_with("protod admin on ").await;
    let admin = admin
        .strip_prefix("protod admin on ")
        .expect("an address")
        .to_owned();
    let counted = async |name: &str| -> u64 {
        let answer = send(&admin, "GET /metrics", &[&format!("host: {admin}")], "").await;
        let lines = answer.body.lines();
        let mut found =
            lines.filter_map(|line| line.strip_prefix(&format!("protod_summaries_{name}_total ")));
        found.next().expect("it is counted").parse().expect("a number")
    };
    call(&replica, 3).await;
    unary_calls(&fleet, 3).await;
    fleet.brokers.kill(0);
    call(&replica, 2000).await;
    let began = Instant::now();
    while counted("dropped").await == 0 {
        assert!(began.elapsed() < SOON, "the journal has not room for so many");
    }
    fleet.brokers.start_again(0);
    while counted("sent").await + counted("dropped").await < 2003 {
        assert!(began.elapsed() < 2 * SOON, "all are told of, or counted");
    }
    let (sent, dropped) = (counted("sent").await, counted("dropped").await);
    assert_eq!(sent + dropped, 2003);
    assert!(sent > 3, "what the journal still has is told of");
    unary_calls(&fleet, usize::try_from(sent).expect("it fits")).await;
    // Who follows is told how many are missing.
    let log = replica.stop().await.1;
    assert!(log.iter().any(|line| line.contains("are not told of")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_without_a_journal_tells_nothing_and_one_that_stops_tells_its_last_calls() {
    let fleet = Fleet::of_one_broker();
    let folder = fleet.change(1, "text");
    let silent = fleet.replica("silent", &[&folder, "--no-journal"]).await;
    call(&silent, 5).await;
    let stops = fleet.replica("stops", &[&folder]).await;
    await_answer(&stops, 1, "text").await;
    call(&stops, 4).await;
    // It has not waited for more of them.
    let (status, log) = stops.stop().await;
    assert!(status.success(), "{log:?}");
    let calls = unary_calls(&fleet, 5).await;
    assert!(calls.iter().all(|call| call["replica"] == "stops"), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_chunk_is_passed_over() {
    let fleet = Fleet::of_one_broker();
    let folder = fleet.change(1, "text");
    let replica = fleet.replica("a", &[&folder]).await;
    call(&replica, 1).await;
    unary_calls(&fleet, 1).await;
    let long = [b"*".as_slice(), &[0xff, 0xff, 0x3f], &vec![0; 200_000]].concat();
    // The last is a call that began in the year -1, and took as long as can be said.
    let wrong_times = [
        b"\x0a\x01x\x11\x01\0\0\0\0\0\0\0\x18\x01".as_slice(),
        b"\x2a\x1c\x32\x0b\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x3a\x0d\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x10\xff\x01",
    ]
    .concat();
    for garbage in [
        b"".as_slice(),
        b"{}",
        b"\xff\xff\xff\xff",
        &long,
        &[0x2a; 999],
        &wrong_times,
    ] {
        fleet.brokers.publish("protod.calls", garbage);
    }
    call(&replica, 1).await;
    let calls = unary_calls(&fleet, 2).await;
    assert_eq!(ids(&calls).len(), 2);
    assert!(fleet.run(&["calls", "--fleet"]).await.status.success());
}
