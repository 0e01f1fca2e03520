//! What is published is served by all, or by none.

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::client::Client;
use crate::program::{Server, protod};
use crate::support::{Fleet, answer, await_answer, is_serving, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_served_by_all_and_by_those_who_start_later() {
    let fleet = Fleet::of_one_broker();
    let first = fleet.replica("first", &[]).await;
    let second = fleet.replica("second", &[]).await;
    fleet.await_replicas(2).await;
    assert!(!is_serving(&first).await && !is_serving(&second).await);
    let told = fleet.publish(2, "one").await;
    assert_eq!(
        (&told["outcome"], &told["served_by"]),
        (&"served".into(), &2.into()),
        "{told:#}"
    );
    for replica in [&first, &second] {
        assert_eq!(answer(replica).await, (2, "one".to_owned()));
        assert!(is_serving(replica).await);
    }
    let later = fleet.replica("later", &[]).await;
    await_answer(&later, 2, "one").await;
    fleet.await_replicas(3).await;
    let state = fleet.told(&["fleet"]).await;
    assert_eq!(state["current"]["generation"], told["generation"]);
    for replica in state["replicas"].as_array().expect("a list") {
        assert_eq!(replica["generation"], told["generation"], "{replica:#}");
        assert_eq!(replica["serving"], true, "{replica:#}");
    }
    let again = fleet.publish(2, "one").await;
    assert_eq!(again["outcome"], "unchanged", "{again:#}");
    // One that stops says so.
    let (status, log) = later.stop().await;
    assert!(status.success(), "{log:?}");
    assert!(fleet.told_of("later").await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn replica_that_refuses_stops_the_change_and_says_why() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let http = "type: google.api.Service\nconfig_version: 3\nhttp: {rules: [{selector: p.S.Unary, post: /unary, body: '*'}]}\n";
    let http = fleet.write("http.yaml", http);
    let willing = fleet.replica("willing", &[]).await;
    let strict = fleet.replica("strict", &["--http-rules", &http]).await;
    await_answer(&willing, 1, "old").await;
    await_answer(&strict, 1, "old").await;
    fleet.await_replicas(2).await;
    let without = "syntax = 'proto3'; package p; service T { rpc Get(M) returns (M); } message M {}";
    let folder = fleet.write("without/t.proto", without);
    let refused = fleet.run(&["publish", &folder]).await;
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(
        said.contains("replica strict: ") && said.contains("p.S.Unary"),
        "{said}"
    );
    assert!(said.contains("1 of 2 replicas cannot serve generation"), "{said}");
    for replica in [&willing, &strict] {
        assert_eq!(answer(replica).await, (1, "old".to_owned()));
    }
    let told = fleet.told_of("strict").await;
    assert!(
        told["refused"]["problems"][0]
            .as_str()
            .is_some_and(|why| why.contains("p.S.Unary")),
        "{told:#}"
    );
    // Once it is right, all serve it, and the refusal is history.
    let told = fleet.publish(2, "new").await;
    assert_eq!(told["served_by"], 2, "{told:#}");
    assert!(fleet.told_of("strict").await["refused"].is_null());
    for replica in [&willing, &strict] {
        assert_eq!(answer(replica).await, (2, "new".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_before_anybody_is_asked() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let replica = fleet.replica("one", &[]).await;
    await_answer(&replica, 1, "old").await;
    let folder = fleet.change(1, "new");
    fleet.write("api/b.rules.yaml", "rules: [{method: p.S/Gone}]");
    let refused = fleet.run(&["publish", &folder]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("b.rules.yaml:1:18"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(answer(&replica).await, (1, "old".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_asks_all_and_changes_nothing() {
    let fleet = Fleet::of_one_broker();
    let before = fleet.publish(1, "old").await;
    let replica = fleet.replica("one", &[]).await;
    await_answer(&replica, 1, "old").await;
    fleet.await_replicas(1).await;
    let folder = fleet.change(2, "new");
    let told = fleet.told(&["publish", &folder, "--dry-run"]).await;
    assert_eq!(
        (&told["outcome"], &told["replicas"]),
        (&"checked".into(), &1.into()),
        "{told:#}"
    );
    assert_eq!(answer(&replica).await, (1, "old".to_owned()));
    assert_eq!(
        fleet.told(&["fleet"]).await["current"]["generation"],
        before["generation"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_served_until_something_is_published_and_not_watched_after_it() {
    let fleet = Fleet::of_one_broker();
    let files = fleet.change(1, "files");
    let mut replica = fleet.replica("one", &[&files]).await;
    assert_eq!(answer(&replica).await, (1, "files".to_owned()));
    assert!(is_serving(&replica).await);
    fleet.change(1, "saved");
    await_answer(&replica, 1, "saved").await;
    fleet.await_replicas(1).await;
    assert!(fleet.told_of("one").await["generation"].is_null());
    fleet.publish(2, "published").await;
    await_answer(&replica, 2, "published").await;
    // A save changes nothing any more, and neither does a reload.
    fleet.change(1, "saved again");
    replica.signal("HUP").await;
    replica.line_with("nothing changed").await;
    assert_eq!(answer(&replica).await, (2, "published".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_put_stay_in_front_of_what_is_published() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let url = fleet.brokers.url();
    let share = ["--store", &url, "--admin-addr", "127.0.0.1:0"];
    let mut replica = Server::start(&share).await;
    let admin = replica.line_with("protod admin on ").await;
    let admin = admin.trim_start_matches("protod admin on ");
    let rules = fleet.write(
        "put.rules.yaml",
        "rules: [{method: p.S/Unary, reply: {text: put}}]",
    );
    let put = protod(&["rules", "put", &rules, "--admin", admin]).await;
    assert!(put.status.success(), "{put:?}");
    assert_eq!(answer(&replica).await, (1, "put".to_owned()));
    fleet.await_replicas(1).await;
    fleet.publish(2, "new").await;
    assert_eq!(answer(&replica).await, (2, "put".to_owned()));
    let listed = protod(&[
        "call",
        admin,
        "protod.admin.v1.AdminService/ListReplicas",
        "-d",
        "{}",
    ])
    .await;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(listed["current"]["rules"], 4, "{listed:#}");
    let replica_there = &listed["replicas"][0];
    assert_eq!(
        replica_there["generation"], listed["current"]["generation"],
        "{listed:#}"
    );
    assert_eq!(replica_there["address"], replica.address(), "{listed:#}");
    let deleted = protod(&["rules", "delete", "--all", "--admin", admin]).await;
    assert!(deleted.status.success(), "{deleted:?}");
    assert_eq!(answer(&replica).await, (2, "new".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn call_keeps_the_generation_that_it_began_with() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let replica = fleet.replica("one", &[]).await;
    await_answer(&replica, 1, "old").await;
    fleet.await_replicas(1).await;
    let mut talk = Client::connect(replica.address()).await.talk().await;
    assert_eq!(talk.next().await.expect("answered"), Some((1, "old".to_owned())));
    fleet.publish(2, "new").await;
    assert_eq!(answer(&replica).await, (2, "new".to_owned()));
    assert_eq!(talk.next().await.expect("answered"), Some((1, "old".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_publish_at_once_one_is_told() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let replica = fleet.replica("one", &[]).await;
    fleet.await_replicas(1).await;
    // Whoever comes first waits for its answer, for as long as it counts as one that lives.
    replica.signal("STOP").await;
    let folder = fleet.change(2, "new");
    let publish = ["publish", &folder];
    let (one, other) = (pin!(fleet.run(&publish)), pin!(fleet.run(&publish)));
    let ended = select(one, other).await;
    replica.signal("CONT").await;
    let (told, served) = match ended {
        Either::Left((told, other)) => (told, other.await),
        Either::Right((told, other)) => (told, other.await),
    };
    assert!(served.status.success(), "{served:?}");
    // On a machine that is slow the replica was left out, and nobody had to wait.
    if !told.status.success() {
        assert_eq!(told.status.code(), Some(1));
        let said = stderr(&told);
        assert!(said.contains("another publishes the generation"), "{said}");
    }
    await_answer(&replica, 2, "new").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_into_the_records_of_a_fleet_stops_no_server_and_no_later_change() {
    let fleet = Fleet::of_one_broker();
    let replica = fleet.replica("only", &[]).await;
    fleet.await_replicas(1).await;
    let old = fleet.publish(1, "old").await;
    await_answer(&replica, 1, "old").await;
    let other = async_nats::connect(fleet.brokers.url().as_str())
        .await
        .expect("it answers");
    let other = async_nats::jetstream::new(other);
    for (subject, rubbish) in [
        ("$KV.protod-replicas.rubbish", "rubbish"),
        ("$KV.protod-replicas.replica.rubbish", "rubbish"),
        ("$KV.protod-replicas.replica.none", ""),
        ("$KV.protod-fleet.candidate", "rubbish"),
        ("$KV.protod-fleet.current", "rubbish"),
    ] {
        let sent = other.publish(subject, rubbish.into()).await.expect("sent");
        sent.await.expect("stored");
    }
    let trouble = async {
        while !fleet.told_of("only").await["trouble"]
            .as_str()
            .is_some_and(|why| why.contains("publish one again"))
        {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::program::SOON, trouble)
        .await
        .expect("it says so");
    assert_eq!(answer(&replica).await, (1, "old".to_owned()));
    let told = fleet.publish(2, "new").await;
    assert_eq!(
        (&told["outcome"], &told["served_by"]),
        (&"served".into(), &1.into()),
        "{told:#}"
    );
    assert_eq!(answer(&replica).await, (2, "new".to_owned()));
    let old = old["generation"].as_str().expect("an id");
    let told = fleet.told(&["rollback", old]).await;
    assert_eq!(told["outcome"], "served", "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_is_as_large_as_it_may_be_whatever_messages_the_broker_takes() {
    let fleet = Fleet::of_payloads(16 << 10);
    let replica = fleet.replica("only", &[]).await;
    fleet.await_replicas(1).await;
    fleet.change(1, "large");
    let fields = (0..3000).map(|field| format!("string a_field_with_a_long_name_{field} = {};\n", field + 1));
    let fields = fields.collect::<Vec<_>>().concat();
    let other = format!("syntax = \"proto3\"; package other; message Other {{ {fields} }}");
    fleet.write("api/other.proto", &other);
    let folder = fleet.path("api");
    let told = fleet.told(&["publish", folder.to_str().expect("UTF-8")]).await;
    assert_eq!(told["outcome"], "served", "{told:#}");
    assert_eq!(answer(&replica).await, (1, "large".to_owned()));
    let bytes = &fleet.told(&["fleet"]).await["current"]["bytes"];
    assert!(bytes.as_u64() > Some(100 << 10), "{bytes}");
}
