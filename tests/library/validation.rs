//! Requests are checked against the rules of their protos.

use protod::{Error, Handlers, Message, Schema, Server, Validator};

fn validating(schema: Schema, handlers: Handlers) -> Result<Server, Error> {
    Server::builder(schema)
        .handlers(handlers)
        .validate(true)
        .validate_except("till.Till/Total")
        .build()
}

/// The rules that a message breaks, one a line.
fn broken_rules(schema: &Schema, message: &Message) -> Result<Vec<String>, Error> {
    let validator = Validator::new(schema, [message.descriptor()])?;
    let Err(error) = validator.validate(message) else {
        return Ok(Vec::new());
    };
    Ok(error.violations().iter().map(ToString::to_string).collect())
}

#[test]
fn the_rules_of_a_proto_are_checked() {
    let schema = Schema::from_source(
        "till.proto",
        &super::PROTO
            .replace(
                "package till;",
                "package till;\nimport \"buf/validate/validate.proto\";",
            )
            .replace(
                "int64 pence = 2;",
                "int64 pence = 2 [(buf.validate.field).int64.gt = 0];",
            ),
    )
    .expect("it compiles");
    let payment = schema
        .pool()
        .get_message_by_name("till.Payment")
        .expect("it is there");
    let broken = |json: &str| {
        let message = Message::from_json(payment.clone(), json).expect("it fits");
        broken_rules(&schema, &message).expect("the rules compile")
    };
    assert_eq!(broken(r#"{"pence": 1}"#), Vec::<String>::new());
    assert_eq!(broken("{}"), ["pence: must be greater than 0 [int64.gt]"]);
    validating(schema.clone(), Handlers::new()).expect("the rules compile");
}
