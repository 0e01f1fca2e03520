//! A server inside an axum router.

use axum::Router;
use axum::routing::get;
use protod::Server;

fn router(server: &Server) -> Router {
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route_service("/till.Till/{method}", server.service())
}

#[tokio::test]
async fn both_answer_on_one_port() {
    let handlers = protod::Handlers::new().unary(
        "till.Till/Pay",
        |_: protod::Message, call: protod::Call| async move { Ok(call.response()) },
    );
    let server = protod::Server::builder(super::schema()).handlers(handlers);
    let router = router(&server.build().expect("it fits"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = protod::Client::builder(address).schema(super::schema());
    let client = client.connect().await.expect("it serves");
    assert_eq!(super::pay(&client, "{}").await.expect("OK"), "{}");
}
