//! Handlers that are shared or chosen at run time, and a handler of all methods that have none.

use std::sync::Arc;

use protod::handler::DynHandler;
use protod::{Call, Handler, Handlers, Server};
use tonic::Status;

use crate::support::{Running, collect, dynamic_item, fields, item, schema, stream_of};

/// Counts what it receives, and answers with the count and its own name.
struct Named(&'static str);

impl Handler for Named {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let mut count = 0;
        while call.recv().await?.is_some() {
            count += 1;
        }
        call.send(dynamic_item(self.0, count)).await
    }
}

/// Answers with the method and the name in the last message.
struct Method;

impl Handler for Method {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let mut last = String::new();
        while let Some(message) = call.recv().await? {
            last = fields(&message).0;
        }
        let name = format!("{} {last}", call.method().name());
        call.send(dynamic_item(&name, 1)).await
    }
}

#[tokio::test]
async fn handlers_are_kept_as_trait_objects_and_shared() {
    let shared = Arc::new(Named("shared"));
    let chosen: Arc<dyn DynHandler> = Arc::new(Named("chosen"));
    let boxed: Box<dyn DynHandler> = Box::new(Named("boxed"));
    let fallback: Arc<dyn DynHandler> = Arc::new(Method);
    let handlers = Handlers::new()
        .handler("shapes.Shapes/Unary", Arc::clone(&shared))
        .handler("shapes.Shapes/Up", Arc::clone(&chosen))
        .handler("shapes.Shapes/Both", boxed)
        .fallback(Arc::clone(&fallback));
    let server = Server::builder(schema()).handlers(handlers).build();
    let running = Running::start(server.expect("fits")).await;
    let mut client = running.client().await;
    let three = || stream_of(vec![item("c", 3); 3]);

    let answer = client.unary(item("a", 1)).await.expect("OK").into_inner();
    assert_eq!(fields(&answer), ("shared".into(), 1));
    let answer = client.up(three()).await.expect("OK").into_inner();
    assert_eq!(fields(&answer), ("chosen".into(), 3));
    let both = client.both(three()).await.expect("headers").into_inner();
    assert_eq!(collect(both).await.expect("OK"), [("boxed".into(), 3)]);
    let down = client.down(item("d", 4)).await.expect("headers").into_inner();
    let expected = [("shapes.Shapes/Down d".into(), 1)];
    assert_eq!(collect(down).await.expect("OK"), expected);

    // The fallback sees messages of all shapes.
    let server = Server::builder(schema()).fallback(fallback).build();
    let running = Running::start(server.expect("fits")).await;
    let mut client = running.client().await;
    let both = client.both(three()).await.expect("headers").into_inner();
    let expected = [("shapes.Shapes/Both c".into(), 1)];
    assert_eq!(collect(both).await.expect("OK"), expected);
}

/// As the handler of a rule or a sample does.
struct InPlace;

impl Handler for InPlace {
    async fn handle(&self, _call: &mut Call) -> Result<(), Status> {
        Ok(())
    }

    fn begins_in_place(&self) -> bool {
        true
    }
}

#[test]
fn shared_handler_begins_where_its_own_does() {
    let handler: Arc<dyn DynHandler> = Arc::new(InPlace);
    assert!(handler.begins_in_place());
    assert!(Arc::new(InPlace).begins_in_place());
    assert!(Box::new(InPlace).begins_in_place());
    assert!(!Arc::new(Method).begins_in_place());
}
