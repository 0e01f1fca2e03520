//! What is wrong with collections is told when rules load.

use crate::collections::schema;
use crate::support::problems;

#[test]
fn mistakes_are_told_with_what_to_write() {
    let declared = "collections: {points: keep.Point, books: {type: keep.Book, key: id}}";
    let in_session = |step: &str| {
        format!("{declared}\nrules:\n  - method: keep.Points/Echo\n    session: {{message: [{step}]}}\n")
    };
    let in_list =
        |step: &str| format!("{declared}\nrules:\n  - method: keep.Points/List\n    stream: [{step}]\n");
    let mut told = String::new();
    for yaml in [
        "collections: [points]\nrules: []\n".to_owned(),
        "collections: {points: keep.Piont}\nrules: []\n".to_owned(),
        "collections: {points: Point}\nrules: []\n".to_owned(),
        "collections: {my-points: keep.Point}\nrules: []\n".to_owned(),
        "collections: {points: keep.Point, Points: keep.Book}\nrules: []\n".to_owned(),
        "collections: {Sqlite_points: keep.Point, protod_: keep.Point}\nrules: []\n".to_owned(),
        "collections: {points: 5}\nrules: []\n".to_owned(),
        "collections: {points: {tpye: keep.Point}}\nrules: []\n".to_owned(),
        "collections: {points: {key: name}}\nrules: []\n".to_owned(),
        "collections: {points: {type: keep.Point, key: nmae}}\nrules: []\n".to_owned(),
        "collections: {points: {type: keep.Point, key: weight}}\nrules: []\n".to_owned(),
        "collections: {shelves: {type: keep.Shelf, key: books}}\nrules: []\n".to_owned(),
        "collections: {points: {type: keep.Point, keep: {count: 0, size: big, age: soon, cuont: 5}}}\nrules: []\n".to_owned(),
        "collections: {points: {type: keep.Point, durability: fsycn}}\nrules: []\n".to_owned(),
        "collecions: {points: keep.Point}\nrules: []\n".to_owned(),
        in_session(r#"{append: {piont: "${request}"}}"#),
        in_session(r#"{append: "${request}"}"#),
        in_session(r"{append: {points: {nmae: x}}}"),
        in_session(r"{append: {books: {id: x}}}"),
        in_session(r#"{put: {points: "${request}"}}"#),
        in_session(r"{delete: {points: x}}"),
        in_session(r"{delete: {books: 5}}"),
        in_session(r"{clear: point}"),
        in_session(r"{clear: {points: all}}"),
        in_session(r#"{send: {count: "${collection.pionts.count()}"}}"#),
        in_session(r#"{send: {count: "${collection.count()}"}}"#),
        in_session(r#"{send: {count: "${collection.points.count(1)}"}}"#),
        in_session(r#"{send: {count: "${collection.points.sum()}"}}"#),
        in_session(r#"{send: {count: "${collection.points.sum('nmae')}"}}"#),
        in_session(r#"{send: {count: "${collection.points.sum('name')}"}}"#),
        in_session(r#"{send: {count: "${collection.points.get('a').value}"}}"#),
        in_session(r#"{send: {count: "${collection.books.get(5).year}"}}"#),
        in_session(r#"{send: {count: "${collection.books.filter(b, b.year > 5).get('a').year}"}}"#),
        in_session(r#"{send: {first: "${collection.books.get('a').titel}"}}"#),
        in_list(r#"{each: "${collection.points.newest()}", follow: true, send: "${item}"}"#),
        in_list(r#"{each: "${collection.points}", follow: 5, send: "${item}"}"#),
        in_list(r#"{each: "${[1, 2]}", follow: true, send: {}}"#),
        in_list(r#"{each: "${collection.points}", after: true, send: "${item}"}"#),
        in_list(r#"{each: "${collection.pionts}", after: 1, limit: 2, follow: true, send: {}}"#),
        "rules:\n  - method: keep.Points/Echo\n    session: {message: [{append: {points: {}}}]}\n".to_owned(),
        "rules:\n  - method: keep.Points/Sum\n    reply: {count: \"${collection.points.count()}\"}\n".to_owned(),
    ] {
        told.push_str(&problems(&schema(), &yaml));
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}
