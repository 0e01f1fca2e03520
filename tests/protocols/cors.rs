//! Web pages: which may call, and what they may see.

use http::StatusCode;
use protod::{Cors, ServerBuilder};
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::support::{Answer, Running, envelope, post, shapes};

/// What a server says to a browser that asks before it sends.
async fn preflight(server: &Running, origin: &str, headers: &str) -> Answer {
    let asked = if headers.is_empty() {
        String::new()
    } else {
        format!("access-control-request-headers: {headers}\r\n")
    };
    let request = format!(
        "OPTIONS /shapes.Shapes/Unary HTTP/1.1\r\nhost: test\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n{asked}\r\n"
    );
    server.ask(request.as_bytes()).await
}

/// A call of each protocol that pages can speak, from a page of this origin.
async fn calls(server: &Running, origin: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (method, content_type, body) in [
        ("Unary", "application/json", b"{}".to_vec()),
        ("Fail", "application/json", b"{}".to_vec()),
        ("Fail", "application/proto", Vec::new()),
        ("Down", "application/connect+json", envelope(0, b"{}")),
        ("Fail", "application/grpc-web+proto", envelope(0, b"")),
        ("Down", "application/grpc-web-text", b"AAAAAAA=".to_vec()),
        ("None", "application/json", b"{}".to_vec()),
        ("Unary", "text/plain", b"{}".to_vec()),
    ] {
        let origin = if origin.is_empty() {
            String::new()
        } else {
            format!("origin: {origin}\r\n")
        };
        let headers = format!("content-type: {content_type}\r\n{origin}");
        answers.push(
            server
                .ask(&post(&format!("/shapes.Shapes/{method}"), &headers, &body))
                .await,
        );
    }
    answers
}

/// Rules of google.api.http may be for any verb, and a browser keeps a page from those that the answer does not name.
#[tokio::test]
async fn any_verb_may_be_asked_for_and_the_way_into_a_private_network() {
    let server = Running::start(shapes()).await;
    for (verb, more, named) in [
        ("PURGE", "", "GET, HEAD, POST, PUT, PATCH, DELETE, PURGE"),
        ("PATCH", "", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        (
            "POST",
            "access-control-request-private-network: true\r\n",
            "GET, HEAD, POST, PUT, PATCH, DELETE",
        ),
        ("NO VERB", "", "GET, HEAD, POST, PUT, PATCH, DELETE"),
    ] {
        for (origin, code) in [("http://localhost:1", 204), ("https://elsewhere.example", 403)] {
            let request = format!(
                "OPTIONS /a HTTP/1.1\r\nhost: test\r\norigin: {origin}\r\n\
                 access-control-request-method: {verb}\r\n{more}\r\n"
            );
            let answer = server.ask(request.as_bytes()).await;
            assert_eq!(answer.code, code, "{verb} from {origin}");
            let is_allowed = code == 204;
            let verbs = answer.header("access-control-allow-methods");
            assert_eq!(verbs, if is_allowed { named } else { "" }, "{verb} from {origin}");
            let private = answer.header("access-control-allow-private-network");
            let expected = if is_allowed && !more.is_empty() {
                "true"
            } else {
                ""
            };
            assert_eq!(private, expected, "{verb} from {origin}");
        }
    }
}

#[tokio::test]
async fn pages_of_this_machine_may_call_and_see_all_headers() {
    let server = Running::start(shapes()).await;
    for origin in [
        "http://localhost",
        "https://localhost:8443",
        "http://127.0.0.1:3000",
        "http://[::1]:5173",
    ] {
        let answer = preflight(
            &server,
            origin,
            "content-type,connect-protocol-version,x-user-agent,authorization",
        )
        .await;
        assert_eq!(answer.code, 204, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert_eq!(
            answer.header("access-control-allow-methods"),
            "GET, HEAD, POST, PUT, PATCH, DELETE"
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "content-type,connect-protocol-version,x-user-agent,authorization"
        );
        assert_eq!(answer.header("access-control-max-age"), "7200");
        assert_eq!(
            answer.header("vary"),
            "origin, access-control-request-method, access-control-request-headers, \
             access-control-request-private-network"
        );
        for answer in calls(&server, origin).await {
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{answer:?}");
            assert_eq!(answer.header("vary"), "origin", "{answer:?}");
            let exposed = answer.header("access-control-expose-headers");
            for name in ["x-head", "trailer-x-trail", "accept-post"] {
                let is_exposed = exposed.split(", ").any(|known| known == name);
                assert_eq!(is_exposed, !answer.header(name).is_empty(), "{name}: {answer:?}");
            }
        }
    }
    let without_headers = preflight(&server, "http://localhost", "").await;
    assert_eq!(without_headers.code, 204);
    assert_eq!(without_headers.header("access-control-allow-headers"), "");
}

#[tokio::test]
async fn foreign_pages_are_refused_before_they_send_and_see_nothing() {
    let server = Running::start(shapes()).await;
    for origin in [
        "https://app.example.com",
        "null",
        "http://localhost.example.com",
        "http://192.168.0.1",
    ] {
        let answer = preflight(&server, origin, "content-type").await;
        assert_eq!(answer.code, 403, "{answer:?}");
        assert_eq!(
            answer.text(),
            format!("pages of {origin} may not call this server\n")
        );
        for answer in calls(&server, origin).await.iter().chain([&answer]) {
            for name in ["origin", "methods", "headers", "credentials"] {
                assert_eq!(
                    answer.header(&format!("access-control-allow-{name}")),
                    "",
                    "{answer:?}"
                );
            }
            assert_eq!(answer.header("access-control-expose-headers"), "", "{answer:?}");
            assert!(answer.header("vary").starts_with("origin"), "{answer:?}");
        }
    }
    // What is no browser is not asked, and caches are told that a browser would be.
    for answer in calls(&server, "").await {
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("vary"), "origin");
    }
}

#[tokio::test]
async fn other_pages_may_call_if_the_server_is_told() {
    let cors = Cors::none().and("https://app.example.com").expect("an origin");
    let server = Running::start(shapes().cors(cors)).await;
    assert_eq!(preflight(&server, "https://app.example.com", "").await.code, 204);
    assert_eq!(
        preflight(&server, "https://app.example.com:8443", "").await.code,
        403
    );
    assert_eq!(preflight(&server, "http://localhost", "").await.code, 403);

    let server = Running::start(shapes().cors(Cors::any())).await;
    for origin in ["https://app.example.com", "null", "http://localhost"] {
        let answer = preflight(&server, origin, "content-type").await;
        assert_eq!(
            (answer.code, answer.header("access-control-allow-origin").as_str()),
            (204, "*")
        );
        for answer in calls(&server, origin).await {
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer:?}");
            assert_eq!(answer.header("vary"), "", "{answer:?}");
        }
    }

    let server = Running::start(shapes().cors(Cors::none())).await;
    let answer = preflight(&server, "http://localhost", "").await;
    assert_eq!(
        (answer.code, answer.header("access-control-allow-origin").as_str()),
        (204, "")
    );
    for answer in calls(&server, "http://localhost").await {
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("vary"), "");
    }
}

/// A browser sends no token when it asks.
#[tokio::test]
async fn browsers_are_answered_outside_of_the_layers() {
    #[expect(deprecated, reason = "a layer that refuses all calls without a token")]
    fn with_token(server: ServerBuilder) -> ServerBuilder {
        server.layer(ValidateRequestHeaderLayer::bearer("secret"))
    }
    let server = Running::start(with_token(shapes())).await;
    assert_eq!(
        preflight(&server, "http://localhost", "authorization").await.code,
        204
    );
    let call = |token: &str| {
        let headers = format!(
            "content-type: application/json\r\norigin: http://localhost\r\nauthorization: {token}\r\n"
        );
        post("/shapes.Shapes/Unary", &headers, b"{}")
    };
    for (token, code) in [
        ("Bearer secret", StatusCode::OK),
        ("Bearer wrong", StatusCode::UNAUTHORIZED),
    ] {
        let answer = server.ask(&call(token)).await;
        assert_eq!(answer.code, code.as_u16(), "{answer:?}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "http://localhost",
            "{answer:?}"
        );
    }
}
