//! How calls look on the wire: gRPC, gRPC-Web, Connect and REST.
//!
//! A handler knows messages, metadata and a status. Everything else is a [`Speech`]: how a request is recognised, how its
//! messages stand in its body, and how the response begins and ends. This room reads and writes heads, ends and
//! envelopes; it waits for nothing and holds nothing, so whatever it does can be tried on bytes alone.
//!
//! | file | what it does |
//! |---|---|
//! | `form` | the protocols, and what sets them apart |
//! | `speech` | one call in whichever protocol |
//! | `request` | recognises a request, and reads what its head says of the call |
//! | `answer`, `ends` | begins and ends a response, and refuses a request |
//! | `call_head`, `received_end` | the client's side: writes the head of a request, and reads how the call ended |
//! | `query`, `prefixed`, `lenient_base64` | texts of HTTP that several protocols have |
//! | `envelope`, `compression` | messages in bodies, alike in all protocols with streams |
//! | `grpc`, `grpc_web`, `connect`, `rest` | what only one protocol has |

mod answer;
mod call_head;
#[cfg(feature = "compression")]
mod compression;
#[cfg(not(feature = "compression"))]
#[path = "no_compression.rs"]
mod compression;
mod connect;
mod ends;
mod envelope;
mod form;
mod grpc;
mod grpc_web;
mod lenient_base64;
mod prefixed;
mod query;
mod received_end;
mod request;
mod rest;
mod speech;

pub(crate) use self::answer::{end, refuse};
pub(crate) use self::call_head::{call_head, call_head_of_get};
pub(crate) use self::compression::Encoding;
pub(crate) use self::connect::{is_of_connect, read_error, take_trailers, write_query};
pub(crate) use self::ends::{Answer, End};
pub(crate) use self::envelope::{PREFIX, fill_prefix, too_large};
pub(crate) use self::form::{Codec, Form, Protocol, Requests, is_grpc};
pub(crate) use self::grpc::{
    Any, GRPC_STATUS, OF_STATUS, RpcStatus, UNANNOUNCED, fit_end, fit_trailers_only, mend_status,
    read_trailers, received_status, refuse_headers,
};
pub(crate) use self::grpc_web::DecodedText;
pub(crate) use self::received_end::{COMPRESSED, end_flag, no_status, read_end};
pub(crate) use self::request::{Head, Unrecognised, accept_post, recognise};
pub use self::rest::HttpRules;
pub(crate) use self::rest::{
    Binding, REST, RestCall, Route, asks_for_stream, http_error, is_json, is_lines, metadata, no_such_path,
    other_verbs,
};
pub(crate) use self::speech::Speech;
