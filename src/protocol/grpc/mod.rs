//! What only gRPC has: its timeouts, and statuses in headers.

mod header_limit;
mod received_status;
mod rpc_status;
mod timeout;

pub(crate) use self::header_limit::{
    GRPC_STATUS, UNANNOUNCED, fit_end, fit_trailers_only, refuse_headers, write_end, write_trailers_only,
};
pub(crate) use self::received_status::{OF_STATUS, mend_status, read_trailers, received_status};
pub(crate) use self::rpc_status::{Any, RpcStatus};
pub(super) use self::timeout::{TIMEOUT, parse_timeout, write_timeout};
