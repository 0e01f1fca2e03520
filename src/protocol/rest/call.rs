//! [`RestCall`]: one call by REST, from the head of its request to the end of its answer.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, StatusCode, header};
use percent_encoding::percent_decode_str;
use tonic::{Code, Status};

use super::accept::{self, Style};
use super::binding::Binding;
use super::body::{self, Given};
use super::query::read_query;
use super::status::{error, status_json};
use super::trie::captured;
use super::value::types_of_input;
use crate::excerpt::excerpt;
use crate::message::{Bounds, MessageType};
use crate::protocol::answer::ACCEPT_ENCODING;
use crate::protocol::compression::Encoding;
use crate::protocol::ends::{Answer, End};
use crate::protocol::form::Requests;
use crate::protocol::grpc;
use crate::protocol::prefixed::{add_prefixed, take_prefixed};
use crate::protocol::request::{Head, request_encoding, response_encoding};
use crate::schema::{Form as FieldForm, Method};

const SERVER_TIMEOUT: HeaderName = HeaderName::from_static("x-server-timeout");

/// What stands before metadata in the headers of requests, if a client cannot send it under its own name.
const METADATA: &str = "grpc-metadata-";
/// What stands before the names of trailers in the headers of an answer.
const TRAILER: &str = "grpc-trailer-";

/// How the log names the protocol.
pub(crate) const REST: &str = "rest";

/// A call by REST.
#[derive(Debug)]
pub(crate) struct RestCall {
    binding: Arc<Binding>,
    bounds: Bounds,
    given: Given,
    /// How the answers of a stream look, and their content type. `None` for one answer.
    stream: Option<(&'static str, Style)>,
    /// Whether something of a stream was sent.
    has_begun: AtomicBool,
    /// The content type of an answer that is sent as it is: that of its first message.
    raw_type: OnceLock<HeaderValue>,
}

impl RestCall {
    /// The call of a request. `path` is without a custom verb.
    ///
    /// Fails with the answer that refuses it: 400 for fields that do not fit, 405, 406 or 415.
    pub(crate) fn new(
        binding: &Arc<Binding>,
        verb: &Verb,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        bounds: Bounds,
    ) -> Result<Self, Box<Answer>> {
        let method = &binding.method;
        let stream = stream_of(binding, headers)?;
        if *verb == Verb::HEAD && stream.is_some() {
            let text = format!(
                "{} answers with a stream, which HEAD cannot ask for",
                method.name()
            );
            return Err(refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                &text,
                Some((header::ALLOW, "GET, OPTIONS")),
            ));
        }
        check_content_type(binding, headers)?;
        let mut fields = Vec::new();
        let invalid = |text: String| Box::new(error(&Status::invalid_argument(text), None, HeaderMap::new()));
        let given = read_path(binding, bounds, path, &mut fields)
            .and_then(|()| read_query(binding, types_of_input(method, bounds), query, &mut fields))
            .map_err(invalid)?;
        let has_mask = binding
            .fields()
            .mask
            .as_ref()
            .is_some_and(|mask| given.contains(mask));
        let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        Ok(Self {
            binding: Arc::clone(binding),
            bounds,
            given: Given {
                fields,
                has_mask,
                content_type: Bytes::copy_from_slice(content_type.unwrap_or_default()),
            },
            stream,
            has_begun: AtomicBool::new(false),
            raw_type: OnceLock::new(),
        })
    }

    /// How messages stand in the body of the request.
    pub(crate) fn requests(&self) -> Requests {
        if !self.binding.method.is_client_streaming() {
            Requests::Whole
        } else if self.binding.fields().takes_raw {
            Requests::Pieces
        } else {
            Requests::Lines
        }
    }

    /// What the head of the request says of the call.
    pub(crate) fn head(&self, headers: &HeaderMap) -> Result<Head, Status> {
        let request_encoding = request_encoding(headers, &header::CONTENT_ENCODING)?;
        // A stream is not compressed.
        let of_answer = request_encoding.filter(|_| !self.is_stream());
        Ok(Head {
            timeout: timeout(headers)?,
            request_encoding,
            response_encoding: response_encoding(of_answer, &header::ACCEPT_ENCODING, headers),
            message: None,
        })
    }

    pub(crate) fn method(&self) -> &Arc<Method> {
        &self.binding.method
    }

    /// Appends the bytes of the request whose body, or whose part of it, is this.
    pub(crate) fn decode(&self, body: &[u8], wire: &mut Vec<u8>) -> Result<(), Status> {
        let decoded = body::decode(&self.binding, &self.given, self.bounds, body, wire);
        if self.binding.method.is_client_streaming() {
            return decoded.map_err(of_line);
        }
        decoded
    }

    /// Appends a response, with what stands around it in a stream.
    ///
    /// Fails for one that has more than `max_size` bytes as JSON.
    pub(crate) fn encode(&self, message: &[u8], max_size: usize, out: &mut Vec<u8>) -> Result<(), Status> {
        if self.binding.fields().gives_raw {
            let (content_type, data) = body::raw_parts(&self.binding, message)?;
            self.raw_type.get_or_init(|| {
                let content_type = HeaderValue::from_bytes(&content_type).ok();
                content_type.filter(|value| !value.is_empty()).unwrap_or(OCTETS)
            });
            out.extend_from_slice(&data);
            return Ok(());
        }
        let Some((_, style)) = self.stream else {
            return body::encode(&self.binding, message, max_size, out);
        };
        let (before, after): (&[u8], &[u8]) = match style {
            Style::Array => (BETWEEN, b""),
            Style::Lines => (b"", b"\n"),
            Style::Events => (b"data: ", b"\n\n"),
        };
        out.extend_from_slice(before);
        body::encode(&self.binding, message, max_size, out)?;
        out.extend_from_slice(after);
        Ok(())
    }

    /// Whether it is answered with a stream, which is not compressed.
    pub(crate) fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// Adds to the headers of an answer what it has by itself.
    pub(crate) fn begin(&self, headers: &mut HeaderMap) {
        let content_type = if self.binding.fields().gives_raw {
            self.raw_type.get().cloned().unwrap_or(OCTETS)
        } else {
            HeaderValue::from_static(self.stream.map_or(accept::JSON, |(name, _)| name))
        };
        headers.insert(header::CONTENT_TYPE, content_type);
        if matches!(self.stream, Some((_, Style::Events))) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
    }

    /// A piece of a stream as it is sent: the first one begins the array.
    pub(crate) fn dress(&self, piece: Bytes) -> Bytes {
        let is_first = !self.has_begun.swap(true, Ordering::Relaxed);
        match self.stream {
            Some((_, Style::Array)) if is_first && !self.binding.fields().gives_raw => {
                // In the place of what stands between two messages.
                let mut begun = BytesMut::with_capacity(piece.len());
                begun.put_u8(b'[');
                begun.extend_from_slice(piece.strip_prefix(BETWEEN).unwrap_or(&piece));
                begun.freeze()
            }
            _ => piece,
        }
    }

    /// The end of a stream.
    pub(crate) fn end(&self, result: Result<(), &Status>) -> End {
        if self.binding.fields().gives_raw {
            // Nothing can be said behind bytes that are anything, but that they are not whole.
            return match result {
                Ok(()) => End::Data(Bytes::new()),
                Err(status) => End::Broken(status.clone()),
            };
        }
        let has_begun = self.has_begun.load(Ordering::Relaxed);
        let error = result
            .err()
            .map(|status| status_json(status, Some(self.output())));
        let end = match (self.stream, error) {
            (Some((_, Style::Array)), None) => if has_begun { "]" } else { "[]" }.to_owned(),
            (Some((_, Style::Array)), Some(error)) => {
                format!("{}{{\"error\":{error}}}]", if has_begun { ",\n" } else { "[" })
            }
            (Some((_, Style::Lines)), Some(error)) => format!("{{\"error\":{error}}}\n"),
            (Some((_, Style::Events)), Some(error)) => format!("event: error\ndata: {error}\n\n"),
            _ => String::new(),
        };
        End::Data(end.into())
    }

    /// The answer of a call with one response, when it has ended.
    pub(crate) fn whole(
        &self,
        encoding: Option<Encoding>,
        mut headers: HeaderMap,
        message: Bytes,
        result: Result<(), &Status>,
        trailers: &HeaderMap,
    ) -> Answer {
        if let Err(status) = result {
            return self.refuse(status, headers, trailers);
        }
        add_prefixed(&mut headers, TRAILER, trailers);
        self.begin(&mut headers);
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, encoding.header());
            headers.append(header::VARY, ACCEPT_ENCODING);
        }
        Answer {
            code: StatusCode::OK,
            headers,
            body: message,
        }
    }

    /// The answer of a call that failed before it was answered.
    pub(crate) fn refuse(&self, status: &Status, mut headers: HeaderMap, trailers: &HeaderMap) -> Answer {
        add_prefixed(&mut headers, TRAILER, trailers);
        error(status, Some(self.output()), headers)
    }

    fn output(&self) -> MessageType<'_> {
        MessageType::output_of(&self.binding.method, Bounds::default())
    }
}

/// What is wrong with a message of a stream. An array, or an object over several lines, is what clients send by mistake.
fn of_line(status: Status) -> Status {
    if status.code() != Code::InvalidArgument {
        return status;
    }
    let text = format!("{}; each line of the body is a message", status.message());
    Status::with_details_and_metadata(
        status.code(),
        text,
        status.details().to_vec().into(),
        status.metadata().clone(),
    )
}

/// What stands between two messages of an array.
const BETWEEN: &[u8] = b",\n";

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// How the answers of a call look, if they are a stream.
fn stream_of(binding: &Binding, headers: &HeaderMap) -> Result<Option<(&'static str, Style)>, Box<Answer>> {
    let method = &binding.method;
    let is_raw = binding.fields().gives_raw;
    let refuse = |text: String| Err(refuse(StatusCode::NOT_ACCEPTABLE, &text, None));
    match (method.is_server_streaming(), is_raw) {
        (true, true) => Ok(Some(("", Style::Lines))),
        (true, false) => match accept::stream_style(headers) {
            Some(style) => Ok(Some(style)),
            None => refuse(format!(
                "{} answers with a stream: as application/json, application/x-ndjson or text/event-stream",
                method.name()
            )),
        },
        (false, false) if !accept::takes_json(headers) => {
            refuse(format!("{} answers with application/json", method.name()))
        }
        (false, _) => Ok(None),
    }
}

fn check_content_type(binding: &Binding, headers: &HeaderMap) -> Result<(), Box<Answer>> {
    let method = &binding.method;
    let encoding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if method.is_client_streaming()
        && encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"))
    {
        let text = format!("{} takes a stream, which is not compressed here", method.name());
        return Err(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            &text,
            Some((header::ACCEPT_ENCODING, "identity")),
        ));
    }
    let takes_lines = method.is_client_streaming();
    let content_type = headers.get(header::CONTENT_TYPE);
    if binding.fields().takes_raw
        && content_type.is_some_and(|name| std::str::from_utf8(name.as_bytes()).is_err())
    {
        // It becomes a string of the message.
        let text = "the content type is not UTF-8";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, text, None));
    }
    if !binding.way.body.is_some()
        || binding.fields().takes_raw
        || accept::is_json(headers)
        || takes_lines && accept::is_lines(headers)
    {
        return Ok(());
    }
    let (types, what) = if takes_lines {
        (
            "application/x-ndjson, application/json",
            "JSON, one message a line: the content type application/x-ndjson",
        )
    } else {
        ("application/json", "JSON: the content type application/json")
    };
    let text = format!("{} takes {what}", method.name());
    let name = HeaderName::from_static("accept-post");
    Err(refuse(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        &text,
        Some((name, types)),
    ))
}

/// Appends the fields that the path of a request sets.
fn read_path(binding: &Binding, bounds: Bounds, path: &str, wire: &mut Vec<u8>) -> Result<(), String> {
    let types = types_of_input(&binding.method, bounds);
    let variables = binding.way.template.variables.iter();
    for (variable, field) in variables.zip(&binding.fields().variables) {
        let text = captured(
            path,
            &variable.segments,
            binding.way.template.takes_rest(variable),
        );
        let text: Vec<u8> = if variable.is_multi && !binding.way.decodes_slashes {
            // A slash in one segment is no slash between two.
            percent_decode_str(&text.replace("%2F", "%252F").replace("%2f", "%252f")).collect()
        } else {
            percent_decode_str(text).collect()
        };
        let layouts = types.layouts();
        let Some((field, FieldForm::One(value))) =
            field.as_ref().map(|field| (field, &field.last(layouts).form))
        else {
            return Err(format!("`{}` in the path is no field", variable.field));
        };
        let value = types
            .read(value, &text)
            .map_err(|why| format!("`{}` in the path: {why}", variable.field))?;
        field.put(layouts, &value, wire);
    }
    Ok(())
}

/// An answer to a request that is no call.
pub(crate) fn refuse(code: StatusCode, text: &str, instead: Option<(HeaderName, &str)>) -> Box<Answer> {
    let status = match code {
        StatusCode::NOT_FOUND => Status::not_found(text),
        StatusCode::METHOD_NOT_ALLOWED => Status::unimplemented(text),
        _ => Status::invalid_argument(text),
    };
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = instead
        && let Ok(value) = HeaderValue::from_str(value)
    {
        headers.insert(name, value);
    }
    Box::new(Answer {
        code,
        ..error(&status, None, headers)
    })
}

/// The answer to a request for a path whose bindings have other verbs, or to OPTIONS.
pub(crate) fn other_verbs(verb: &Verb, path: &str, verbs: &[Verb]) -> Box<Answer> {
    let names: Vec<&str> = verbs.iter().map(Verb::as_str).collect();
    let allow = names.join(", ");
    if *verb == Verb::OPTIONS {
        let mut headers = HeaderMap::new();
        headers.extend(
            HeaderValue::from_str(&allow)
                .ok()
                .map(|allow| (header::ALLOW, allow)),
        );
        return Box::new(Answer {
            code: StatusCode::NO_CONTENT,
            headers,
            body: Bytes::new(),
        });
    }
    let text = format!("{} is there for {allow}, and not for {verb}", excerpt(path));
    refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        &text,
        Some((header::ALLOW, &allow)),
    )
}

/// The answer to a request for a path that no binding has.
pub(crate) fn no_such_path(verb: &Verb, path: &str) -> Box<Answer> {
    let text = match path.strip_suffix('/') {
        Some(without) if !without.is_empty() => {
            format!(
                "nothing is at {verb} {}; a path has no slash at its end",
                excerpt(path)
            )
        }
        _ => format!("nothing is at {verb} {}", excerpt(path)),
    };
    refuse(StatusCode::NOT_FOUND, &text, None)
}

/// How long a client gives a call: `grpc-timeout` as in gRPC, or `x-server-timeout` in seconds.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    if let Some(value) = headers.get(grpc::TIMEOUT) {
        return grpc::parse_timeout(value).map(Some);
    }
    let Some(value) = headers.get(SERVER_TIMEOUT) else {
        return Ok(None);
    };
    let seconds: Option<f64> = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    timeout.map(Some).ok_or_else(|| {
        let shown = String::from_utf8_lossy(value.as_bytes());
        Status::invalid_argument(format!(
            "malformed x-server-timeout {:?}; expected seconds",
            excerpt(&shown)
        ))
    })
}

/// The metadata of a request: its headers, of which those that begin with `grpc-metadata-` go without that.
pub(crate) fn metadata(mut headers: HeaderMap) -> HeaderMap {
    for (name, value) in &take_prefixed(&mut headers, METADATA) {
        headers.append(name, value.clone());
    }
    headers
}
