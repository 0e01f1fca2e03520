//! The OpenAPI document: everything in it is there, and it says what the server does.

use std::collections::HashSet;

use protod::HttpRules;
use serde_json::{Value, json};

use crate::support::schema;

fn document() -> Value {
    let rules = HttpRules::new(&schema()).expect("they fit");
    serde_json::from_str(&rules.openapi()).expect("JSON")
}

/// Calls `visit` with every object of a document.
fn visit(value: &Value, see: &mut dyn FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            see(object);
            object.values().for_each(|value| visit(value, see));
        }
        Value::Array(items) => items.iter().for_each(|value| visit(value, see)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_parameter_of_a_path_is_told() {
    let document = document();
    visit(&document, &mut |object| {
        if let Some(Value::String(reference)) = object.get("$ref") {
            let found = document.pointer(reference.strip_prefix('#').expect("of this document"));
            assert!(found.is_some(), "{reference}");
        }
    });
    let mut ids = HashSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (verb, operation) in item.as_object().expect("an item") {
            assert!(ids.insert(operation["operationId"].clone()), "{verb} {path}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            let names: Vec<&str> = in_path
                .map(|parameter| parameter["name"].as_str().expect("a name"))
                .collect();
            let written: Vec<&str> = path
                .split('{')
                .skip(1)
                .map(|part| part.split('}').next().expect("a name"))
                .collect();
            assert_eq!(names, written, "{verb} {path}");
            let all: HashSet<_> = parameters
                .iter()
                .map(|parameter| (parameter["in"].to_string(), parameter["name"].to_string()))
                .collect();
            assert_eq!(all.len(), parameters.len(), "{verb} {path}");
        }
    }
}

#[test]
fn operations_say_what_the_server_takes_and_gives() {
    let document = document();
    let paths = &document["paths"];
    assert_eq!(document["openapi"], "3.1.1");
    assert_eq!(
        document["info"],
        json!({"title": "echo.Echo", "version": "unversioned"})
    );
    assert_eq!(
        document["tags"][0],
        json!({"name": "echo.Echo", "description": "Answers with what it was asked."})
    );
    let query = &paths["/v1/query"]["get"];
    assert_eq!(query["description"], "Every field is a parameter.");
    let parameter = |name: &str| {
        let parameters = query["parameters"].as_array().expect("parameters");
        parameters
            .iter()
            .find(|parameter| parameter["name"] == name)
            .cloned()
    };
    assert_eq!(
        parameter("text"),
        Some(json!({"name": "text", "in": "query", "description": "A text.", "schema": {"type": "string"}}))
    );
    assert_eq!(
        parameter("int32s").expect("it is there")["schema"],
        json!({"type": "array", "items": {"type": "integer", "format": "int32"}})
    );
    assert_eq!(
        parameter("deep.deeperOne.data").expect("it is there")["schema"]["items"]["contentEncoding"],
        "base64"
    );
    assert_eq!(
        parameter("time").expect("it is there")["schema"]["format"],
        "date-time"
    );
    for none in ["byName", "inners", "inner", "inner.text", "value", "nothing"] {
        assert_eq!(parameter(none), None, "{none}");
    }
    assert_eq!(
        paths["/v1/shelves/{shelvesId}/books/{booksId}"]["get"]["parameters"][0]["description"],
        "A part of `text`, which is `shelves/*/books/*`."
    );
    assert!(paths["/v1/files/{text}:download"]["get"].is_object());
    assert_eq!(
        paths["/v1/inner/{inner.text}"]["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/echo.All"
    );
    let down = &paths["/v1/down"]["get"]["responses"]["200"]["content"];
    assert_eq!(
        down["application/json"]["schema"],
        json!({"type": "array", "items": {"$ref": "#/components/schemas/echo.All"}})
    );
    assert!(down["text/event-stream"].is_object() && down["application/x-ndjson"].is_object());
    assert_eq!(
        paths["/v1/raw"]["post"]["requestBody"]["content"],
        json!({"*/*": {}})
    );
    let by_name = &paths["/echo.Echo/Unbound"]["post"];
    assert_eq!(
        by_name["responses"]["default"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/connect-error"
    );
    let by_name = &paths["/echo.Echo/UnboundDown"]["post"]["responses"]["200"]["content"];
    assert_eq!(by_name, down);
    assert!(paths["/v1/any/{text}"]["patch"].is_object());
    let all = &document["components"]["schemas"]["echo.All"];
    assert_eq!(
        all["properties"]["int64"],
        json!({"type": "string", "format": "int64"})
    );
    assert_eq!(all["properties"]["calledSo"]["type"], "string");
    assert_eq!(
        all["description"],
        "At most one of `this_one`, `that_one`, `other_one` is set."
    );
    assert_eq!(
        document["components"]["schemas"]["echo.Color"],
        json!({"type": "string", "enum": ["COLOR_UNSPECIFIED", "RED", "BLUE"]})
    );
}
