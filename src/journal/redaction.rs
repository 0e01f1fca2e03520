//! What is not to be seen of calls: headers that hold secrets, and fields that their proto or the server's owner names.
//!
//! Headers are never kept. Fields are taken out of the bytes of a message when it is read, whoever reads it: an expression,
//! or a person. Nothing in here runs for a call that nobody looks at.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use http::{HeaderName, header};
use prost_reflect::{ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::message::{MAX_DEPTH, Malformed, Reader, WireType, key, put_delimited, put_varint};
use crate::schema::field_name;

/// What stands in the place of what is not to be seen.
pub(super) const REDACTED: &[u8] = b"<redacted>";

/// The name of the option of fields.
const DEBUG_REDACT: &str = "debug_redact";

const ANY: &str = "google.protobuf.Any";
const TYPE_OF_ANY: u32 = 1;
const VALUE_OF_ANY: u32 = 2;

/// What is not to be seen of calls.
#[derive(Debug, Default)]
pub(crate) struct Redaction {
    /// Headers by their names, in lower case; paths and full names of fields.
    names: Vec<String>,
    headers: Vec<HeaderName>,
}

impl Redaction {
    pub(super) fn new(names: &[String]) -> Self {
        let headers = names.iter().filter_map(|name| name.to_lowercase().parse().ok());
        Self {
            names: names.to_vec(),
            headers: headers.collect(),
        }
    }

    /// Whether the value of a header is not kept.
    pub(crate) fn hides_header(&self, name: &HeaderName) -> bool {
        const SECRETS: [HeaderName; 4] = [
            header::AUTHORIZATION,
            header::PROXY_AUTHORIZATION,
            header::COOKIE,
            header::SET_COOKIE,
        ];
        SECRETS.contains(name) || self.headers.contains(name)
    }

    /// The path of a field that is not to be seen, of the first one on a way from the message of a call: each field with the message
    /// that has it, and its number. `None` if all may be seen.
    pub(crate) fn hidden_on<'m>(
        &self,
        way: impl IntoIterator<Item = (&'m MessageDescriptor, u32)>,
    ) -> Option<String> {
        let mut path = String::new();
        for (message, number) in way {
            let part = Part::of(message, number)?;
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&part.name());
            if part.is_debug_redact() || self.names_field(&path, part.full_name()) {
                return Some(path);
            }
            // The values of a map stand in a field of its entries.
            if let Kind::Message(entry) = part.kind()
                && entry.is_map_entry()
            {
                let value = entry.map_entry_value_field();
                path.push('.');
                path.push_str(value.name());
                if self.names_field(&path, value.full_name()) {
                    return Some(path);
                }
            }
        }
        None
    }

    /// Whether something of a message of this type may be not to be seen.
    pub(crate) fn hides_some_of(&self, message: &MessageDescriptor) -> bool {
        !self.names.is_empty() || Redactor::default().may_hide(message)
    }

    /// Whether a field of this path in the message of a call, and of this full name, is named.
    fn names_field(&self, path: &str, full_name: &str) -> bool {
        self.names.iter().any(|name| name == path || name == full_name)
    }
}

/// Takes what is not to be seen out of messages. It remembers which types have any of it.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    /// Whether a message of a type may hold what is not to be seen, at whatever path.
    known: Mutex<HashMap<String, bool>>,
}

impl Redactor {
    /// A message with what is not to be seen taken out: of texts and bytes their contents, and all of other fields. `None` if
    /// nothing is. Fails on bytes that are no message, of which nothing is known.
    pub(super) fn redact(
        &self,
        redaction: &Redaction,
        message: &MessageDescriptor,
        bytes: &[u8],
    ) -> Result<Option<Vec<u8>>, Malformed> {
        if redaction.names.is_empty() && !self.may_hide(message) {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut walk = Walk {
            redaction,
            path: String::new(),
            found: false,
        };
        walk.message(message, &mut Reader::new(bytes), None, MAX_DEPTH, &mut out)?;
        Ok(walk.found.then_some(out))
    }

    /// Whether a message of this type may hold a field that its proto hides.
    fn may_hide(&self, message: &MessageDescriptor) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(message.full_name()) {
            return *known;
        }
        let mut seen = HashSet::from([message.full_name().to_owned()]);
        let mut left = vec![message.clone()];
        let mut hides = false;
        while let Some(message) = left.pop().filter(|_| !hides) {
            // What an `Any` holds is known when it is read.
            hides = message.full_name() == ANY;
            let fields = message.fields().map(Part::Field);
            for part in fields.chain(message.extensions().map(Part::Extension)) {
                hides |= part.is_debug_redact();
                if let Kind::Message(inner) = part.kind()
                    && seen.insert(inner.full_name().to_owned())
                {
                    left.push(inner);
                }
            }
        }
        known.insert(message.full_name().to_owned(), hides);
        hides
    }
}

/// A field of a message, in its own declaration or elsewhere.
enum Part {
    Field(FieldDescriptor),
    Extension(ExtensionDescriptor),
}

impl Part {
    fn of(message: &MessageDescriptor, number: u32) -> Option<Self> {
        let field = message.get_field(number).map(Self::Field);
        field.or_else(|| message.get_extension(number).map(Self::Extension))
    }

    /// As paths have it: an extension stands in brackets, as in JSON.
    fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Field(field) => field_name(field).into(),
            Self::Extension(extension) => extension.json_name().to_owned().into(),
        }
    }

    fn full_name(&self) -> &str {
        match self {
            Self::Field(field) => field.full_name(),
            Self::Extension(extension) => extension.full_name(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Field(field) => field.kind(),
            Self::Extension(extension) => extension.kind(),
        }
    }

    fn is_debug_redact(&self) -> bool {
        let options = match self {
            Self::Field(field) => field.options(),
            Self::Extension(extension) => extension.options(),
        };
        let option = options.get_field_by_name(DEBUG_REDACT);
        option.is_some_and(|value| *value == Value::Bool(true))
    }
}

/// One pass over a message.
struct Walk<'r> {
    redaction: &'r Redaction,
    /// The path of the message that is read, with a dot behind it unless it is empty.
    path: String,
    found: bool,
}

impl Walk<'_> {
    /// Copies a message without what is not to be seen, to its end: that of the bytes, or of the group of this number.
    fn message(
        &mut self,
        message: &MessageDescriptor,
        reader: &mut Reader<'_>,
        group: Option<u32>,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
        let packed = packed_type(message, *reader)?;
        loop {
            if reader.is_empty() {
                return group.map_or(Ok(()), |_| Err(Malformed::Truncated));
            }
            let before = reader.rest();
            let (number, wire_type) = reader.key()?;
            if wire_type == WireType::EndGroup {
                return if group == Some(number) {
                    Ok(())
                } else {
                    Err(Malformed::EndGroup)
                };
            }
            let value = *reader;
            reader.skip(number, wire_type, depth)?;
            let whole = &before[..before.len() - reader.rest().len()];
            if let Some(inside) = packed.as_ref().filter(|_| number == VALUE_OF_ANY) {
                self.inner(inside, (number, wire_type), value, depth, out)?;
                continue;
            }
            let Some(part) = Part::of(message, number) else {
                out.extend_from_slice(whole);
                continue;
            };
            let length = self.path.len();
            self.path.push_str(&part.name());
            if self.redaction.names_field(&self.path, part.full_name()) || part.is_debug_redact() {
                self.found = true;
                if matches!(part.kind(), Kind::String | Kind::Bytes) && wire_type == WireType::LengthDelimited
                {
                    put_varint(out, key(number, wire_type).into());
                    put_delimited(out, REDACTED);
                }
            } else if let Kind::Message(inner) = part.kind() {
                self.path.push('.');
                self.inner(&inner, (number, wire_type), value, depth, out)?;
            } else {
                out.extend_from_slice(whole);
            }
            self.path.truncate(length);
        }
    }

    /// Copies the message of a field.
    fn inner(
        &mut self,
        inner: &MessageDescriptor,
        (number, wire_type): (u32, WireType),
        mut value: Reader<'_>,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        put_varint(out, key(number, wire_type).into());
        match wire_type {
            WireType::StartGroup => {
                self.message(inner, &mut value, Some(number), depth, out)?;
                put_varint(out, key(number, WireType::EndGroup).into());
            }
            WireType::LengthDelimited => {
                let mut copy = Vec::new();
                self.message(
                    inner,
                    &mut Reader::new(value.delimited()?),
                    None,
                    depth,
                    &mut copy,
                )?;
                put_delimited(out, &copy);
            }
            _ => return Err(Malformed::WireType(number)),
        }
        Ok(())
    }
}

/// The type of what an `Any` holds. `None` if the message is no `Any`, or the type is unknown: then nobody can read it.
fn packed_type(
    message: &MessageDescriptor,
    mut reader: Reader<'_>,
) -> Result<Option<MessageDescriptor>, Malformed> {
    let mut found = None;
    if message.full_name() != ANY {
        return Ok(found);
    }
    // Its fields come in any order.
    while !reader.is_empty() {
        let (number, wire_type) = reader.key()?;
        let mut value = reader;
        reader.skip(number, wire_type, MAX_DEPTH)?;
        if (number, wire_type) == (TYPE_OF_ANY, WireType::LengthDelimited) {
            let url = String::from_utf8_lossy(value.delimited()?);
            let name = url.rsplit('/').next().unwrap_or_default();
            found = message.parent_pool().get_message_by_name(name);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use crate::schema::Schema;

    const PROTO: &str = r#"
        edition = "2023";
        package shop;
        import "google/protobuf/any.proto";
        message Order {
          string name = 1;
          Card card = 2;
          repeated Card cards = 3;
          map<string, Card> by_name = 4;
          Card group = 5 [features.message_encoding = DELIMITED];
          google.protobuf.Any any = 6;
          Order next = 7;
          extensions 100 to 200;
        }
        message Card {
          string number = 1 [debug_redact = true];
          int32 code = 2 [debug_redact = true];
          string owner = 3;
        }
        message Plain { string text = 1; Plain next = 2; }
        extend Order { string token = 100 [debug_redact = true]; }
        service Shop { rpc Buy(Order) returns (Plain); }
    "#;

    fn redacted(names: &[&str], name: &str, json: &str) -> String {
        let schema = Schema::from_source("shop.proto", PROTO).expect("it compiles");
        let pool = schema.pool();
        let message = pool.get_message_by_name(name).expect("it is there");
        let bytes = Message::from_json(message.clone(), json)
            .expect("it fits")
            .to_bytes();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let redacted = Redactor::default().redact(&Redaction::new(&names), &message, &bytes);
        let bytes = redacted.expect("it is well formed").map_or(bytes, Into::into);
        let read = Message::decode(&schema, &message, bytes).expect("it is well formed");
        read.to_json().expect("it has a form")
    }

    #[test]
    fn fields_that_their_proto_hides_are_not_seen_wherever_they_stand() {
        let card = r#"{"number": "4111", "code": 7, "owner": "Ada"}"#;
        let seen = r#"{"number":"<redacted>","owner":"Ada"}"#;
        for (given, expected) in [
            (
                format!(r#"{{"name": "tea", "card": {card}}}"#),
                format!(r#"{{"name":"tea","card":{seen}}}"#),
            ),
            (
                format!(r#"{{"cards": [{card}, {{}}]}}"#),
                format!(r#"{{"cards":[{seen},{{}}]}}"#),
            ),
            (
                format!(r#"{{"byName": {{"a": {card}}}}}"#),
                format!(r#"{{"byName":{{"a":{seen}}}}}"#),
            ),
            (
                format!(r#"{{"group": {card}}}"#),
                format!(r#"{{"group":{seen}}}"#),
            ),
            (
                format!(r#"{{"next": {{"next": {{"card": {card}}}}}}}"#),
                format!(r#"{{"next":{{"next":{{"card":{seen}}}}}}}"#),
            ),
            (
                r#"{"any": {"@type": "type.googleapis.com/shop.Card", "number": "4111", "owner": "Ada"}}"#
                    .to_owned(),
                r#"{"any":{"@type":"type.googleapis.com/shop.Card","number":"<redacted>","owner":"Ada"}}"#
                    .to_owned(),
            ),
            (
                r#"{"[shop.token]": "secret", "name": "tea"}"#.to_owned(),
                r#"{"name":"tea","[shop.token]":"<redacted>"}"#.to_owned(),
            ),
        ] {
            assert_eq!(redacted(&[], "shop.Order", &given), expected);
        }
    }

    #[test]
    fn fields_are_named_by_their_path_or_their_full_name() {
        let given = r#"{"text": "a", "next": {"text": "b", "next": {"text": "c"}}}"#;
        for (names, expected) in [
            (vec![], r#"{"text":"a","next":{"text":"b","next":{"text":"c"}}}"#),
            (
                vec!["text"],
                r#"{"text":"<redacted>","next":{"text":"b","next":{"text":"c"}}}"#,
            ),
            (
                vec!["next.text"],
                r#"{"text":"a","next":{"text":"<redacted>","next":{"text":"c"}}}"#,
            ),
            (vec!["next.next"], r#"{"text":"a","next":{"text":"b"}}"#),
            (
                vec!["shop.Plain.text"],
                r#"{"text":"<redacted>","next":{"text":"<redacted>","next":{"text":"<redacted>"}}}"#,
            ),
        ] {
            assert_eq!(redacted(&names, "shop.Plain", given), expected, "{names:?}");
        }
    }

    #[test]
    fn an_any_hides_its_contents_also_where_their_type_follows_them() {
        let schema = Schema::from_source("shop.proto", PROTO).expect("it compiles");
        let any = schema.pool().get_message_by_name(ANY).expect("it is there");
        let mut bytes = Vec::new();
        put_varint(&mut bytes, key(2, WireType::LengthDelimited).into());
        put_delimited(&mut bytes, b"\x0a\x044111");
        put_varint(&mut bytes, key(1, WireType::LengthDelimited).into());
        put_delimited(&mut bytes, b"x/shop.Card");
        let redacted = Redactor::default().redact(&Redaction::default(), &any, &bytes);
        let redacted = redacted.expect("it is well formed").expect("it hides a field");
        assert!(!redacted.windows(4).any(|part| part == b"4111"), "{redacted:?}");
    }

    #[test]
    fn headers_with_secrets_are_hidden_and_those_that_are_named() {
        let redaction = Redaction::new(&["X-Api-Key".to_owned(), "card.number".to_owned()]);
        for (name, hidden) in [
            ("authorization", true),
            ("proxy-authorization", true),
            ("cookie", true),
            ("set-cookie", true),
            ("x-api-key", true),
            ("user-agent", false),
        ] {
            let name = HeaderName::from_static(name);
            assert_eq!(redaction.hides_header(&name), hidden, "{name}");
        }
    }
}
