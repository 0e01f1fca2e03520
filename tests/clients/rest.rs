//! REST from the clients that scripts mostly have: Node's own fetch and Python's requests; and its OpenAPI document, by a
//! validator of others. curl is in the guide.

use crate::programs::{node, python};
use crate::support::{Server, protod};

const INPUTS: &str = "tests/clients/protos/rest";

#[tokio::test]
async fn node_s_fetch_calls_by_rest() {
    let server = Server::start(&[INPUTS]).await;
    assert_eq!(node("rest.js").prints([server.address()]).await, "ok\n");
}

#[tokio::test]
async fn python_s_requests_call_by_rest() {
    let server = Server::start(&[INPUTS]).await;
    assert_eq!(python("rest.py").prints([server.address()]).await, "ok\n");
}

#[tokio::test]
async fn the_openapi_document_is_one() {
    for input in [
        INPUTS,
        "proto",
        "tests/rest/echo.proto",
        "tests/clients/protos/calendar",
    ] {
        let described = protod(&["describe", "--openapi", input]).await;
        assert!(described.status.success(), "{described:?}");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &described.stdout).expect("it can be written");
        let path = file.path().display().to_string();
        assert_eq!(
            python("openapi.py").prints([path.as_str()]).await,
            "ok\n",
            "{input}"
        );
    }
}
