//! [`Speech`]: how one call looks on the wire, whichever protocol it came in.
//!
//! Calls of gRPC, gRPC-Web and Connect look alike whatever their method is, so their [`Form`] says all of it. A call by REST
//! has the fields of its path and the style of its answer, so it is a [`RestCall`]. Whoever drives a call asks this, and
//! needs not know which it is.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method as Verb, Uri};
use tonic::{Code, Status};

use super::answer;
use super::compression::Encoding;
use super::ends::{Answer, End};
use super::form::{Form, Requests};
use super::request::{Head, head_of};
use super::rest::{REST, RestCall};

/// How one call looks on the wire.
#[derive(Debug, Clone)]
pub(crate) enum Speech {
    Form(Form),
    Rest(Arc<RestCall>),
}

impl Speech {
    /// How the log names the protocol.
    pub(crate) fn protocol_name(&self) -> &'static str {
        match self {
            Self::Form(form) => form.protocol.name(),
            Self::Rest(_) => REST,
        }
    }

    /// Whether the whole body of the response is one message, so that it begins when the call has ended.
    #[inline]
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Form(form) => form.protocol.is_whole(),
            Self::Rest(call) => !call.is_stream(),
        }
    }

    /// How messages stand in the body of the request, if it is not in envelopes.
    #[inline]
    pub(crate) fn requests(&self) -> Option<Requests> {
        match self {
            Self::Form(form) => form.protocol.requests(),
            Self::Rest(call) => Some(call.requests()),
        }
    }

    /// What the head of the request says of the call.
    ///
    /// Fails with the status to answer: on malformed time limits and unknown compressions.
    #[inline]
    pub(crate) fn head(&self, verb: &Verb, uri: &Uri, headers: &HeaderMap) -> Result<Head, Status> {
        match self {
            Self::Form(form) => head_of(*form, verb, uri, headers),
            Self::Rest(call) => call.head(headers),
        }
    }

    /// The code of a call whose request cannot be read: its envelopes, its compression or its bytes are malformed.
    #[inline]
    pub(crate) fn malformed(&self) -> Code {
        match self {
            Self::Form(form) => form.protocol.malformed(),
            Self::Rest(_) => Code::InvalidArgument,
        }
    }

    /// Adds to the headers of a response with messages what it has by itself.
    #[inline]
    pub(crate) fn begin(&self, encoding: Option<Encoding>, headers: &mut HeaderMap) {
        match self {
            Self::Form(form) => answer::begin(*form, encoding, headers),
            Self::Rest(call) => call.begin(headers),
        }
    }

    /// A piece of the response's body as it is sent.
    #[inline]
    pub(crate) fn dress(&self, piece: Bytes) -> Bytes {
        match self {
            Self::Form(form) => form.protocol.dress(piece),
            Self::Rest(call) => call.dress(piece),
        }
    }

    /// The end of a response with messages. gRPC's is cut to `header_limit` bytes.
    #[inline]
    pub(crate) fn end(&self, result: Result<(), &Status>, trailers: HeaderMap, header_limit: u32) -> End {
        match self {
            Self::Form(form) => answer::end(form.protocol, result, trailers, header_limit),
            Self::Rest(call) => call.end(result),
        }
    }

    /// The response that [is whole](Self::is_whole). `message` is without a prefix.
    pub(crate) fn whole(
        &self,
        encoding: Option<Encoding>,
        headers: HeaderMap,
        message: Bytes,
        result: Result<(), &Status>,
        trailers: &HeaderMap,
    ) -> Answer {
        match self {
            Self::Form(form) => answer::whole(*form, encoding, headers, message, result, trailers),
            Self::Rest(call) => call.whole(encoding, headers, message, result, trailers),
        }
    }

    /// The response to a call that fails before its headers were sent. `headers` and `trailers` are metadata.
    pub(crate) fn refuse(
        &self,
        status: &Status,
        headers: HeaderMap,
        trailers: HeaderMap,
        header_limit: u32,
    ) -> Answer {
        match self {
            Self::Form(form) => answer::refuse(*form, status, headers, trailers, header_limit),
            Self::Rest(call) => call.refuse(status, headers, &trailers),
        }
    }
}
