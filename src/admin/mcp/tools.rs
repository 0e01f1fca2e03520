//! The methods of the service as tools: their schemas and comments come from the proto.

use std::time::Duration;

use prost_reflect::MethodDescriptor;
use prost_types::method_options::IdempotencyLevel;
use serde_json::{Value, json};

use crate::message::json_schema::{Comments, document};
use crate::schema::Schema;

/// How long a stream is listened to.
pub(super) const MAX_TIME: Duration = Duration::from_secs(10);

/// How many of its messages are told.
pub(super) const MAX_RESPONSES: usize = 100;

/// Methods that change something and take nothing away. Of the others clients are told that they may.
const ADDING: [&str; 6] = [
    "CreateSession",
    "Invoke",
    "InvokeMore",
    "Reload",
    "Send",
    "Signal",
];

/// A method as a tool.
#[derive(Debug)]
pub(super) struct Tool {
    /// That of the method, without its service.
    pub(super) name: String,
    /// The path at which the method is called.
    pub(super) path: String,
    /// Whether it takes a stream, of which a call of the tool has one message.
    pub(super) takes_stream: bool,
    /// Whether it answers with a stream.
    pub(super) streams: bool,
    /// What clients are told of it.
    pub(super) definition: Value,
}

/// The methods, in the order of their proto. One that would answer while it is asked is no tool.
pub(super) fn tools(schema: &Schema) -> Vec<Tool> {
    let comments = Comments::default();
    let services = schema
        .services()
        .filter_map(|name| schema.pool().get_service_by_name(name));
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    methods
        .filter(|method| !(method.is_client_streaming() && method.is_server_streaming()))
        .map(|method| tool(&method, &comments))
        .collect()
}

fn tool(method: &MethodDescriptor, comments: &Comments) -> Tool {
    let streams = method.is_server_streaming();
    let file = method.parent_service().parent_file();
    let comment = comments.of(&file, method.path()).unwrap_or_default();
    let mut output = document(&method.output(), comments, false);
    let description = if streams {
        output = many(output);
        let time = MAX_TIME.as_secs();
        format!("{comment}\n\nAnswers with what comes within {time} seconds, up to {MAX_RESPONSES} messages.")
    } else {
        comment
    };
    Tool {
        name: method.name().to_owned(),
        path: format!("/{}/{}", method.parent_service().full_name(), method.name()),
        takes_stream: method.is_client_streaming(),
        streams,
        definition: json!({
            "name": method.name(),
            "description": description,
            "inputSchema": document(&method.input(), comments, true),
            "outputSchema": output,
            "annotations": hints(method),
        }),
    }
}

/// The schema of the answer to a method that streams, whose messages have this one.
fn many(mut message: Value) -> Value {
    let definitions = message
        .as_object_mut()
        .and_then(|message| message.remove("$defs"));
    let mut schema = json!({
        "type": "object",
        "properties": {
            "responses": { "type": "array", "items": message },
            "ended": {
                "type": "boolean",
                "description": "Whether the stream has ended. If not, more would have come.",
            },
        },
        "required": ["responses", "ended"],
    });
    if let Some(definitions) = definitions {
        schema["$defs"] = definitions;
    }
    schema
}

/// What a call does to the server.
fn hints(method: &MethodDescriptor) -> Value {
    let proto = method.method_descriptor_proto();
    let level = proto
        .options
        .as_ref()
        .map(prost_types::MethodOptions::idempotency_level);
    if level == Some(IdempotencyLevel::NoSideEffects) {
        return json!({ "readOnlyHint": true, "openWorldHint": false });
    }
    json!({
        "readOnlyHint": false,
        "destructiveHint": !ADDING.contains(&method.name()),
        "idempotentHint": level == Some(IdempotencyLevel::Idempotent),
        "openWorldHint": false,
    })
}
