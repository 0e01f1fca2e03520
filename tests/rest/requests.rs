//! Tables of requests: what a path, a query and a body become. Each row is a case of google.api.http's documentation, or of a
//! kind that the tests of other transcoders have.

use serde_json::{Value, json};

use crate::support::{Running, echo};

/// The request that the handler got, or the message of the error with the HTTP status.
async fn asked(server: &Running, request: &str, body: Option<&str>) -> Result<Value, (u16, String)> {
    let response = match body {
        None => server.get(request).await,
        Some(body) => server.json(request, body).await,
    };
    assert_ne!(response.status, 0, "{request}: no answer");
    let value = response.value();
    match response.status {
        200 => Ok(value),
        status => Err((status, value["message"].as_str().unwrap_or_default().to_owned())),
    }
}

/// A request, its body, and what the handler gets, or the status and a part of the message.
type Row<'r> = (&'r str, Option<&'r str>, Result<Value, (u16, &'r str)>);

async fn check_all(rows: &[Row<'_>]) {
    let server = Running::start(echo()).await;
    for (request, body, expected) in rows {
        let found = asked(&server, request, *body).await;
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{request} {body:?}"),
            (Err((status, message)), Err((expected, part))) => {
                assert_eq!(status, expected, "{request} {body:?}: {message}");
                assert!(message.contains(part), "{request} {body:?}: {message}");
            }
            _ => panic!("{request} {body:?}: {found:?}, and not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn paths_become_fields() {
    let text = |text: &str| Ok(json!({ "text": text }));
    check_all(&[
        ("GET /v1/texts/abc", None, text("abc")),
        ("GET /v1/texts/a%20b%2Fc", None, text("a b/c")),
        ("GET /v1/texts/a+b", None, text("a+b")),
        ("GET /v1/texts/%E2%82%AC", None, text("€")),
        ("GET /v1/texts/a:b", None, text("a:b")),
        ("GET /v1/texts/%25", None, text("%")),
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
        ("GET /v1/wrapped/5", None, Ok(json!({"intValue": "5"}))),
        ("PURGE /v1/purge/x", None, text("x")),
        ("GET /v1/purge/x", None, Err((405, "is there for"))),
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
async fn queries_become_fields() {
    let wrong = |part| Err((400, part));
    check_all(&[
        ("GET /v1/query", None, Ok(json!({}))),
        ("GET /v1/query?", None, Ok(json!({}))),
        ("GET /v1/query?text=", None, Ok(json!({}))),
        ("GET /v1/query?text=a+b%2Bc", None, Ok(json!({"text": "a b+c"}))),
        (
            "GET /v1/query?text=a%26b%3Dc&bool=true",
            None,
            Ok(json!({"text": "a&b=c", "bool": true})),
        ),
        ("GET /v1/query?text=a=b", None, Ok(json!({"text": "a=b"}))),
        ("GET /v1/query?&&text=a&&", None, Ok(json!({"text": "a"}))),
        ("GET /v1/query?t%65xt=a", None, Ok(json!({"text": "a"}))),
        (
            "GET /v1/query?int32=-2147483648",
            None,
            Ok(json!({"int32": -2_147_483_648_i64})),
        ),
        (
            "GET /v1/query?int32=2147483648",
            None,
            wrong("the parameter \"int32\": \"2147483648\" is no int32"),
        ),
        ("GET /v1/query?int32=1.5", None, wrong("is no int32")),
        ("GET /v1/query?int32=", None, wrong("is no int32")),
        ("GET /v1/query?int32=%2B1", None, wrong("is no int32")),
        ("GET /v1/query?int32=01", None, wrong("is no int32")),
        (
            "GET /v1/query?int64=9223372036854775807",
            None,
            Ok(json!({"int64": "9223372036854775807"})),
        ),
        (
            "GET /v1/query?uint32=4294967295",
            None,
            Ok(json!({"uint32": 4_294_967_295_u32})),
        ),
        ("GET /v1/query?uint32=-1", None, wrong("is no uint32")),
        (
            "GET /v1/query?uint64=18446744073709551615",
            None,
            Ok(json!({"uint64": "18446744073709551615"})),
        ),
        (
            "GET /v1/query?sint32=-5&sint64=-6",
            None,
            Ok(json!({"sint32": -5, "sint64": "-6"})),
        ),
        (
            "GET /v1/query?fixed32=5&fixed64=6",
            None,
            Ok(json!({"fixed32": 5, "fixed64": "6"})),
        ),
        (
            "GET /v1/query?sfixed32=-5&sfixed64=-6",
            None,
            Ok(json!({"sfixed32": -5, "sfixed64": "-6"})),
        ),
        (
            "GET /v1/query?float=1.5&double=-Infinity",
            None,
            Ok(json!({"float": 1.5, "double": "-Infinity"})),
        ),
        (
            "GET /v1/query?float=1e39",
            None,
            wrong("out of the range of a float"),
        ),
        ("GET /v1/query?double=1e400", None, wrong("is no number")),
        ("GET /v1/query?double=inf", None, wrong("is no number")),
        ("GET /v1/query?double=%201", None, wrong("is no number")),
        ("GET /v1/query?bool=1", None, wrong("one is true or false")),
        (
            "GET /v1/query?bytes=aGk/&texts=x",
            None,
            Ok(json!({"bytes": "aGk/", "texts": ["x"]})),
        ),
        ("GET /v1/query?bytes=aGk_", None, Ok(json!({"bytes": "aGk/"}))),
        ("GET /v1/query?bytes=-w", None, Ok(json!({"bytes": "+w=="}))),
        (
            "GET /v1/query?bytes=%2Bw%3D%3D",
            None,
            Ok(json!({"bytes": "+w=="})),
        ),
        ("GET /v1/query?bytes=!", None, wrong("is no base64")),
        ("GET /v1/query?color=BLUE", None, Ok(json!({"color": "BLUE"}))),
        ("GET /v1/query?color=1", None, Ok(json!({"color": "RED"}))),
        ("GET /v1/query?color=blue", None, wrong("did you mean `BLUE`")),
        (
            "GET /v1/query?inner.text=a&inner.inner.bool=true",
            None,
            Ok(json!({"inner": {"text": "a", "inner": {"bool": true}}})),
        ),
        (
            "GET /v1/query?inner=a",
            None,
            wrong("each a parameter of its own"),
        ),
        (
            "GET /v1/query?inner.nme=a",
            None,
            wrong("echo.All has no field \"nme\""),
        ),
        (
            "GET /v1/query?text.a=a",
            None,
            wrong("echo.All.text is no message"),
        ),
        (
            "GET /v1/query?inners.text=a",
            None,
            wrong("echo.All.inners is repeated"),
        ),
        (
            "GET /v1/query?int32s=1&int32s=2&int32s=3",
            None,
            Ok(json!({"int32s": [1, 2, 3]})),
        ),
        ("GET /v1/query?int32s=1,2", None, wrong("is no int32")),
        (
            "GET /v1/query?texts=a&text=x&texts=b",
            None,
            Ok(json!({"texts": ["a", "b"], "text": "x"})),
        ),
        (
            "GET /v1/query?colors=RED&colors=7",
            None,
            Ok(json!({"colors": ["RED", "BLUE"]})),
        ),
        ("GET /v1/query?text=a&text=b", None, wrong("it comes twice")),
        ("GET /v1/query?by_name=a", None, wrong("it is a map")),
        (
            "GET /v1/query?by_name.a=1",
            None,
            wrong("echo.All.by_name is a map"),
        ),
        (
            "GET /v1/query?time=2026-01-31T12:00:00.5%2B01:00",
            None,
            Ok(json!({"time": "2026-01-31T11:00:00.500Z"})),
        ),
        (
            "GET /v1/query?time=yesterday",
            None,
            wrong("one is written as 2026-01-31T12:00:00Z"),
        ),
        (
            "GET /v1/query?time.seconds=1",
            None,
            wrong("is a google.protobuf.Timestamp, which has one value"),
        ),
        (
            "GET /v1/query?times=2026-01-31T12:00:00Z&times=2026-02-01T12:00:00Z",
            None,
            Ok(json!({"times": ["2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z"]})),
        ),
        (
            "GET /v1/query?span=3.000000001s",
            None,
            Ok(json!({"span": "3.000000001s"})),
        ),
        ("GET /v1/query?span=3", None, wrong("one is written as 1.5s")),
        (
            "GET /v1/query?mask=text,inner.by_name,inner.int32s",
            None,
            Ok(json!({"mask": "text,inner.byName,inner.int32s"})),
        ),
        (
            "GET /v1/query?mask=inner.byName",
            None,
            Ok(json!({"mask": "inner.byName"})),
        ),
        (
            "GET /v1/query?text_value=a&int_value=-1&bool_value=true",
            None,
            Ok(json!({"textValue": "a", "intValue": "-1", "boolValue": true})),
        ),
        (
            "GET /v1/query?text_value=&bytes_value=aGk&double_value=NaN",
            None,
            Ok(json!({"textValue": "", "bytesValue": "aGk=", "doubleValue": "NaN"})),
        ),
        (
            "GET /v1/query?int_values=1&int_values=2",
            None,
            Ok(json!({"intValues": ["1", "2"]})),
        ),
        ("GET /v1/query?int_value=a", None, wrong("is no int64")),
        (
            "GET /v1/query?value=%7B%22a%22:[1]%7D",
            None,
            Ok(json!({"value": {"a": [1.0]}})),
        ),
        (
            "GET /v1/query?fields=%7B%22a%22:null%7D",
            None,
            Ok(json!({"fields": {"a": null}})),
        ),
        ("GET /v1/query?nothing=", None, wrong("google.protobuf.Empty")),
        ("GET /v1/query?this_one=a", None, Ok(json!({"thisOne": "a"}))),
        (
            "GET /v1/query?this_one=a&that_one=1",
            None,
            wrong("another field of the oneof `choice` is set"),
        ),
        (
            "GET /v1/query?other_one.text=a&other_one.bool=true",
            None,
            Ok(json!({"otherOne": {"text": "a", "bool": true}})),
        ),
        ("GET /v1/query?maybe=0", None, Ok(json!({"maybe": 0}))),
        ("GET /v1/query?named=a", None, Ok(json!({"calledSo": "a"}))),
        ("GET /v1/query?calledSo=a", None, Ok(json!({"calledSo": "a"}))),
        (
            "GET /v1/query?textValue=a&deep.deeperOne.data=aGk&deep.deeper_one.data=eW8",
            None,
            Ok(json!({"textValue": "a", "deep": {"deeperOne": {"data": ["aGk=", "eW8="]}}})),
        ),
        (
            "GET /v1/query?$alt=json&$.xgafv=2&text=a",
            None,
            Ok(json!({"text": "a"})),
        ),
        (
            "GET /v1/query?page=1",
            None,
            wrong("the parameter \"page\": echo.All has no field \"page\""),
        ),
        ("GET /v1/query?tex=1", None, wrong("did you mean `text`")),
        ("GET /v1/query?=1", None, wrong("has no field \"\"")),
        ("GET /v1/query?text=%ff", None, wrong("is not UTF-8")),
        (
            "GET /v1/texts/a?text=b",
            None,
            wrong("the path of the request sets it"),
        ),
        (
            "GET /v1/inner/x/7?inner.bool=true",
            None,
            Ok(json!({"inner": {"text": "x", "bool": true, "inner": {"int64": "7"}}})),
        ),
        ("DELETE /v1/query?text=a", None, Ok(json!({"text": "a"}))),
    ])
    .await;
}

#[tokio::test]
async fn bodies_become_fields() {
    let wrong = |part| Err((400, part));
    check_all(&[
        (
            "POST /v1/whole",
            Some(r#"{"text": "a", "inner": {"int64": 5}}"#),
            Ok(json!({"text": "a", "inner": {"int64": "5"}})),
        ),
        ("POST /v1/whole", Some(""), Ok(json!({}))),
        ("POST /v1/whole", Some("  \n"), Ok(json!({}))),
        (
            "POST /v1/whole",
            Some("[]"),
            wrong("JSON does not fit the message"),
        ),
        ("POST /v1/whole", Some(r#"{"txt": "a"}"#), wrong("txt")),
        (
            "POST /v1/whole",
            Some(r#"{"text": "a"} {}"#),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/whole?text=a",
            Some("{}"),
            wrong("the fields that are not in the path are in the body"),
        ),
        (
            "PUT /v1/texts/a",
            Some(r#"{"int32": 1}"#),
            Ok(json!({"text": "a", "int32": 1})),
        ),
        (
            "PUT /v1/texts/a",
            Some(r#"{"text": "b"}"#),
            Ok(json!({"text": "a"})),
        ),
        (
            "POST /v1/inner",
            Some(r#"{"text": "a"}"#),
            Ok(json!({"inner": {"text": "a"}})),
        ),
        ("POST /v1/inner", Some("{}"), Ok(json!({"inner": {}}))),
        ("POST /v1/inner", Some(""), Ok(json!({}))),
        (
            "POST /v1/inner?text=b&int32s=1",
            Some(r#"{"text": "a"}"#),
            Ok(json!({"inner": {"text": "a"}, "text": "b", "int32s": [1]})),
        ),
        (
            "POST /v1/inner?inner.bool=true",
            Some("{}"),
            wrong("it is in the body"),
        ),
        (
            "POST /v1/inner",
            Some(r#"{}, "text": "x""#),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/inner",
            Some(r#"{"text": "a"}}"#),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/inner",
            Some("5"),
            wrong("JSON does not fit the message"),
        ),
        (
            "PUT /v1/inner/x",
            Some(r#"{"bool": true}"#),
            Ok(json!({"inner": {"bool": true, "text": "x"}})),
        ),
        (
            "POST /v1/numbers",
            Some("[1, 2, 3]"),
            Ok(json!({"int32s": [1, 2, 3]})),
        ),
        (
            "POST /v1/numbers",
            Some("[1], \"int32\": 1"),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/map",
            Some(r#"{"a": 1}"#),
            Ok(json!({"byName": {"a": 1}})),
        ),
        (
            "POST /v1/text?int32=5",
            Some("\"a\""),
            Ok(json!({"text": "a", "int32": 5})),
        ),
        (
            "GET /v1/query",
            Some("{\"text\": \"a\"}"),
            wrong("takes no body here"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_patch_without_a_mask_has_that_of_its_body() {
    let server = Running::start(echo()).await;
    for (query, body, mask) in [
        ("", r#"{"int32": 1, "bool": false}"#, Some("int32,bool")),
        (
            "",
            r#"{"inner": {"text": "", "inner": {"int64": "5"}}}"#,
            Some("inner.text,inner.inner.int64"),
        ),
        (
            "",
            r#"{"int32s": [], "byName": {}, "texts": ["a"]}"#,
            Some("int32s,byName,texts"),
        ),
        (
            "",
            r#"{"by_name": {"a": 1}, "time": "2026-01-31T12:00:00Z"}"#,
            Some("byName,time"),
        ),
        ("", r#"{"inner": {}, "calledSo": "x"}"#, Some("inner,named")),
        ("", "{}", Some("")),
        ("?update_mask=text,int32", r#"{"bool": true}"#, Some("text,int32")),
        ("?updateMask=by_name", r#"{"bool": true}"#, Some("byName")),
    ] {
        let response = server.json(&format!("PATCH /v1/things/1{query}"), body).await;
        assert_eq!(response.status, 200, "{response:?}");
        let value = response.value();
        assert_eq!(value["all"]["text"], "things/1", "{body}");
        assert_eq!(value["updateMask"].as_str(), mask, "{query} {body}");
    }
}
