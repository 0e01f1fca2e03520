//! The wire types of `grpc.health.v1`: two messages and an enum, which are not worth a crate to those who build the library.
//! A test holds them and the descriptor against tonic-health's.

use prost::{Enumeration, Message};

/// The compiled proto.
pub(super) const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("health.binpb");

/// Asks for the status of a service; of the whole server, if the name is empty.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    pub(super) service: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct HealthCheckResponse {
    #[prost(enumeration = "WireStatus", tag = "1")]
    pub(super) status: i32,
}

/// `grpc.health.v1.HealthCheckResponse.ServingStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub(super) enum WireStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    ServiceUnknown = 3,
}

#[cfg(test)]
mod tests {
    use tonic_health::pb;

    use super::*;

    #[test]
    fn the_wire_types_of_health_are_those_of_its_proto() {
        assert_eq!(FILE_DESCRIPTOR_SET, pb::FILE_DESCRIPTOR_SET);
        let service = "p.S".to_owned();
        assert_eq!(
            HealthCheckRequest {
                service: service.clone()
            }
            .encode_to_vec(),
            pb::HealthCheckRequest { service }.encode_to_vec()
        );
        for status in 0..=4 {
            assert_eq!(
                HealthCheckResponse { status }.encode_to_vec(),
                pb::HealthCheckResponse { status }.encode_to_vec()
            );
            let ours = WireStatus::try_from(status).map(|ours| format!("{ours:?}"));
            let theirs = pb::health_check_response::ServingStatus::try_from(status);
            assert_eq!(ours.ok(), theirs.map(|theirs| format!("{theirs:?}")).ok());
        }
    }
}
