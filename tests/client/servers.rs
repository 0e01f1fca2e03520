//! A server on a free port with one method of each shape, and functions to read their messages.

use std::time::Duration;

use prost_reflect::{DynamicMessage, Value};
use protod::{Call, Client, Message, MessageError, Responses, Schema, Server, ServerBuilder};
use tonic::Status;

use crate::shapes::shapes_and;

pub(crate) fn schema() -> Schema {
    shapes_and("")
}

/// Answers every shape: an echo, a count to the value, a sum, an echo of each.
pub(crate) fn shapes() -> ServerBuilder {
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", |request: DynamicMessage| async move {
            Ok(request)
        })
        .server_streaming(
            "shapes.Shapes/Down",
            |request: DynamicMessage, mut call: Call| async move {
                for n in 0..value(&request) {
                    call.send(item("down", n)).await?;
                }
                Ok(())
            },
        )
        .client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
            let mut sum = 0;
            while let Some(message) = call.recv().await? {
                sum += value(&message.to_dynamic()?);
            }
            Ok(item("sum", sum))
        })
        .bidi("shapes.Shapes/Both", |mut call: Call| async move {
            while let Some(message) = call.recv().await? {
                call.send(message).await?;
            }
            Ok(())
        })
}

/// Serves for as long as the test runs, and returns the address.
pub(crate) async fn serve(server: ServerBuilder) -> String {
    let server = server.build().expect("the handlers fit the schema");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve());
    address
}

/// A client of a server of [`shapes`], by reflection.
pub(crate) async fn client() -> Client {
    Client::connect(&serve(shapes()).await)
        .await
        .expect("it answers reflection")
}

pub(crate) fn item(name: &str, value: i64) -> DynamicMessage {
    let descriptor = schema()
        .pool()
        .get_message_by_name("shapes.Item")
        .expect("it is there");
    let mut message = DynamicMessage::new(descriptor);
    message.set_field_by_name("name", Value::String(name.to_owned()));
    message.set_field_by_name("value", Value::I64(value));
    message
}

fn value(message: &DynamicMessage) -> i64 {
    message
        .get_field_by_name("value")
        .and_then(|value| value.as_i64())
        .expect("an Item")
}

/// The value of an `Item`, as it was sent.
pub(crate) fn value_of(message: &Message) -> Result<i64, MessageError> {
    Ok(value(&message.to_dynamic()?))
}

/// Everything that comes.
pub(crate) async fn values(mut responses: Responses) -> Result<Vec<i64>, Status> {
    let mut values = Vec::new();
    while let Some(message) = responses.message().await? {
        values.push(value_of(&message)?);
    }
    Ok(values)
}

/// How long anything that should happen at once may take.
pub(crate) const SOON: Duration = Duration::from_mins(1);
