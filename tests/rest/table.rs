//! Tables of requests: what a path, a query and a body become. Each row is a case of google.api.http's documentation, or of a
//! kind that the tests of grpc-gateway, Envoy's transcoder and vanguard have.

use serde_json::Value;

use crate::support::{Running, echo};

/// The request that the handler got, or the message of the error with the HTTP status.
pub(crate) async fn asked(
    server: &Running,
    request: &str,
    body: Option<&str>,
) -> Result<Value, (u16, String)> {
    let response = match body {
        None => server.get(request).await,
        Some(body) => server.json(request, body).await,
    };
    assert_ne!(response.status, 0, "{request}: no answer");
    let value = response.value();
    match response.status {
        200 => Ok(value),
        status => Err((status, value["message"].as_str().unwrap_or_default().to_owned())),
    }
}

/// A request, its body, and what the handler gets, or the status and a part of the message.
pub(crate) type Row<'r> = (&'r str, Option<&'r str>, Result<Value, (u16, &'r str)>);

pub(crate) async fn check_all(rows: &[Row<'_>]) {
    let server = Running::start(echo()).await;
    for (request, body, expected) in rows {
        let found = asked(&server, request, *body).await;
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{request} {body:?}"),
            (Err((status, message)), Err((expected, part))) => {
                assert_eq!(status, expected, "{request} {body:?}: {message}");
                assert!(message.contains(part), "{request} {body:?}: {message}");
            }
            _ => panic!("{request} {body:?}: {found:?}, and not {expected:?}"),
        }
    }
}
