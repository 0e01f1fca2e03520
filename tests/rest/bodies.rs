//! Bodies become fields, and the mask of a PATCH.

use serde_json::json;

use crate::support::{Running, echo};
use crate::table::{Row, check_all};

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
async fn a_field_of_any_type_may_be_the_body() {
    let wrong = |part| Err((400, part));
    let rows: &[Row<'_>] = &[
        (
            "POST /v1/inners",
            Some(r#"[{"text": "1"}, {"text": "2"}, {}]"#),
            Ok(json!({"inners": [{"text": "1"}, {"text": "2"}, {}]})),
        ),
        ("POST /v1/inners", Some("[]"), Ok(json!({}))),
        (
            "POST /v1/inners",
            Some(r#"{"text": "1"}"#),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/inners",
            Some("[null]"),
            wrong("JSON does not fit the message"),
        ),
        ("POST /v1/inners?text=a", Some("null"), Ok(json!({"text": "a"}))),
        (
            "POST /v1/value",
            Some("\"Hello World!\""),
            Ok(json!({"value": "Hello World!"})),
        ),
        (
            "POST /v1/value",
            Some(r#"{"payload": ["a", null]}"#),
            Ok(json!({"value": {"payload": ["a", null]}})),
        ),
        ("POST /v1/value", Some("null"), Ok(json!({"value": null}))),
        (
            "POST /v1/fields",
            Some(r#"{"payload": "a"}"#),
            Ok(json!({"fields": {"payload": "a"}})),
        ),
        (
            "POST /v1/fields",
            Some("5"),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/time",
            Some("\"2026-01-31T12:00:00Z\""),
            Ok(json!({"time": "2026-01-31T12:00:00Z"})),
        ),
        ("POST /v1/time", Some("5"), wrong("JSON does not fit the message")),
        ("POST /v1/wrapped", Some("\"5\""), Ok(json!({"intValue": "5"}))),
        ("POST /v1/wrapped", Some("5"), Ok(json!({"intValue": "5"}))),
        ("POST /v1/color", Some("\"RED\""), Ok(json!({"color": "RED"}))),
        ("POST /v1/color", Some("7"), Ok(json!({"color": "BLUE"}))),
        (
            "POST /v1/color",
            Some("\"Red\""),
            wrong("JSON does not fit the message"),
        ),
        ("POST /v1/map", Some("[]"), wrong("JSON does not fit the message")),
        (
            "POST /v1/map",
            Some(r#"{"a": "b"}"#),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/text",
            Some("History"),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/inner",
            Some("\"History\""),
            wrong("JSON does not fit the message"),
        ),
        (
            "POST /v1/inner",
            Some("[]"),
            wrong("JSON does not fit the message"),
        ),
        // What the path sets is set, whatever the body has.
        (
            "PUT /v1/inner/x",
            Some(r#"{"text": "y", "inner": {"text": "z"}}"#),
            Ok(json!({"inner": {"text": "x", "inner": {"text": "z"}}})),
        ),
        (
            "PUT /v1/inner/x?text=y&inners=z",
            Some("{}"),
            wrong("each a parameter of its own"),
        ),
        (
            "PUT /v1/inner/x?text=y",
            Some(""),
            Ok(json!({"inner": {"text": "x"}, "text": "y"})),
        ),
    ];
    check_all(rows).await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let server = Running::start(echo()).await;
    for body in [
        r#"{"text""#,
        r#"{"text": "a""#,
        r#"{"text", "int32": 1}"#,
        r#"{"int32": 1]"#,
        r#"["text", "int32": 1}"#,
        r#"{"int32": 1, {"a": ["c", "d"}]}"#,
        r#"["int32": 1]}"#,
        r#"[{"int32": 1]}"#,
        "{'text': 'a'}",
        "{text: \"a\"}",
        "{\"text\": \"a\",}",
        "text=a",
        "\u{feff}{}",
        "{\"text\": \"\u{1}\"}",
        "nul",
    ] {
        for request in [
            "POST /v1/whole",
            "POST /v1/inner",
            "POST /v1/numbers",
            "POST /v1/map",
        ] {
            let response = server.json(request, body).await;
            let value = response.value();
            assert_eq!(
                (response.status, value["code"].as_i64()),
                (400, Some(3)),
                "{request} {body}"
            );
        }
    }
}

#[tokio::test]
async fn bodies_of_all_sizes_are_read() {
    let server = Running::start(echo()).await;
    for size in [1, 256, 1024, 1234, 4096, 65_537, 1 << 20] {
        let text = "0123456789abcdefgh".repeat(size / 18 + 1)[..size].to_owned();
        let body = json!({"int32": 7, "inner": {"text": text}}).to_string();
        let response = server.json("POST /v1/whole", &body).await;
        assert_eq!(
            response.value(),
            json!({"int32": 7, "inner": {"text": text}}),
            "{size}"
        );
    }
}

#[tokio::test]
async fn a_patch_without_a_mask_has_that_of_its_body() {
    let server = Running::start(echo()).await;
    // What has no fields has no mask.
    for (path, body) in [
        ("value", json!({"a": 1.0})),
        ("value", json!("a")),
        ("time", json!("2026-01-31T12:00:00Z")),
        ("texts", json!(["a"])),
        ("wrapped", json!("a")),
    ] {
        let response = server.json(&format!("PATCH /v1/{path}"), &body.to_string()).await;
        assert_eq!((response.status, response.value()), (200, json!({ path: body })));
    }
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
        (
            "",
            r#"{"nothing": {}, "value": {"a": {"b": 1}}, "fields": {"a": 1}}"#,
            Some("nothing,value,fields"),
        ),
        (
            "",
            r#"{"inners": [{"text": "a"}, {"text": "b"}], "int32": 1}"#,
            Some("inners,int32"),
        ),
        (
            "",
            r#"{"intValue": "5", "mask": "text", "inner": null}"#,
            Some("intValue,mask,inner"),
        ),
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
