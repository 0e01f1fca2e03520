//! Rules in front of a handler, from code.

use protod::{Error, Rules, Schema, Server};

fn guarded(schema: Schema) -> Result<Server, Error> {
    let rules = Rules::from_text(
        &schema,
        "guard.rules.yaml",
        r#"
rules:
  - method: "*/*"
    when: metadata["x-closed"] == "1"
    status: {code: UNAVAILABLE, message: closed}
  - method: "*/*"
    delay: 5ms
    headers: {x-server: test}
    then: next
"#,
    )?;
    Server::builder(schema)
        .unary("till.Till/Pay", async |_: protod::Message, call: protod::Call| {
            Ok(call.response())
        })
        .handlers(&rules)
        .build()
}

#[tokio::test]
async fn rules_for_all_methods_stand_in_front_of_a_handler() {
    let server = guarded(super::schema()).expect("it fits");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let client = protod::Client::connect(&address).await.expect("it serves");
    let mut pay = client.method("till.Till/Pay").expect("it is there");
    let request = || protod::Message::from_json(pay.input().clone(), "{}").expect("it fits");
    let (request, again) = (request(), request());
    let mut paid = pay.call(tokio_stream::once(request)).await.expect("OK");
    let headers = paid.headers().await.expect("they come");
    assert_eq!(headers.get("x-server").expect("the rule set it"), "test");
    pay.metadata_mut()
        .insert("x-closed", "1".parse().expect("a value"));
    let refused = match pay.call(tokio_stream::once(again)).await {
        Ok(mut paid) => paid.headers().await.map(drop).expect_err("it is closed"),
        Err(status) => status,
    };
    assert_eq!(refused.message(), "closed");
}
