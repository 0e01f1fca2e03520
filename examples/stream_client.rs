//! The tutorial's client with types of one's own: no build.rs, no generated code, and the protos from the server.
//! Run `cargo run --release --bin protod -- serve`, and then `cargo run --release --example stream_client`.

#![expect(clippy::print_stdout, reason = "it prints what the tutorial's client prints")]

use protod::{Client, Typed};
use serde::{Deserialize, Serialize};
use tokio_stream::wrappers::ReceiverStream;

/// `StreamRequest` and `StreamResponse`, which are alike.
#[derive(Clone, Serialize, Deserialize)]
struct Stream {
    pt: Point,
}

#[derive(Clone, Serialize, Deserialize)]
struct Point {
    name: String,
    value: i32,
}

fn request(name: &str) -> Typed<Stream> {
    let (name, value) = (format!("gRPC Stream Client: {name}"), 2018);
    Typed(Stream {
        pt: Point { name, value },
    })
}

fn print(Stream { pt }: Stream) {
    println!("resp: pj.name: {}, pt.value: {}", pt.name, pt.value);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9002".into());
    let client = Client::connect(&address).await?;

    let list = client.method("proto.StreamService/List")?;
    let mut responses = list.server_streaming(request("List")).await?;
    while let Some(response) = responses.recv().await? {
        print(response);
    }

    let record = client.method("proto.StreamService/Record")?;
    let requests = tokio_stream::iter(vec![request("Record"); 6]);
    print(record.client_streaming(requests).await?.parse()?);

    let route = client.method("proto.StreamService/Route")?;
    let (requests, receiver) = tokio::sync::mpsc::channel(1);
    let mut responses = route.bidi(ReceiverStream::new(receiver)).await?;
    for _ in 0..=6 {
        requests.send(request("Route")).await?;
        print(responses.recv().await?.ok_or("the server has ended")?);
    }
    // The server answers the last request too. To read that answer is to know that the request has arrived.
    drop(requests);
    while responses.message().await?.is_some() {}
    Ok(())
}
