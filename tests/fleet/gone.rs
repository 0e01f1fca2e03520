//! Brokers and replicas that go away, and come back.

use std::time::Instant;

use crate::program::SOON;
use crate::support::{Fleet, answer, await_answer, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn replica_that_hangs_is_left_out_and_follows_when_it_is_back() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let well = fleet.replica("well", &[]).await;
    let hangs = fleet.replica("hangs", &[]).await;
    fleet.await_replicas(2).await;
    hangs.signal("STOP").await;
    let folder = fleet.change(2, "new");
    let told = fleet.told(&["publish", &folder, "--timeout", "5m"]).await;
    assert_eq!(
        (&told["outcome"], &told["replicas"]),
        (&"served".into(), &1.into()),
        "{told:#}"
    );
    assert_eq!(answer(&well).await, (2, "new".to_owned()));
    hangs.signal("CONT").await;
    await_answer(&hangs, 2, "new").await;
    fleet.await_replicas(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_publishes_waits_for_a_replica_of_which_nobody_could_hear() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let silent = fleet.replica("silent", &[]).await;
    await_answer(&silent, 1, "old").await;
    fleet.await_replicas(1).await;
    silent.signal("STOP").await;
    // As if the broker had been away for as long as it remembers.
    fleet.brokers.purge("KV_protod-replicas");
    fleet.await_replicas(0).await;
    let folder = fleet.change(2, "new");
    let asked = ["publish", &folder, "--timeout", "1s"];
    let refused = fleet.run(&asked).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        stderr(&refused).contains("replica silent: it was not heard of in 1s"),
        "{}",
        stderr(&refused)
    );
    let goes_on = async {
        // The publisher has said who it is.
        while fleet.brokers.keys("protod-replicas", "publisher") == 0 {
            tokio::task::yield_now().await;
        }
        silent.signal("CONT").await;
    };
    let asked = ["publish", &folder, "--timeout", "50s"];
    let (told, ()) = tokio::join!(fleet.told(&asked), goes_on);
    assert_eq!(told["served_by"], 1, "{told:#}");
    assert_eq!(answer(&silent).await, (2, "new".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn replica_that_has_ended_without_a_word_is_waited_for_once() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let well = fleet.replica("well", &[]).await;
    let ends = fleet.replica("ends", &[]).await;
    fleet.await_replicas(2).await;
    let members = || fleet.brokers.keys("protod-fleet", "member.*");
    // Each says that it lives before it says that it takes part.
    let began = Instant::now();
    while members() != 2 {
        assert!(began.elapsed() < SOON, "{} take part", members());
        tokio::task::yield_now().await;
    }
    drop(ends);
    let folder = fleet.change(2, "new");
    let told = fleet.told(&["publish", &folder, "--timeout", "50s"]).await;
    assert_eq!(told["served_by"], 1, "{told:#}");
    assert_eq!(members(), 1);
    well.stop().await;
    assert_eq!(members(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn replica_that_does_not_answer_in_time_has_refused() {
    let fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let hangs = fleet.replica("hangs", &[]).await;
    await_answer(&hangs, 1, "old").await;
    fleet.await_replicas(1).await;
    hangs.signal("STOP").await;
    let folder = fleet.change(2, "new");
    let refused = fleet.run(&["publish", &folder, "--timeout", "1s"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        stderr(&refused).contains("replica hangs: it has not answered in 1s"),
        "{}",
        stderr(&refused)
    );
    hangs.signal("CONT").await;
    assert_eq!(answer(&hangs).await, (1, "old".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_that_is_gone_stops_nobody_from_serving_and_is_found_again() {
    let mut fleet = Fleet::of_one_broker();
    fleet.publish(1, "old").await;
    let replica = fleet.replica("one", &[]).await;
    await_answer(&replica, 1, "old").await;
    fleet.await_replicas(1).await;
    fleet.brokers.kill(0);
    assert_eq!(answer(&replica).await, (1, "old".to_owned()));
    let folder = fleet.change(2, "new");
    for command in [&["publish", folder.as_str()][..], &["rollback"], &["fleet"]] {
        let failed = fleet.run(command).await;
        assert_eq!(failed.status.code(), Some(1), "{command:?}");
        assert!(
            stderr(&failed).contains("cannot use the store nats://127.0.0.1"),
            "{}",
            stderr(&failed)
        );
    }
    // One that starts meanwhile serves its files, and what was published when the broker is back.
    let files = fleet.write("files/a.proto", &crate::generations::proto(3));
    fleet.write("files/a.rules.yaml", &crate::generations::rules("files"));
    let mut late = fleet.replica("late", &[&files]).await;
    late.line_with("what was published is not served yet").await;
    assert_eq!(answer(&late).await, (3, "files".to_owned()));
    fleet.brokers.start_again(0);
    await_answer(&late, 1, "old").await;
    fleet.await_replicas(2).await;
    let told = fleet.told(&["publish", &folder]).await;
    assert_eq!(told["served_by"], 2, "{told:#}");
    for replica in [&replica, &late] {
        assert_eq!(answer(replica).await, (2, "new".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_that_has_lost_one_broker_publishes_on() {
    let mut fleet = Fleet::of_three_brokers();
    fleet.publish(1, "old").await;
    let replicas = [fleet.replica("a", &[]).await, fleet.replica("b", &[]).await];
    fleet.await_replicas(2).await;
    fleet.brokers.kill(0);
    fleet.await_replicas(2).await;
    let folder = fleet.change(2, "new");
    let told = fleet.told(&["publish", &folder, "--timeout", "50s"]).await;
    assert_eq!(told["served_by"], 2, "{told:#}");
    fleet.brokers.start_again(0);
    // Who publishes at once does not take servers for gone of which nobody could hear.
    fleet.brokers.let_lead(1, "KV_protod-replicas");
    fleet.brokers.kill(1);
    let told = fleet.told(&["rollback", "--timeout", "50s"]).await;
    assert_eq!(told["served_by"], 2, "{told:#}");
    for replica in &replicas {
        assert_eq!(answer(replica).await, (1, "old".to_owned()));
    }
}
