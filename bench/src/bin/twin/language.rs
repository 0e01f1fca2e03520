//! `language.Language`: each method is answered by the function of its case.
//!
//! This is what tonic's generated code does for a service, but for the table of methods.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bench::language::{Case, Head, In, Out, Twin, cases};
use futures_util::stream::{self, BoxStream, StreamExt};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// The service: a case for each path.
#[derive(Debug, Clone)]
pub(crate) struct Language(Arc<HashMap<String, Case>>);

impl Default for Language {
    fn default() -> Language {
        let path = |case: Case| (format!("/{}/{}", Language::NAME, case.method), case);
        Language(Arc::new(cases().into_iter().map(path).collect()))
    }
}

impl NamedService for Language {
    const NAME: &'static str = "language.Language";
}

impl Service<http::Request<Body>> for Language {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let case = self.0.get(path).copied();
        let method = Method {
            name: path.trim_start_matches('/').to_owned(),
            twin: case.map(|case| case.twin),
        };
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(match method.twin {
                Some(Twin::Call(_)) | None => grpc.unary(method, request).await,
                Some(Twin::Paced(_)) => grpc.server_streaming(method, request).await,
                Some(_) => grpc.streaming(method, request).await,
            })
        })
    }
}

/// What answers one call.
struct Method {
    name: String,
    twin: Option<Twin>,
}

impl Method {
    fn head<T>(&self, request: &Request<T>) -> Head {
        Head {
            method: self.name.clone(),
            metadata: request.metadata().clone(),
            peer: request.remote_addr(),
        }
    }

    fn is_no_such<T>(&self) -> Result<T, Status> {
        Err(Status::unimplemented(self.name.clone()))
    }
}

type Answers = BoxStream<'static, Result<Out, Status>>;

impl UnaryService<In> for Method {
    type Response = Out;
    type Future = Ready<Result<Response<Out>, Status>>;

    fn call(&mut self, request: Request<In>) -> Self::Future {
        ready(match self.twin {
            Some(Twin::Call(answer)) => answer(&self.head(&request), request.into_inner()),
            _ => self.is_no_such(),
        })
    }
}

impl ServerStreamingService<In> for Method {
    type Response = Out;
    type ResponseStream = Answers;
    type Future = Ready<Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<In>) -> Self::Future {
        ready(match self.twin {
            Some(Twin::Paced(answers)) => Ok(Response::new(answers(request.into_inner()).map(Ok).boxed())),
            _ => self.is_no_such(),
        })
    }
}

impl StreamingService<In> for Method {
    type Response = Out;
    type ResponseStream = Answers;
    type Future = Ready<Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<Streaming<In>>) -> Self::Future {
        let head = self.head(&request);
        let requests = request.into_inner();
        let answers = match self.twin {
            Some(Twin::Each(answer)) => requests.map(move |request| request.map(answer)).boxed(),
            Some(Twin::Kept(begin)) => {
                let mut answer = begin(&head);
                requests.map(move |request| request.map(&mut answer)).boxed()
            }
            Some(Twin::Several(answers)) => requests
                .flat_map(move |request| match request {
                    Ok(request) => stream::iter(answers(request).map(Ok)).left_stream(),
                    Err(status) => stream::iter([Err(status)]).right_stream(),
                })
                .boxed(),
            _ => return ready(self.is_no_such()),
        };
        ready(Ok(Response::new(answers)))
    }
}
