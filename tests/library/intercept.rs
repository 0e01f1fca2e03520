//! An interceptor that refuses calls without a token.

use protod::tonic::{Request, Status};
use protod::{Schema, Server};

fn server(schema: Schema) -> Result<Server, protod::Error> {
    Server::builder(schema).intercept(check_token).build()
}

fn check_token(request: Request<()>) -> Result<Request<()>, Status> {
    match request.metadata().get("authorization") {
        Some(token) if token == "Bearer sesame" => Ok(request),
        _ => Err(Status::unauthenticated("send the token of this till")),
    }
}

#[tokio::test]
async fn no_call_passes_without_the_token() {
    let server = server(super::schema()).expect("it fits");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let connect = async |token: Option<&str>| {
        let mut metadata = tonic::metadata::MetadataMap::new();
        if let Some(token) = token {
            metadata.insert("authorization", token.parse().expect("text"));
        }
        let client = protod::Client::builder(&address).metadata(metadata);
        let client = client.schema(super::schema()).connect().await.expect("it serves");
        super::pay(&client, "{}")
            .await
            .expect_err("nothing answers")
            .code()
    };
    assert_eq!(connect(None).await, tonic::Code::Unauthenticated);
    assert_eq!(connect(Some("Bearer wrong")).await, tonic::Code::Unauthenticated);
    assert_eq!(connect(Some("Bearer sesame")).await, tonic::Code::Unimplemented);
}
