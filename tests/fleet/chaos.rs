//! Brokers and servers die and are cut off under load, while generations are published: nothing that was told is lost.
//!
//! `cargo test --test fleet chaos -- --nocapture` prints how much was answered.

#![expect(clippy::print_stdout, reason = "the figures are in docs/reliability.md")]

mod load;
mod replica;
mod service;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use protod::fleet::{Fleet, Outcome, PublishOptions};
use protod::{JetStream, JetStreamOptions};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

use self::load::{Load, Told, number_in};
use self::replica::Replica;
use self::service::Source;
use crate::broker::Brokers;
use crate::broker::network::Network;
use crate::program::SOON;

/// How long some are cut off from the others.
const CUT: Duration = Duration::from_secs(10);

/// Who publishes.
struct Publisher {
    fleet: Fleet,
    source: Source,
}

impl Publisher {
    /// Publishes a generation, and returns how many servers serve it.
    async fn publish(&self, text: &str) -> usize {
        let generation = self.source.generation(text);
        let options = PublishOptions::default().timeout(SOON);
        let publication = self.fleet.publish(&generation, options).await.expect("published");
        match publication.outcome {
            Outcome::Served { by, .. } => by,
            other => panic!("{text}: {other:?}"),
        }
    }
}

/// Waits until a server serves a generation.
async fn await_generation(replica: &Replica, text: &str) {
    let began = Instant::now();
    while replica
        .ask("Plain", &json!({}))
        .await
        .expect("it needs no broker")[0]["text"]
        != text
    {
        assert!(began.elapsed() < SOON, "{} does not serve {text}", replica.name);
        sleep(Duration::from_millis(10)).await;
    }
}

/// Begins a call on each server, and raises signals on one until they have reached all; and so on each.
async fn await_signals(replicas: &[Arc<Replica>], when: &str) {
    for raising in replicas {
        // Those that are on their way longer than that wake no other calls.
        let key = json!({"name": format!("{when}, {}", raising.name)});
        let mut waiting = JoinSet::new();
        for replica in replicas {
            let mut call = replica.begin("Wait", &key).await.expect("it needs no broker");
            let first = call.next().await.expect("it waits");
            assert_eq!(first.expect("a message")["text"], "waits");
            let name = replica.name.clone();
            waiting.spawn(async move {
                let woken = call.next().await;
                let woken = woken.unwrap_or_else(|status| panic!("{name} is not woken: {status}"));
                assert_eq!(woken.expect("a message")["text"], "woken");
            });
        }
        while !waiting.is_empty() {
            // One that nobody hears is lost: whoever was cut off hears again when its broker has found the others.
            if let Err(status) = raising.ask("Ring", &key).await {
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            }
            if let Ok(Some(woken)) = timeout(Duration::from_millis(100), waiting.join_next()).await {
                woken.expect("woken");
            }
        }
    }
}

/// How often the six calls of a round, two of each server, were answered as one of two, and how many have failed.
async fn round(replicas: &[Arc<Replica>], name: &str) -> (usize, usize) {
    let mut calls = JoinSet::new();
    for replica in replicas.iter().chain(replicas) {
        let (replica, request) = (Arc::clone(replica), json!({"name": name}));
        calls.spawn(async move { replica.ask("Twice", &request).await });
    }
    let (mut counted, mut failed) = (0, 0);
    while let Some(answer) = calls.join_next().await {
        match answer.expect("it ends") {
            Ok(answer) => counted += usize::from(answer[0]["text"] == "one of two"),
            Err(_) => failed += 1,
        }
    }
    (counted, failed)
}

/// Counts rounds until it is told to stop, and returns how many there were, and how many of them had no call that failed.
async fn rounds(replicas: Vec<Arc<Replica>>, stopped: Arc<AtomicBool>) -> (usize, usize) {
    let (mut number, mut whole) = (0, 0);
    while !stopped.load(Ordering::Relaxed) {
        number += 1;
        let (counted, failed) = round(&replicas, &format!("round {number}")).await;
        // A call that failed may have been counted.
        let fits = counted <= 2 && counted + failed >= 2;
        assert!(
            fits,
            "round {number} was answered {counted} times, and {failed} calls have failed"
        );
        whole += usize::from(failed == 0);
    }
    (number, whole)
}

/// A round without a call that failed, in which two were answered, and after it none more.
async fn whole_round(replicas: &[Arc<Replica>]) {
    let began = Instant::now();
    for number in 1.. {
        let name = format!("last round {number}");
        let (counted, failed) = round(replicas, &name).await;
        if failed == 0 {
            assert_eq!(counted, 2);
            assert_eq!(round(replicas, &name).await.0, 0);
            return;
        }
        assert!(began.elapsed() < SOON, "calls fail on");
    }
}

/// What all servers answer, which must come to be the same: a broker may still have had a write of which nobody was told.
async fn agreed(replicas: &[Arc<Replica>], method: &str) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let mut answers = Vec::new();
        for replica in replicas {
            answers.push(replica.ask(method, &json!({})).await.ok());
        }
        if let Some(first) = &answers[0]
            && answers.iter().all(|other| other.as_ref() == Some(first))
        {
            return first.clone();
        }
        assert!(began.elapsed() < SOON, "the servers do not agree on {method}");
    }
}

/// The names and numbers that all servers have in a collection, in their order.
async fn kept(replicas: &[Arc<Replica>], method: &str) -> Vec<(String, i64)> {
    let pair = |message: &Value| {
        let name = message["name"].as_str().expect("a name");
        (name.to_owned(), number_in(message, "number"))
    };
    agreed(replicas, method).await.iter().map(pair).collect()
}

/// Checks that all is there that was answered, and once.
async fn check(told: &Told, replicas: &[Arc<Replica>]) {
    let points = kept(replicas, "Points").await;
    let distinct: HashSet<_> = points.iter().cloned().collect();
    assert_eq!(distinct.len(), points.len(), "nothing is there twice");
    let lost: Vec<_> = told.added.difference(&distinct).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let latest: HashMap<_, _> = kept(replicas, "Latest").await.into_iter().collect();
    for (name, number) in &told.put {
        let latest = latest.get(name);
        assert!(
            latest.is_some_and(|latest| latest >= number),
            "{name}: {latest:?}"
        );
    }
    let seen = number_in(&agreed(replicas, "See").await[0], "number");
    // No two calls have counted to the same number, and a call that failed may have counted.
    let counted = told.counted.iter().max().copied().unwrap_or_default();
    assert!(seen >= counted && usize::try_from(seen).expect("many") >= told.counted.len());
    println!(
        "{} of {} points were told to be there, {} of {seen} counts; {} calls failed",
        told.added.len(),
        points.len(),
        told.counted.len(),
        told.failed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_told_is_lost_whatever_dies_or_is_cut_off() {
    let began = Instant::now();
    let network = Network::new();
    let mut brokers = Brokers::three_in(&network);
    let store = JetStream::open(&JetStreamOptions::new(brokers.url_for(&network, "publisher")));
    let publisher = Publisher {
        fleet: Fleet::new(&store.expect("opened")),
        source: Source::new(),
    };
    assert_eq!(publisher.publish("first").await, 0);
    let mut replicas = Vec::new();
    for n in 0..3 {
        let name = format!("replica-{n}");
        let url = brokers.url_for(&network, &name);
        replicas.push(Arc::new(Replica::start(&name, url).await));
    }
    await_signals(&replicas, "before").await;
    let load = Load::begin(replicas.clone()).await;
    let stopped = Arc::new(AtomicBool::new(false));
    let counting = tokio::spawn(rounds(replicas.clone(), Arc::clone(&stopped)));
    load.more(&[0, 1, 2]).await;
    println!("{:?} all is well", began.elapsed());

    brokers.kill(0);
    load.more(&[0, 1, 2]).await;
    println!("{:?} a broker is dead", began.elapsed());
    assert!(publisher.publish("without a broker").await >= 1);
    for replica in &replicas {
        await_generation(replica, "without a broker").await;
    }
    await_signals(&replicas, "without a broker").await;
    brokers.start_again(0);
    load.more(&[0, 1, 2]).await;
    println!("{:?} and back", began.elapsed());

    load.kill(1).await;
    load.more(&[0, 2]).await;
    load.start_again(1).await;
    await_generation(&replicas[1], "without a broker").await;
    load.more(&[0, 1, 2]).await;
    await_signals(&replicas, "after a server").await;
    println!("{:?} a server was dead", began.elapsed());

    network.cut_off(&["broker-2", "replica-2"]);
    let others = async {
        let cut = Instant::now();
        load.more(&[0, 1]).await;
        sleep(CUT.saturating_sub(cut.elapsed())).await;
        network.heal();
        println!("{:?} some were cut off", began.elapsed());
    };
    let (by, ()) = tokio::join!(publisher.publish("while some are cut off"), others);
    assert!(by >= 1);
    for replica in &replicas {
        await_generation(replica, "while some are cut off").await;
    }
    load.more(&[0, 1, 2]).await;
    await_signals(&replicas, "after a cut").await;
    println!("{:?} all is well again", began.elapsed());

    stopped.store(true, Ordering::Relaxed);
    let (rounds, whole) = counting.await.expect("each is answered twice in all");
    let told = load.end().await;
    whole_round(&replicas).await;
    check(&told, &replicas).await;
    println!(
        "{whole} of {rounds} rounds had no call that failed; {:?}",
        began.elapsed()
    );
}
