//! What all engines do alike.

use super::*;

#[test]
fn messages_are_read_in_the_order_in_which_they_were_written_and_backwards_page_by_page() {
    each_engine(|collections| {
        let declared = declaration(POINT, None);
        let texts: Vec<String> = (0..100).map(|x| format!("x: {x}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let collection = write(collections, &declared, &texts);
        let mut expected: Vec<_> = texts.iter().map(|text| bytes_of(&declared, text)).collect();
        for (order, rows) in [
            (Order::Oldest, 7),
            (Order::Oldest, 1000),
            (Order::Newest, 7),
            (Order::Newest, 1),
        ] {
            let query = Query {
                order,
                ..Query::default()
            };
            let all = read(&collection, &query, rows).unwrap();
            assert!(all.is_sorted_by(|(one, _), (next, _)| (one < next) == (order == Order::Oldest)));
            let mut found: Vec<_> = all.into_iter().map(|(_, bytes)| bytes).collect();
            if order == Order::Newest {
                found.reverse();
            }
            assert_eq!(found, expected, "{order:?} by {rows}");
        }
        // A message that is larger than a batch comes alone.
        let small = Most { rows: 1000, bytes: 1 };
        assert_eq!(
            collection
                .read(&Query::default(), None, small)
                .unwrap()
                .rows
                .len(),
            1
        );
        let mut writer = collection.writer();
        writer.clear().unwrap();
        writer.put(&expected[3]).unwrap();
        wait(writer.committed()).unwrap();
        expected = vec![expected[3].clone()];
        assert_eq!(messages(&collection), expected);
    });
}

#[test]
fn only_what_waits_for_nothing_is_read_at_once() {
    each_engine(|collections| {
        let of_a_row = |count: usize| write(collections, &declaration(POINT, None), &vec!["x: 1"; count]);
        let collection = of_a_row(512);
        let is_memory = collection.engine() == "memory";
        assert_eq!(collection.is_at_hand(), is_memory);
        assert_eq!(collection.is_short(), is_memory);
        let collection = of_a_row(1);
        assert_eq!(
            collection.is_at_hand(),
            is_memory,
            "a key is found however many there are"
        );
        assert!(!collection.is_short(), "513 messages");
    });
}

#[test]
fn a_loop_may_begin_after_any_position_and_after_0_with_the_first_message() {
    each_engine(|collections| {
        let collection = write(collections, &declaration(POINT, None), &["x: 1", "x: 2"]);
        let after = |position, order| {
            let query = Query {
                order,
                ..Query::default()
            };
            let batch = collection.read(&query, Some(Position(position)), Most::default());
            let rows = batch.unwrap().rows.into_iter();
            rows.map(|(Position(position), _)| position).collect::<Vec<_>>()
        };
        let all = after(0, Order::Oldest);
        let [first, last] = all[..] else { panic!("{all:?}") };
        assert!(0 < first && first < last, "{all:?}");
        assert_eq!(after(first, Order::Oldest), [last]);
        assert!(after(0, Order::Newest).is_empty());
        assert_eq!(after(last, Order::Newest), [first]);
        let beyond = [
            last + 1,
            1 << 62,
            i64::MAX as u64 - 1,
            i64::MAX as u64,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ];
        for position in beyond {
            assert!(after(position, Order::Oldest).is_empty(), "{position}");
            assert_eq!(after(position, Order::Newest), [last, first], "{position}");
        }
    });
}

#[test]
fn a_message_takes_the_place_of_the_one_with_its_key_whatever_type_the_key_has() {
    each_engine(|collections| {
        // Each kind of key, with a value, another, and the default.
        let keys = [
            (
                1,
                "name: 'a'",
                Scalar::Text("a".into()),
                Scalar::Text("b".into()),
                Scalar::Text("".into()),
            ),
            (2, "x: -5", Scalar::Int(-5), Scalar::Int(5), Scalar::Int(0)),
            (
                4,
                "id: 18446744073709551615",
                Scalar::Uint(u64::MAX),
                Scalar::Uint(u64::MAX - 1),
                Scalar::Uint(0),
            ),
            (5, "colour: RED", Scalar::Int(1), Scalar::Int(2), Scalar::Int(0)),
            (
                6,
                "message: '\\xff'",
                Scalar::Bytes(b"\xff"[..].into()),
                Scalar::Bytes(b"a"[..].into()),
                Scalar::Bytes(b""[..].into()),
            ),
            (7, "level: 3", Scalar::Int(3), Scalar::Int(4), Scalar::Int(0)),
        ];
        for (number, text, key, other, default) in keys {
            let mut declared = declaration(POINT, Some(number));
            declared.name = format!("by_{number}").into();
            let texts = [text, "y: 1", &format!("{text} y: 2"), "y: 3"];
            let collection = write(collections, &declared, &texts);
            let newest = [bytes_of(&declared, texts[2]), bytes_of(&declared, texts[3])];
            assert_eq!(messages(&collection), newest, "{text}");
            let get = |key: &Scalar<'_>| collection.get(key).unwrap().map(|bytes| bytes.to_vec());
            assert_eq!(get(&key), Some(newest[0].clone()));
            assert_eq!(get(&default), Some(newest[1].clone()));
            assert_eq!(get(&other), None);
            let mut writer = collection.writer();
            writer.delete(&key).unwrap();
            writer.delete(&other).unwrap();
            wait(writer.committed()).unwrap();
            assert_eq!(get(&key), None);
            assert_eq!(messages(&collection), [newest[1].clone()]);
            let count = collection.aggregate(&Query::default(), Aggregate::Count).unwrap();
            assert_eq!(count, Some(Scalar::Int(1)));
        }
    });
}

#[test]
fn all_engines_find_and_compute_the_same() {
    let texts = [
        "name: 'a' x: 1 y: 0.5 id: 18446744073709551615 colour: RED",
        "name: 'b' x: -2 y: nan id: 3 level: 7",
        "name: 'a' x: 9007199254740993 y: -1e300 id: 9223372036854775808 level: -1",
        "y: inf colour: 9 message: 'z'",
        "name: 'Z' x: 5 y: 2 level: 0",
    ];
    let values = [
        Scalar::Int(1),
        Scalar::Int(0),
        Scalar::Double(0.5),
        Scalar::Double(9_007_199_254_740_992.0),
        Scalar::Uint(u64::MAX),
        Scalar::Text("a".into()),
        Scalar::Bytes(b"z"[..].into()),
    ];
    let relations = [
        Relation::Equal,
        Relation::NotEqual,
        Relation::Less,
        Relation::LessOrEqual,
        Relation::Greater,
        Relation::GreaterOrEqual,
    ];
    let declared = declaration(POINT, None);
    let memory = write(&Collections::in_memory(), &declared, &texts);
    each_engine(|collections| {
        let other = write(collections, &declared, &texts);
        find_and_compute_the_same(&memory, &other, &relations, &values);
        let sum = other.aggregate(&Query::default(), Aggregate::Sum(2)).unwrap();
        assert_eq!(sum, Some(Scalar::Int(9_007_199_254_740_997)));
        let greatest = other
            .aggregate(&Query::default(), Aggregate::Greatest(4))
            .unwrap();
        assert_eq!(greatest, Some(Scalar::Uint(u64::MAX)));
        let overflow = other.aggregate(&Query::default(), Aggregate::Sum(4)).unwrap_err();
        assert_eq!(overflow.status().code(), tonic::Code::OutOfRange);
    });
}

/// Compares the answers of two collections to all queries by one condition.
fn find_and_compute_the_same(
    one: &Collection,
    other: &Collection,
    relations: &[Relation],
    values: &[Scalar<'static>],
) {
    for field in 1..=7 {
        let aggregates = [
            Aggregate::Count,
            Aggregate::Sum(field),
            Aggregate::Average(field),
            Aggregate::Least(field),
            Aggregate::Greatest(field),
        ];
        let mut queries = vec![Query::default()];
        for (relation, value) in relations
            .iter()
            .flat_map(|one| values.iter().map(move |value| (one, value)))
        {
            queries.push(Query {
                order: Order::Newest,
                conditions: vec![Condition {
                    field,
                    relation: *relation,
                    value: value.clone(),
                }],
            });
        }
        for query in &queries {
            let rows = |from| {
                read(from, query, 2)
                    .unwrap()
                    .into_iter()
                    .map(|(_, bytes)| bytes)
                    .collect::<Vec<_>>()
            };
            let found = rows(one);
            assert_eq!(found, rows(other), "{query:?}");
            for what in aggregates {
                let (one, other) = (one.aggregate(query, what), other.aggregate(query, what));
                assert_eq!(one, other, "{what:?} of {query:?}");
                if what == Aggregate::Count {
                    assert_eq!(one.unwrap(), Some(Scalar::Int(found.len() as i64)));
                }
            }
        }
    }
}

#[test]
fn the_oldest_go_when_there_are_too_many_or_they_are_too_large_or_too_old() {
    each_engine(|collections| {
        let mut declared = declaration(POINT, None);
        let texts: Vec<String> = (0..2500)
            .map(|x| format!("name: 'eight___' x: {}", x % 100 + 1))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let all: Vec<_> = texts.iter().map(|text| bytes_of(&declared, text)).collect();
        let one = all[0].len();
        declared.keep.count = Some(10);
        assert_eq!(messages(&write(collections, &declared, &texts)), all[2490..]);
        declared.keep.size = Some(3 * one as u64);
        // What is declared anew holds for what is there, at the latest with the next write.
        assert_eq!(
            messages(&write(collections, &declared, &texts[..1])),
            [&all[2498..], &all[..1]].concat()
        );
        declared.keep.age = Some(Duration::from_millis(1));
        let collection = write(collections, &declared, &texts[..1]);
        let ended = std::time::Instant::now();
        while !messages(&collection).is_empty() {
            assert!(ended.elapsed() < Duration::from_mins(1), "it grows old");
            std::thread::yield_now();
        }
        declared.keep.age = Some(Duration::from_hours(1));
        assert_eq!(
            messages(&write(collections, &declared, &texts[1..2])).last(),
            Some(&all[1])
        );
    });
}

#[test]
fn who_follows_learns_of_each_commit_that_came_after_it_began_to_wait() {
    each_engine(|collections| {
        let declared = declaration(POINT, None);
        let collection = collections.declare(&declared).unwrap();
        for count in 1..=20 {
            let added = collection.added();
            let other = collection.clone();
            let message = bytes_of(&declared, "x: 1");
            let thread = std::thread::spawn(move || {
                let mut writer = other.writer();
                writer.put(&message).unwrap();
                wait(writer.committed()).unwrap();
            });
            wait(added);
            assert_eq!(messages(&collection).len(), count);
            thread.join().unwrap();
        }
    });
}

#[test]
fn memory_is_bounded_over_all_collections_those_of_sessions_included_and_is_given_back() {
    let collections = Collections::in_memory_within(10_000);
    let session = collections.of_session();
    let declared = declaration(POINT, None);
    let (one, other) = (
        collections.declare(&declared).unwrap(),
        session.declare(&declared).unwrap(),
    );
    let message = bytes_of(&declared, "name: 'some text'");
    let fill = |collection: &Collection| {
        let mut writer = collection.writer();
        (0..1000).take_while(|_| writer.put(&message).is_ok()).count()
    };
    let count = fill(&one);
    assert!((50..100).contains(&count), "{count} messages");
    let status = other.writer().put(&message).unwrap_err().status();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    assert_eq!(messages(&one).len(), count, "who reads is not disturbed");
    one.writer().clear().unwrap();
    assert_eq!(fill(&other), count);
    drop((session, other));
    assert_eq!(fill(&one), count, "the end of a session gives back what it took");
}

/// In memory that is full, messages that take the place of others are taken, and no others.
fn in_full_memory_messages_take_the_place_of_others(collections: &Collections) {
    let keyed = Declaration {
        name: "keyed".into(),
        ..declaration(POINT, Some(1))
    };
    let ring = Declaration {
        name: "ring".into(),
        keep: Retention {
            count: Some(3),
            ..Retention::default()
        },
        ..declaration(POINT, None)
    };
    let ring_of = |x: u32| bytes_of(&ring, &format!("name: 'some text' x: {x}"));
    let numbered = collections.declare(&ring).unwrap();
    let by_name = collections.declare(&keyed).unwrap();
    let put = |collection: &Collection, message: &[u8]| {
        let mut writer = collection.writer();
        writer.put(message)?;
        wait(writer.committed())
    };
    for x in 1..4 {
        put(&numbered, &ring_of(x)).unwrap();
    }
    let named = |name: u32, x: u32| bytes_of(&keyed, &format!("name: 'some text {name}' x: {x}"));
    let count = (1..1000).take_while(|name| put(&by_name, &named(*name, 1)).is_ok());
    let count = count.count();
    assert!((20..100).contains(&count), "{count} messages");
    for x in 100..120 {
        put(&by_name, &named(1 + x % 7, x)).unwrap();
        put(&numbered, &ring_of(x)).unwrap();
    }
    let large = bytes_of(
        &keyed,
        &format!("name: 'some text 1' message: '{}'", "m".repeat(1000)),
    );
    for message in [&named(2000, 1), &large] {
        let status = put(&by_name, message).unwrap_err().status();
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    }
    assert_eq!(messages(&by_name).len(), count);
    assert_eq!(messages(&numbered), [117, 118, 119].map(ring_of));
    let mut writer = by_name.writer();
    writer.clear().unwrap();
    wait(writer.committed()).unwrap();
    put(&by_name, &large).unwrap();
}

#[test]
fn full_memory_takes_what_takes_the_place_of_others() {
    in_full_memory_messages_take_the_place_of_others(&Collections::in_memory_within(10_000));
    #[cfg(feature = "nats")]
    {
        let brokers = starting(super::broker::Brokers::one);
        let copies = Collections::in_memory_within(10_000);
        let store = super::streams::store(&brokers, "full");
        in_full_memory_messages_take_the_place_of_others(&Collections::shared(&store, copies));
    }
}

#[test]
fn what_nobody_waits_for_is_read_nevertheless() {
    each_engine(|collections| {
        let mut declared = declaration(POINT, Some(1));
        declared.durability = Durability::Memory;
        let collection = collections.declare(&declared).unwrap();
        for x in 1..100 {
            let message = bytes_of(&declared, &format!("name: 'a' x: {x}"));
            let mut writer = collection.writer();
            writer.put(&message).unwrap();
            assert!(!writer.has_uncommitted());
            wait(writer.committed()).unwrap();
            wait(collection.caught_up()).unwrap();
            let found = collection.get(&Scalar::Text("a".into())).unwrap();
            assert_eq!(found.as_deref(), Some(&*message));
        }
    });
}
