//! Search of proto/search.rules.yaml, written by hand on connectrpc's compiled service: a server that speaks gRPC, gRPC-Web and
//! Connect, which `--protocols` measures.
//!
//! Its messages are buffa's: a request is a view of the receive buffer. Its router is the compiled one, without a map of
//! methods. Runtime, allocator, log filter and TCP_NODELAY are the same as the twin's.
#![expect(clippy::print_stderr, reason = "the line that a script waits for")]

use connectrpc::{ConnectRpcService, RequestContext, Response, Server, ServiceRequest, ServiceResult};

use crate::compiled::proto::{SearchRequest, SearchResponse, SearchService, SearchServiceServer};

#[expect(
    missing_debug_implementations,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated"
)]
mod compiled {
    connectrpc::include_generated!("connect.rs");
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The tutorial's service.
#[derive(Debug)]
struct Twin;

impl SearchService for Twin {
    #[expect(refining_impl_trait, reason = "as connectrpc's guide has it")]
    async fn search(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, SearchRequest>,
    ) -> ServiceResult<SearchResponse> {
        Response::ok(SearchResponse {
            response: format!("{} Server", request.request),
            ..SearchResponse::default()
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    bench::log_to_stderr()?;

    let server = Server::bind("127.0.0.1:0").await?;
    eprintln!("connect listening on {}", server.local_addr()?);
    let search = SearchServiceServer::new(Twin);
    server.serve_with_service(ConnectRpcService::new(search)).await?;
    Ok(())
}
