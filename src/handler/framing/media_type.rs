//! Which media types are gRPC's.
//!
//! RFC 9110 section 8.3.1: type and subtype are case-insensitive, and parameters may follow, with spaces around the
//! semicolon. The server asks for requests, the client for answers.

/// Whether a `content-type` is that of gRPC with protobuf messages: `application/grpc` or `application/grpc+proto`.
pub(crate) fn is_grpc(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|&byte| byte == b';');
    let name = content_type[..end.unwrap_or(content_type.len())].trim_ascii();
    ["application/grpc", "application/grpc+proto"]
        .iter()
        .any(|grpc| name.eq_ignore_ascii_case(grpc.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::is_grpc;

    #[test]
    fn case_parameters_and_spaces_do_not_matter() {
        for grpc in [
            "application/grpc",
            "Application/gRPC",
            "APPLICATION/GRPC+PROTO",
            "application/grpc+proto;charset=utf-8",
            "application/grpc ; charset=utf-8",
            "application/grpc\t;x=\"application/json\"",
            " application/grpc ",
        ] {
            assert!(is_grpc(grpc.as_bytes()), "{grpc:?}");
        }
        for other in [
            "",
            ";",
            "application/grpc-web",
            "application/grpc+json",
            "application/grpc+protobuf",
            "application/json; application/grpc",
            "application /grpc",
            "grpc",
        ] {
            assert!(!is_grpc(other.as_bytes()), "{other:?}");
        }
    }
}
