//! The messages of `google.rpc` that the details of statuses are made of. They are built in.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, FieldDescriptor};

/// Short forms of details, and the messages of google.rpc that they stand for.
pub(super) const SHORT_FORMS: [(&str, &str); 10] = [
    ("error_info", "ErrorInfo"),
    ("bad_request", "BadRequest"),
    ("retry_info", "RetryInfo"),
    ("quota_failure", "QuotaFailure"),
    ("precondition_failure", "PreconditionFailure"),
    ("resource_info", "ResourceInfo"),
    ("request_info", "RequestInfo"),
    ("help", "Help"),
    ("localized_message", "LocalizedMessage"),
    ("debug_info", "DebugInfo"),
];

/// The pool with the messages of google.rpc.
pub(super) fn google_rpc() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let mut pool = DescriptorPool::global();
        pool.decode_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .expect("tonic-types' own descriptors are whole");
        pool
    });
    &POOL
}

/// The field of a status that holds its details: a list of Anys.
pub(super) fn details_field() -> FieldDescriptor {
    let status = google_rpc().get_message_by_name("google.rpc.Status");
    let details = status.and_then(|status| status.get_field_by_name("details"));
    details.expect("the pool has google.rpc.Status")
}
