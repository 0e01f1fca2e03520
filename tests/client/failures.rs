//! What failed is said: "no reflection" only of a server that says so itself.

use std::convert::Infallible;
use std::future::pending;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, StatusCode, header};
use prost::Message as _;
use protod::Server;
use tokio::net::TcpListener;
use tokio_stream::StreamExt as _;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ListServiceResponse, ServerReflectionResponse, ServiceResponse,
};

use crate::cli::protod;
use crate::servers::{schema, serve, shapes};

/// Serves these routes over plain HTTP/2 for as long as the test runs, and returns the address.
pub(crate) async fn web_server(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// What `list`, `describe`, `call` and `bench` say of a server; all must say the same, and exit with 1.
async fn all_say(address: &str) -> String {
    let mut said = Vec::new();
    for args in [
        &["list", address][..],
        &["describe", address, "a.B"],
        &["call", address, "a.B/Do"],
        &["bench", address, "a.B/Do", "-n", "1"],
    ] {
        let (stdout, stderr, code) = protod(args).await;
        assert_eq!((stdout.as_str(), code), ("", 1), "{args:?}: {stderr}");
        said.push(stderr);
    }
    for other in &said[1..] {
        assert_eq!(other, &said[0]);
    }
    said.swap_remove(0)
}

#[tokio::test]
async fn no_reflection_is_what_unimplemented_means() {
    let address = serve(shapes().reflection(false)).await;
    let said = all_say(&address).await;
    let first = format!("error: {address} does not answer server reflection, so its protos must be given\n");
    assert!(said.starts_with(&first), "{said}");
    assert!(said.contains("caused by: Unimplemented: "), "{said}");
}

#[tokio::test]
async fn another_status_is_told_as_it_is() {
    const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
    const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
    for (code, name, what) in [
        (
            "16",
            "Unauthenticated",
            "does not let this caller use server reflection",
        ),
        (
            "7",
            "PermissionDenied",
            "does not let this caller use server reflection",
        ),
        ("14", "Unavailable", "is not available"),
        ("4", "DeadlineExceeded", "failed to answer server reflection"),
        ("13", "Internal", "failed to answer server reflection"),
    ] {
        let answer = move || async move {
            let grpc = (header::CONTENT_TYPE, "application/grpc");
            [grpc, (GRPC_STATUS, code), (GRPC_MESSAGE, "as it is")]
        };
        let address = web_server(Router::new().fallback(answer)).await;
        let said = all_say(&address).await;
        let told = format!("error: {address} {what}\ncaused by: {name}: as it is\n");
        assert!(said.starts_with(&told), "{said}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_grpc_is_told_with_its_words() {
    for (code, name) in [
        (StatusCode::NOT_FOUND, "Unimplemented"),
        (StatusCode::BAD_GATEWAY, "Unavailable"),
        (StatusCode::UNAUTHORIZED, "Unauthenticated"),
        (StatusCode::OK, "Unknown"),
    ] {
        let page = move || async move {
            let html = [(header::CONTENT_TYPE, "text/html")];
            (
                code,
                html,
                "<html><head><title>Sorry</title></head>\r\n<body>nginx</body></html>",
            )
        };
        let address = web_server(Router::new().fallback(page)).await;
        let said = all_say(&address).await;
        let told = format!(
            "error: {address} does not answer as a gRPC server does\n\
             caused by: {name}: the answer is not gRPC: HTTP {code}, text/html, \"Sorry nginx\"\n"
        );
        assert!(said.starts_with(&told), "{said}");

        // With protos, it is the call's own status.
        let call = ["call", &address, "proto.StreamService/List", "--proto", "proto"];
        let (_, stderr, _) = protod(&call).await;
        let told =
            format!("ERROR:\n  Code: {name}\n  Message: the answer is not gRPC: HTTP {code}, text/html");
        assert!(stderr.starts_with(&told), "{stderr}");
    }
}

#[tokio::test]
async fn an_error_response_of_reflection_is_told_as_it_is() {
    let frame = answer_frame(MessageResponse::ErrorResponse(ErrorResponse {
        error_code: 12,
        error_message: "not for you".to_owned(),
    }));
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/grpc")], frame) };
    let address = web_server(Router::new().fallback(answer)).await;
    let said = all_say(&address).await;
    let told = format!(
        "error: {address} answers server reflection with an error\ncaused by: Unimplemented: not for you\n"
    );
    assert!(said.starts_with(&told), "{said}");
}

#[tokio::test]
async fn nobody_listening_is_no_missing_reflection() {
    let said = all_say("127.0.0.1:1").await;
    assert!(
        said.starts_with("error: cannot connect to 127.0.0.1:1\ncaused by: "),
        "{said}"
    );
}

#[tokio::test]
async fn a_deadline_that_passes_before_the_call_is_the_calls_status() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one").to_string();
    let call = ["call", &address, "a.B/Do", "--deadline", "200ms"];
    let (_, stderr, code) = protod(&call).await;
    assert!(
        stderr.starts_with("ERROR:\n  Code: DeadlineExceeded\n"),
        "{stderr}"
    );
    assert_eq!(code, 64 + 4);
}

/// The frame of one answer of reflection.
fn answer_frame(answer: MessageResponse) -> Vec<u8> {
    let answer = ServerReflectionResponse {
        message_response: Some(answer),
        ..ServerReflectionResponse::default()
    };
    let mut frame = vec![0; 5];
    frame.extend(answer.encode_to_vec());
    frame[4] = u8::try_from(frame.len() - 5).expect("short");
    frame
}

#[tokio::test]
async fn a_server_that_falls_silent_within_reflection_is_waited_for_until_the_deadline() {
    // Its headers never come; or nothing after them; or nothing after the list of its services.
    let nothing = web_server(Router::new().fallback(pending::<StatusCode>)).await;
    let silent_after = |frame: Vec<u8>| {
        let answer = move || async move {
            let frames = tokio_stream::once(Ok::<_, Infallible>(frame)).chain(tokio_stream::pending());
            let grpc = [(header::CONTENT_TYPE, "application/grpc")];
            (grpc, Body::from_stream(frames))
        };
        web_server(Router::new().fallback(answer))
    };
    let headers = silent_after(Vec::new()).await;
    let list = answer_frame(MessageResponse::ListServicesResponse(ListServiceResponse {
        service: vec![ServiceResponse {
            name: "a.B".to_owned(),
        }],
    }));
    let list = silent_after(list).await;

    let services = "which services it has";
    let symbol = "the request for a.B";
    for (address, args, unanswered) in [
        (&nothing, &["list", &nothing][..], services),
        (&nothing, &["describe", &nothing, "a.B"], services),
        (&headers, &["list", &headers], services),
        (&list, &["list", &list, "a.B"], symbol),
        (&list, &["describe", &list], symbol),
    ] {
        let (stdout, stderr, code) = protod(&[args, &["--deadline", "300ms"]].concat()).await;
        assert_eq!((stdout.as_str(), code), ("", 1), "{args:?}: {stderr}");
        assert_eq!(
            stderr,
            format!(
                "error: {address} failed to answer server reflection\n\
                 caused by: DeadlineExceeded: the server did not answer {unanswered} within 300ms\n\
                 hint: give the protos with --proto; or, to `list`, `describe` and `call`, more time: --deadline TIME\n"
            )
        );
    }
    // The deadline of a call is that of its status.
    let (_, stderr, code) = protod(&["call", &list, "a.B/Do", "--deadline", "300ms"]).await;
    assert!(
        stderr.contains("the server did not answer the request for a.B"),
        "{stderr}"
    );
    assert_eq!(code, 64 + 4);
}

#[tokio::test]
async fn a_failure_of_the_method_is_not_one_of_reflection() {
    let address = serve(Server::builder(schema())).await;
    let (_, stderr, code) = protod(&["call", &address, "shapes.Shapes/Unary"]).await;
    assert!(stderr.starts_with("ERROR:\n  Code: Unimplemented\n"), "{stderr}");
    assert_eq!(code, 64 + 12);
}
