//! What OpenTelemetry's conventions for RPC say of calls, in metrics and spans alike.

use tonic::Code;

/// The name of all methods that there are not.
pub(crate) const OTHER_METHODS: &str = "_OTHER";

/// The name of the system that a protocol is one of: those that are not Connect are ways to call gRPC.
pub(crate) fn system(protocol: &str) -> &'static str {
    match protocol {
        "connect" => "connectrpc",
        _ => "grpc",
    }
}

/// Whether a call that ends like this is an error of the server, by the conventions for gRPC and for Connect.
pub(crate) fn is_error(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
