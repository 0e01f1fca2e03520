//! The names of gRPC codes.

use tonic::Code;

/// The code as Go spells it, which is how grpcurl prints it.
pub(crate) fn code_name(code: Code) -> String {
    match code {
        Code::Ok => "OK".to_owned(),
        Code::Cancelled => "Canceled".to_owned(),
        other => format!("{other:?}"),
    }
}
