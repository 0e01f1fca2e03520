//! The official SDK of the Model Context Protocol, against `/mcp` of the admin service, in each way that it can begin. What the script
//! in `node/` must find is there.

use crate::programs::node;
use crate::support::{Server, command};

async fn case(name: &str) {
    let mut serve = command(&["serve", "--addr", "127.0.0.1:0", "proto"]);
    serve.env("PROTOD_ADMIN_ADDR", "127.0.0.1:0");
    let mut server = Server::start_command(serve).await;
    let line = server.line_with("protod admin on ").await;
    let admin = line.rsplit(' ').next().expect("an address");
    let said = node("mcp.js").prints([admin, name]).await;
    assert_eq!(said, format!("{name}: ok\n"));
}

#[tokio::test]
async fn sdk_uses_the_tools_after_a_handshake() {
    case("uses_the_tools_after_a_handshake").await;
}

#[tokio::test]
async fn sdk_uses_the_tools_without_a_handshake() {
    case("uses_the_tools_without_a_handshake").await;
}

#[tokio::test]
async fn sdk_finds_the_newest_revision_by_itself() {
    case("finds_the_newest_revision_by_itself").await;
}
