//! What replicas share: one order, each write once, and nothing that is lost.

use std::collections::HashSet;
use std::time::Instant;

use async_nats::jetstream::stream::State;

use super::broker::Brokers;
use super::*;
use crate::collection::jetstream::{ChunkBuilder, Head, Record};
use crate::nats::{JetStream, JetStreamOptions};

/// A namespace on the brokers.
pub(super) fn store(brokers: &Brokers, namespace: &str) -> JetStream {
    let url = format!("{}/{namespace}", brokers.url());
    JetStream::open(&JetStreamOptions::new(url)).unwrap()
}

/// A replica that keeps its copies in memory.
fn replica(brokers: &Brokers) -> Collections {
    Collections::shared(&store(brokers, "all"), Collections::in_memory())
}

/// All messages with their positions, when all is here that was stored before.
fn all(from: &Collection) -> Vec<(Position, Vec<u8>)> {
    wait(async {
        while from.caught_up().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    read(from, &Query::default(), 1000).unwrap()
}

fn put(to: &Collection, message: &[u8]) -> Result<(), Fault> {
    let mut writer = to.writer();
    writer.put(message)?;
    wait(writer.committed())
}

/// What the broker says of the stream of a collection.
fn stream_of(brokers: &Brokers, declared: &Declaration) -> State {
    let store = store(brokers, "all");
    let (context, name) = (
        store.context().clone(),
        format!("all-collection-{}", declared.name),
    );
    let asked = wait(store.spawn(async move {
        context
            .get_stream(name)
            .await
            .unwrap()
            .cached_info()
            .state
            .clone()
    }));
    asked.unwrap()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_one_replica_was_told_is_stored_another_reads_at_once_and_at_the_same_position() {
    let brokers = starting(Brokers::one);
    let declared = declaration(POINT, Some(1));
    let replicas = [replica(&brokers), replica(&brokers), replica(&brokers)];
    let points: Vec<_> = replicas
        .iter()
        .map(|one| one.declare(&declared).unwrap())
        .collect();
    for x in 1..=30 {
        let message = bytes_of(&declared, &format!("name: 'n{}' x: {x}", x % 7));
        put(&points[x % 3], &message).unwrap();
        let key = Scalar::Text(format!("n{}", x % 7).into());
        for other in &points {
            wait(other.caught_up()).unwrap();
            assert_eq!(other.get(&key).unwrap().as_deref(), Some(&*message));
        }
    }
    let first = all(&points[0]);
    assert_eq!(first.len(), 7);
    assert!(points.iter().all(|other| all(other) == first));
    // One that comes later reads the same.
    let late = replica(&brokers).declare(&declared).unwrap();
    assert_eq!(all(&late), first);
    let mut writer = late.writer();
    writer.delete(&Scalar::Text("n0".into())).unwrap();
    wait(writer.committed()).unwrap();
    assert_eq!(all(&points[1]).len(), 6);
    late.writer().clear().unwrap();
    until("it is cleared", || all(&points[2]).is_empty());
}

#[test]
fn a_copy_in_a_file_goes_on_where_it_was_and_is_no_others() {
    let brokers = starting(Brokers::one);
    let _nothing_starts = nothing_starts();
    let folder = tempfile::tempdir().unwrap();
    let declared = declaration(POINT, None);
    let open = |namespace: &str| {
        let local = Collections::open(folder.path()).unwrap();
        Collections::shared(&store(&brokers, namespace), local)
    };
    let before = {
        let collections = open("all");
        let collection = write(&collections, &declared, &["x: 1", "x: 2"]);
        all(&collection)
    };
    let memory = replica(&brokers).declare(&declared).unwrap();
    put(&memory, &bytes_of(&declared, "x: 3")).unwrap();
    {
        let collections = open("all");
        let collection = collections.declare(&declared).unwrap();
        assert_eq!(
            read(&collection, &Query::default(), 10).unwrap(),
            before,
            "as it was"
        );
        assert_eq!(all(&collection), all(&memory));
    }
    // Another stream is not mixed with it, nor what is kept without one.
    let refused = open("others").declare(&declared).unwrap_err();
    let refused = format!("{refused:?}");
    assert!(
        refused.contains("it is a copy of the stream all-collection-points"),
        "{refused}"
    );
    let alone = Collections::open(folder.path()).unwrap();
    assert!(alone.declare(&declared).is_err());
    let mut own = declared.clone();
    own.name = "own".into();
    write(&alone, &own, &["x: 1"]);
    drop(alone);
    let refused = format!("{:?}", open("all").declare(&own).unwrap_err());
    assert!(refused.contains("it was kept there without a store"), "{refused}");
}

#[test]
fn while_the_broker_is_away_calls_are_told_so_and_it_is_found_again() {
    let mut brokers = starting(Brokers::one);
    brokers.kill(0);
    let declared = declaration(POINT, None);
    let collection = replica(&brokers).declare(&declared).unwrap();
    let message = bytes_of(&declared, "x: 1");
    let is_away = |outcome: Result<(), Fault>| {
        let status = outcome.unwrap_err().status();
        assert_eq!(status.code(), tonic::Code::Unavailable);
        assert_eq!(
            status.message(),
            "the collection `points` cannot be read or written now: the store does not answer"
        );
    };
    is_away(put(&collection, &message));
    is_away(wait(collection.caught_up()));
    starting(|| brokers.start_again(0));
    until("it is found", || put(&collection, &message).is_ok());
    // What failed may have been written nevertheless, but not twice.
    let count = all(&collection).len();
    assert!((1..=2).contains(&count), "{count}");
    brokers.kill(0);
    is_away(wait(collection.caught_up()));
    starting(|| brokers.start_again(0));
    until("it is found again", || put(&collection, &message).is_ok());
    assert!(all(&collection).len() > count);
}

#[test]
fn a_stream_keeps_little_more_than_what_is_kept() {
    let brokers = starting(Brokers::one);
    let large = format!("name: '{}'", "n".repeat(10_000));
    for key in [None, Some(2)] {
        let mut declared = declaration(POINT, key);
        declared.name = format!("points{}", key.unwrap_or_default()).into();
        declared.keep.count = Some(10);
        let (one, other) = (replica(&brokers), replica(&brokers));
        let (one, other) = (one.declare(&declared).unwrap(), other.declare(&declared).unwrap());
        // The oldest message of the one with a key stays.
        put(&one, &bytes_of(&declared, "name: 'old' x: 1000")).unwrap();
        for x in 1..=1000 {
            let to = if x % 2 == 0 { &one } else { &other };
            let message = bytes_of(&declared, &format!("{large} x: {}", x % 5 + 1));
            put(to, &message).unwrap();
        }
        let expected = if key.is_some() { 6 } else { 10 };
        let kept = all(&one);
        assert_eq!(kept.len(), expected);
        assert_eq!(all(&other), kept);
        until("the stream is cleaned", || {
            stream_of(&brokers, &declared).bytes < 3 << 20
        });
        let late = replica(&brokers);
        assert_eq!(all(&late.declare(&declared).unwrap()), kept, "key {key:?}");
    }
}

#[test]
fn a_stream_is_cleaned_of_messages_that_together_are_too_large_for_the_broker() {
    let mut declared = declaration(POINT, Some(2));
    let of_size = |x: u32, size: usize| format!("name: '{}' x: {x}", "n".repeat(size));
    let small: Vec<String> = (1..=10_000).map(|x| format!("x: {x}")).collect();
    for (name, most, stay, comes) in [
        // Each fits into a message by itself.
        (
            "large",
            1 << 20,
            vec![of_size(1, 10_000), of_size(2, (1 << 20) - 2000)],
            500_000,
        ),
        // They take more, one by one, than in the chunk in which they came.
        ("small", 64 << 10, small, 10_000),
    ] {
        let brokers = starting(|| Brokers::one_of_payloads(most));
        declared.name = name.into();
        let collections = replica(&brokers);
        let stay: Vec<&str> = stay.iter().map(String::as_str).collect();
        let collection = write(&collections, &declared, &stay);
        let kept = all(&collection);
        let message = bytes_of(&declared, &of_size(20_000, comes));
        for _ in 0..8_000_000 / comes {
            put(&collection, &message).unwrap();
        }
        until("the stream is cleaned", || {
            // Who writes looks after it.
            put(&collection, &message).unwrap();
            stream_of(&brokers, &declared).bytes < 6 << 20
        });
        let late = replica(&brokers).declare(&declared).unwrap();
        assert_eq!(all(&late)[..kept.len()], kept, "{name}");
    }
}

#[test]
fn replicas_that_write_at_random_keep_the_same_while_the_stream_is_cleaned_behind_them() {
    let brokers = starting(Brokers::one);
    for key in [None, Some(2)] {
        let mut declared = declaration(POINT, key);
        declared.name = format!("random{}", key.unwrap_or_default()).into();
        declared.keep.count = Some(25);
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] = folders.each_ref().map(|folder| {
            Collections::shared(&store(&brokers, "all"), Collections::open(folder.path()).unwrap())
        });
        let points = [replica(&brokers), replica(&brokers), one].map(|of| of.declare(&declared).unwrap());
        std::thread::scope(|scope| {
            for (collection, seed) in points.iter().zip(1..) {
                let declared = &declared;
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed);
                    for _ in 0..200 {
                        let mut writer = collection.writer();
                        for _ in 0..random.usize(1..4) {
                            let (x, size) = (random.i64(1..40), random.usize(1..10_000));
                            let message = bytes_of(declared, &format!("x: {x} name: '{}'", "n".repeat(size)));
                            match random.u8(..) {
                                0 => writer.clear().unwrap(),
                                1..30 => writer.delete(&Scalar::Int(x)).unwrap(),
                                _ => writer.put(&message).unwrap(),
                            }
                        }
                        wait(writer.committed()).unwrap();
                    }
                });
            }
        });
        let first = stream_of(&brokers, &declared).first_sequence;
        assert!(first > 1, "it was cleaned meanwhile");
        let kept = all(&points[0]);
        assert!(!kept.is_empty() && kept.len() <= 25, "{}", kept.len());
        let late = [replica(&brokers), other].map(|late| late.declare(&declared).unwrap());
        for collection in points[1..].iter().chain(&late) {
            assert!(all(collection) == kept, "key {key:?}");
        }
    }
}

#[test]
fn messages_grow_too_old_for_all_replicas_also_where_nobody_writes() {
    let brokers = starting(Brokers::one);
    let mut declared = declaration(POINT, None);
    declared.keep.age = Some(Duration::from_secs(1));
    let one = replica(&brokers);
    let one = write(&one, &declared, &["x: 1", "x: 2"]);
    assert!(stream_of(&brokers, &declared).messages > 0);
    until("they are too old", || all(&one).is_empty());
    // Who keeps them for longer finds that they are gone.
    declared.keep.age = Some(Duration::from_hours(1));
    until("they are gone", || {
        all(&replica(&brokers).declare(&declared).unwrap()).is_empty()
    });
}

#[test]
fn a_message_that_no_protod_has_written_is_named_and_not_skipped() {
    let brokers = starting(Brokers::one);
    let declared = declaration(POINT, None);
    let collections = replica(&brokers);
    let collection = write(&collections, &declared, &["x: 1"]);
    let store = store(&brokers, "all");
    let context = store.context().clone();
    let published = wait(store.spawn(async move {
        let sent = context
            .publish("all.collection.points.foreign", "no chunk".into())
            .await;
        sent.unwrap().await.unwrap();
    }));
    published.unwrap();
    let mut outcome = Ok(());
    until("it is met", || {
        outcome = wait(collection.caught_up());
        outcome.is_err()
    });
    assert_eq!(outcome.unwrap_err().status().code(), tonic::Code::DataLoss);
    let fault = put(&collection, &bytes_of(&declared, "x: 2")).unwrap_err();
    assert_eq!(fault.status().code(), tonic::Code::DataLoss);
}

#[test]
fn a_message_that_is_too_large_for_the_broker_is_refused_and_others_are_not() {
    let brokers = starting(Brokers::one);
    let declared = declaration(POINT, None);
    let collections = replica(&brokers);
    let collection = write(&collections, &declared, &["x: 1"]);
    let of_size = |size: usize| bytes_of(&declared, &format!("name: '{}'", "n".repeat(size)));
    let fault = put(&collection, &of_size(1 << 20)).unwrap_err();
    assert_eq!(fault.status().code(), tonic::Code::ResourceExhausted);
    put(&collection, &of_size((1 << 20) - 2000)).unwrap();
    assert_eq!(all(&collection).len(), 2);
}

#[test]
fn filters_find_messages_however_far_their_chunks_are_apart() {
    let brokers = starting(Brokers::one);
    let declared = declaration(POINT, None);
    let folder = tempfile::tempdir().unwrap();
    let local = Collections::open(folder.path()).unwrap();
    let collections = Collections::shared(&store(&brokers, "all"), local);
    let mut collection = None;
    for x in 1..=50 {
        collection = Some(write(&collections, &declared, &[&format!("x: {x}"), "x: 0"]));
    }
    for order in [Order::Oldest, Order::Newest] {
        let query = Query {
            order,
            conditions: vec![Condition {
                field: 2,
                relation: Relation::Greater,
                value: Scalar::Int(0),
            }],
        };
        let found = read(collection.as_ref().unwrap(), &query, 7).unwrap();
        assert_eq!(found.len(), 50);
        assert!(found.is_sorted_by(|(one, _), (next, _)| (one < next) == (order == Order::Oldest)));
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_or_out_of_order_when_brokers_and_replicas_die() {
    let mut brokers = starting(Brokers::three);
    let declared = declaration(POINT, None);
    let replicas: Vec<_> = (0..3).map(|_| replica(&brokers)).collect();
    let points: Vec<_> = replicas
        .iter()
        .map(|one| one.declare(&declared).unwrap())
        .collect();
    for collection in &points {
        until("the brokers have chosen", || {
            put(collection, &bytes_of(&declared, "x: 1")).is_ok()
        });
    }
    let stop = std::sync::atomic::AtomicBool::new(false);
    let stopped = || stop.load(std::sync::atomic::Ordering::Relaxed);
    let acknowledged: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let writers: Vec<_> = points
            .iter()
            .zip(1_u64..)
            .map(|(collection, writer)| {
                let declared = &declared;
                scope.spawn(move || {
                    let mut done = Vec::new();
                    // Each call writes three, and knows at its end that all are stored, or that some may not be.
                    for call in (0..).take_while(|_| !stopped()) {
                        let ids = [1, 2, 3].map(|n| writer << 32 | call << 2 | n);
                        let mut to = collection.writer();
                        let put = ids
                            .iter()
                            .try_for_each(|id| to.put(&bytes_of(declared, &format!("id: {id} x: {writer}"))));
                        if put.is_ok() && wait(to.committed()).is_ok() {
                            done.extend(ids);
                        }
                    }
                    done
                })
            })
            .collect();
        for n in 0..3 {
            brokers.kill(n);
            std::thread::sleep(Duration::from_secs(1));
            starting(|| brokers.start_again(n));
        }
        starting(|| brokers.cut_off(0));
        std::thread::sleep(Duration::from_secs(10));
        starting(|| brokers.reconnect(0));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    // A replica that has seen nothing of it reads what the others have.
    let late = replica(&brokers);
    let late = late.declare(&declared).unwrap();
    let mut stored = Vec::new();
    // A broker that was cut off may still have writes of which nobody was told that they are stored.
    until("one order everywhere", || {
        stored = all(&late);
        points.iter().all(|collection| all(collection) == stored)
    });
    let row_type = row_type::RowType::new(&declared);
    let mut row = row_type.row();
    let ids: Vec<u64> = stored
        .iter()
        .filter_map(|(_, bytes)| {
            assert!(row_type.fits(bytes, &mut row));
            match row_type.value(row_type.field(4).unwrap(), &row, bytes) {
                Scalar::Uint(id) if id > 0 => Some(id),
                _ => None,
            }
        })
        .collect();
    let distinct: HashSet<u64> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), ids.len(), "nothing is there twice");
    for (done, writer) in acknowledged.iter().zip(1..) {
        assert!(!done.is_empty());
        let of_writer: Vec<u64> = ids.iter().copied().filter(|id| id >> 32 == writer).collect();
        assert!(of_writer.is_sorted(), "what a call writes keeps its order");
        assert!(done.iter().all(|id| distinct.contains(id)), "nothing is lost");
        // What is there of a call that was not acknowledged is a prefix.
        let ends_well = of_writer
            .iter()
            .all(|id| id & 3 == 1 || distinct.contains(&(id - 1)));
        assert!(ends_well);
    }
}

#[test]
fn what_is_no_chunk_stops_a_collection_until_it_is_deleted_and_nothing_else_is_lost() {
    let brokers = starting(Brokers::one);
    let declared = declaration(POINT, None);
    let folder = tempfile::tempdir().unwrap();
    let memory = replica(&brokers);
    let local = Collections::open(folder.path()).unwrap();
    let file = Collections::shared(&store(&brokers, "all"), local);
    let points = [
        memory.declare(&declared).unwrap(),
        file.declare(&declared).unwrap(),
    ];
    put(&points[0], &bytes_of(&declared, "x: 1")).unwrap();
    put(&points[1], &bytes_of(&declared, "x: 2")).unwrap();
    let operator = store(&brokers, "all");
    let publish = |rubbish: bytes::Bytes| {
        let context = operator.context().clone();
        let published = wait(operator.spawn(async move {
            let sent = context.publish("all.collection.points.other", rubbish).await;
            sent.unwrap().await.unwrap().sequence
        }));
        published.unwrap()
    };
    let delete = |sequences: Vec<u64>| {
        let context = operator.context().clone();
        let deleted = wait(operator.spawn(async move {
            let stream = context.get_stream("all-collection-points").await.unwrap();
            for sequence in sequences {
                stream.delete_message(sequence).await.unwrap();
            }
        }));
        deleted.unwrap();
    };
    let is_damaged = |of: &Collection| {
        let fault = wait(of.caught_up());
        matches!(fault, Err(fault) if fault.status().code() == tonic::Code::DataLoss)
    };
    let expected = all(&points[0]);
    // A chunk that restores what is behind it is none, either.
    let rubbish: [&'static [u8]; 4] = [
        b"",
        b"rubbish",
        b"\x09",
        b"\x01\x01\0\0\0\0\0\0\0\0\0\0\0\x04\xff\xff\xff\xff\xff\xff\xff\xff\x7f\0\0",
    ];
    let rubbish: Vec<u64> = rubbish.into_iter().map(|of| publish(of.into())).collect();
    for of in &points {
        until("it is damaged", || is_damaged(of));
    }
    assert!(put(&points[0], &bytes_of(&declared, "x: 3")).is_err());
    delete(rubbish);
    for of in &points {
        until("it goes on", || !is_damaged(of));
        assert_eq!(all(of), expected);
    }
    // In front of what is written later, too.
    let rubbish = publish("rubbish".into());
    until("it is damaged", || points.iter().all(is_damaged));
    let mut chunk = ChunkBuilder::new(Head::default());
    chunk.add(&Record::Put(&bytes_of(&declared, "x: 3")));
    publish(chunk.finish(1));
    delete(vec![rubbish]);
    for of in &points {
        until("it goes on", || !is_damaged(of));
        assert_eq!(all(of)[..2], expected);
        assert_eq!(all(of).len(), 3);
    }
    put(&points[1], &bytes_of(&declared, "x: 4")).unwrap();
    let late = replica(&brokers).declare(&declared).unwrap();
    assert_eq!(all(&late), all(&points[0]));
    assert_eq!(all(&late), all(&points[1]));
    assert_eq!(all(&late).len(), 4);
}

#[test]
fn a_collection_with_another_key_is_refused_where_it_is_declared_and_where_it_is_read() {
    let brokers = starting(Brokers::one);
    let by = |key| declaration(POINT, key);
    let first = replica(&brokers);
    let points = first.declare(&by(Some(1))).unwrap();
    put(&points, &bytes_of(&by(None), "name: 'a' x: 1")).unwrap();
    for other in [None, Some(2)] {
        let refused = first.declare(&by(other)).unwrap_err();
        let refused = std::error::Error::source(&refused).unwrap().to_string();
        assert!(refused.contains("needs another name"), "{refused}");
        let second = replica(&brokers);
        let other = second.declare(&by(other)).unwrap();
        until("it has another key", || {
            let fault = wait(other.caught_up());
            matches!(fault, Err(fault) if fault.status().code() == tonic::Code::FailedPrecondition)
        });
    }
    assert_eq!(all(&first.declare(&by(Some(1))).unwrap()).len(), 1);
}
