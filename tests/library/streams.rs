//! Streams of one's own types.

use protod::tonic::Status;
use protod::{Call, Handlers, Typed};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Payment {
    customer: String,
    pence: i64,
}

#[derive(Serialize)]
struct Receipt {
    text: String,
    pence: i64,
}

fn handlers() -> Handlers {
    Handlers::new()
        .server_streaming("till.Till/Split", split)
        .client_streaming("till.Till/Total", total)
        .bidi("till.Till/Chat", chat)
}

/// One request, any number of responses.
async fn split(
    Typed(payment): Typed<Payment>,
    mut call: Call<Typed<Payment>, Typed<Receipt>>,
) -> Result<(), Status> {
    for part in 1..=2 {
        let text = format!("{}, part {part}", payment.customer);
        let pence = payment.pence / 2;
        call.send(Receipt { text, pence }).await?;
    }
    Ok(())
}

/// Any number of requests, one response.
async fn total(mut call: Call<Typed<Payment>>) -> Result<Typed<Receipt>, Status> {
    let mut pence = 0;
    while let Some(payment) = call.recv().await? {
        pence += payment.pence;
    }
    let text = "in total".to_owned();
    Ok(Typed(Receipt { text, pence }))
}

/// Both, in any order: here the server speaks first.
async fn chat(mut call: Call<Typed<Payment>, Typed<Receipt>>) -> Result<(), Status> {
    let text = "who pays?".to_owned();
    call.send(Receipt { text, pence: 0 }).await?;
    while let Some(payment) = call.recv().await? {
        let text = format!("thank you, {}", payment.customer);
        call.send(Receipt {
            text,
            pence: payment.pence,
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn each_shape_answers() {
    let client = super::serving_handlers(handlers()).await;
    let ada = r#"{"customer": "Ada", "pence": 250}"#;
    let split = super::responses(&client, "till.Till/Split", &[ada]).await;
    assert_eq!(
        split.expect("OK"),
        [
            r#"{"text":"Ada, part 1","pence":"125"}"#,
            r#"{"text":"Ada, part 2","pence":"125"}"#
        ]
    );
    let total = super::responses(&client, "till.Till/Total", &[ada, ada]).await;
    assert_eq!(total.expect("OK"), [r#"{"text":"in total","pence":"500"}"#]);
    let chat = super::responses(&client, "till.Till/Chat", &[ada]).await;
    assert_eq!(
        chat.expect("OK"),
        [
            r#"{"text":"who pays?"}"#,
            r#"{"text":"thank you, Ada","pence":"250"}"#
        ]
    );
}
