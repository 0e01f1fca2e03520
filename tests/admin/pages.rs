//! Plain HTTP on the admin port: who may read pages, and `/healthz` and `/readyz`.

use std::fs;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::program::SOON;
use crate::support::{Answer, Kitchen, RULES, send};

async fn get(kitchen: &Kitchen, path: &str) -> Answer {
    send(
        &kitchen.admin,
        &format!("GET {path}"),
        &[&format!("host: {}", kitchen.admin)],
        "",
    )
    .await
}

/// Reads the page until its code is this one.
async fn until(kitchen: &Kitchen, path: &str, code: u16) -> Answer {
    let asking = async {
        loop {
            let answer = get(kitchen, path).await;
            if answer.code == code {
                return answer;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, asking).await.expect("it comes to that")
}

#[tokio::test]
async fn probes_are_read_by_all_who_may_speak_to_the_service_with_or_without_the_token() {
    let kitchen = Kitchen::start_with(&["--admin-token", "sesame"]).await;
    let own = format!("host: {}", kitchen.admin);
    for path in ["/healthz", "/readyz"] {
        let answer = get(&kitchen, path).await;
        assert_eq!((answer.code, answer.body.as_str()), (200, "ok\n"), "{answer:?}");
        for header in [
            "content-type: text/plain; charset=utf-8",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
        ] {
            assert!(answer.head.contains(header), "{answer:?}");
        }
        let head = send(&kitchen.admin, &format!("HEAD {path}"), &[&own], "").await;
        assert_eq!((head.code, head.body.as_str()), (200, ""), "{head:?}");
        assert!(head.head.contains("content-length: 3"), "{head:?}");
        for verb in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let answer = send(&kitchen.admin, &format!("{verb} {path}"), &[&own], "").await;
            assert_eq!(answer.code, 405, "{answer:?}");
            assert!(answer.head.contains("allow: get, head"), "{answer:?}");
        }
        let evil = send(
            &kitchen.admin,
            &format!("GET {path}"),
            &["host: evil.example"],
            "",
        )
        .await;
        assert_eq!(evil.code, 403, "{evil:?}");
        let page = [own.as_str(), "origin: http://evil.example"];
        let page = send(&kitchen.admin, &format!("GET {path}"), &page, "").await;
        assert_eq!(page.code, 403, "{page:?}");
        let large = "x".repeat((64 << 10) + 1);
        let large = send(&kitchen.admin, &format!("GET {path}"), &[&own], &large).await;
        assert_eq!(large.code, 413, "{large:?}");
    }
    for path in ["/index.html", "/healthz/", "/HEALTHZ", "/nothing"] {
        let answer = get(&kitchen, path).await;
        assert_eq!(
            answer.code, 401,
            "what is no page is behind the token: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_server_is_ready_while_what_was_saved_last_is_served() {
    let kitchen = Kitchen::start().await;
    let verbose = get(&kitchen, "/readyz?verbose").await;
    assert_eq!(verbose.body, "[+]serving ok\n[+]reload ok\nreadyz check passed\n");
    fs::write(
        kitchen.path("tea.rules.yaml"),
        RULES.replace("times: 1", "tmes: 1"),
    )
    .expect("written");
    let answer = until(&kitchen, "/readyz", 503).await;
    let lines: Vec<&str> = answer.body.lines().collect();
    assert_eq!(lines[0], "[+]serving ok", "{answer:?}");
    assert!(
        lines[1].starts_with("[-]reload failed: what was saved is wrong: ./tea.rules.yaml:5:5: "),
        "{answer:?}"
    );
    assert_eq!(lines[2], "readyz check failed");
    assert_eq!(get(&kitchen, "/healthz").await.code, 200, "it runs all the same");
    fs::write(kitchen.path("tea.rules.yaml"), RULES).expect("written");
    until(&kitchen, "/readyz", 200).await;
}

#[tokio::test]
async fn a_server_that_drains_runs_and_is_not_ready() {
    let kitchen = Kitchen::start().await;
    // Its message is still to come.
    let mut call = TcpStream::connect(kitchen.server.address())
        .await
        .expect("it listens");
    let head = "POST /tea.Kitchen/Brew HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n";
    call.write_all(head.as_bytes()).await.expect("it reads");
    let begun = async {
        while kitchen.ask("Status", "{}").await["callsInFlight"] != 1 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, begun).await.expect("the call begins");
    kitchen.server.signal("TERM").await;
    let answer = until(&kitchen, "/readyz", 503).await;
    assert!(answer.body.starts_with("[-]serving failed: "), "{answer:?}");
    assert_eq!(get(&kitchen, "/healthz").await.code, 200);
    call.write_all(br#"{"kind": "green"}"#).await.expect("it reads");
    let mut response = String::new();
    let read = timeout(SOON, call.read_to_string(&mut response)).await;
    read.expect("it answers").expect("it closes");
    assert!(response.contains("first"), "{response}");
}

#[tokio::test]
async fn methods_that_only_read_are_called_by_get_behind_the_guard() {
    let kitchen = Kitchen::start().await;
    for (method, message, answered) in [
        ("Status", "%7B%7D", "\"serving\":true"),
        (
            "ListRules",
            "%7B%22method%22%3A%22tea.Kitchen%2FBrew%22%7D",
            "\"rules\":[",
        ),
    ] {
        let path =
            format!("/protod.admin.v1.AdminService/{method}?connect=v1&encoding=json&message={message}");
        let answer = get(&kitchen, &path).await;
        assert!(answer.code == 200 && answer.body.contains(answered), "{answer:?}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_not_found_and_methods_are_not_taken_for_pages() {
    let kitchen = Kitchen::start().await;
    for path in [
        "/nope",
        "/favicon.ico",
        "/a/b",
        "/healthz/",
        "/protod.admin.v1.AdminService",
    ] {
        let answer = get(&kitchen, path).await;
        assert_eq!(
            (answer.code, answer.body),
            (404, format!("there is no page {path} here: / is the console\n"))
        );
        let host = format!("host: {}", kitchen.admin);
        let head = send(&kitchen.admin, &format!("HEAD {path}"), &[&host], "").await;
        assert_eq!((head.code, head.body.as_str()), (404, ""));
    }
    let status = get(
        &kitchen,
        "/protod.admin.v1.AdminService/Status?encoding=json&message=%7B%7D",
    )
    .await;
    assert!(
        status.code == 200 && status.body.contains("version"),
        "{status:?}"
    );
}
