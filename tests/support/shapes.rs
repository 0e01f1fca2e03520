//! A method of each shape over one message, which servers of tests have, and what tells a test that a handler is gone.

use protod::Schema;
use tokio::sync::mpsc;

/// The service `shapes.Shapes` with a method of each shape, and the methods `more`.
pub(crate) fn shapes_and(more: &str) -> Schema {
    let source = format!(
        r#"
        syntax = "proto3";
        package shapes;
        message Item {{ string name = 1; int64 value = 2; repeated Item items = 3; bytes data = 4; }}
        service Shapes {{
          rpc Unary(Item) returns (Item);
          rpc Down(Item) returns (stream Item);
          rpc Up(stream Item) returns (Item);
          rpc Both(stream Item) returns (stream Item);
          {more}
        }}
        "#
    );
    Schema::from_source("shapes.proto", &source).expect("the source compiles")
}

/// Tells when it is dropped: held by a handler, that the handler is gone.
pub(crate) struct Guard(pub(crate) mpsc::UnboundedSender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.0.send(());
    }
}
