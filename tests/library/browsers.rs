//! Pages of an origin that the server names may call it.

use protod::{Cors, Error, Schema, Server, ServerBuilder};

fn for_pages(schema: Schema) -> Result<ServerBuilder, Error> {
    let cors = Cors::loopback().and("https://app.example.com")?;
    Ok(Server::builder(schema).cors(cors))
}

#[tokio::test]
async fn a_browser_is_told_which_pages_may_call() {
    use tower::ServiceExt as _;

    let server = for_pages(super::schema())
        .expect("an origin")
        .build()
        .expect("it fits");
    for (origin, code) in [
        ("https://app.example.com", 204),
        ("http://localhost:3000", 204),
        ("https://other.example.com", 403),
    ] {
        let asked = http::Request::options("http://localhost/till.Till/Pay")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(protod::tonic::body::Body::empty())
            .expect("a request");
        let answer = server.service().oneshot(asked).await.expect("infallible");
        assert_eq!(answer.status(), code, "{origin}");
    }
}
