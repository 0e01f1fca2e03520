//! YAML as JSON values, for tests that read it themselves.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value};

/// The first document of a text.
pub(crate) fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"));
    documents.first().map_or(Value::Null, json)
}

fn json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(truth)) => (*truth).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(entries) => {
            let mut object: Map<_, _> = entries
                .iter()
                .map(|(key, value)| (key_text(key), json(value)))
                .collect();
            if let Some(merged) = object.remove("<<") {
                let merged = match merged {
                    Value::Array(merged) => merged,
                    one => vec![one],
                };
                let entries = merged.iter().filter_map(Value::as_object).flatten();
                for (key, value) in entries {
                    object.entry(key).or_insert_with(|| value.clone());
                }
            }
            Value::Object(object)
        }
        other => panic!("tests have no use for {other:?}"),
    }
}

/// JSON's keys are strings.
fn key_text(key: &Yaml<'_>) -> String {
    match json(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
