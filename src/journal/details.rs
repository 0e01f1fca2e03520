//! The details of a status, without what is not to be seen: each is a message in an `Any`, of whatever type.

use bytes::Bytes;
use prost::Message as _;

use super::reader::Reader;
use crate::protocol::{Any, RpcStatus};

impl Reader {
    /// The details without what is not to be seen. One that is no message of its type is emptied, and one of a type that the schema
    /// does not have stays as it is.
    pub(super) fn redacted_details(&self, details: Bytes) -> Bytes {
        let Ok(mut status) = RpcStatus::decode(details.clone()) else {
            return details;
        };
        let mut is_other = false;
        for detail in &mut status.details {
            let Ok(mut any) = Any::decode(detail.clone()) else {
                continue;
            };
            if let Some(redacted) = self.redacted_of(any.type_name(), &any.value) {
                any.value = redacted.into();
                *detail = any.encode_to_vec().into();
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
