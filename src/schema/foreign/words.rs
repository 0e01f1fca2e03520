//! Words of other languages for what protobuf has.

/// Words before the names of types, fields and methods.
pub(super) const MODIFIERS: [&str; 22] = [
    "abstract",
    "async",
    "const",
    "data",
    "declare",
    "default",
    "export",
    "final",
    "internal",
    "let",
    "local",
    "open",
    "partial",
    "private",
    "protected",
    "pub",
    "public",
    "readonly",
    "required",
    "sealed",
    "static",
    "val",
];

/// What is a message elsewhere.
pub(super) const MESSAGES: [&str; 17] = [
    "class",
    "struct",
    "interface",
    "type",
    "record",
    "table",
    "input",
    "exception",
    "error",
    "object",
    "model",
    "entity",
    "dataclass",
    "msg",
    "messages",
    "dto",
    "schema",
];

/// What is a service elsewhere.
pub(super) const SERVICES: [&str; 6] = [
    "trait",
    "protocol",
    "rpc_service",
    "services",
    "server",
    "controller",
];

/// The types of GraphQL that have methods.
pub(super) const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];
