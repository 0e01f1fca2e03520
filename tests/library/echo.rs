//! A handler of a type of one's own.

use protod::tonic::Status;
use protod::{Call, Handler};

/// Answers methods of every shape: it refuses them.
struct Closed {
    reason: String,
}

impl Handler for Closed {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let method = call.method().name();
        Err(Status::unavailable(format!("{method}: {}", self.reason)))
    }
}

#[tokio::test]
async fn it_answers_any_method() {
    let reason = "the till is closed".to_owned();
    let handlers = protod::Handlers::new().fallback(Closed { reason });
    let client = super::serving_handlers(handlers).await;
    for method in [
        "till.Till/Pay",
        "till.Till/Split",
        "till.Till/Total",
        "till.Till/Chat",
    ] {
        let refused = super::responses(&client, method, &["{}"])
            .await
            .expect_err("closed");
        assert_eq!(refused.message(), format!("{method}: the till is closed"));
    }
}
