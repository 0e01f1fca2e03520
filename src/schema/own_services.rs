//! The services that each server has for itself, whatever protos it serves.

/// What users serve does not include these, even where their protos declare them.
pub(crate) const OWN_SERVICES: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];
