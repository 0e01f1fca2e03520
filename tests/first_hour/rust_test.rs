//! The README's test. The text there must be the same as here.

use protod::{Client, Message, Rules, Schema, Server};

/// Serves a folder of protos and rules on a free port, for as long as the test runs.
async fn serve(folder: &str) -> Result<String, protod::Error> {
    let schema = Schema::load(folder)?;
    let rules = Rules::beside(&schema)?;
    let bound = Server::builder(schema)
        .handlers(&rules)
        .build()?
        .bind("127.0.0.1:0")
        .await?;
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    Ok(address)
}

#[tokio::test]
async fn a_search_is_answered() -> Result<(), Box<dyn std::error::Error>> {
    let address = serve("proto").await?;

    // Replace this client with the code that you test.
    let client = Client::connect(&address).await?;
    let search = client.method("proto.SearchService/Search")?;
    let request = Message::from_json(search.input().clone(), r#"{"request": "gRPC"}"#)?;
    let reply = search.unary(request).await?;

    assert_eq!(reply.message.to_json()?, r#"{"response":"gRPC Server"}"#);
    Ok(())
}

#[test]
fn the_readme_has_this_test() {
    let (_, test) = include_str!("rust_test.rs")
        .split_once("\n\n")
        .expect("a head comes first");
    let (test, _) = test.split_once("\n#[test]\n").expect("this comes after it");
    let readme = include_str!("../../README.md");
    assert!(
        readme.contains(&format!("```rust\n{test}```\n")),
        "the README has another:\n{test}"
    );
}
