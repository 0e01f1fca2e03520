//! Random messages whose fields stand in the order of their numbers or in any other, for types in the order of the proto and in
//! the reverse of it: what is read is what prost-reflect reads.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_reflect::DynamicMessage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::support::{descriptor, read, written};

/// A struct of these fields, and one with the same in the reverse order.
macro_rules! in_both_orders {
    ($name:ident, $reverse:ident { $($all:tt)* }) => {
        in_both_orders!(@step $name $reverse [$($all)*] [] [$($all)*]);
    };
    (@step $name:ident $reverse:ident [] [$($back:tt)*] [$($all:tt)*]) => {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct $name { $($all)* }
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct $reverse { $($back)* }
    };
    (@step $name:ident $reverse:ident [$field:ident: $type:ty, $($rest:tt)*] [$($back:tt)*] [$($all:tt)*]) => {
        in_both_orders!(@step $name $reverse [$($rest)*] [$field: $type, $($back)*] [$($all)*]);
    };
}

in_both_orders!(Scalars, ScalarsBackwards {
    int32: i32,
    sint32: i32,
    sfixed32: i32,
    int64: i64,
    sint64: i64,
    sfixed64: i64,
    uint32: u32,
    fixed32: u32,
    uint64: u64,
    fixed64: u64,
    float: f32,
    double: f64,
    bool: bool,
    string: String,
    bytes: Vec<u8>,
    color: i32,
});

in_both_orders!(Lists, ListsBackwards {
    numbers: Vec<i32>,
    doubles: Vec<f64>,
    texts: Vec<String>,
    blobs: Vec<Vec<u8>>,
    colors: Vec<i32>,
    points: Vec<Point>,
    unpacked: Vec<i64>,
});

in_both_orders!(
    Point,
    PointBackwards {
        name: String,
        value: i32,
    }
);

in_both_orders!(Node, NodeBackwards {
    value: i32,
    next: Option<Box<Node>>,
    children: Vec<NodeBackwards>,
    named: BTreeMap<String, Node>,
});

in_both_orders!(Old, OldBackwards {
    name: String,
    number: Option<i32>,
    text: Option<String>,
    level: Option<i32>,
    detail: Option<Detail>,
    entry: Vec<Entry>,
    unpacked: Vec<i32>,
    packed: Vec<i32>,
    counts: BTreeMap<String, i32>,
    ratio: Option<f64>,
    flag: Option<bool>,
    levels: Vec<i32>,
    packed_levels: Vec<i32>,
});

in_both_orders!(Detail, DetailBackwards {
    note: Option<String>,
    inner: Option<Box<Old>>,
});

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    id: Option<i32>,
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn text(&mut self) -> Vec<u8> {
        ["", "a", "æøå", "a longer text, which is not ASCII: 🦀"][self.below(4) as usize].into()
    }

    fn varint(&mut self) -> Vec<u8> {
        let shift = self.below(64);
        varint(self.next() >> shift)
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn key(number: u32, wire_type: u32) -> Vec<u8> {
    varint((number << 3 | wire_type).into())
}

fn delimited(number: u32, contents: &[u8]) -> Vec<u8> {
    [key(number, 2), varint(contents.len() as u64), contents.to_vec()].concat()
}

fn float(random: &mut Random) -> Vec<u8> {
    (random.next() as i32 as f32).to_le_bytes().into()
}

fn double(random: &mut Random) -> Vec<u8> {
    f64::from(random.next() as i32).to_le_bytes().into()
}

#[derive(Clone, Copy, PartialEq)]
enum Stand {
    Ascending,
    Anyhow,
}

/// Some elements of a list: packed, or one by itself.
fn elements(
    random: &mut Random,
    number: u32,
    wire_type: u32,
    element: impl Fn(&mut Random) -> Vec<u8>,
) -> Vec<u8> {
    if random.below(2) == 0 {
        return [key(number, wire_type), element(random)].concat();
    }
    let count = random.below(4);
    let contents: Vec<u8> = (0..count).flat_map(|_| element(random)).collect();
    delimited(number, &contents)
}

/// One field of a message.
fn field(random: &mut Random, message: &str, number: u32, depth: u32, stand: Stand) -> Vec<u8> {
    let level = |random: &mut Random| varint(1 + random.below(2));
    match (message, number) {
        ("kinds.Scalars", 3 | 8) => [key(number, 5), (random.next() as u32).to_le_bytes().into()].concat(),
        ("kinds.Scalars", 6 | 10) => [key(number, 1), random.next().to_le_bytes().into()].concat(),
        ("kinds.Scalars", 11) => [key(number, 5), float(random)].concat(),
        ("kinds.Scalars", 12) | ("legacy.Old", 10) => [key(number, 1), double(random)].concat(),
        ("kinds.Lists", 2) => elements(random, number, 1, double),
        ("kinds.Lists", 1 | 5 | 7) | ("legacy.Old", 7 | 8) => elements(random, number, 0, Random::varint),
        ("legacy.Old", 12 | 13) => elements(random, number, 0, level),
        ("legacy.Old", 4) => [key(number, 0), level(random)].concat(),
        ("kinds.Lists", 6) => delimited(number, &bytes(random, "kinds.Point", depth, stand)),
        ("kinds.Node", 2 | 3) => delimited(number, &bytes(random, "kinds.Node", depth - 1, stand)),
        // One key, because prost-reflect writes several in any order.
        ("kinds.Node", 4) => {
            let value = delimited(2, &bytes(random, "kinds.Node", depth - 1, stand));
            delimited(number, &[delimited(1, b"key"), value].concat())
        }
        ("legacy.Old", 9) => {
            let value = [key(2, 0), random.varint()].concat();
            delimited(number, &[delimited(1, b"key"), value].concat())
        }
        ("legacy.Old", 5) => {
            let contents = bytes(random, "legacy.Old.Detail", depth, stand);
            [key(number, 3), contents, key(number, 4)].concat()
        }
        ("legacy.Old", 6) => [key(number, 3), key(1, 0), random.varint(), key(number, 4)].concat(),
        ("legacy.Old.Detail", 2) => delimited(number, &bytes(random, "legacy.Old", depth - 1, stand)),
        ("kinds.Scalars", 14 | 15)
        | ("kinds.Lists", 3 | 4)
        | ("kinds.Point" | "legacy.Old.Detail", 1)
        | ("legacy.Old", 1 | 3) => delimited(number, &random.text()),
        _ => [key(number, 0), random.varint()].concat(),
    }
}

/// The bytes of a message.
fn bytes(random: &mut Random, message: &str, depth: u32, stand: Stand) -> Vec<u8> {
    let (last, lists): (u32, &[u32]) = match message {
        "kinds.Scalars" => (16, &[]),
        "kinds.Lists" => (7, &[1, 2, 3, 4, 5, 6, 7]),
        "kinds.Point" => (2, &[]),
        "kinds.Node" if depth == 0 => (1, &[]),
        "kinds.Node" => (4, &[3, 4]),
        "legacy.Old" => (13, &[6, 7, 8, 9, 12, 13]),
        "legacy.Old.Detail" if depth == 0 => (1, &[]),
        "legacy.Old.Detail" => (2, &[]),
        _ => panic!("no fields of {message}"),
    };
    let mut fields = Vec::new();
    for number in 1..=last {
        let most = if stand == Stand::Anyhow || lists.contains(&number) {
            3
        } else {
            2
        };
        let count = random.below(most) + u64::from(message == "legacy.Old" && number == 1);
        let count = if stand == Stand::Ascending && !lists.contains(&number) {
            count.min(1)
        } else {
            count
        };
        for _ in 0..count {
            fields.push(field(random, message, number, depth, stand));
        }
    }
    if stand == Stand::Anyhow {
        for index in (1..fields.len()).rev() {
            fields.swap(index, random.below(index as u64 + 1) as usize);
        }
    }
    fields.concat()
}

/// Reads it as both types, and writes it again.
fn read_both<T, Backwards>(message: &str, bytes: &[u8], why: &str) -> [Vec<u8>; 2]
where
    T: DeserializeOwned + Serialize,
    Backwards: DeserializeOwned + Serialize,
{
    let value: T = read(message, bytes).unwrap_or_else(|error| panic!("{why}: {error}"));
    let backwards: Backwards = read(message, bytes).unwrap_or_else(|error| panic!("{why}: {error}"));
    [written(message, &value), written(message, &backwards)]
}

fn same<T, Backwards>(message: &str)
where
    T: DeserializeOwned + Serialize,
    Backwards: DeserializeOwned + Serialize,
{
    let unknown = [
        key(60, 0),
        varint(7),
        key(61, 3),
        key(1, 5),
        vec![1; 4],
        key(61, 4),
    ]
    .concat();
    for seed in 1_u64..600 {
        for stand in [Stand::Ascending, Stand::Anyhow] {
            let random = &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let bytes = bytes(random, message, 2, stand);
            let why = format!("{message}, seed {seed}: {bytes:02x?}");
            let expected = DynamicMessage::decode(descriptor(message), &bytes[..]).expect(&why);
            let expected = expected.encode_to_vec();
            for found in read_both::<T, Backwards>(message, &bytes, &why) {
                assert_eq!(found, expected, "{why}");
            }
            let around = [&unknown[..], &bytes, &unknown].concat();
            for found in read_both::<T, Backwards>(message, &around, &why) {
                assert_eq!(found, expected, "with unknown fields, {why}");
            }
        }
    }
}

#[test]
fn fields_in_any_order_are_read_as_prost_reflect_reads_them() {
    same::<Scalars, ScalarsBackwards>("kinds.Scalars");
    same::<Lists, ListsBackwards>("kinds.Lists");
    same::<Point, PointBackwards>("kinds.Point");
    same::<Node, NodeBackwards>("kinds.Node");
    same::<Old, OldBackwards>("legacy.Old");
    same::<Detail, DetailBackwards>("legacy.Old.Detail");
}

#[test]
fn a_type_may_pass_over_fields_of_any_order() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Some {
        sint32: i32,
        double: f64,
        bytes: Vec<u8>,
    }
    for seed in 1_u64..600 {
        for stand in [Stand::Ascending, Stand::Anyhow] {
            let random = &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let bytes = bytes(random, "kinds.Scalars", 0, stand);
            let all: Scalars = read("kinds.Scalars", &bytes).expect("it fits");
            let some: Some = read("kinds.Scalars", &bytes).expect("it fits");
            let should = Some {
                sint32: all.sint32,
                double: all.double,
                bytes: all.bytes,
            };
            assert_eq!(some, should, "{bytes:02x?}");
        }
    }
}

/// Another number is an unknown field.
#[test]
fn a_number_that_a_closed_enum_does_not_name_is_passed_over_in_any_order() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Levels {
        name: String,
        level: Option<i32>,
        levels: Vec<i32>,
        packed_levels: Vec<i32>,
    }
    let name = delimited(1, b"n");
    let level = |number: u8| vec![4 << 3, number];
    let rest = [vec![12 << 3, 9, 12 << 3, 2], delimited(13, &[9, 1])].concat();
    for (bytes, expected) in [
        ([&name[..], &level(9), &rest].concat(), None),
        ([&name[..], &level(2), &rest].concat(), Some(2)),
        ([&rest[..], &level(9), &name].concat(), None),
        ([&name[..], &level(2), &level(9), &rest].concat(), Some(2)),
        ([&name[..], &level(9), &level(2), &rest].concat(), Some(2)),
    ] {
        let found: Levels = read("legacy.Old", &bytes).expect("it fits");
        let should = Levels {
            name: "n".to_owned(),
            level: expected,
            levels: vec![2],
            packed_levels: vec![1],
        };
        assert_eq!(found, should, "{bytes:02x?}");
    }
}
