//! The body of a response that came through the server's layers.
//!
//! Layers are anybody's code. What they put into the trailers, or make of a call's own, must still fit into the headers
//! that the client takes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use super::observed::CallReport;
use crate::protocol::fit_end;

/// A body that came through the server's layers.
pub(super) struct LayeredBody {
    pub(super) body: Body,
    /// How many bytes of headers the client takes.
    pub(super) header_limit: u32,
    /// What is told of the call when it has ended.
    pub(super) report: Option<CallReport>,
}

impl LayeredBody {
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            if let Some(report) = &self.report {
                report.tells(trailers);
            }
            fit_end(trailers, self.header_limit);
        }
        if self.body.is_end_stream() || frame.is_none() {
            self.ends();
        }
        Poll::Ready(frame)
    }

    /// The client learns of the end.
    pub(super) fn ends(&self) {
        if let Some(report) = &self.report {
            report.ends();
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
