//! A status with details.

use protod::tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

fn too_few(pence: i64) -> Status {
    let mut details = ErrorDetails::new();
    details.add_bad_request_violation("pence", "must be at least 1");
    Status::with_error_details(
        Code::InvalidArgument,
        format!("{pence} pence are too few"),
        details,
    )
}

#[tokio::test]
async fn the_client_reads_them() {
    let handlers = protod::Handlers::new().unary("till.Till/Pay", |_: protod::Message| async {
        Err::<protod::Message, _>(too_few(0))
    });
    let client = super::serving_handlers(handlers).await;
    let refused = super::pay(&client, "{}").await.expect_err("refused");
    assert_eq!(refused.message(), "0 pence are too few");
    let violations = refused.get_error_details();
    let violation = &violations.bad_request().expect("there").field_violations[0];
    assert_eq!(violation.field, "pence");
}
