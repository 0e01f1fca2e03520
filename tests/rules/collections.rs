//! Collections: what is written is read, in order, by all that asks of them; a follower sees what others write.
//!
//! `tests/store` runs the same tests with collections that replicas share.

use protod::{Collections, RulesOptions, RulesState, Schema};
use tonic::Code;

use crate::kept::collections;
use crate::support::Running;

const PROTO: &str = r#"
syntax = "proto3";
package keep;

import "google/protobuf/empty.proto";

service Points {
  rpc Record(stream Point) returns (Summary);
  rpc List(Query) returns (stream Point);
  rpc Sum(Query) returns (Summary);
  rpc Echo(stream Point) returns (stream Summary);
}

service Shelves {
  rpc Put(Book) returns (Book);
  rpc Get(Query) returns (Book);
  rpc Delete(Query) returns (google.protobuf.Empty);
  rpc List(Query) returns (Shelf);
}

message Point {
  string name = 1;
  int32 value = 2;
  double weight = 3;
  optional int32 maybe = 4;
  uint64 large = 5;
  int64 at = 6;
}

message Query {
  string name = 1;
  int32 value = 2;
  string page_token = 3;
  int32 page_size = 4;
}

message Summary {
  int64 count = 1;
  int64 sum = 2;
  double average = 3;
  int32 least = 4;
  int32 greatest = 5;
  string first = 6;
  string last = 7;
}

message Book {
  string id = 1;
  string title = 2;
  int32 year = 3;
}

message Shelf {
  repeated Book books = 1;
  string next_page_token = 2;
}
"#;

pub(crate) fn schema() -> Schema {
    Schema::from_source("keep.proto", PROTO).expect("it compiles")
}

const POINTS: &str = r#"
collections: {points: keep.Point}
rules:
  - method: keep.Points/Record
    session:
      message: [{append: {points: "${request}"}}]
      half_close: [{send: {count: "${collection.points.count()}"}}]
"#;

/// A server whose collections are empty.
async fn server(rules: &str) -> Running {
    let state = RulesState::with_collections(&collections());
    Running::with(schema(), &RulesOptions::default().state(&state), rules).await
}

async fn points(rules: &str) -> Running {
    server(&format!("{POINTS}{rules}")).await
}

const THREE: [&str; 3] = [
    r#"{"name":"a","value":3,"weight":0.5}"#,
    r#"{"name":"b","value":1,"weight":1.5}"#,
    r#"{"name":"a","value":2,"weight":2}"#,
];

/// The names and values of points.
fn values(messages: &[String]) -> Vec<i64> {
    let value = |json: &String| {
        let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
        json["value"].as_i64().unwrap_or(0)
    };
    messages.iter().map(value).collect()
}

#[tokio::test]
async fn what_is_appended_is_counted_and_read_back_in_order() {
    let server =
        points("  - {method: keep.Points/List, stream: [{each: '${collection.points}', send: '${item}'}]}\n")
            .await;
    let recorded = server.call("Record", &THREE).await;
    assert_eq!(recorded.messages, [r#"{"count":"3"}"#], "{}", recorded.status);
    let listed = server.call("List", &["{}"]).await;
    assert_eq!(listed.messages.len(), 3, "{}", listed.status);
    assert_eq!(values(&listed.messages), [3, 1, 2]);
    assert_eq!(
        server.call("Record", &["{}"]).await.messages,
        [r#"{"count":"4"}"#],
        "an empty message is one, too"
    );
}

#[tokio::test]
async fn a_collection_of_many_batches_is_read_as_a_whole() {
    let server = points(
        "  - {method: keep.Points/List, stream: [{each: '${collection.points}', as: [at, item], send: {name: '${item.name}', value: '${item.value}', at: '${at}'}}]}\n",
    )
    .await;
    let many: Vec<String> = (0..3000).map(|value| format!(r#"{{"value":{value}}}"#)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        server.call("Record", &many).await.messages,
        [r#"{"count":"3000"}"#]
    );
    let listed = server.call("List", &["{}"]).await;
    assert_eq!(listed.status.code(), Code::Ok, "{}", listed.status);
    assert_eq!(values(&listed.messages), (0..3000).collect::<Vec<_>>());
    let last = listed.messages.last().expect("the last");
    assert!(last.contains(r#""at":""#), "each comes with its position: {last}");
}

#[tokio::test]
async fn a_filter_an_order_and_a_limit_choose_what_is_read() {
    for (each, expected) in [
        (
            "each: '${collection.points.filter(p, p.name == request.name)}'",
            vec![3, 2],
        ),
        (
            "each: '${collection.points.filter(p, p.value > request.value)}'",
            vec![3, 2],
        ),
        (
            "each: '${collection.points.filter(p, request.value < p.value && p.weight > 1.0)}'",
            vec![2],
        ),
        (
            "each: '${collection.points.filter(p, p.name == \"a\").filter(p, p.value != 3)}'",
            vec![2],
        ),
        (
            "each: '${collection.points.filter(p, p.name.startsWith(\"b\") || p.value == 2)}'",
            vec![1, 2],
        ),
        ("each: '${collection.points.filter(p, has(p.maybe))}'", vec![]),
        (
            "each: '${collection.points.filter(p, p.maybe == 0)}'",
            vec![3, 1, 2],
        ),
        ("each: '${collection.points.newest()}'", vec![2, 1, 3]),
        ("each: '${collection.points.newest()}', limit: 2", vec![2, 1]),
        (
            "each: '${collection.points.newest().filter(p, p.value < 3)}', limit: '${1}'",
            vec![2],
        ),
        ("each: '${collection.points}', limit: 0", vec![]),
        ("each: '${collection.points}', when: item.value != 1", vec![3, 2]),
        ("each: '${collection.points.sortBy(p, p.value)}'", vec![1, 2, 3]),
    ] {
        let server = points(&format!(
            "  - {{method: keep.Points/List, stream: [{{{each}, send: '${{item}}'}}]}}\n"
        ))
        .await;
        server.call("Record", &THREE).await;
        let listed = server.call("List", &[r#"{"name":"a","value":1}"#]).await;
        assert_eq!(listed.status.code(), Code::Ok, "{each}: {}", listed.status);
        assert_eq!(values(&listed.messages), expected, "{each}");
    }
}

#[tokio::test]
async fn what_is_computed_of_a_collection_is_the_same_by_the_engine_and_row_by_row() {
    // The second filter is more than an engine finds by itself.
    for rows in [
        "collection.points.filter(p, p.name == request.name)",
        "collection.points.filter(p, p.name.contains(request.name))",
    ] {
        let server = points(&format!(
            r#"
  - method: keep.Points/Sum
    when: "{rows}.count() > 0"
    reply:
      count: "${{{rows}.count()}}"
      sum: "${{{rows}.sum('value')}}"
      average: "${{{rows}.average('value')}}"
      least: "${{{rows}.min('value')}}"
      greatest: "${{{rows}.max('value')}}"
      first: "${{string({rows}.first().value)}}"
      last: "${{string({rows}.last().value)}} ${{string(size({rows}))}} ${{string({rows}.sum('weight'))}} ${{{rows}.max('name')}}"
"#
        ))
        .await;
        server.call("Record", &THREE).await;
        let summed = server.call("Sum", &[r#"{"name":"a"}"#]).await;
        assert_eq!(
            summed.messages,
            [
                r#"{"count":"2","sum":"5","average":2.5,"least":2,"greatest":3,"first":"3","last":"2 2 2.5 a"}"#
            ],
            "{rows}: {}",
            summed.status
        );
        let none = server.call("Sum", &[r#"{"name":"z"}"#]).await;
        assert_eq!(none.status.code(), Code::Unimplemented, "{rows}: {}", none.status);
    }
}

#[tokio::test]
async fn what_is_no_number_is_left_out_and_sums_do_not_overflow_on_their_way() {
    for rows in [
        "collection.points",
        "collection.points.filter(p, p.name.contains(request.name))",
    ] {
        let server = points(&format!(
            r#"
  - method: keep.Points/Sum
    reply:
      sum: "${{{rows}.sum('at')}}"
      average: "${{{rows}.average('weight')}}"
      first: "${{string({rows}.sum('weight'))}} ${{string({rows}.min('weight'))}} ${{string({rows}.max('weight'))}}"
"#
        ))
        .await;
        let record = [
            r#"{"name":"a","weight":"NaN","at":"9223372036854775807"}"#,
            r#"{"name":"a","weight":1e100,"at":"1"}"#,
            r#"{"name":"a","weight":1,"at":"-2"}"#,
            r#"{"name":"a","weight":-1e100}"#,
        ];
        server.call("Record", &record).await;
        let summed = server.call("Sum", &[r#"{"name":"a"}"#]).await;
        assert_eq!(
            summed.messages,
            [r#"{"sum":"9223372036854775806","average":0.3333333333333333,"first":"1 -1e+100 1e+100"}"#],
            "{rows}: {}",
            summed.status
        );
        server.call("Record", &[r#"{"name":"a","at":"9"}"#]).await;
        let overflow = server.call("Sum", &[r#"{"name":"a"}"#]).await;
        assert!(
            overflow.status.message().contains("does not fit in 64 bits"),
            "{rows}: {}",
            overflow.status
        );
    }
}

#[tokio::test]
async fn nothing_is_the_average_of_nothing() {
    for (question, expected) in [
        ("count()", r"{}"),
        ("sum('value')", r"{}"),
        ("average('value')", "no message of the collection points is there"),
        ("min('value')", "no message of the collection points is there"),
        (
            "first().value",
            "ask first, as in `collection.points.count() > 0 ? … : …`",
        ),
    ] {
        let server = points(&format!(
            "  - {{method: keep.Points/Sum, reply: {{average: \"${{double(collection.points.{question})}}\"}}}}\n"
        ))
        .await;
        let answer = server.call("Sum", &["{}"]).await;
        match answer.messages.first() {
            Some(message) => assert_eq!(message, expected, "{question}"),
            None => assert!(
                answer.status.message().contains(expected),
                "{question}: {}",
                answer.status
            ),
        }
    }
}

#[tokio::test]
async fn a_follower_gets_what_is_there_and_then_what_others_write() {
    let server = points(
        "  - {method: keep.Points/List, stream: [{each: '${collection.points.filter(p, p.name == request.name)}', follow: true, send: '${item}'}]}\n",
    )
    .await;
    server.call("Record", &THREE).await;
    let mut follower = server.open("List");
    follower.send(r#"{"name":"a"}"#);
    follower.half_close();
    assert_eq!(
        follower.next().await.unwrap(),
        r#"{"name":"a","value":3,"weight":0.5}"#
    );
    assert_eq!(
        follower.next().await.unwrap(),
        r#"{"name":"a","value":2,"weight":2.0}"#
    );
    // The writer's call goes on: what it has written is seen before it ends.
    let mut writer = server.open("Record");
    for value in 10..20 {
        writer.send(&format!(r#"{{"name":"b","value":{value}}}"#));
        writer.send(&format!(r#"{{"name":"a","value":{value}}}"#));
        assert_eq!(
            follower.next().await.unwrap(),
            format!(r#"{{"name":"a","value":{value}}}"#)
        );
    }
    writer.half_close();
    assert_eq!(writer.next().await.unwrap(), r#"{"count":"23"}"#);
}

#[tokio::test]
async fn a_follower_with_a_limit_ends() {
    let server = points(
        "  - {method: keep.Points/List, stream: [{each: '${collection.points}', follow: true, limit: 4, send: '${item}'}, {status: {code: OUT_OF_RANGE, message: enough}}]}\n",
    )
    .await;
    server.call("Record", &THREE).await;
    let mut follower = server.open("List");
    follower.send("{}");
    follower.half_close();
    for _ in 0..3 {
        follower.next().await.unwrap();
    }
    server.call("Record", &THREE).await;
    assert_eq!(
        follower.next().await.unwrap(),
        r#"{"name":"a","value":3,"weight":0.5}"#
    );
    assert_eq!(follower.next().await.unwrap_err().message(), "enough");
}

#[tokio::test]
async fn a_client_goes_on_after_the_last_position_that_it_has_seen() {
    let server = points(
        "  - {method: keep.Points/List, stream: [{each: '${collection.points}', as: [at, p], after: '${request.page_token}', limit: 2, send: {value: '${p.value}', at: '${at}'}}]}\n",
    )
    .await;
    server.call("Record", &THREE).await;
    let (mut token, mut seen) = (String::new(), Vec::new());
    for expected in [2, 1, 0] {
        let page = server
            .call("List", &[&format!(r#"{{"page_token":"{token}"}}"#)])
            .await;
        assert_eq!(page.messages.len(), expected, "{}", page.status);
        seen.extend(values(&page.messages));
        if let Some(last) = page.messages.last() {
            let last: serde_json::Value = serde_json::from_str(last).unwrap();
            token = last["at"].as_str().unwrap().to_owned();
        }
    }
    assert_eq!(seen, [3, 1, 2]);
    let wrong = server.call("List", &[r#"{"page_token":"one"}"#]).await;
    assert_eq!(
        (wrong.status.code(), wrong.status.message()),
        (Code::InvalidArgument, "`one` is no position")
    );
}

#[tokio::test]
async fn a_call_reads_what_it_has_written_itself() {
    let server = points(
        r#"
  - method: keep.Points/Echo
    session:
      message:
        - append: {points: {name: "${request.name}", value: "${request.value * 2}"}}
        - send: {count: "${collection.points.count()}", sum: "${collection.points.sum('value')}"}
        - {each: "${collection.points}", when: item.value == 4, do: [{clear: points}]}
      half_close: [{send: {count: "${collection.points.count()}"}}]
"#,
    )
    .await;
    let echoed = server
        .call("Echo", &[r#"{"value":1}"#, r#"{"value":2}"#, r#"{"value":5}"#])
        .await;
    let expected = [
        r#"{"count":"1","sum":"2"}"#,
        r#"{"count":"2","sum":"6"}"#,
        r#"{"count":"1","sum":"10"}"#,
        r#"{"count":"1"}"#,
    ];
    assert_eq!(echoed.messages, expected, "{}", echoed.status);
}

const BOOKS: &str = r#"
collections: {books: {type: keep.Book, key: id}}
rules:
  - {method: keep.Shelves/Put, put: {books: "${request}"}, reply: "${collection.books.get(request.id)}"}
  - {method: keep.Shelves/Get, when: "!collection.books.has(request.name)", status: {code: NOT_FOUND, message: "no book ${request.name}"}}
  - {method: keep.Shelves/Get, reply: "${collection.books.get(request.name)}"}
  - {method: keep.Shelves/Delete, delete: {books: "${request.name}"}, reply: {}}
  - {method: keep.Shelves/List, reply: {books: {each: "${collection.books}", page: 2, value: "${item}"}}}
"#;

async fn books() -> Running {
    server(BOOKS).await
}

impl Running {
    async fn book(&self, method: &str, request: &str) -> String {
        let mut answer = self.call(&format!("keep.Shelves/{method}"), &[request]).await;
        match answer.status.code() {
            Code::Ok => answer.messages.pop().expect("a message"),
            code => format!("{code:?}: {}", answer.status.message()),
        }
    }
}

#[tokio::test]
async fn a_message_is_put_found_replaced_listed_and_deleted_by_its_key() {
    let server = books().await;
    assert_eq!(server.book("Get", r#"{"name":"1"}"#).await, "NotFound: no book 1");
    for (id, title) in [("1", "one"), ("2", "two"), ("3", "three"), ("2", "two again")] {
        let book = format!(r#"{{"id":"{id}","title":"{title}"}}"#);
        assert_eq!(server.book("Put", &book).await, book);
    }
    assert_eq!(
        server.book("Get", r#"{"name":"2"}"#).await,
        r#"{"id":"2","title":"two again"}"#
    );
    assert_eq!(
        server.book("List", "{}").await,
        r#"{"books":[{"id":"1","title":"one"},{"id":"3","title":"three"}],"nextPageToken":"2"}"#
    );
    assert_eq!(
        server.book("List", r#"{"pageToken":"2"}"#).await,
        r#"{"books":[{"id":"2","title":"two again"}]}"#
    );
    assert_eq!(server.book("Delete", r#"{"name":"1"}"#).await, "{}");
    assert_eq!(
        server.book("Delete", r#"{"name":"1"}"#).await,
        "{}",
        "what is not there is taken away as well"
    );
    assert_eq!(server.book("Get", r#"{"name":"1"}"#).await, "NotFound: no book 1");
}

#[tokio::test]
async fn a_key_that_is_not_there_is_told_with_how_to_ask() {
    let rules = "collections: {books: {type: keep.Book, key: id}}\nrules:\n  - {method: keep.Shelves/Get, reply: '${collection.books.get(request.name)}'}\n";
    let server = server(rules).await;
    let told = server.book("Get", r#"{"name":"x"}"#).await;
    assert!(told.contains("the collection books has no key"), "{told}");
    assert!(
        told.contains("ask first, as in `collection.books.has(key) ? … : …`"),
        "{told}"
    );
}

#[tokio::test]
async fn rules_that_are_loaded_again_find_what_was_kept() {
    let state = RulesState::with_collections(&collections());
    let options = RulesOptions::default().state(&state);
    let list = "  - {method: keep.Points/List, stream: [{each: '${collection.points}', send: '${item}'}]}\n";
    let server = Running::with(schema(), &options, POINTS).await;
    server.call("Record", &THREE).await;
    drop(server);
    // The same by another schema, which is what a reload of protos makes.
    let server = Running::with(schema(), &options, &format!("{POINTS}{list}")).await;
    let listed = server.call("List", &["{}"]).await;
    assert_eq!(values(&listed.messages), [3, 1, 2], "{}", listed.status);
}

#[tokio::test]
async fn retention_by_count_keeps_the_newest() {
    let rules = POINTS.replace("keep.Point}", "{type: keep.Point, keep: {count: 2}}}");
    let rules = format!(
        "{rules}  - {{method: keep.Points/List, stream: [{{each: '${{collection.points}}', send: '${{item}}'}}]}}\n"
    );
    let server = server(&rules).await;
    assert_eq!(server.call("Record", &THREE).await.messages, [r#"{"count":"2"}"#]);
    assert_eq!(values(&server.call("List", &["{}"]).await.messages), [1, 2]);
}

#[tokio::test]
async fn what_is_too_old_is_not_counted_though_nobody_writes() {
    let rules = POINTS.replace("keep.Point}", "{type: keep.Point, keep: {age: 1ms}}}");
    let count = "  - {method: keep.Points/Sum, reply: {count: '${collection.points.count()}'}}\n";
    let server = server(&format!("{rules}{count}")).await;
    server.call("Record", &THREE).await;
    let until_it_is_gone = async {
        while server.call("Sum", &["{}"]).await.messages != ["{}"] {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let gone = tokio::time::timeout(std::time::Duration::from_mins(1), until_it_is_gone).await;
    gone.expect("it is too old");
}

#[tokio::test]
async fn a_write_that_has_no_room_ends_its_call_and_no_other() {
    let state = RulesState::with_collections(&Collections::in_memory_within(4000));
    let options = RulesOptions::default().state(&state);
    let rules = format!(
        "{POINTS}  - {{method: keep.Points/List, stream: [{{each: '${{collection.points}}', send: '${{item}}'}}]}}
  - {{method: keep.Points/Sum, clear: points, reply: {{}}}}\n"
    );
    let server = Running::with(schema(), &options, &rules).await;
    let point = r#"{"name":"a","value":1}"#;
    let recorded = server.call("Record", &[point; 200]).await;
    assert_eq!(
        (recorded.status.code(), recorded.status.message()),
        (
            Code::ResourceExhausted,
            "the collection `points` has no room for more"
        )
    );
    let listed = server.call("List", &["{}"]).await;
    assert_eq!(
        listed.status.code(),
        Code::Ok,
        "what is there is read: {}",
        listed.status
    );
    assert!(!listed.messages.is_empty() && listed.messages.len() < 200);
    // When there is room again, it is written again.
    assert_eq!(server.call("Sum", &["{}"]).await.status.code(), Code::Ok);
    assert_eq!(
        server.call("Record", &[point]).await.messages,
        [r#"{"count":"1"}"#]
    );
}

#[tokio::test]
async fn why_no_rule_matched_is_told_by_what_is_in_a_collection() {
    let server = points(
        "  - {name: known, method: keep.Points/Sum, when: 'collection.points.count() > 5', reply: {}}\n",
    )
    .await;
    let told = server.call("Sum", &["{}"]).await.status;
    assert_eq!(
        told.message(),
        "no rule of keep.Points/Sum matched; the nearest is known: `collection.points.count() > 5` does not hold"
    );
}
