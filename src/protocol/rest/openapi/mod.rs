//! The REST API of a schema as an OpenAPI 3.1 document.
//!
//! | file | what it has |
//! |---|---|
//! | `paths` | templates as paths, and the parameters in them |
//! | `operations` | methods: parameters of the query, bodies, answers |
//!
//! Messages and enums are schemas of [`json_schema`](crate::message::json_schema).

mod operations;
mod paths;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::operations::Operations;
use super::binding::Binding;
use crate::message::json_schema::Comments;
use crate::schema::Schema;

/// The document of these bindings, and of the methods that have none.
pub(super) fn document(schema: &Schema, bindings: &[&Arc<Binding>]) -> String {
    let comments = Comments::default();
    let mut operations = Operations::new(schema, &comments);
    for binding in bindings {
        operations.add(binding, false);
    }
    let bound: HashSet<&str> = bindings.iter().map(|binding| binding.method.name()).collect();
    for method in schema
        .methods()
        .iter()
        .filter(|method| !bound.contains(method.name()))
    {
        operations.add(&Binding::by_name(method), true);
    }
    let (paths, schemas) = operations.finish();
    let document = json!({
        "openapi": "3.1.1",
        "info": info(schema),
        "tags": tags(schema, &comments),
        "paths": paths,
        "components": { "schemas": schemas },
    });
    format!("{document:#}\n")
}

/// What the API is called, by its services.
fn info(schema: &Schema) -> Value {
    let mut packages: Vec<&str> = schema
        .services()
        .map(|service| service.rsplit_once('.').map_or(service, |(package, _)| package))
        .collect();
    packages.dedup();
    let services: Vec<&str> = schema.services().collect();
    let title = match services[..] {
        [] => "No services".to_owned(),
        [only] => only.to_owned(),
        _ => packages.join(", "),
    };
    let is_version = |part: &&str| {
        let number = part.strip_prefix('v');
        number.is_some_and(|number| number.starts_with(|digit: char| digit.is_ascii_digit()))
    };
    let version = packages
        .first()
        .and_then(|package| package.split('.').rev().find(is_version));
    json!({ "title": title, "version": version.unwrap_or("unversioned") })
}

/// Each service, with its comment.
fn tags(schema: &Schema, comments: &Comments) -> Value {
    let tags = schema.services().map(|name| {
        let mut tag = Map::new();
        tag.insert("name".to_owned(), name.into());
        let service = schema.pool().get_service_by_name(name);
        let text = service.and_then(|service| comments.of(&service.parent_file(), service.path()));
        tag.extend(text.map(|text| ("description".to_owned(), text.into())));
        Value::Object(tag)
    });
    tags.collect()
}
