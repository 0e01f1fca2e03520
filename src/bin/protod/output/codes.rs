//! The names of gRPC codes.
//!
//! They are spelt as Go and grpcurl spell them, so that scripts which read grpcurl's output can read ours.

use tonic::Code;

/// The code as Go spells it, which is how grpcurl prints it.
pub(crate) fn code_name(code: Code) -> String {
    match code {
        Code::Ok => "OK".to_owned(),
        Code::Cancelled => "Canceled".to_owned(),
        other => format!("{other:?}"),
    }
}
