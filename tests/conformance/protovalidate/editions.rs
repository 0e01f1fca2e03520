//! The suite's files of edition 2023 as files of proto2 and proto3, which protod reads.
//!
//! protod does not support editions yet. What they add to these files is where the presence of fields is said, and
//! groups by another name; what is checked of messages is the same. A message with fields of implicit presence goes into
//! a file of proto3 of its own.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

type Error = Box<dyn std::error::Error>;

/// `google.protobuf.FeatureSet`.
#[derive(Clone, PartialEq, prost::Message)]
struct Features {
    #[prost(int32, tag = "1")]
    field_presence: i32,
    #[prost(int32, tag = "5")]
    message_encoding: i32,
}

const IMPLICIT: i32 = 2;
const LEGACY_REQUIRED: i32 = 3;
const DELIMITED: i32 = 2;

/// The number of the features in `google.protobuf.FieldOptions`.
#[derive(Clone, PartialEq, prost::Message)]
struct FieldOptions {
    #[prost(message, tag = "21")]
    features: Option<Features>,
}

/// The files that a file becomes: itself, unless it is one with an edition.
pub(crate) fn lowered(file: Vec<u8>) -> Result<Vec<Vec<u8>>, Error> {
    let descriptor = DescriptorPool::global()
        .get_message_by_name("google.protobuf.FileDescriptorProto")
        .ok_or("descriptor.proto is not built in")?;
    let mut proto2 = DynamicMessage::decode(descriptor, file.as_slice())?;
    let syntax = proto2.get_field_by_name("syntax");
    if syntax.as_deref().and_then(Value::as_str) != Some("editions") {
        return Ok(vec![file]);
    }
    proto2.clear_field_by_name("edition");
    proto2.clear_field_by_name("syntax");
    let mut proto3 = proto2.clone();
    proto3.set_field_by_name("syntax", Value::String("proto3".to_owned()));
    let name = proto2
        .get_field_by_name("name")
        .and_then(|name| Some(name.as_str()?.to_owned()));
    let name = name
        .ok_or("a file has no name")?
        .replace(".proto", ".implicit.proto");
    proto3.set_field_by_name("name", Value::String(name));
    for field in ["extension", "enum_type", "service"] {
        proto3.clear_field_by_name(field);
    }
    let (mut explicit, mut implicit) = (Vec::new(), Vec::new());
    for mut message in messages(&proto2, "message_type") {
        let list = if lower(&mut message)? {
            &mut implicit
        } else {
            &mut explicit
        };
        list.push(Value::Message(message));
    }
    proto2.set_field_by_name("message_type", Value::List(explicit));
    proto3.set_field_by_name("message_type", Value::List(implicit));
    Ok(vec![proto2.encode_to_vec(), proto3.encode_to_vec()])
}

/// Says in the words of proto2 what the features of the fields say. Returns whether there is implicit presence.
fn lower(message: &mut DynamicMessage) -> Result<bool, Error> {
    let mut has_implicit = false;
    let mut fields = messages(message, "field");
    for field in &mut fields {
        let options = field.get_field_by_name("options");
        let options = options.as_deref().and_then(Value::as_message);
        let options = options.map(DynamicMessage::encode_to_vec).unwrap_or_default();
        let features = FieldOptions::decode(options.as_slice())?
            .features
            .unwrap_or_default();
        match features.field_presence {
            IMPLICIT => has_implicit = true,
            LEGACY_REQUIRED => field.set_field_by_name("label", Value::EnumNumber(2)),
            _ => {}
        }
        if features.message_encoding == DELIMITED {
            field.set_field_by_name("type", Value::EnumNumber(10));
        }
    }
    set(message, "field", fields);
    let mut inner = messages(message, "nested_type");
    for message in &mut inner {
        has_implicit |= lower(message)?;
    }
    set(message, "nested_type", inner);
    Ok(has_implicit)
}

fn messages(message: &DynamicMessage, field: &str) -> Vec<DynamicMessage> {
    let list = message.get_field_by_name(field);
    let values = list.as_deref().and_then(Value::as_list).unwrap_or_default();
    values
        .iter()
        .filter_map(|value| value.as_message().cloned())
        .collect()
}

fn set(message: &mut DynamicMessage, field: &str, messages: Vec<DynamicMessage>) {
    let values = messages.into_iter().map(Value::Message).collect();
    message.set_field_by_name(field, Value::List(values));
}
