//! The console: the pages of `console/`, which are in the program.
//!
//! They need no token, because they hold no secret: the console asks for the token and sends it with its calls. They may load
//! from, and speak to, their own origin alone, and no other page may frame them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use tonic::body::Body;

use super::pages::Page;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! file {
    ($path:literal, $name:literal, $content_type:ident) => {
        (
            $path,
            $content_type,
            include_bytes!(concat!("../../console/", $name)),
        )
    };
}

/// The files: the path, the content type, and what is in it.
const FILES: [(&str, &str, &[u8]); 29] = [
    file!("/", "index.html", HTML),
    file!("/app.js", "app.js", SCRIPT),
    file!("/call.js", "call.js", SCRIPT),
    file!("/calls.js", "calls.js", SCRIPT),
    file!("/code_area.js", "code_area.js", SCRIPT),
    file!("/collection.js", "collection.js", SCRIPT),
    file!("/collections.js", "collections.js", SCRIPT),
    file!("/connect.js", "connect.js", SCRIPT),
    file!("/console.css", "console.css", CSS),
    file!("/dom.js", "dom.js", SCRIPT),
    file!("/editor.js", "editor.js", SCRIPT),
    file!("/envelope.js", "envelope.js", SCRIPT),
    file!("/fleet.js", "fleet.js", SCRIPT),
    file!("/format.js", "format.js", SCRIPT),
    file!("/icon.svg", "icon.svg", SVG),
    file!("/invoke.js", "invoke.js", SCRIPT),
    file!("/lines.js", "lines.js", SCRIPT),
    file!("/messages.js", "messages.js", SCRIPT),
    file!("/new_rule.js", "new_rule.js", SCRIPT),
    file!("/problem.js", "problem.js", SCRIPT),
    file!("/rules.js", "rules.js", SCRIPT),
    file!("/schema.js", "schema.js", SCRIPT),
    file!("/server.js", "server.js", SCRIPT),
    file!("/session.js", "session.js", SCRIPT),
    file!("/status.js", "status.js", SCRIPT),
    file!("/streams.js", "streams.js", SCRIPT),
    file!("/token.js", "token.js", SCRIPT),
    file!("/transcript.js", "transcript.js", SCRIPT),
    file!("/yaml.js", "yaml.js", SCRIPT),
];

/// What the pages may do. `form-action` is for forms that are sent, and those of the console are not.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The headers that all files have.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    // For those that know no `frame-ancestors`.
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    // What a browser has it asks about each time: the files of another version go together.
    (header::CACHE_CONTROL, "no-cache"),
];

/// The pages of this file.
pub(super) fn console() -> impl Iterator<Item = Page> {
    FILES.into_iter().map(|(path, content_type, content)| {
        let tag = Arc::new(entity_tag(content));
        let page = Page::get(path, move |_, request| {
            let response = response(content_type, content, &tag, request.headers());
            async move { response }
        });
        page.without_token()
    })
}

/// What tells one content from another.
fn entity_tag(content: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).expect("it is ASCII")
}

fn response(
    content_type: &'static str,
    content: &'static [u8],
    tag: &HeaderValue,
    request: &HeaderMap,
) -> Response<Body> {
    let is_known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|known| is_in(tag, known));
    let mut response = if is_known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let body = http_body_util::Full::new(Bytes::from_static(content));
        let mut response = Response::new(Body::new(body));
        let content_type = HeaderValue::from_static(content_type);
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::ETAG, tag.clone());
    response
}

/// Whether a tag is in the list of `if-none-match`.
fn is_in(tag: &HeaderValue, known: &HeaderValue) -> bool {
    let Ok(known) = known.to_str() else {
        return false;
    };
    let mut known = known
        .split(',')
        .map(|known| known.trim().trim_start_matches("W/"));
    known.any(|known| known == "*" || known.as_bytes() == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn each_file_of_the_console_is_served_by_its_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
        let files = std::fs::read_dir(folder).expect("the folder is there");
        let files = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
        let served = FILES.map(|(path, ..)| match path {
            "/" => "index.html".to_owned(),
            path => path[1..].to_owned(),
        });
        assert_eq!(BTreeSet::from(served), files.collect::<BTreeSet<_>>());
    }
}
