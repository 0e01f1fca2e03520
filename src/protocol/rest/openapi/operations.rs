//! Methods as operations: parameters, bodies and answers.

use std::collections::{BTreeMap, HashSet};

use http::Method as Verb;
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::paths::{PathParameter, Paths};
use crate::message::json_schema::{Comments, Dialect, Schemas, any};
use crate::protocol::rest::binding::{Binding, Body, HTTP_BODY};
use crate::schema::{Schema, WellKnown, field_named};

/// An operation has no more parameters of the query than this: messages may hold one another without end.
const MAX_PARAMETERS: usize = 200;

/// The verbs that OpenAPI knows, by which a rule for every verb is shown.
const ALL: [Verb; 5] = [Verb::GET, Verb::PUT, Verb::POST, Verb::DELETE, Verb::PATCH];

/// The operations of a document.
pub(super) struct Operations<'d> {
    schema: &'d Schema,
    comments: &'d Comments,
    schemas: Schemas<'d>,
    names: Paths,
    paths: BTreeMap<String, Map<String, Value>>,
    ids: HashSet<String>,
}

impl<'d> Operations<'d> {
    pub(super) fn new(schema: &'d Schema, comments: &'d Comments) -> Self {
        Self {
            schema,
            comments,
            schemas: Schemas::new(comments, Dialect::OpenApi),
            names: Paths::default(),
            paths: BTreeMap::new(),
            ids: HashSet::new(),
        }
    }

    /// The paths and the schemas.
    pub(super) fn finish(self) -> (BTreeMap<String, Map<String, Value>>, BTreeMap<String, Value>) {
        (self.paths, self.schemas.finish())
    }

    /// Adds a way to call a method. `is_by_name` is whether that is the name of the method.
    pub(super) fn add(&mut self, binding: &Binding, is_by_name: bool) {
        let pool = self.schema.pool();
        let messages = (
            pool.get_message_by_name(binding.method.input_name()),
            pool.get_message_by_name(binding.method.output_name()),
        );
        let (Some(input), Some(output)) = messages else {
            return;
        };
        let (path, parameters) = self.names.of(binding);
        let verbs = match &binding.way.verb {
            Some(verb) => vec![verb.clone()],
            None => ALL.to_vec(),
        };
        for verb in verbs {
            let known = [Verb::OPTIONS, Verb::HEAD, Verb::TRACE];
            // OpenAPI 3.1 has no place for other verbs.
            if !ALL.contains(&verb) && !known.contains(&verb) {
                continue;
            }
            let operation = self.operation(binding, &input, &output, &parameters, is_by_name);
            let item = self.paths.entry(path.clone()).or_default();
            item.entry(verb.as_str().to_lowercase()).or_insert(operation);
        }
    }

    fn operation(
        &mut self,
        binding: &Binding,
        input: &MessageDescriptor,
        output: &MessageDescriptor,
        in_path: &[PathParameter],
        is_by_name: bool,
    ) -> Value {
        let method = &binding.method;
        let mut operation = Map::new();
        operation.insert("operationId".to_owned(), self.id(method.name()).into());
        operation.insert("tags".to_owned(), json!([method.service()]));
        let service = self.schema.pool().get_service_by_name(method.service());
        let descriptor = service.and_then(|service| {
            let name = method.name().rsplit('/').next().unwrap_or_default().to_owned();
            service.methods().find(|method| method.name() == name)
        });
        if let Some(descriptor) = descriptor {
            let file = descriptor.parent_service().parent_file();
            if let Some(text) = self.comments.of(&file, descriptor.path()) {
                operation.insert("description".to_owned(), text.into());
            }
            let options = descriptor.method_descriptor_proto().options.as_ref();
            if options.is_some_and(prost_types::MethodOptions::deprecated) {
                operation.insert("deprecated".to_owned(), true.into());
            }
        }
        let mut parameters: Vec<Value> = in_path
            .iter()
            .map(|parameter| self.path_parameter(parameter, input))
            .collect();
        if binding.way.body != Body::Whole {
            let mut query = Query {
                binding,
                schemas: &mut self.schemas,
                parameters: Vec::new(),
            };
            query.fields_of(input, "", "", &mut vec![input.full_name().to_owned()]);
            parameters.extend(query.parameters);
        }
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = self.request_body(binding, input, is_by_name) {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert(
            "responses".to_owned(),
            self.responses(binding, output, is_by_name),
        );
        operation.into()
    }

    /// The name of an operation, of which there is one.
    fn id(&mut self, method: &str) -> String {
        let (service, name) = method.rsplit_once('/').unwrap_or(("", method));
        let short = service.rsplit('.').next().unwrap_or_default();
        let first = format!("{short}_{name}");
        let mut id = first.clone();
        for number in 2.. {
            if self.ids.insert(id.clone()) {
                break;
            }
            id = format!("{first}{number}");
        }
        id
    }

    fn path_parameter(&mut self, parameter: &PathParameter, input: &MessageDescriptor) -> Value {
        let field = parameter.field.as_ref().and_then(|path| field_at(input, path));
        let mut schema = match &field {
            Some(field) if parameter.part_of.is_none() => self.schemas.field(field),
            _ => json!({ "type": "string" }),
        };
        let mut texts: Vec<String> = Vec::new();
        if let Some(text) = schema.get_mut("description").map(Value::take) {
            texts.extend(text.as_str().map(str::to_owned));
            schema.as_object_mut().map(|schema| schema.remove("description"));
        }
        if let (Some(part_of), Some(field)) = (&parameter.part_of, &parameter.field) {
            texts.push(format!("A part of `{field}`, which is `{part_of}`."));
        }
        if parameter.is_rest {
            texts.push("It may hold slashes.".to_owned());
        }
        let mut value = json!({ "name": parameter.name, "in": "path", "required": true, "schema": schema });
        if !texts.is_empty() {
            value["description"] = texts.join("\n\n").into();
        }
        value
    }

    fn request_body(
        &mut self,
        binding: &Binding,
        input: &MessageDescriptor,
        is_by_name: bool,
    ) -> Option<Value> {
        let (schema, is_raw) = match &binding.way.body {
            Body::None => return None,
            Body::Whole => (self.schemas.message(input), input.full_name() == HTTP_BODY),
            Body::Field(name) => {
                let field = field_named(input, name)?;
                (self.schemas.field(&field), is_http_body(&field))
            }
        };
        let content = if is_raw {
            json!({ "*/*": {} })
        } else if binding.method.is_client_streaming() {
            json!({ "application/x-ndjson": { "schema": schema } })
        } else {
            json!({ "application/json": { "schema": schema } })
        };
        let mut body = json!({ "content": content });
        if binding.method.is_client_streaming() && !is_raw {
            body["description"] = "One message a line.".into();
        }
        if !is_by_name {
            body["required"] = true.into();
        }
        Some(body)
    }

    fn responses(&mut self, binding: &Binding, output: &MessageDescriptor, is_by_name: bool) -> Value {
        let method = &binding.method;
        let field = binding
            .way
            .response_body
            .as_ref()
            .and_then(|name| field_named(output, name));
        let (schema, is_raw) = match &field {
            Some(field) => (self.schemas.field(field), is_http_body(field)),
            None => (self.schemas.message(output), output.full_name() == HTTP_BODY),
        };
        let content = if is_raw {
            json!({ "*/*": {} })
        } else if !method.is_server_streaming() {
            json!({ "application/json": { "schema": schema } })
        } else {
            json!({
                "application/json": { "schema": { "type": "array", "items": schema } },
                "application/x-ndjson": { "schema": schema },
                "text/event-stream": { "schema": schema },
            })
        };
        let is_connect = is_by_name && !method.is_server_streaming() && !method.is_client_streaming();
        let error = if is_connect {
            self.connect_error()
        } else {
            self.status()
        };
        json!({
            "200": { "description": "OK", "content": content },
            "default": { "description": "An error", "content": { "application/json": { "schema": error } } },
        })
    }

    fn status(&mut self) -> Value {
        let schema = json!({
            "type": "object",
            "description": "Why a call failed.",
            "properties": {
                "code": { "type": "integer", "format": "int32", "description": "The number of a google.rpc.Code." },
                "message": { "type": "string" },
                "details": { "type": "array", "items": any() },
            },
        });
        self.schemas.define("google.rpc.Status", schema)
    }

    fn connect_error(&mut self) -> Value {
        let detail = json!({
            "type": "object",
            "properties": {
                "type": { "type": "string" },
                "value": { "type": "string", "contentEncoding": "base64" },
            },
        });
        let schema = json!({
            "type": "object",
            "description": "Why a call failed, as the Connect protocol has it.",
            "properties": {
                "code": { "type": "string", "description": "The name of the code, as in `not_found`." },
                "message": { "type": "string" },
                "details": { "type": "array", "items": detail },
            },
        });
        // No type of a proto has this name.
        self.schemas.define("connect-error", schema)
    }
}

/// The parameters of a query.
struct Query<'q, 'd> {
    binding: &'q Binding,
    schemas: &'q mut Schemas<'d>,
    parameters: Vec<Value>,
}

impl Query<'_, '_> {
    /// Adds the fields of a message that are parameters. `above` and `json_above` are the path to it with a dot behind it, in
    /// the names of the proto and of JSON; `around` has the types on the way.
    fn fields_of(
        &mut self,
        message: &MessageDescriptor,
        above: &str,
        json_above: &str,
        around: &mut Vec<String>,
    ) {
        for field in message.fields() {
            let path = format!("{above}{}", crate::schema::field_name(&field));
            let name = format!("{json_above}{}", field.json_name());
            let mut variables = self.binding.way.template.variables.iter();
            let is_body = matches!(&self.binding.way.body, Body::Field(body) if *body == path);
            if is_body || field.is_map() || variables.any(|variable| variable.field == path) {
                continue;
            }
            if self.parameters.len() == MAX_PARAMETERS {
                return;
            }
            match field.kind() {
                Kind::Message(held) if !WellKnown::of(&held).is_some_and(WellKnown::is_one_value) => {
                    let name_of_held = held.full_name().to_owned();
                    let is_endless = around.contains(&name_of_held);
                    if field.cardinality() == Cardinality::Repeated
                        || is_endless
                        || WellKnown::of(&held).is_some()
                    {
                        continue;
                    }
                    around.push(name_of_held);
                    self.fields_of(&held, &format!("{path}."), &format!("{name}."), around);
                    around.pop();
                }
                _ => self.add(&field, &name),
            }
        }
    }

    fn add(&mut self, field: &FieldDescriptor, name: &str) {
        let mut schema = self.schemas.field(field);
        let text = schema
            .as_object_mut()
            .and_then(|schema| schema.remove("description"));
        let mut parameter = json!({ "name": name, "in": "query", "schema": schema });
        if let Some(text) = text {
            parameter["description"] = text;
        }
        self.parameters.push(parameter);
    }
}

fn is_http_body(field: &FieldDescriptor) -> bool {
    field.cardinality() != Cardinality::Repeated
        && field
            .kind()
            .as_message()
            .is_some_and(|message| message.full_name() == HTTP_BODY)
}

/// The field that a path of names leads to.
fn field_at(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    match path.split_once('.') {
        None => field_named(message, path),
        Some((name, rest)) => field_at(field_named(message, name)?.kind().as_message()?, rest),
    }
}
