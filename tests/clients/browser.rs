//! Pages in Chromium: connect-web, by Connect and by gRPC-Web, and Google's grpc-web, in binary and in text.

use tokio::sync::Mutex;

use crate::programs::browser;
use crate::support::Server;

/// Browsers take long to start, and longer where several start.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Runs one case of `browser.js` against a server of `protos/calls`. The script throws if something is wrong.
async fn case(name: &str) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let server = Server::start(&["tests/clients/protos/calls"]).await;
    let said = browser("browser.js").prints([server.address(), name]).await;
    assert_eq!(said, format!("{name}: ok\n"));
}

#[tokio::test]
async fn a_page_calls_by_connect_web() {
    case("connect_web_calls").await;
}

#[tokio::test]
async fn a_page_cancels_and_gives_up() {
    case("connect_web_cancels_and_gives_up").await;
}

#[tokio::test]
async fn a_page_calls_by_grpc_web_in_binary_and_in_text() {
    case("grpc_web_calls").await;
}

#[tokio::test]
async fn a_page_of_a_foreign_origin_is_refused() {
    case("foreign_pages_are_refused").await;
}
