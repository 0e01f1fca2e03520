//! The place of a call in its trace, and when its span began.

use std::time::SystemTime;

use http::HeaderMap;

use super::context::Parent;
use super::ids::{SpanId, TraceId, TraceIds};
use super::tracer::Tracer;

/// The place of a call in its trace.
#[derive(Debug)]
pub(crate) struct CallTrace {
    pub(crate) ids: TraceIds,
    /// `None` if the call becomes no span.
    pub(crate) sampled: Option<Sampled>,
}

/// What a call that becomes a span has of it when it begins.
#[derive(Debug)]
pub(crate) struct Sampled {
    pub(crate) tracer: Tracer,
    pub(crate) start: SystemTime,
    /// What its caller passes on. Empty if nothing.
    pub(crate) state: Box<str>,
}

impl CallTrace {
    /// Finds it by the headers of the request. `None` if the caller has none, and there is no tracer.
    #[inline]
    pub(crate) fn begin(headers: &HeaderMap, tracer: Option<&Tracer>) -> Option<Box<Self>> {
        match (Parent::of(headers), tracer) {
            (None, None) => None,
            (parent, tracer) => Some(Box::new(Self::of(parent, tracer))),
        }
    }

    fn of(parent: Option<Parent>, tracer: Option<&Tracer>) -> Self {
        let trace = match &parent {
            Some(parent) => parent.trace,
            None => TraceId::random(),
        };
        let decided = parent.as_ref().map(|parent| parent.is_sampled);
        let ids = TraceIds {
            trace,
            span: tracer.map(|_| SpanId::random()),
            parent: parent.as_ref().map(|parent| parent.span),
        };
        let tracer = tracer.filter(|tracer| tracer.samples(&trace, decided));
        let sampled = tracer.map(|tracer| Sampled {
            tracer: tracer.clone(),
            start: SystemTime::now(),
            state: parent.map(|parent| parent.state).unwrap_or_default(),
        });
        Self { ids, sampled }
    }
}
