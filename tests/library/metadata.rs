//! Metadata in both directions, and what else a call knows.

use protod::tonic::metadata::MetadataValue;
use protod::{Call, Handlers, Message};

fn handlers() -> Handlers {
    Handlers::new().unary("till.Till/Pay", |_: Message, mut call: Call| async move {
        let shop = call.metadata().get("shop").and_then(|shop| shop.to_str().ok());
        let shop = shop.unwrap_or("the first shop").to_owned();
        if let Some(headers) = call.headers_mut() {
            headers.insert("served-by", MetadataValue::from_static("till 1"));
        }
        call.trailers_mut().insert("queue-length", MetadataValue::from(3));
        println!("{} pays in {shop}", call.peer().expect("it has one").addr());
        Ok(call.response())
    })
}

#[tokio::test]
async fn headers_come_first_and_trailers_last() {
    let client = super::serving_handlers(handlers()).await;
    let pay = client.method("till.Till/Pay").expect("it is there");
    let reply = pay.unary(super::payment("{}")).await.expect("OK");
    assert_eq!(reply.headers.get("served-by").expect("a header"), "till 1");
    assert_eq!(reply.trailers.get("queue-length").expect("a trailer"), "3");
}
