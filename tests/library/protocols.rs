//! A client that speaks another protocol than gRPC.

use protod::client::{Codec, Protocol};
use protod::{Client, Message, Schema};

async fn pay_as_a_browser_does(address: &str, schema: Schema) -> Result<Message, Box<dyn std::error::Error>> {
    let client = Client::builder(address)
        .protocol(Protocol::Connect)
        .codec(Codec::Json)
        .schema(schema)
        .connect()
        .await?;
    let pay = client.method("till.Till/Pay")?;
    let payment = Message::from_json(pay.input().clone(), r#"{"customer": "Ada", "pence": 250}"#)?;
    Ok(pay.unary(payment).await?.message)
}

#[tokio::test]
async fn a_call_is_one_that_a_browser_could_make() {
    let rules = "rules: [{method: till.Till/Pay, reply: {text: '${request.customer}'}}]";
    let rules = protod::Rules::from_text(&super::schema(), "till.rules.yaml", rules).expect("they fit");
    let server = protod::Server::builder(super::schema()).handlers(&rules);
    let bound = server.build().expect("it fits").bind("127.0.0.1:0").await;
    let bound = bound.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let receipt = pay_as_a_browser_does(&address, super::schema()).await;
    assert_eq!(receipt.expect("OK").to_json().expect("JSON"), r#"{"text":"Ada"}"#);
}
