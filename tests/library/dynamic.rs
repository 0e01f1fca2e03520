//! Messages whose types only the proto knows.

use protod::prost_reflect::Value;
use protod::tonic::Status;
use protod::{Call, Handlers, Message};

fn handlers() -> Handlers {
    Handlers::new()
        .unary("till.Till/Pay", |payment: Message, call: Call| async move {
            let pence = payment.get("pence")?.as_i64().unwrap_or_default();
            if pence < 1 {
                return Err(Status::invalid_argument("pay at least a penny"));
            }
            let mut receipt = call.response();
            receipt.set_field_by_name("pence", Value::I64(pence));
            Ok(receipt)
        })
        .bidi("till.Till/Chat", |mut call: Call| async move {
            while let Some(payment) = call.recv().await? {
                let fields = payment.to_dynamic()?;
                let mut receipt = call.response();
                if let Some(pence) = fields.get_field_by_name("pence") {
                    receipt.set_field_by_name("pence", pence.into_owned());
                }
                call.send(receipt).await?;
            }
            Ok(())
        })
}

#[tokio::test]
async fn both_answer() {
    let client = super::serving_handlers(handlers()).await;
    let paid = super::pay(&client, r#"{"pence": 3}"#).await;
    assert_eq!(paid.expect("OK"), r#"{"pence":"3"}"#);
    let refused = super::pay(&client, "{}").await.expect_err("too little");
    assert_eq!(refused.message(), "pay at least a penny");
    let chat = super::responses(&client, "till.Till/Chat", &[r#"{"pence": 1}"#, r#"{"pence": 2}"#]).await;
    assert_eq!(chat.expect("OK"), [r#"{"pence":"1"}"#, r#"{"pence":"2"}"#]);
}
