//! A layer of one's own, which changes each response.

use http::{HeaderValue, Response};
use protod::tonic::body::Body;
use protod::{Schema, Server, ServerBuilder};
use tower::util::MapResponseLayer;

/// Tells each client which server has answered.
fn server(schema: Schema) -> ServerBuilder {
    Server::builder(schema).layer(MapResponseLayer::new(|mut response: Response<Body>| {
        let name = HeaderValue::from_static("till 1");
        response.headers_mut().insert("served-by", name);
        response
    }))
}

#[tokio::test]
async fn answers_and_errors_have_the_header_of_the_layer() {
    let server = server(super::schema()).unary(
        "till.Till/Pay",
        |_: protod::Message, call: protod::Call| async move { Ok(call.response()) },
    );
    let client = super::serving(server).await;
    let pay = client.method("till.Till/Pay").expect("it is there");
    let reply = pay.unary(super::payment("{}")).await.expect("OK");
    assert_eq!(reply.headers.get("served-by").expect("it is there"), "till 1");

    let total = client.method("till.Till/Total").expect("it is there");
    let requests = tokio_stream::iter([super::payment("{}")]);
    let status = total
        .client_streaming(requests)
        .await
        .expect_err("nothing answers");
    assert_eq!(status.metadata().get("served-by").expect("it is there"), "till 1");
}
