//! The wire forms of `google.rpc.Status` and of the `Any`s in it, which the details of a status are in all protocols.

use bytes::Bytes;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    /// Each is a `google.protobuf.Any`. They are not decoded, so that one which is malformed does not lose the others.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(crate) details: Vec<Bytes>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) value: Bytes,
}

impl Any {
    /// The name of the type of what it holds.
    pub(crate) fn type_name(&self) -> &str {
        self.type_url.rsplit('/').next().unwrap_or_default()
    }
}
