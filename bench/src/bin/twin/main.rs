//! The twin: bench.rules.yaml and proto/*.rules.yaml, written by hand on tonic's compiled services.
//!
//! It is meant to be the best that a tonic user would write: responses are iterators and combinators over the request
//! stream, without a task or a channel in between. It has the same runtime (tokio's multi-thread default), allocator
//! (mimalloc), log subscriber (tracing, `RUST_LOG`, INFO by default) and TCP_NODELAY as protod. With `--web` it speaks gRPC-Web
//! too, by tonic-web. With `--language` it serves only the parts of the language of rules (`language.rs`).
#![expect(clippy::print_stderr, reason = "the line that a script waits for")]

mod language;

use std::pin::Pin;

use bench::bench::bench_service_server::{BenchService, BenchServiceServer};
use bench::bench::{Chunk, ListRequest, ListResponse, Order, Point, Receipt};
use bench::proto::search_service_server::{SearchService, SearchServiceServer};
use bench::proto::stream_service_server::{StreamService, StreamServiceServer};
use bench::proto::{SearchRequest, SearchResponse, StreamPoint, StreamRequest, StreamResponse};
use futures_util::stream::{self, Stream, StreamExt};
use tonic::service::RoutesBuilder;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use tonic_web::GrpcWebLayer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The tutorial's services and the bench's.
#[derive(Debug, Clone, Copy)]
struct Twin;

fn point(name: &str, value: i32) -> StreamResponse {
    StreamResponse {
        pt: Some(StreamPoint {
            name: name.to_owned(),
            value,
        }),
    }
}

fn log(request: StreamRequest) {
    let pt = request.pt.unwrap_or_default();
    tracing::info!("stream.Recv pt.name: {}, pt.value: {}", pt.name, pt.value);
}

fn receipt(order: Order) -> Receipt {
    #[expect(clippy::cast_precision_loss, reason = "CEL's double() does the same")]
    let amount = order.price * order.quantity as f64;
    Receipt {
        text: format!("accepted {} {}", order.quantity, order.symbol),
        order_id: order.id,
        symbol: order.symbol,
        side: order.side,
        filled: order.quantity,
        amount,
        currency: order.currency,
        venue: order.venue,
    }
}

fn end_of(chunk: &Chunk) -> i64 {
    chunk.offset + i64::try_from(chunk.data.len()).expect("a message is smaller than 2^63")
}

#[tonic::async_trait]
impl StreamService for Twin {
    type ListStream = Answers<StreamResponse>;
    async fn list(&self, request: Request<StreamRequest>) -> Result<Response<Self::ListStream>, Status> {
        let pt = request.into_inner().pt.unwrap_or_default();
        let answers = (0..7).map(move |n| Ok(point(&pt.name, pt.value + n)));
        Ok(Response::new(Box::pin(stream::iter(answers))))
    }

    async fn record(
        &self,
        request: Request<Streaming<StreamRequest>>,
    ) -> Result<Response<StreamResponse>, Status> {
        let mut requests = request.into_inner();
        while let Some(request) = requests.message().await? {
            log(request);
        }
        Ok(Response::new(point("gRPC Stream Server: Record", 1)))
    }

    type RouteStream = Answers<StreamResponse>;
    async fn route(
        &self,
        request: Request<Streaming<StreamRequest>>,
    ) -> Result<Response<Self::RouteStream>, Status> {
        const NAME: &str = "gPRC Stream Client: Route";
        let mut n = 0;
        let answers = request.into_inner().map(move |request| {
            log(request?);
            n += 1;
            Ok(point(NAME, n))
        });
        Ok(Response::new(Box::pin(
            stream::iter([Ok(point(NAME, 0))]).chain(answers),
        )))
    }
}

#[tonic::async_trait]
impl SearchService for Twin {
    async fn search(&self, request: Request<SearchRequest>) -> Result<Response<SearchResponse>, Status> {
        let response = request.into_inner().request + " Server";
        Ok(Response::new(SearchResponse { response }))
    }
}

#[tonic::async_trait]
impl BenchService for Twin {
    type ListStream = Answers<ListResponse>;
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<Self::ListStream>, Status> {
        let ListRequest { pt, count } = request.into_inner();
        let Point { name, value } = pt.unwrap_or_default();
        let count = i32::try_from(count).map_err(|_| Status::out_of_range("count"))?;
        let answers = (0..count).map(move |n| {
            Ok(ListResponse {
                pt: Some(Point {
                    name: name.clone(),
                    value: value + n,
                }),
            })
        });
        Ok(Response::new(Box::pin(stream::iter(answers))))
    }

    type TradeStream = Answers<Receipt>;
    async fn trade(&self, request: Request<Streaming<Order>>) -> Result<Response<Self::TradeStream>, Status> {
        let answers = request.into_inner().map(|order| order.map(receipt));
        Ok(Response::new(Box::pin(answers)))
    }

    async fn place(&self, request: Request<Order>) -> Result<Response<Receipt>, Status> {
        Ok(Response::new(receipt(request.into_inner())))
    }

    type EchoStream = Answers<Chunk>;
    async fn echo(&self, request: Request<Streaming<Chunk>>) -> Result<Response<Self::EchoStream>, Status> {
        let answers = request.into_inner().map(|chunk| {
            let chunk = chunk?;
            Ok(Chunk {
                offset: end_of(&chunk),
                data: chunk.data,
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn upload(&self, request: Request<Streaming<Chunk>>) -> Result<Response<Chunk>, Status> {
        let mut chunks = request.into_inner();
        let mut offset = 0;
        while let Some(chunk) = chunks.message().await? {
            offset = end_of(&chunk);
        }
        Ok(Response::new(Chunk {
            offset,
            ..Chunk::default()
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    bench::log_to_stderr()?;

    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?.with_nodelay(Some(true));
    eprintln!("twin listening on {}", incoming.local_addr()?);
    let mut routes = RoutesBuilder::default();
    let is_given = |flag: &str| std::env::args().any(|argument| argument == flag);
    if is_given("--language") {
        routes.add_service(language::Language::default());
        let server = Server::builder().add_routes(routes.routes());
        return Ok(server.serve_with_incoming(incoming).await?);
    }
    routes
        .add_service(StreamServiceServer::new(Twin))
        .add_service(SearchServiceServer::new(Twin))
        .add_service(BenchServiceServer::new(Twin));
    let mut server = Server::builder();
    if is_given("--web") {
        let server = server.layer(GrpcWebLayer::new()).add_routes(routes.routes());
        server.serve_with_incoming(incoming).await?;
    } else {
        let server = server.add_routes(routes.routes());
        server.serve_with_incoming(incoming).await?;
    }
    Ok(())
}
