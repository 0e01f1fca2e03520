//! A collection whose proto changes.

use super::*;

const LATER: &str = r#"syntax = "proto3"; package t;
    message Point { string title = 1; string x = 9; double Y = 3; int32 id = 2; uint32 extra = 10; bytes blob = 6; }
    service S { rpc Do(Point) returns (Point); }"#;

/// Field 1 is a message, which most texts are not.
const OTHER: &str = r#"syntax = "proto3"; package t;
    message Point { Inner inner = 1; int64 x = 2; }
    message Inner { fixed64 a = 1; }
    service S { rpc Do(Point) returns (Point); }"#;

#[test]
fn fields_are_read_by_their_numbers_when_the_proto_is_another() {
    each_engine(|collections| {
        let first = declaration(POINT, Some(1));
        let texts = ["name: 'a' x: 7 y: 1.5", "name: 'b' x: 8 message: 'm'"];
        let before = write(collections, &first, &texts);
        let all = messages(&before);
        let later = declaration(LATER, Some(1));
        let after = collections.declare(&later).unwrap();
        assert_eq!(messages(&after), all);
        assert_eq!(
            after.get(&Scalar::Text("b".into())).unwrap().as_deref(),
            Some(&*all[1])
        );
        assert_eq!(
            after.aggregate(&Query::default(), Aggregate::Sum(2)).unwrap(),
            Some(Scalar::Int(15))
        );
        let query = Query {
            conditions: vec![Condition {
                field: 1,
                relation: Relation::Equal,
                value: Scalar::Text("b".into()),
            }],
            ..Query::default()
        };
        assert_eq!(read(&after, &query, 10).unwrap().len(), 1);
        // Calls that began before go on by their type.
        assert_eq!(
            before.aggregate(&Query::default(), Aggregate::Sum(2)).unwrap(),
            Some(Scalar::Int(15))
        );
        let both = write(collections, &later, &["id: 9 title: 'b'"]);
        assert_eq!(
            messages(&both),
            [all[0].clone(), bytes_of(&later, "id: 9 title: 'b'")]
        );
        // And back.
        assert_eq!(messages(&collections.declare(&first).unwrap()).len(), 2);
    });
}

#[test]
fn messages_are_counted_without_those_that_do_not_fit_before_they_are_read_and_after() {
    let collections = &Collections::in_memory();
    let count = |of: &Collection| {
        let count = of.aggregate(&Query::default(), Aggregate::Count).unwrap();
        let Some(Scalar::Int(count)) = count else {
            panic!("{count:?} is no count");
        };
        assert!(of.counted().is_none_or(|counted| counted.cast_signed() == count));
        count
    };
    let (first, other) = (declaration(POINT, None), declaration(OTHER, None));
    let before = write(collections, &first, &["name: 'no message' x: 1", "x: 2", "x: 3"]);
    assert_eq!(count(&before), 3);
    let after = collections.declare(&other).unwrap();
    // A message that is written by the type before is counted by each by its own.
    let mut writer = before.writer();
    writer.put(&bytes_of(&first, "name: 'none either'")).unwrap();
    wait(writer.committed()).unwrap();
    for _ in 0..2 {
        assert_eq!((count(&before), count(&after)), (4, 2));
        assert_eq!((messages(&before).len(), messages(&after).len()), (4, 2));
    }
    let keyed = write(
        collections,
        &declaration(POINT, Some(1)),
        &["name: 'a'", "name: 'b'"],
    );
    assert_eq!(count(&keyed), messages(&keyed).len() as i64);
    let mut writer = keyed.writer();
    writer.delete(&Scalar::Text("a".into())).unwrap();
    wait(writer.committed()).unwrap();
    assert_eq!(count(&keyed), messages(&keyed).len() as i64);
    let mut writer = keyed.writer();
    writer.clear().unwrap();
    wait(writer.committed()).unwrap();
    assert_eq!(count(&keyed), 0);
}

#[test]
fn messages_are_found_by_another_key_once_it_is_declared() {
    each_local_engine(|collections| {
        let first = declaration(POINT, Some(1));
        let texts = ["name: 'a' x: 7", "name: 'b' x: 8"];
        let all = messages(&write(&collections, &first, &texts));
        let later = declaration(LATER, Some(2));
        let after = collections.declare(&later).unwrap();
        assert_eq!(after.get(&Scalar::Int(8)).unwrap().as_deref(), Some(&*all[1]));
        let both = write(&collections, &later, &["id: 8 title: 'c'"]);
        assert_eq!(
            messages(&both),
            [all[0].clone(), bytes_of(&later, "id: 8 title: 'c'")]
        );
        assert_eq!(messages(&collections.declare(&first).unwrap()).len(), 2);
    });
}

#[test]
fn messages_that_do_not_fit_are_left_out_and_are_there_again_when_they_fit() {
    each_engine(|collections| {
        let first = declaration(POINT, None);
        let before = write(collections, &first, &["name: 'no message' x: 1", "x: 2"]);
        let other = declaration(OTHER, None);
        let after = collections.declare(&other).unwrap();
        assert_eq!(messages(&after), [bytes_of(&first, "x: 2")]);
        let counted = |from: &Collection| from.aggregate(&Query::default(), Aggregate::Count).unwrap();
        assert_eq!(counted(&after), Some(Scalar::Int(1)));
        assert_eq!(
            after.aggregate(&Query::default(), Aggregate::Sum(2)).unwrap(),
            Some(Scalar::Int(2))
        );
        assert_eq!(counted(&before), Some(Scalar::Int(2)));
        // A call that began before the type was another still writes by its own.
        let mut writer = before.writer();
        writer.put(&bytes_of(&first, "name: 'again' x: 4")).unwrap();
        wait(writer.committed()).unwrap();
        assert_eq!(
            (counted(&after), counted(&before)),
            (Some(Scalar::Int(1)), Some(Scalar::Int(3)))
        );
        let again = collections.declare(&first).unwrap();
        assert_eq!(messages(&again).len(), 3);
        assert_eq!(
            again.aggregate(&Query::default(), Aggregate::Sum(2)).unwrap(),
            Some(Scalar::Int(7))
        );
    });
}
