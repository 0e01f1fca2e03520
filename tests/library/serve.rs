//! Serving until a signal.

use std::time::Duration;

use protod::{Error, ServerBuilder};

async fn serve(server: ServerBuilder, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let server = server.drain_timeout(Duration::from_secs(30)).build()?;
    let bound = server.bind("127.0.0.1:0").await?;
    println!("listening on {}", bound.local_addr());
    bound.serve_until(stop).await
}

#[tokio::test]
async fn it_ends_when_it_is_told() {
    let served = serve(protod::Server::builder(super::schema()), async {});
    served.await.expect("it drains");
}
