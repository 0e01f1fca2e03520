//! A handler that takes who calls, and so cannot forget to check.

use protod::tonic::Status;
use protod::{Call, FromCall, Handlers, Message};

/// The caller, by the token of the call.
struct User {
    name: String,
}

impl FromCall for User {
    async fn from_call(call: &mut Call) -> Result<Self, Status> {
        let token = call.metadata().get("authorization");
        match token.and_then(|token| token.to_str().ok()) {
            Some("Bearer sesame") => Ok(User {
                name: "Ali".to_owned(),
            }),
            Some(_) => Err(Status::permission_denied("the token is not valid")),
            None => Err(Status::unauthenticated("send a token")),
        }
    }
}

fn handlers() -> Handlers {
    Handlers::new().unary("till.Till/Pay", |user: User, payment: Message| async move {
        println!("{} pays {}", user.name, payment.get("pence")?);
        Err::<Message, _>(Status::out_of_range("no receipts are left"))
    })
}

#[tokio::test]
async fn the_handler_runs_for_users_only() {
    let client = super::serving_handlers(handlers()).await;
    let mut pay = client.method("till.Till/Pay").expect("it is there");
    for (token, code) in [
        (None, tonic::Code::Unauthenticated),
        (Some("Bearer guess"), tonic::Code::PermissionDenied),
        (Some("Bearer sesame"), tonic::Code::OutOfRange),
    ] {
        if let Some(token) = token {
            pay.metadata_mut()
                .insert("authorization", token.parse().expect("text"));
        }
        let status = pay.unary(super::payment("{}")).await.expect_err("refused");
        assert_eq!(status.code(), code);
    }
}
