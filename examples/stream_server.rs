//! The tutorial's server as closures over types of one's own: no build.rs, no generated code.
//! Run it by `cargo run --release --example stream_server`, and then the example `stream_client`.

use protod::{Schema, Server, Typed};
use serde::{Deserialize, Serialize};

/// `StreamRequest` and `StreamResponse`, which are alike.
#[derive(Serialize, Deserialize)]
struct Stream {
    pt: Point,
}

#[derive(Serialize, Deserialize)]
struct Point {
    name: String,
    value: i32,
}

type Call = protod::Call<Typed<Stream>, Typed<Stream>>;

fn stream(name: &str, value: i32) -> Stream {
    let name = name.to_owned();
    let pt = Point { name, value };
    Stream { pt }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let list = |Typed(r): Typed<Stream>, mut call: Call| async move {
        for n in 0..7 {
            call.send(stream(&r.pt.name, r.pt.value.wrapping_add(n))).await?;
        }
        Ok(())
    };
    let server = Server::builder(Schema::load("proto")?)
        .server_streaming("proto.StreamService/List", list)
        .client_streaming("proto.StreamService/Record", |mut call: Call| async move {
            while let Some(r) = call.recv().await? {
                tracing::info!("stream.Recv pt.name: {}, pt.value: {}", r.pt.name, r.pt.value);
            }
            Ok(Typed(stream("gRPC Stream Server: Record", 1)))
        })
        .bidi("proto.StreamService/Route", |mut call: Call| async move {
            for n in 0.. {
                call.send(stream("gPRC Stream Client: Route", n)).await?;
                let Some(r) = call.recv().await? else { break };
                tracing::info!("stream.Recv pt.name: {}, pt.value: {}", r.pt.name, r.pt.value);
            }
            Ok(())
        })
        .build()?;
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9002".into());
    let bound = server.bind(&address).await?;
    tracing::info!("stream_server listening on {}", bound.local_addr());
    Ok(bound.serve().await?)
}
