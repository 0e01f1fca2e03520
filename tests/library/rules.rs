//! Rules and samples, from code.

use protod::{Error, Rules, Sampler, Schema, Server};

fn server(schema: Schema) -> Result<Server, Error> {
    let rules = Rules::from_text(
        &schema,
        "till.rules.yaml",
        r#"
rules:
  - method: till.Till/Pay
    match: {customer: thief}
    status: {code: PERMISSION_DENIED, message: "not you, ${request.customer}"}
"#,
    )?;
    Server::builder(schema)
        .handlers(&rules)
        .fallback(Sampler::default())
        .build()
}

#[tokio::test]
async fn the_rule_answers_what_it_matches_and_samples_the_other_methods() {
    let server = server(super::schema()).expect("it fits");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    let client = protod::Client::connect(&address).await.expect("it serves");
    let refused = super::pay(&client, r#"{"customer": "thief"}"#)
        .await
        .expect_err("refused");
    assert_eq!(refused.message(), "not you, thief");
    let total = super::responses(&client, "till.Till/Total", &["{}"])
        .await
        .expect("OK");
    assert_eq!(total.len(), 1);
}
