//! Bytes that nobody meant well: deep, large, cut short, of the wrong type. None overflows a stack, loops or takes more memory
//! than its elements.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protod::{Message, Server, Typed};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{bytes_of_json, descriptor, read, schema, write_error, written};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Node {
    value: i32,
    next: Option<Box<Node>>,
    children: Vec<Node>,
    named: BTreeMap<String, Node>,
}

/// A field of this key around its contents, so many times.
fn nested(key: u8, times: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..times {
        let mut outer = vec![key];
        let mut length = bytes.len();
        while length >= 0x80 {
            outer.push(length as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend_from_slice(&bytes);
        bytes = outer;
    }
    bytes
}

/// On a thread with as much stack as a worker of tokio has.
fn on_a_worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work);
    thread
        .expect("threads can be started")
        .join()
        .expect("it does not overflow")
}

#[test]
fn messages_are_read_as_deep_as_they_may_be_and_no_deeper() {
    on_a_worker(|| {
        for key in [0x12, 0x1a] {
            let node: Node = read("kinds.Node", &nested(key, 100)).expect("it is within the limit");
            let mut depth = 0;
            let mut node = Some(&node);
            while let Some(inner) = node {
                node = inner.next.as_deref().or(inner.children.first());
                depth += 1;
            }
            assert_eq!(depth, 101);
            let error = read::<Node>("kinds.Node", &nested(key, 101)).expect_err("it is too deep");
            assert_eq!(error.code(), Code::ResourceExhausted);
        }
        // As JSON, two levels of messages are one.
        let mut value = json!(1);
        for _ in 0..49 {
            value = json!([value]);
        }
        let bytes = bytes_of_json("google.protobuf.Value", &value.to_string());
        let found: Value = read("google.protobuf.Value", &bytes).expect("it is within the limit");
        assert_eq!(found, value);
        let map: Value = read("kinds.Node", &nested(0x12, 100)).expect("it is within the limit");
        assert!(map.is_object());
    });
}

#[test]
fn values_that_are_too_deep_are_not_written() {
    on_a_worker(|| {
        let chain = |length| {
            (0..length).fold(Node::default(), |node, _| Node {
                next: Some(Box::new(node)),
                ..Node::default()
            })
        };
        assert!(Message::from_value(schema(), &descriptor("kinds.Node"), &chain(100)).is_ok());
        let error = write_error("kinds.Node", &chain(101));
        assert!(
            error.contains("messages are nested more than 100 levels deep"),
            "{error}"
        );
        let mut value = json!(1);
        for _ in 0..120 {
            value = json!([value]);
        }
        let error = write_error("google.protobuf.Value", &value);
        assert!(error.contains("nested more than 100 levels deep"), "{error}");
    });
}

#[test]
fn every_cut_and_every_wrong_wire_type_is_an_error_or_a_value() {
    let json = r#"{"value": 1, "next": {"value": 2}, "children": [{"value": 300}], "named": {"four": {"value": -4}}}"#;
    let bytes = bytes_of_json("kinds.Node", json);
    for end in 0..bytes.len() {
        drop(read::<Node>("kinds.Node", &bytes[..end]));
        for byte in 0..=255 {
            let mut changed = bytes.clone();
            changed[end] = byte;
            drop(read::<Node>("kinds.Node", &changed));
            drop(read::<Value>("kinds.Node", &changed));
        }
    }
    for (bytes, field) in [
        (&b"\x0a\x01x"[..], 1),
        (b"\x10\x01", 2),
        (b"\x1d\0\0\0\0", 3),
        (b"\x23\x24", 4),
    ] {
        let error = read::<Node>("kinds.Node", bytes)
            .expect_err("it has another wire type")
            .to_string();
        assert!(
            error.contains(&format!("field {field} has a wire type")),
            "{error}"
        );
    }
}

/// A list whose elements stand between those of others, and a message in very many parts: time and memory are those of the
/// bytes, not of their square.
#[test]
fn pieces_that_are_scattered_cost_no_more_than_pieces_in_a_row() {
    #[derive(Debug, Deserialize)]
    struct Lists {
        numbers: Vec<i32>,
        doubles: Vec<f64>,
        texts: Vec<String>,
        colors: Vec<i32>,
        unpacked: Vec<i64>,
    }
    let element = [
        &b"\x08\x02"[..],
        b"\x11\0\0\0\0\0\0\0\0",
        b"\x1a\0",
        b"\x28\x01",
        b"\x38\x05",
    ]
    .concat();
    let count = 100_000;
    let began = Instant::now();
    let found: Lists = read("kinds.Lists", &element.repeat(count)).expect("it fits");
    assert_eq!(
        [
            found.numbers.len(),
            found.doubles.len(),
            found.texts.len(),
            found.colors.len(),
            found.unpacked.len()
        ],
        [count; 5]
    );
    let parts = b"\x12\x02\x08\x01".repeat(count);
    let found: Node = read("kinds.Node", &parts).expect("it fits");
    assert_eq!(found.next.expect("it is there").value, 1);
    // Quadratic work would take minutes.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// A byte takes as much room there as any other value.
#[test]
fn bytes_that_are_kept_as_values_are_bounded_as_elements_are() {
    const MOST: usize = 1 << 20;
    let bytes = written(
        "kinds.Lists",
        &Blobs {
            blobs: [MOST / 2, MOST / 2].map(blob).into(),
        },
    );
    let json: Value = read("kinds.Lists", &bytes).expect("they are not too many");
    assert_eq!(json["blobs"][1].as_array().map(Vec::len), Some(MOST / 2));
    let bytes = written(
        "kinds.Lists",
        &Blobs {
            blobs: [MOST / 2, MOST / 2 + 1].map(blob).into(),
        },
    );
    let error = read::<Value>("kinds.Lists", &bytes).expect_err("there is one too many");
    assert!(
        error
            .to_string()
            .contains("blobs: the type keeps each byte as a value"),
        "{error}"
    );
    read::<Blobs>("kinds.Lists", &bytes).expect("bytes are bytes");
}

#[derive(Serialize, Deserialize)]
struct Blobs {
    blobs: Vec<serde_bytes::ByteBuf>,
}

fn blob(length: usize) -> serde_bytes::ByteBuf {
    vec![7; length].into()
}

#[tokio::test]
async fn the_limits_of_elements_and_depth_hold_for_typed_requests() {
    #[derive(Deserialize)]
    struct Lists {
        numbers: Vec<i32>,
    }
    let server = Server::builder(schema().clone())
        .max_elements(10)
        .max_depth(3)
        .unary("kinds.Kinds/Lists", |Typed(lists): Typed<Lists>| async move {
            Ok(Typed(json!({"numbers": [lists.numbers.len()]})))
        })
        .unary("kinds.Kinds/Node", |Typed(node): Typed<Node>| async move {
            Ok(Typed(node))
        });
    let bound = server
        .build()
        .expect("it fits")
        .bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let client = protod::Client::builder(bound.local_addr().to_string()).schema(schema().clone());
    tokio::spawn(bound.serve());
    let client = client.connect().await.expect("it listens");
    let lists = client.method("kinds.Kinds/Lists").expect("it is there");
    for (count, code) in [(9, Code::Ok), (10, Code::ResourceExhausted)] {
        let bytes = [&[0x0a, count][..], &vec![2; count.into()]].concat();
        let request = Message::decode(schema(), lists.input(), bytes).expect("it is sound");
        let found = lists
            .unary(request)
            .await
            .map_or_else(|status| status.code(), |_| Code::Ok);
        assert_eq!(found, code);
    }
    let node = client.method("kinds.Kinds/Node").expect("it is there");
    for (depth, code) in [(3, Code::Ok), (4, Code::ResourceExhausted)] {
        let request = Message::decode(schema(), node.input(), nested(0x12, depth)).expect("it is sound");
        let found = node
            .unary(request)
            .await
            .map_or_else(|status| status.code(), |_| Code::Ok);
        assert_eq!(found, code);
    }
}
