//! A client of any server.

use std::time::Duration;

use protod::{Client, Message};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

async fn calls(address: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    // The protos come from the server, by reflection.
    let client = Client::connect(address).await?;
    let mut answers = Vec::new();

    // One request, one response.
    let pay = client.method("till.Till/Pay")?.deadline(Duration::from_secs(2));
    let payment = Message::from_json(pay.input().clone(), r#"{"customer": "Ada", "pence": 250}"#)?;
    let reply = pay.unary(payment.clone()).await?;
    answers.push(reply.message.to_json()?);

    // A stream of responses.
    let mut parts = client
        .method("till.Till/Split")?
        .server_streaming(payment.clone())
        .await?;
    while let Some(part) = parts.message().await? {
        answers.push(part.to_json()?);
    }

    // A stream of requests.
    let payments = tokio_stream::iter([payment.clone(), payment.clone()]);
    let total = client
        .method("till.Till/Total")?
        .client_streaming(payments)
        .await?;
    answers.push(total.message.to_json()?);

    // Both: requests are sent as they come.
    let (sender, requests) = mpsc::channel::<Message>(1);
    let mut chat = client
        .method("till.Till/Chat")?
        .bidi(ReceiverStream::new(requests))
        .await?;
    sender.send(payment).await?;
    answers.extend(chat.message().await?.map(|answer| answer.to_json()).transpose()?);
    Ok(answers)
}

#[tokio::test]
async fn all_four_shapes_are_called() {
    let rules = protod::Rules::from_text(
        &super::schema(),
        "till.rules.yaml",
        r#"
rules:
  - {method: till.Till/Pay, reply: {text: "${request.customer}"}}
  - {method: till.Till/Split, stream: [{send: {pence: 125}}, {send: {pence: 125}}]}
  - {method: till.Till/Total, reply: {pence: 500}}
  - {method: till.Till/Chat, session: {message: [{send: {text: "thanks"}}]}}
"#,
    );
    let server = protod::Server::builder(super::schema()).handlers(&rules.expect("they fit"));
    let bound = server
        .build()
        .expect("it fits")
        .bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let answers = calls(&address).await.expect("OK");
    assert_eq!(
        answers,
        [
            r#"{"text":"Ada"}"#,
            r#"{"pence":"125"}"#,
            r#"{"pence":"125"}"#,
            r#"{"pence":"500"}"#,
            r#"{"text":"thanks"}"#
        ]
    );
}
