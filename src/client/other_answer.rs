//! Answers in another protocol than the client's: a web server's page, a proxy's error.
//!
//! They become the status that gRPC's mapping of HTTP codes names, which is Connect's too, with what the answer says. The
//! status has [`NotTheProtocol`] as its source: an HTTP 404 becomes UNIMPLEMENTED, and is still not the word of a server
//! that knows its methods.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body;
use tonic::{Code, Status};

use super::connect::NotTheProtocol;
use crate::excerpt::excerpt;
use crate::protocol::is_grpc as is_grpc_type;

/// How much of an answer is read, and for how long, to say what it was.
const MOST: usize = 4 << 10;
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether tonic can read an answer. One with a gRPC status is taken whatever its HTTP code and content type are, and so is
/// one that leaves out the content type.
pub(super) fn is_grpc<B>(response: &Response<B>) -> bool {
    let headers = response.headers();
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    headers.contains_key(Status::GRPC_STATUS)
        || response.status() == StatusCode::OK && content_type.is_none_or(is_grpc_type)
}

/// The status for an answer that is not of the protocol with this name.
pub(super) async fn status<B>(protocol: &'static str, response: Response<B>) -> Status
where
    B: Body<Data = Bytes> + Unpin,
{
    let code = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_of_grpc = content_type.is_some_and(|value| is_grpc_type(value.as_bytes()));
    let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let text = beginning_of(response.into_body()).await;
    let mut parts = vec![format!("HTTP {code}")];
    parts.extend(content_type.map(|content_type| excerpt(&content_type).into_owned()));
    if !text.is_empty() {
        parts.push(format!("{:?}", excerpt(&text)));
    }
    let mut what = parts.join(", ");
    if is_of_grpc && protocol != "gRPC" {
        what.push_str(": the server speaks gRPC, and may speak nothing else");
    }
    let error = NotTheProtocol { protocol, what };
    let mut status = Status::new(code_of(code), error.to_string());
    status.set_source(Arc::new(error));
    status
}

/// gRPC's mapping of HTTP codes, from its documentation (http-grpc-status-mapping).
pub(super) fn code_of(code: StatusCode) -> Code {
    match code.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The first text of a body, without HTML's tags.
async fn beginning_of(mut body: impl Body<Data = Bytes> + Unpin) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < MOST
            && let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            bytes.extend_from_slice(frame.data_ref().map_or(&[], Bytes::as_ref));
        }
    };
    // What has come by then is enough to say what it is.
    let _ = tokio::time::timeout(PATIENCE, reading).await;
    bytes.truncate(MOST);
    text_of(&String::from_utf8_lossy(&bytes))
}

/// The words of a page.
fn text_of(page: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in page.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if in_tag => {}
            other => text.push(other),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn a_page_is_told_by_its_words() {
        let page = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not \
                    Found</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
        assert_eq!(text_of(page), "404 Not Found 404 Not Found nginx/1.22.1");
        assert_eq!(text_of("1 > 0"), "1 > 0");
        assert_eq!(text_of(""), "");
    }
}
