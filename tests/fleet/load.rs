//! Publishing under load: no call fails, none mixes generations, and all replicas swap at nearly the same moment.
//!
//! `PROTOD_PUBLISHES` and `PROTOD_CLIENTS` make it longer and harder than in the everyday run. To see the figures:
//! `PROTOD_PUBLISHES=100 cargo test --release --test fleet under_load -- --nocapture`.

#![expect(
    clippy::print_stdout,
    reason = "the figures are what this test is run by hand for"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use protod::fleet::{Fleet as Publisher, Generation, Outcome, PublishOptions};
use protod::{JetStream, JetStreamOptions, Rules, Schema};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::generations::field_number;
use crate::program::SOON;
use crate::support::{Fleet, await_answer};

fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Calls all four shapes in turn. Every answer must be in the field that its text names, and all of a call of one generation.
async fn call_without_pause(mut client: Client, calls: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let mut shape = 0;
    while !stop.load(Ordering::Relaxed) {
        let answers = match shape % 4 {
            0 => vec![client.unary().await.expect("no call fails")],
            1 => client.down().await.expect("no call fails"),
            2 => vec![client.up().await.expect("no call fails")],
            _ => client.both().await.expect("no call fails"),
        };
        for (number, text) in &answers {
            assert!(
                text.starts_with(&format!("{number} ")),
                "{text:?} in field {number}"
            );
            assert_eq!(text, &answers[0].1, "one call, one generation");
        }
        shape += 1;
        calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_under_load_fails_no_call_and_mixes_no_generations() {
    let (publishes, clients) = (setting("PROTOD_PUBLISHES", 10), setting("PROTOD_CLIENTS", 2));
    let fleet = Fleet::of_three_brokers();
    let generation = |number: u32| {
        let field = field_number(number);
        let folder = fleet.change(field, &format!("{field} {number}"));
        let schema = Schema::load(folder).expect("it compiles");
        Generation::pack(&schema, &Rules::beside(&schema).expect("they load")).expect("packed")
    };
    let store = JetStream::open(&JetStreamOptions::new(fleet.brokers.url())).expect("opened");
    let publisher = Publisher::new(&store);
    let options = PublishOptions::default().timeout(SOON);
    publisher
        .publish(&generation(0), options)
        .await
        .expect("published");
    let mut replicas = Vec::new();
    for name in ["a", "b", "c"] {
        replicas.push(fleet.replica(name, &[]).await);
    }
    fleet.await_replicas(3).await;
    for replica in &replicas {
        await_answer(replica, 1, "1 0").await;
    }
    let (calls, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut load = JoinSet::new();
    for replica in &replicas {
        for _ in 0..clients {
            let client = Client::connect(replica.address()).await;
            load.spawn(call_without_pause(client, Arc::clone(&calls), Arc::clone(&stop)));
        }
    }
    let mut skews = Vec::new();
    for number in 1..=publishes {
        let publication = publisher
            .publish(&generation(number), options)
            .await
            .expect("published");
        let Outcome::Served {
            by: 3,
            skew: Some(skew),
            ..
        } = publication.outcome
        else {
            panic!("{publication:?}");
        };
        skews.push(skew);
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(client) = load.join_next().await {
        client.expect("no call fails, and no answer mixes generations");
    }
    skews.sort();
    println!(
        "{publishes} publications to 3 replicas under {} clients: {} calls, 0 failed, 0 mixed; skew median {:.1?}, longest {:.1?}",
        3 * clients,
        calls.load(Ordering::Relaxed),
        skews[skews.len() / 2],
        skews[skews.len() - 1],
    );
}
