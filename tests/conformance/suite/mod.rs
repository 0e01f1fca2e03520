//! What the server and the client that connectrpc's conformance runner tests have in common: the suite's messages, and how they
//! are exchanged with the runner.

mod fields;
mod metadata;
mod prefixed;

use std::error::Error;
use std::path::Path;

use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use protod::Schema;

pub(crate) use self::fields::Fields;
pub(crate) use self::metadata::{add_metadata, headers_of};
pub(crate) use self::prefixed::{read_prefixed, write_prefixed};

/// The suite's service and the messages of `file`, from the folder that is the program's one argument: that of
/// `connectrpc/conformance/v1`.
pub(crate) fn load(file: &str) -> Result<Schema, Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("the folder of the protos is missing")?;
    let protos = Path::new(&folder).join("connectrpc/conformance/v1");
    Ok(Schema::builder()
        .input(protos.join("service.proto"))
        .input(protos.join(file))
        .import_path(&folder)
        .build()?)
}

/// A message of the suite.
pub(crate) fn new_message(pool: &DescriptorPool, name: &str) -> DynamicMessage {
    let descriptor = pool.get_message_by_name(&format!("connectrpc.conformance.v1.{name}"));
    DynamicMessage::new(descriptor.expect("the protos have it"))
}

pub(crate) fn new_any(pool: &DescriptorPool, type_url: String, value: Vec<u8>) -> Value {
    let any = pool.get_message_by_name("google.protobuf.Any");
    let mut any = DynamicMessage::new(any.expect("service.proto imports it"));
    any.set_field_by_name("type_url", Value::String(type_url));
    any.set_field_by_name("value", Value::Bytes(value.into()));
    Value::Message(any)
}
