//! Rollbacks: one command goes back to what was served before.

use crate::support::{Fleet, answer, await_answer, await_trouble, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn each_rollback_goes_further_back_and_one_with_an_id_goes_anywhere() {
    let fleet = Fleet::of_one_broker();
    let replica = fleet.replica("one", &[]).await;
    fleet.await_replicas(1).await;
    let mut ids = Vec::new();
    for number in 1..4 {
        let told = fleet.publish(number, &format!("generation {number}")).await;
        ids.push(told["generation"].as_str().expect("a text").to_owned());
    }
    for number in [2, 1] {
        let told = fleet.told(&["rollback"]).await;
        assert_eq!(told["generation"], ids[number - 1], "{told:#}");
        let text = format!("generation {number}");
        assert_eq!(answer(&replica).await, (number as u32, text));
    }
    let nothing = fleet.run(&["rollback"]).await;
    assert_eq!(nothing.status.code(), Some(1));
    let said = stderr(&nothing);
    assert!(
        said.contains("no generation was served before the current one"),
        "{said}"
    );
    let told = fleet.told(&["rollback", &ids[2][..8]]).await;
    assert_eq!(told["generation"], ids[2], "{told:#}");
    assert_eq!(answer(&replica).await, (3, "generation 3".to_owned()));
    let history = fleet.told(&["fleet", "--history"]).await;
    let history = history["history"].as_array().expect("a list");
    let listed: Vec<_> = history
        .iter()
        .map(|change| {
            (
                change["generation"].as_str().expect("a text"),
                change["rollback"] == true,
            )
        })
        .collect();
    let expected = [
        (2, true),
        (0, true),
        (1, true),
        (2, false),
        (1, false),
        (0, false),
    ];
    assert_eq!(
        listed,
        expected.map(|(number, back)| (ids[number].as_str(), back))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_ten_are_kept_and_the_one_before_them_is_not() {
    let fleet = Fleet::of_one_broker();
    let mut ids = Vec::new();
    for number in 0..11 {
        let told = fleet.publish(1, &format!("generation {number}")).await;
        ids.push(told["generation"].as_str().expect("a text").to_owned());
    }
    let history = fleet.told(&["fleet", "--history"]).await;
    assert_eq!(history["history"].as_array().expect("a list").len(), 10);
    let gone = fleet.run(&["rollback", &ids[0]]).await;
    assert_eq!(gone.status.code(), Some(1));
    assert!(
        stderr(&gone).contains("is not kept any more"),
        "{}",
        stderr(&gone)
    );
    fleet.told(&["rollback", &ids[1]]).await;
    let replica = fleet.replica("one", &[]).await;
    await_answer(&replica, 1, "generation 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_rubbish_in_the_place_of_the_current_generation_a_rollback_leads_to_what_was_served() {
    let fleet = Fleet::of_one_broker();
    let _replica = fleet.replica("one", &[]).await;
    fleet.await_replicas(1).await;
    let mut ids = Vec::new();
    for number in 1..3 {
        let told = fleet.publish(number, &format!("generation {number}")).await;
        ids.push(told["generation"].clone());
    }
    // Text, what says that the key is deleted, and a record without a generation.
    for rubbish in [&b"rubbish"[..], b"", b"\x28\x01"] {
        fleet.brokers.publish("$KV.protod-fleet.current", rubbish);
        await_trouble(&fleet, "one", true).await;
        assert_eq!(fleet.told(&["fleet"]).await["current"]["generation"], ids[1]);
        let late = fleet.replica("late", &[]).await;
        await_answer(&late, 2, "generation 2").await;
        late.stop().await;
        let told = fleet.told(&["rollback"]).await;
        assert_eq!(
            (&told["generation"], &told["outcome"]),
            (&ids[1], &"served".into())
        );
        await_trouble(&fleet, "one", false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_in_the_place_of_rubbish_goes_back_to_what_was_served() {
    let fleet = Fleet::of_one_broker();
    let mut ids = Vec::new();
    for number in 1..3 {
        let told = fleet.publish(number, &format!("generation {number}")).await;
        ids.push(told["generation"].clone());
    }
    // The same once more has the same one before it.
    for number in [2, 3] {
        fleet.brokers.publish("$KV.protod-fleet.current", b"rubbish");
        let told = fleet.publish(number, &format!("generation {number}")).await;
        assert_eq!(told["outcome"], "served", "{told:#}");
    }
    for id in ids.iter().rev() {
        let told = fleet.told(&["rollback"]).await;
        assert_eq!(&told["generation"], id, "{told:#}");
    }
}
