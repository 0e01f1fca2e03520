//! The admin service for agents, by the Model Context Protocol: `/mcp`, whose tools are the methods of the service.
//!
//! The transport is Streamable HTTP with one JSON answer for each request: no sessions, and no stream of the server's own,
//! as the tools never change. A call of a tool is a call of its method in process, with all the checks of any other
//! call. The protocol is small enough to be spoken without a library.
//!
//! | file | what it is |
//! |---|---|
//! | `json_rpc` | messages in, answers and errors out |
//! | `revision` | which revision of the protocol a request is of, and what it must bring along |
//! | `tools` | the methods as tools |
//! | `call` | a method called in process |

mod call;
mod json_rpc;
mod revision;
mod tools;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use tonic::body::Body;

use self::json_rpc::{Asked, Fault};
use self::revision::{Revision, SUPPORTED};
use self::tools::{Tool, tools};
use super::pages::Page;
use crate::excerpt::excerpt;
use crate::schema::Schema;
use crate::server::Route;

/// How much of a request is read: what a call takes by default.
const MAX_BODY: usize = 4 << 20;

/// How long clients may keep what does not change while the server runs, in milliseconds.
const TTL_MS: u64 = 3_600_000;

/// What agents are told before they see the tools.
const INSTRUCTIONS: &str = "protod is a gRPC server whose answers come from rules in YAML. These tools see and steer the one that runs \
here. Status says what is served, ListMethods and Describe have the protos. UnmatchedCalls has the calls that nothing answered, each with the \
reason; ListCalls has all, and GetCall one with its headers and messages. PutRules mends rules until they are deleted, and says what is wrong \
with them; GetRule has the text of one. Invoke calls a method. Verify tells whether the calls have come that a test expects. `where` is a \
condition in CEL, as in: call.code != 'OK' && request.name == 'tea'.";

/// The page of the endpoint, for the service in this schema.
pub(super) fn page(schema: Schema) -> Page {
    let endpoint = Arc::new(Endpoint {
        schema,
        tools: OnceLock::new(),
    });
    Page::post("/mcp", MAX_BODY, move |service, request| {
        let endpoint = Arc::clone(&endpoint);
        async move { endpoint.answer(request, service).await }
    })
}

struct Endpoint {
    schema: Schema,
    /// Made for the first request: most servers never get one.
    tools: OnceLock<Vec<Tool>>,
}

impl Endpoint {
    /// The answer to a POST. `service` answers the methods.
    async fn answer(&self, request: Request<Bytes>, service: Route) -> Response<Body> {
        let (head, body) = request.into_parts();
        if !is_json(&head.headers) {
            let fault = Fault::invalid_request("the body has to be application/json");
            return json_rpc::refused(None, fault.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let (id, asked) = match json_rpc::read(&body) {
            Ok(read) => read,
            Err((id, fault)) => return json_rpc::refused(id, fault),
        };
        let revision = match revision::of(&head.headers, id.is_some(), &asked) {
            Ok(revision) => revision,
            Err(fault) => return json_rpc::refused(id, fault),
        };
        let Some(id) = id else {
            // A notification. None of them changes anything here.
            let mut accepted = Response::new(Body::empty());
            *accepted.status_mut() = StatusCode::ACCEPTED;
            return accepted;
        };
        match self.result(revision, asked, service).await {
            Ok(result) => json_rpc::answered(id, revision.finish(result)),
            Err(fault) => json_rpc::refused(Some(id), fault),
        }
    }

    async fn result(&self, revision: Revision, asked: Asked, service: Route) -> Result<Value, Fault> {
        Ok(match (revision, asked.method.as_str()) {
            (Revision::Handshake, "initialize") => json!({
                "protocolVersion": revision::agreed(&asked.params),
                "capabilities": { "tools": {} },
                "serverInfo": revision::server_info(),
                "instructions": INSTRUCTIONS,
            }),
            (Revision::Handshake, "ping") => json!({}),
            (Revision::Stateless, "server/discover") => json!({
                "supportedVersions": SUPPORTED,
                "capabilities": { "tools": {} },
                "instructions": INSTRUCTIONS,
                "ttlMs": TTL_MS,
                "cacheScope": "public",
            }),
            (_, "tools/list") => {
                if asked.params.get("cursor").is_some_and(|cursor| !cursor.is_null()) {
                    return Err(Fault::invalid_params(
                        "there is no such cursor: all tools are one page",
                    ));
                }
                let tools: Vec<&Value> = self.tools().iter().map(|tool| &tool.definition).collect();
                match revision {
                    Revision::Handshake => json!({ "tools": tools }),
                    Revision::Stateless => json!({ "tools": tools, "ttlMs": TTL_MS, "cacheScope": "public" }),
                }
            }
            (_, "tools/call") => self.call(&asked.params, service).await?,
            _ => {
                let fault = Fault::unknown_method(&asked.method);
                return Err(match revision {
                    // 404 would be the end of a session.
                    Revision::Handshake => fault.with_status(StatusCode::OK),
                    Revision::Stateless => fault,
                });
            }
        })
    }

    async fn call(&self, params: &Map<String, Value>, service: Route) -> Result<Value, Fault> {
        let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
        let Some(tool) = self.tools().iter().find(|tool| tool.name == name) else {
            return Err(Fault::invalid_params(format!("unknown tool: {}", excerpt(name))));
        };
        let arguments = match params.get("arguments") {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(arguments @ Value::Object(_)) => arguments.to_string(),
            Some(_) => return Err(Fault::invalid_params("the arguments have to be an object")),
        };
        Ok(call::run(tool, arguments, service).await)
    }

    fn tools(&self) -> &[Tool] {
        self.tools.get_or_init(|| tools(&self.schema))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let content_type = content_type.unwrap_or_default();
    let kind = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
}
