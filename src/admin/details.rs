//! The details of a status as JSON.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};

use crate::message::JsonPrinter;
use crate::schema::Schema;

/// The details of a `google.rpc.Status`, each a `google.protobuf.Any` in JSON. Of a type that neither the schema nor
/// `google.rpc` has, its bytes are in `value`.
pub(super) fn details(status: &[u8], schema: &Schema) -> Vec<Value> {
    if status.is_empty() {
        return Vec::new();
    }
    let Ok(status) = tonic_types::pb::Status::decode(status) else {
        return Vec::new();
    };
    // The details that servers send most are those of google.rpc.
    let known = DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET);
    let known = known.expect("tonic-types ships sound descriptors");
    let any = known.get_message_by_name("google.protobuf.Any");
    let any = any.expect("google.rpc.Status imports it");
    let mut printer = JsonPrinter::new().unknown_any_as_bytes(true);
    printer.add_pool(schema.pool().clone());
    printer.add_pool(known);
    printer.add_pool(DescriptorPool::global());
    let details = status.details.into_iter().map(|detail| {
        let mut message = DynamicMessage::new(any.clone());
        let printed = message.transcode_from(&detail).ok();
        let printed = printed.and_then(|()| printer.print(&message.into()).ok());
        let json = printed.and_then(|json| serde_json::from_str(&json).ok());
        json.unwrap_or_else(|| json!({ "@type": detail.type_url }))
    });
    details.collect()
}
