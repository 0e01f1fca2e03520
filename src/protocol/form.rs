//! The protocols, and what sets them apart.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use tonic::Code;

use super::grpc_web;

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const CONNECT_CONTENT_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");
const CONNECT_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("connect-accept-encoding");

/// A protocol whose calls look alike, whatever their method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    GrpcWeb,
    /// gRPC-Web in base64, for clients that read text only.
    GrpcWebText,
    /// Connect's calls of one message each way, which are plain HTTP.
    ConnectUnary,
    ConnectStream,
}

/// How the messages of a request stand in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requests {
    /// The body is one message.
    Whole,
    /// One message a line.
    Lines,
    /// Each piece of the body is a message.
    Pieces,
}

/// How messages are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Proto,
    Json,
}

/// A protocol, and how messages are encoded in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) protocol: Protocol,
    pub(crate) codec: Codec,
}

/// The content types, each with the form that it stands for. A response has the type of its request.
const CONTENT_TYPES: [(&str, Protocol, Codec); 13] = [
    ("application/grpc", Protocol::Grpc, Codec::Proto),
    ("application/grpc+proto", Protocol::Grpc, Codec::Proto),
    ("application/grpc+json", Protocol::Grpc, Codec::Json),
    ("application/grpc-web", Protocol::GrpcWeb, Codec::Proto),
    ("application/grpc-web+proto", Protocol::GrpcWeb, Codec::Proto),
    ("application/grpc-web+json", Protocol::GrpcWeb, Codec::Json),
    ("application/grpc-web-text", Protocol::GrpcWebText, Codec::Proto),
    (
        "application/grpc-web-text+proto",
        Protocol::GrpcWebText,
        Codec::Proto,
    ),
    (
        "application/grpc-web-text+json",
        Protocol::GrpcWebText,
        Codec::Json,
    ),
    ("application/proto", Protocol::ConnectUnary, Codec::Proto),
    ("application/json", Protocol::ConnectUnary, Codec::Json),
    ("application/connect+proto", Protocol::ConnectStream, Codec::Proto),
    ("application/connect+json", Protocol::ConnectStream, Codec::Json),
];

impl Form {
    pub(crate) const GRPC: Self = Self {
        protocol: Protocol::Grpc,
        codec: Codec::Proto,
    };

    /// The form that a content type stands for. RFC 9110 section 8.3.1: its case does not matter, and parameters may follow,
    /// with spaces around the semicolon.
    #[inline]
    pub(crate) fn of_content_type(content_type: &[u8]) -> Option<Self> {
        // As nearly every client of gRPC writes it: the hot path compares once.
        if content_type == b"application/grpc" {
            return Some(Self::GRPC);
        }
        Self::of_any_content_type(content_type)
    }

    fn of_any_content_type(content_type: &[u8]) -> Option<Self> {
        let end = content_type.iter().position(|&byte| byte == b';');
        let name = content_type[..end.unwrap_or(content_type.len())].trim_ascii();
        let row = CONTENT_TYPES
            .iter()
            .find(|(known, ..)| name.eq_ignore_ascii_case(known.as_bytes()))?;
        Some(Self {
            protocol: row.1,
            codec: row.2,
        })
    }

    /// The content type of responses.
    #[inline]
    pub(crate) fn content_type(self) -> HeaderValue {
        // Each a constant: nothing is read or checked for a call.
        macro_rules! constant {
            ($name:literal) => {
                const { HeaderValue::from_static($name) }
            };
        }
        match (self.protocol, self.codec) {
            (Protocol::Grpc, Codec::Proto) => constant!("application/grpc"),
            (Protocol::Grpc, Codec::Json) => constant!("application/grpc+json"),
            (Protocol::GrpcWeb, Codec::Proto) => constant!("application/grpc-web+proto"),
            (Protocol::GrpcWeb, Codec::Json) => constant!("application/grpc-web+json"),
            (Protocol::GrpcWebText, Codec::Proto) => constant!("application/grpc-web-text+proto"),
            (Protocol::GrpcWebText, Codec::Json) => constant!("application/grpc-web-text+json"),
            (Protocol::ConnectUnary, Codec::Proto) => constant!("application/proto"),
            (Protocol::ConnectUnary, Codec::Json) => constant!("application/json"),
            (Protocol::ConnectStream, Codec::Proto) => constant!("application/connect+proto"),
            (Protocol::ConnectStream, Codec::Json) => constant!("application/connect+json"),
        }
    }
}

impl Codec {
    pub(crate) const ALL: [Self; 2] = [Self::Proto, Self::Json];

    /// How content types and queries name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Proto => "proto",
            Self::Json => "json",
        }
    }
}

impl Protocol {
    /// Whether the whole body of the response is one message, and not messages in envelopes.
    #[inline]
    pub(crate) fn is_whole(self) -> bool {
        self == Self::ConnectUnary
    }

    /// How messages stand in the body of a request, if it is not in envelopes.
    #[inline]
    pub(crate) fn requests(self) -> Option<Requests> {
        match self {
            Self::Grpc | Self::GrpcWeb | Self::GrpcWebText | Self::ConnectStream => None,
            Self::ConnectUnary => Some(Requests::Whole),
        }
    }

    /// The code of a call whose request cannot be read. Servers of gRPC take that for a fault of some library or proxy, and
    /// those of Connect for one of the client.
    #[inline]
    pub(crate) fn malformed(self) -> Code {
        match self {
            Self::Grpc | Self::GrpcWeb | Self::GrpcWebText => Code::Internal,
            Self::ConnectUnary | Self::ConnectStream => Code::InvalidArgument,
        }
    }

    /// How the log names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::GrpcWeb | Self::GrpcWebText => "grpc-web",
            Self::ConnectUnary | Self::ConnectStream => "connect",
        }
    }

    /// A piece of a response's body as it is sent.
    #[inline]
    pub(crate) fn dress(self, piece: Bytes) -> Bytes {
        if self == Self::GrpcWebText {
            return grpc_web::encode(&piece);
        }
        piece
    }

    /// The header that names the compression of messages.
    pub(crate) fn encoding_header(self) -> HeaderName {
        match self {
            Self::Grpc | Self::GrpcWeb | Self::GrpcWebText => GRPC_ENCODING,
            Self::ConnectUnary => http::header::CONTENT_ENCODING,
            Self::ConnectStream => CONNECT_CONTENT_ENCODING,
        }
    }

    /// The header that lists the compressions which may be answered with.
    pub(crate) fn accept_encoding_header(self) -> HeaderName {
        match self {
            Self::Grpc | Self::GrpcWeb | Self::GrpcWebText => GRPC_ACCEPT_ENCODING,
            Self::ConnectUnary => http::header::ACCEPT_ENCODING,
            Self::ConnectStream => CONNECT_ACCEPT_ENCODING,
        }
    }
}

/// Whether a content type is that of gRPC with protobuf messages.
#[inline]
pub(crate) fn is_grpc(content_type: &[u8]) -> bool {
    Form::of_content_type(content_type) == Some(Form::GRPC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_parameters_and_spaces_do_not_matter() {
        for (content_type, protocol, codec) in CONTENT_TYPES {
            for written in [
                content_type.to_owned(),
                content_type.to_uppercase(),
                format!(" {content_type} "),
                format!("{content_type};charset=utf-8"),
                format!("{content_type}\t; x=\"application/other\""),
            ] {
                let form = Form { protocol, codec };
                assert_eq!(
                    Form::of_content_type(written.as_bytes()),
                    Some(form),
                    "{written:?}"
                );
            }
        }
        for other in [
            "",
            ";",
            "application/grpc+protobuf",
            "application/json5",
            "application/connect",
            "text/plain; application/json",
            "application /grpc",
            "grpc",
        ] {
            assert_eq!(Form::of_content_type(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn a_response_has_the_form_of_its_request() {
        for (_, protocol, codec) in CONTENT_TYPES {
            let form = Form { protocol, codec };
            assert_eq!(Form::of_content_type(form.content_type().as_bytes()), Some(form));
        }
    }
}
