//! The protos and rules of a test, and how to wait until they are served.

use prost_reflect::Value;
use protod::Client;
use tempfile::TempDir;

use crate::program::SOON;

/// Waits until the server has loaded what was saved before, and returns what its health service says of that.
pub(crate) async fn reload_checked(client: &Client) -> String {
    let check = client.method("grpc.health.v1.Health/Check").expect("it is there");
    let mut request = check.request();
    request.set_field_by_name("service", Value::String("protod.reload".to_owned()));
    let checked = tokio::time::timeout(SOON, check.unary(request)).await;
    let reply = checked.expect("it is answered soon").expect("it is known");
    let json: serde_json::Value =
        serde_json::from_str(&reply.message.to_json().expect("JSON")).expect("JSON");
    json["status"].as_str().expect("a name").to_owned()
}

/// A folder with these files: names and contents.
pub(crate) fn folder<const FILES: usize>(files: [(&str, &str); FILES]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    folder
}
