//! Random bytes of a message type.

use super::Random;
use crate::message::wire::{WireType, key, put_delimited, put_varint};
use crate::schema::{JsonField, JsonForm, JsonKind, LayoutId, Layouts, WellKnown};

/// How messages are made.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// Each field once, by its number, as most writers write them.
    Usual,
    /// Fields anywhere and again, messages in pieces, numbers packed or not, unknown fields between them.
    Wild,
}

const TEXTS: [&str; 8] = [
    "",
    "a",
    "kilo",
    "\"\\/\u{8}\n\u{1}",
    "größe 😀",
    "1e3",
    "NaN",
    "x_y",
];

/// Appends a message of no more than so many levels.
pub(super) fn message(
    random: &mut Random,
    layouts: &Layouts,
    id: LayoutId,
    order: Order,
    depth: usize,
    wire: &mut Vec<u8>,
) {
    let fields = layouts.json_fields(id);
    match fields.well_known {
        Some(WellKnown::Any) if !random.once_in(8) => return any(random, layouts, order, depth, wire),
        Some(WellKnown::Timestamp | WellKnown::Duration) if !random.once_in(50) => {
            put_varint(wire, 1 << 3);
            put_varint(wire, random.next() % 200_000_000_000);
            put_varint(wire, 2 << 3);
            put_varint(wire, *random.pick(&[0, 1, 500_000_000, 999_999_999]));
            return;
        }
        Some(WellKnown::FieldMask) => {
            for _ in 0..random.below(3) {
                put_varint(wire, key(1, WireType::LengthDelimited).into());
                let path = random.pick(&["a", "a_b.c_d", "kilo", "a_", "a_1", "A", "", "x__y", "a_b"]);
                let is_rare = path.contains('1') || path.contains('A') || path.contains("__");
                let path = if is_rare && !random.once_in(5) {
                    "plain"
                } else {
                    path
                };
                put_delimited(wire, path.as_bytes());
            }
            return;
        }
        _ => {}
    }
    let most = fields.list.len().min(6);
    let mut chosen: Vec<usize> = (0..random.below(most + 1))
        .map(|_| random.below(fields.list.len()))
        .collect();
    if let Order::Usual = order {
        chosen.sort_unstable();
        chosen.dedup();
    }
    for index in chosen {
        let field = &fields.list[index];
        let count = match (field.form, order) {
            (JsonForm::One, Order::Usual) => 1,
            (JsonForm::One, Order::Wild) => 1 + random.below(2),
            _ => 1 + random.below(3),
        };
        put_field(random, layouts, field, order, depth, count, wire);
        if matches!(order, Order::Wild) && random.once_in(6) {
            unknown(random, wire);
        }
    }
}

fn put_field(
    random: &mut Random,
    layouts: &Layouts,
    field: &JsonField,
    order: Order,
    depth: usize,
    count: usize,
    wire: &mut Vec<u8>,
) {
    match field.form {
        JsonForm::One => {
            for _ in 0..count {
                put_varint(wire, field.key.into());
                value(random, layouts, field.kind, field.number, order, depth, wire);
            }
        }
        JsonForm::List { packed } => {
            let can_be_packed = field.key & 7 != 2 && field.key & 7 != 3;
            let packed = can_be_packed && (packed != (matches!(order, Order::Wild) && random.once_in(2)));
            if packed {
                let mut contents = Vec::new();
                let count = if random.once_in(5) { 0 } else { count };
                for _ in 0..count {
                    value(
                        random,
                        layouts,
                        field.kind,
                        field.number,
                        order,
                        depth,
                        &mut contents,
                    );
                }
                put_varint(wire, key(field.number, WireType::LengthDelimited).into());
                put_delimited(wire, &contents);
                return;
            }
            for _ in 0..count {
                put_varint(wire, field.key.into());
                value(random, layouts, field.kind, field.number, order, depth, wire);
            }
        }
        JsonForm::Map { key: kind } => {
            for _ in 0..count {
                let mut entry = Vec::new();
                let mut parts = vec![(1, kind), (2, field.kind)];
                if let Order::Wild = order {
                    let extra = *random.pick(&[(1, kind), (2, field.kind)]);
                    parts.push(extra);
                    parts.drain(..random.below(3));
                    if random.once_in(2) {
                        parts.reverse();
                    }
                }
                for (number, kind) in parts {
                    put_varint(&mut entry, (number << 3 | kind.wire_type()).into());
                    value(random, layouts, kind, number, order, depth, &mut entry);
                }
                put_varint(wire, field.key.into());
                put_delimited(wire, &entry);
            }
        }
    }
}

/// A value without its key; of a group also what ends it.
fn value(
    random: &mut Random,
    layouts: &Layouts,
    kind: JsonKind,
    number: u32,
    order: Order,
    depth: usize,
    wire: &mut Vec<u8>,
) {
    match kind {
        JsonKind::Message(id) => {
            let mut contents = Vec::new();
            if depth > 0 {
                message(random, layouts, id, order, depth - 1, &mut contents);
            }
            put_delimited(wire, &contents);
        }
        JsonKind::Group(id) => {
            if depth > 0 {
                message(random, layouts, id, order, depth - 1, wire);
            }
            put_varint(wire, key(number, WireType::EndGroup).into());
        }
        JsonKind::String => put_delimited(wire, random.pick(&TEXTS).as_bytes()),
        // Texts that need not be UTF-8 are told by the tests of the table.
        JsonKind::Bytes => {
            let bytes = random.next().to_le_bytes();
            let length = random.below(9);
            put_delimited(wire, &bytes[..length]);
        }
        JsonKind::Enum(_) | JsonKind::Null => {
            let number = *random.pick(&[0_i64, 1, 2, 3, -1, 9]);
            put_varint(wire, number.cast_unsigned());
        }
        JsonKind::Float => {
            let number = random.next() as u32;
            let number = *random.pick(&[
                0.0_f32,
                -0.0,
                1.5,
                f32::NAN,
                f32::INFINITY,
                1e-7,
                f32::from_bits(number),
            ]);
            wire.extend_from_slice(&number.to_le_bytes());
        }
        JsonKind::Double => {
            let number = random.next();
            let choices = [
                0.0,
                -0.0,
                1.5,
                f64::NAN,
                f64::NEG_INFINITY,
                1e300,
                f64::from_bits(number),
                5.0,
                7.25,
            ];
            wire.extend_from_slice(&random.pick(&choices).to_le_bytes());
        }
        kind => {
            let bits = random.next() >> random.below(64);
            match kind.wire_type() {
                1 => wire.extend_from_slice(&bits.to_le_bytes()),
                5 => wire.extend_from_slice(&(bits as u32).to_le_bytes()),
                _ => put_varint(wire, bits),
            }
        }
    }
}

fn any(random: &mut Random, layouts: &Layouts, order: Order, depth: usize, wire: &mut Vec<u8>) {
    let name = *random.pick(&[
        "every.Every",
        "every.Every",
        "every.Point",
        "google.protobuf.Any",
        "google.protobuf.Duration",
        "google.protobuf.Empty",
        "google.protobuf.Int32Value",
        "google.protobuf.Value",
        "google.protobuf.Struct",
    ]);
    let mut contents = Vec::new();
    if depth > 0 {
        let id = layouts.find(name).unwrap();
        message(random, layouts, id, order, depth - 1, &mut contents);
    }
    put_varint(wire, key(1, WireType::LengthDelimited).into());
    let name = if random.once_in(40) { "no.Such" } else { name };
    put_delimited(wire, format!("type.googleapis.com/{name}").as_bytes());
    put_varint(wire, key(2, WireType::LengthDelimited).into());
    put_delimited(wire, &contents);
}

/// A field that no message has; a group may hold others.
fn unknown(random: &mut Random, wire: &mut Vec<u8>) {
    let number = 4000;
    match random.below(4) {
        0 => {
            put_varint(wire, key(number, WireType::Varint).into());
            put_varint(wire, random.next());
        }
        1 => {
            put_varint(wire, key(number, WireType::LengthDelimited).into());
            put_delimited(wire, b"unknown");
        }
        2 => {
            put_varint(wire, key(number, WireType::Fixed32).into());
            wire.extend_from_slice(&[1, 2, 3, 4]);
        }
        _ => {
            put_varint(wire, key(number, WireType::StartGroup).into());
            unknown(random, wire);
            put_varint(wire, key(number, WireType::EndGroup).into());
        }
    }
}
