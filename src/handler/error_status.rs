//! The gRPC status of an error of any type, such as the layers of a server fail with.

use std::error::Error as StdError;

use http_body_util::LengthLimitError;
use tonic::{Code, Status};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

/// The status of the first of an error and its sources that is known to have one; otherwise `UNKNOWN` with the error's text.
pub(crate) fn status_of(error: &(dyn StdError + 'static)) -> Status {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(status) = known_status(error) {
            return status;
        }
        cause = error.source();
    }
    match error.downcast_ref::<Status>() {
        Some(status) => status.clone(),
        None => Status::unknown(error.to_string()),
    }
}

fn known_status(error: &(dyn StdError + 'static)) -> Option<Status> {
    if let Some(status) = error.downcast_ref::<Status>() {
        // tonic makes one of any error, which is its source then.
        let is_of_another = status.code() == Code::Unknown && status.source().is_some();
        return (!is_of_another).then(|| status.clone());
    }
    if error.is::<Elapsed>() {
        return Some(Status::deadline_exceeded(
            "the call took longer than a layer of the server lets it",
        ));
    }
    if error.is::<Overloaded>() {
        return Some(Status::resource_exhausted(
            "the server has as many calls in flight as a layer of it takes",
        ));
    }
    if error.is::<LengthLimitError>() {
        return Some(Status::resource_exhausted(
            "the messages are longer than a layer of the server lets them be",
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    type BoxError = Box<dyn StdError + Send + Sync>;

    #[derive(Debug, thiserror::Error)]
    #[error("it did not work")]
    struct Outer(#[source] BoxError);

    #[test]
    fn an_error_has_the_status_of_its_cause() {
        let outer = |cause: BoxError| -> BoxError { Outer(cause).into() };
        let table: [(BoxError, Code, &str); 7] = [
            (
                Elapsed::new().into(),
                Code::DeadlineExceeded,
                "longer than a layer",
            ),
            (
                Overloaded::new().into(),
                Code::ResourceExhausted,
                "calls in flight",
            ),
            (
                Status::not_found("no such key").into(),
                Code::NotFound,
                "no such key",
            ),
            ("pipe broken".into(), Code::Unknown, "pipe broken"),
            (outer("why".into()), Code::Unknown, "it did not work"),
            (
                outer(outer(Elapsed::new().into())),
                Code::DeadlineExceeded,
                "longer",
            ),
            (
                Status::from_error(Elapsed::new().into()).into(),
                Code::DeadlineExceeded,
                "longer",
            ),
        ];
        for (error, code, text) in table {
            let status = status_of(&*error);
            assert_eq!(status.code(), code, "{error:?}");
            assert!(status.message().contains(text), "{status:?}");
        }
    }
}
