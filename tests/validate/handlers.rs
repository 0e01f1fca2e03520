//! Handlers in Rust see only requests that are valid.

use protod::{Call, Handlers, Message, Schema, Server, ServerBuilder, Typed};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};

use crate::{Running, shop};

#[derive(Deserialize)]
struct Order {
    count: i32,
}

#[derive(Serialize)]
struct Receipt {
    text: String,
}

async fn place(Typed(order): Typed<Order>) -> Result<Typed<Receipt>, Status> {
    let text = format!("placed {}", order.count);
    Ok(Typed(Receipt { text }))
}

async fn watch(order: Message, mut call: Call) -> Result<(), Status> {
    let count = order.to_json()?;
    let response = call.message(&Receipt { text: count })?;
    call.send(response).await
}

async fn import(mut call: Call<Typed<Order>>) -> Result<Typed<Receipt>, Status> {
    let mut counts = 0;
    while let Some(order) = call.recv().await? {
        counts += order.count;
    }
    let text = format!("imported {counts}");
    Ok(Typed(Receipt { text }))
}

/// Goes on after a request that is refused.
async fn chat(mut call: Call<Typed<Order>, Typed<Receipt>>) -> Result<(), Status> {
    loop {
        let text = match call.recv().await {
            Ok(Some(order)) => format!("got {}", order.count),
            Ok(None) => return Ok(()),
            Err(status) => format!("refused: {}", status.message()),
        };
        call.send(Receipt { text }).await?;
    }
}

fn server() -> ServerBuilder {
    let handlers = Handlers::new()
        .unary("shop.Orders/Place", place)
        .server_streaming("shop.Orders/Watch", watch)
        .client_streaming("shop.Orders/Import", import)
        .bidi("shop.Orders/Chat", chat);
    Server::builder(shop()).handlers(handlers)
}

const REFUSED: &str = "count: must be greater than 0 [int32.gt]";

#[tokio::test]
async fn each_request_of_each_kind_of_method_is_checked() {
    let running = Running::start(server().validate(true)).await;
    let valid = r#"{"count": 2}"#;
    for (method, text) in [
        ("Place", "placed 2"),
        ("Watch", r#"{\"count\":2}"#),
        ("Import", "imported 2"),
    ] {
        let method = format!("shop.Orders/{method}");
        let (messages, status) = running.call(&method, &[valid]).await;
        assert_eq!(
            (status.code(), messages),
            (Code::Ok, vec![format!(r#"{{"text":"{text}"}}"#)])
        );
        let (messages, status) = running.call(&method, &["{}"]).await;
        let refused = (status.code(), status.message(), messages.len());
        assert_eq!(refused, (Code::InvalidArgument, REFUSED, 0), "{method}");
    }
    let (_, status) = running
        .call("shop.Orders/Import", &[valid, valid, r#"{"count": -1}"#])
        .await;
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, REFUSED)
    );
}

#[tokio::test]
async fn a_handler_may_go_on_after_a_request_that_is_refused() {
    let running = Running::start(server().validate(true)).await;
    let requests = [r#"{"count": 1}"#, "{}", r#"{"count": 3}"#];
    let (messages, status) = running.call("shop.Orders/Chat", &requests).await;
    let texts = [
        r#"{"text":"got 1"}"#.to_owned(),
        format!(r#"{{"text":"refused: {REFUSED}"}}"#),
        r#"{"text":"got 3"}"#.to_owned(),
    ];
    assert_eq!((status.code(), messages), (Code::Ok, texts.to_vec()));
}

#[tokio::test]
async fn nothing_is_checked_unless_the_server_is_told_so() {
    let running = Running::start(server()).await;
    let (messages, status) = running.call("shop.Orders/Place", &["{}"]).await;
    assert_eq!((status.code(), messages.len()), (Code::Ok, 1));
}

#[tokio::test]
async fn methods_and_services_can_be_excepted() {
    for (except, is_checked) in [
        ("shop.Orders/Place", false),
        ("shop.Orders", false),
        ("shop.Orders/Watch", true),
    ] {
        let server = server().validate(true).validate_except(except);
        let running = Running::start(server).await;
        let (_, status) = running.call("shop.Orders/Place", &["{}"]).await;
        assert_eq!(status.code() == Code::InvalidArgument, is_checked, "{except}");
    }
    let error = server()
        .validate(true)
        .validate_except("shop.Order/Place")
        .build()
        .unwrap_err();
    assert!(error.is_unknown_name());
    assert!(
        error.to_string().ends_with("did you mean `shop.Orders/Place`?"),
        "{error}"
    );
}

#[tokio::test]
async fn the_details_are_messages_that_reflection_knows() {
    let running = Running::start(server().validate(true)).await;
    let (_, status) = running
        .call("shop.Orders/Place", &[r#"{"count": 1, "prices": [1, -1]}"#])
        .await;
    assert_eq!(
        status.message(),
        "prices[1]: must be greater than or equal to 0 [int32.gte]"
    );
    let schema = running
        .client
        .fetch_symbol("google.rpc.BadRequest")
        .await
        .expect("it is served");
    let bad_request = details(&schema, &status, "google.rpc.BadRequest");
    let expected =
        r#"{"fieldViolations":[{"field":"prices[1]","description":"must be greater than or equal to 0"}]}"#;
    assert_eq!(bad_request, expected);
    let schema = running
        .client
        .fetch_symbol("buf.validate.Violations")
        .await
        .expect("it is served");
    let violations = details(&schema, &status, "buf.validate.Violations");
    let parts = [
        r#""fieldNumber":3,"fieldName":"prices","fieldType":"TYPE_INT32","index":"1""#,
        r#""ruleId":"int32.gte""#,
        r#""fieldNumber":18,"fieldName":"repeated""#,
        r#""fieldNumber":5,"fieldName":"gte""#,
    ];
    for part in parts {
        assert!(violations.contains(part), "{part}\n{violations}");
    }
}

/// A detail of a status, as JSON.
fn details(schema: &Schema, status: &Status, name: &str) -> String {
    use prost::Message as _;

    #[derive(Clone, PartialEq, prost::Message)]
    struct RpcStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
        #[prost(message, repeated, tag = "3")]
        details: Vec<prost_types::Any>,
    }

    let decoded = RpcStatus::decode(status.details()).expect("a google.rpc.Status");
    assert_eq!((decoded.code, decoded.message.as_str()), (3, status.message()));
    let of_type = |any: &&prost_types::Any| any.type_url.ends_with(name);
    let any = decoded
        .details
        .iter()
        .find(of_type)
        .expect("it is among the details");
    let descriptor = schema
        .pool()
        .get_message_by_name(name)
        .expect("the schema has it");
    let message = Message::decode(schema, &descriptor, any.value.clone()).expect("it is well formed");
    message.to_json().expect("it has JSON")
}

#[tokio::test]
async fn a_reload_whose_rules_do_not_compile_changes_nothing() {
    let server = server().validate(true).build().expect("it fits");
    let running = Running::of(&server).await;
    let swap = |from: &str, to: &str| {
        let schema = Schema::from_source("shop.proto", &crate::SHOP.replace(from, to)).expect("it compiles");
        server.reload(schema, Handlers::new().unary("shop.Orders/Place", place))
    };
    let error = swap("int32.gt = 0", "string.min_len = 1").unwrap_err();
    assert!(error.is_schema(), "{error}");
    let (_, status) = running.call("shop.Orders/Place", &["{}"]).await;
    assert_eq!(status.message(), REFUSED);
    swap("int32.gt = 0", "int32.gt = 7").expect("it compiles");
    let (_, status) = running.call("shop.Orders/Place", &["{}"]).await;
    assert_eq!(status.message(), REFUSED.replace('0', "7"));
}
