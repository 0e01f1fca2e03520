//! The details of a status, without what is not to be seen: each is a message in an `Any`, of whatever type.

use bytes::Bytes;
use prost::Message as _;

use super::reader::Reader;

/// A `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

impl Reader {
    /// The details without what is not to be seen. One that is no message of its type is emptied, and one of a type that the schema
    /// does not have stays as it is.
    pub(super) fn redacted_details(&self, details: Bytes) -> Bytes {
        let Ok(mut status) = RpcStatus::decode(details.clone()) else {
            return details;
        };
        let mut is_other = false;
        for detail in &mut status.details {
            let name = detail.type_url.rsplit('/').next().unwrap_or_default();
            if let Some(redacted) = self.redacted_of(name, &detail.value) {
                detail.value = redacted;
                is_other = true;
            }
        }
        if is_other {
            status.encode_to_vec().into()
        } else {
            details
        }
    }
}
