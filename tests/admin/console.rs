//! The pages of the console: what browsers are told of them. What they do is in tests/clients.

use crate::support::{Answer, Kitchen, send};

async fn get(kitchen: &Kitchen, path: &str, header: &str) -> Answer {
    let host = format!("host: {}", kitchen.admin);
    send(&kitchen.admin, &format!("GET {path}"), &[&host, header], "").await
}

#[tokio::test]
async fn the_console_needs_no_token_and_may_speak_to_nobody_else() {
    let kitchen = Kitchen::start_with(&["--admin-token", "sesame"]).await;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/console.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = get(&kitchen, path, "sec-fetch-site: same-origin").await;
        assert_eq!(answer.code, 200, "{answer:?}");
        for header in [
            &format!("content-type: {content_type}"),
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "x-frame-options: deny",
            "cache-control: no-cache",
            "cross-origin-resource-policy: same-origin",
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ] {
            assert!(
                answer.head.contains(header),
                "{path} lacks {header}: {}",
                answer.head
            );
        }
    }
    // Other pages get them no more than anything else.
    let evil = get(&kitchen, "/", "origin: http://evil.example").await;
    assert_eq!(evil.code, 403, "{evil:?}");
    let framed = get(&kitchen, "/", "sec-fetch-site: cross-site").await;
    assert_eq!(framed.code, 403, "{framed:?}");
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_told_so() {
    let kitchen = Kitchen::start().await;
    let answer = get(&kitchen, "/app.js", "accept: */*").await;
    let tag = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .expect("a tag")
        .to_owned();
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
        "*".to_owned(),
    ] {
        let again = get(&kitchen, "/app.js", &format!("if-none-match: {known}")).await;
        assert_eq!((again.code, again.body.as_str()), (304, ""), "{known}: {again:?}");
        assert!(again.head.contains(&format!("etag: {tag}")), "{again:?}");
    }
    let other = get(&kitchen, "/app.js", "if-none-match: \"0123456789abcdef\"").await;
    assert_eq!((other.code, other.body), (200, answer.body));
}
