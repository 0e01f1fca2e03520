//! What stands in a path becomes fields.

use serde_json::json;

use crate::support::{Running, echo};
use crate::table::{Row, check_all};

#[tokio::test]
async fn paths_become_fields() {
    let text = |text: &str| Ok(json!({ "text": text }));
    check_all(&[
        ("GET /v1/texts/abc", None, text("abc")),
        ("GET /v1/texts/a%20b%2Fc", None, text("a b/c")),
        ("GET /v1/texts/a+b", None, text("a+b")),
        ("GET /v1/texts/%E2%82%AC", None, text("€")),
        ("GET /v1/texts/a:b", None, text("a:b")),
        ("GET /v1/texts/p%20q%2Fr+", None, text("p q/r+")),
        (
            "GET /v1/texts/%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D",
            None,
            text("!#$&'()*+,/:;=?@[]"),
        ),
        // A slash with an escape stays one in several segments.
        (
            "GET /v1/files/%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D",
            None,
            text("!#$&'()*+,%2F:;=?@[]"),
        ),
        (
            "GET /v1/files/p/foo%20foo/q/bar%2Fbar+",
            None,
            text("p/foo foo/q/bar%2Fbar+"),
        ),
        ("GET /v1/texts/foo%252Fbar", None, text("foo%2Fbar")),
        ("GET /v1/files/foo%252Fbar", None, text("foo%2Fbar")),
        ("GET /v1/texts/%2F%E4%B8%96%E7%95%8C", None, text("/世界")),
        (
            "GET /v1/texts/%252F%252f%20%E4%B8%96%E7%95%8C",
            None,
            text("%2F%2f 世界"),
        ),
        ("GET /v1/texts/%25", None, text("%")),
        ("GET /v1/texts/%2", None, text("%2")),
        ("GET /v1/texts/%zz%41", None, text("%zzA")),
        ("GET /v1/texts/100%", None, text("100%")),
        (
            "GET /v1/texts/%ff",
            None,
            Err((400, "`text` in the path: \"\u{fffd}\" is not UTF-8")),
        ),
        (
            "GET /v1/texts/",
            None,
            Err((404, "a path has no slash at its end")),
        ),
        (
            "GET /v1/texts//x",
            None,
            Err((404, "nothing is at GET /v1/texts//x")),
        ),
        ("GET /v1/shelves/1/books/2", None, text("shelves/1/books/2")),
        (
            "GET /v1/shelves/a%20b/books/c%2Fd",
            None,
            text("shelves/a b/books/c%2Fd"),
        ),
        (
            "GET /v1/shelves/a%2fb/books/%21%23",
            None,
            text("shelves/a%2fb/books/!#"),
        ),
        ("GET /v1/shelves/1/books", None, Err((404, "nothing is at"))),
        ("GET /v1/files/a/b/c", None, text("a/b/c")),
        ("GET /v1/files", None, Ok(json!({}))),
        ("GET /v1/files/", None, Ok(json!({}))),
        ("GET /v1/files/a//b/", None, text("a//b/")),
        ("GET /v1/files/a/b:download", None, text("a/b")),
        ("GET /v1/files/a:b/c:download", None, text("a:b/c")),
        ("GET /v1/files/a:other", None, text("a:other")),
        (
            "GET /v1/inner/x/7",
            None,
            Ok(json!({"inner": {"text": "x", "inner": {"int64": "7"}}})),
        ),
        (
            "GET /v1/inner/x/y",
            None,
            Err((400, "`inner.inner.int64` in the path: \"y\" is no int64")),
        ),
        ("GET /v1/bool/true", None, Ok(json!({"bool": true}))),
        ("GET /v1/bool/yes", None, Err((400, "one is true or false"))),
        ("GET /v1/bytes/aGk_", None, Ok(json!({"bytes": "aGk/"}))),
        ("GET /v1/color/RED", None, Ok(json!({"color": "RED"}))),
        ("GET /v1/color/7", None, Ok(json!({"color": "BLUE"}))),
        ("GET /v1/color/5", None, Ok(json!({"color": 5}))),
        (
            "GET /v1/color/GREEN",
            None,
            Err((400, "\"GREEN\" is no value of echo.Color")),
        ),
        ("GET /v1/double/-1.5e3", None, Ok(json!({"double": -1500.0}))),
        ("GET /v1/double/NaN", None, Ok(json!({"double": "NaN"}))),
        (
            "GET /v1/time/2026-01-31T12:00:00Z",
            None,
            Ok(json!({"time": "2026-01-31T12:00:00Z"})),
        ),
        (
            "GET /v1/time/now",
            None,
            Err((400, "is no google.protobuf.Timestamp")),
        ),
        ("GET /v1/time/null", None, Err((400, "is no google.protobuf.Timestamp"))),
        (
            "GET /v1/time/0000-01-01T00:00:00.00Z",
            None,
            Err((400, "is no google.protobuf.Timestamp")),
        ),
        (
            "GET /v1/bytes/YWJjMTIzIT8kKiYoKSctPUB-",
            None,
            Ok(json!({"bytes": "YWJjMTIzIT8kKiYoKSctPUB+"})),
        ),
        (
            "POST /v1/all/1.5/2.5/4294967296/separator/9223372036854775807/-2147483648/7/8/true/strprefix%2Ffoo/4294967295/-9/10/-11/12/RED/aGk",
            Some("{}"),
            Ok(json!({
                "float": 1.5, "double": 2.5, "int64": "4294967296", "uint64": "9223372036854775807", "int32": -2_147_483_648_i64,
                "fixed64": "7", "fixed32": 8, "bool": true, "text": "strprefix/foo", "uint32": 4_294_967_295_u32, "sfixed32": -9,
                "sfixed64": "10", "sint32": -11, "sint64": "12", "color": "RED", "bytes": "aGk=",
            })),
        ),
        ("GET /v1/wrapped/5", None, Ok(json!({"intValue": "5"}))),
        ("PURGE /v1/purge/x", None, text("x")),
        ("GET /v1/purge/x", None, Err((405, "is there for"))),
        ("OPTIONS /v1/options/x", None, text("x")),
        ("GET /v1/headed/x", None, Err((405, "HEAD, OPTIONS"))),
        ("REPORT /v1/any/x", None, text("x")),
        (
            "GET /v1/any/x?int32=1",
            None,
            Ok(json!({"text": "x", "int32": 1})),
        ),
        (
            "GET /v2/nothing",
            None,
            Err((404, "nothing is at GET /v2/nothing")),
        ),
        (
            "POST /v1/query",
            Some("{}"),
            Err((405, "DELETE, GET, HEAD, OPTIONS")),
        ),
    ])
    .await;
}

#[tokio::test]
async fn every_letter_of_ascii_may_be_an_escape() {
    let paths: Vec<(String, String)> = (0..0x7f_u8)
        .flat_map(|byte| {
            [
                (format!("GET /v1/texts/%{byte:02x}"), byte),
                (format!("GET /v1/texts/%{byte:02X}"), byte),
            ]
        })
        .map(|(request, byte)| (request, char::from(byte).to_string()))
        .collect();
    let rows: Vec<Row<'_>> = paths
        .iter()
        .map(|(request, text)| (&**request, None, Ok(json!({ "text": text }))))
        .collect();
    check_all(&rows).await;
}

/// What is wrong in each kind of value.
#[tokio::test]
async fn values_of_another_type_are_refused_wherever_they_stand() {
    let right = [
        "1", "1", "1", "1", "1", "1", "1", "true", "a", "1", "1", "1", "1", "1", "1", "aGk",
    ];
    let wrong = [
        "abc",
        "abc",
        "abc",
        "abc",
        "abc",
        "-1",
        "1.5",
        "true1",
        "%ff",
        "-2",
        "2147483648",
        "x",
        "--1",
        "1e3",
        "GREEN",
        "!",
    ];
    let server = Running::start(echo()).await;
    for at in 0..right.len() {
        let mut segments: Vec<&str> = right.to_vec();
        segments[at] = wrong[at];
        segments.insert(3, "separator");
        let path = format!("POST /v1/all/{}", segments.join("/"));
        let response = server.json(&path, "{}").await;
        assert_eq!(response.status, 400, "{path}: {}", response.text());
        assert!(
            response.text().contains("in the path"),
            "{path}: {}",
            response.text()
        );
    }
}
