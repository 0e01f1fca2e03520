//! A client of any server.

use std::time::Duration;

use protod::{Client, Typed};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

#[derive(Clone, Serialize)]
struct Payment {
    customer: String,
    pence: i64,
}

#[derive(Deserialize)]
struct Receipt {
    text: String,
}

async fn calls(address: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    // The protos come from the server, by reflection.
    let client = Client::connect(address).await?;
    let payment = Payment {
        customer: "Ada".to_owned(),
        pence: 250,
    };
    let mut texts = Vec::new();

    // One request, one response.
    let pay = client.method("till.Till/Pay")?.deadline(Duration::from_secs(2));
    let receipt: Receipt = pay.unary(Typed(payment.clone())).await?.parse()?;
    texts.push(receipt.text);

    // A stream of responses.
    let split = client.method("till.Till/Split")?;
    let mut parts = split.server_streaming(Typed(payment.clone())).await?;
    while let Some(part) = parts.recv::<Receipt>().await? {
        texts.push(part.text);
    }

    // A stream of requests.
    let payments = tokio_stream::iter([Typed(payment.clone()), Typed(payment.clone())]);
    let total = client
        .method("till.Till/Total")?
        .client_streaming(payments)
        .await?;
    texts.push(total.parse::<Receipt>()?.text);

    // Both: requests are sent as they come.
    let (sender, requests) = mpsc::channel(1);
    let chat = client.method("till.Till/Chat")?;
    let mut answers = chat.bidi(ReceiverStream::new(requests)).await?;
    sender.send(Typed(payment)).await?;
    texts.extend(answers.recv::<Receipt>().await?.map(|answer| answer.text));
    Ok(texts)
}

#[tokio::test]
async fn all_four_shapes_are_called() {
    let rules = protod::Rules::from_text(
        &super::schema(),
        "till.rules.yaml",
        r#"
rules:
  - {method: till.Till/Pay, reply: {text: "${request.customer}"}}
  - {method: till.Till/Split, stream: [{send: {text: first}}, {send: {text: second}}]}
  - {method: till.Till/Total, reply: {text: "in total"}}
  - {method: till.Till/Chat, session: {message: [{send: {text: thanks}}]}}
"#,
    );
    let server = protod::Server::builder(super::schema()).handlers(&rules.expect("they fit"));
    let bound = server.build().expect("it fits").bind("127.0.0.1:0").await;
    let bound = bound.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let texts = calls(&address).await.expect("OK");
    assert_eq!(texts, ["Ada", "first", "second", "in total", "thanks"]);
}
