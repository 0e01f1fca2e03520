//! Rules for an existing proto: one for each method, in the shape of the method, filled with samples.
//!
//! A sample is printed as ProtoJSON, which is YAML as well, and then laid out as a YAML block, which is easier to edit.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use protod::message::JsonPrinter;
use protod::{Method, Sampler, Schema};
use saphyr::{LoadableYamlNode as _, Scalar, Yaml, YamlEmitter};

use super::echo::with_echoes;

/// How many messages a stream has, to begin with.
const STREAM_LENGTH: i64 = 3;

/// How many fields of a request are named.
const MOST_FIELDS: usize = 6;

/// The text of a rules file for the methods of a proto or a descriptor set; `None` if it has none.
pub(super) fn of_proto(schema: &Schema, proto: &Path) -> Option<String> {
    let methods = methods(schema, proto);
    if methods.is_empty() {
        return None;
    }
    let mut text = format!(
        "# How {} answers: one rule for each method, filled with samples. Edit them: a save is a swap while protod\n\
         # serves. \"${{request.FIELD}}\" answers with what was asked, and `match` or `when` make rules of one method\n\
         # differ.\n\
         rules:\n",
        proto.file_name().unwrap_or_default().display()
    );
    let rules: Vec<String> = methods.iter().map(|method| rule(method)).collect();
    text += &rules.join("\n");
    Some(text)
}

/// The methods that are the proto's own, in its order; those of a descriptor set are all of them.
fn methods<'a>(schema: &'a Schema, proto: &Path) -> Vec<&'a Method> {
    let is_proto = proto.extension().is_some_and(|extension| extension == "proto");
    // Each file comes after those it imports, so the one that was named is the last.
    let own = schema.files().last().filter(|_| is_proto);
    let services = schema.pool().services();
    let services = services.filter(|service| own.is_none_or(|own| service.parent_file().name() == own.name));
    let name =
        |method: MethodDescriptor| format!("{}/{}", method.parent_service().full_name(), method.name());
    services
        .flat_map(|service| service.methods().map(name).collect::<Vec<_>>())
        .filter_map(|name| schema.method(&name).map(AsRef::as_ref))
        .collect()
}

fn rule(method: &Method) -> String {
    let json = sample(method);
    let mut documents = Yaml::load_from_str(&json).expect("JSON is YAML");
    let reply = with_echoes(literal(documents.remove(0)), method.input(), method.output());
    let answer = match (method.is_client_streaming(), method.is_server_streaming()) {
        (_, false) => ("reply", reply),
        (false, true) => {
            let repeat = [
                ("repeat", Yaml::Value(Scalar::Integer(STREAM_LENGTH))),
                ("as", string("n")),
                ("send", reply),
            ];
            ("stream", Yaml::Sequence(vec![mapping(repeat)]))
        }
        (true, true) => {
            let steps = Yaml::Sequence(vec![mapping([("send", reply)])]);
            ("session", mapping([("message", steps)]))
        }
    };
    let rule = Yaml::Sequence(vec![mapping([("method", string(method.name())), answer])]);
    let mut yaml = String::new();
    YamlEmitter::new(&mut yaml)
        .dump(&rule)
        .expect("a String takes all that is written");
    let mut text = format!("  # {}\n", summary(method));
    for line in yaml.lines().filter(|line| *line != "---") {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// The types of a method, and the fields of its request.
fn summary(method: &Method) -> String {
    let stream = |streaming| if streaming { "stream " } else { "" };
    let mut fields: Vec<_> = method
        .input()
        .fields()
        .map(|field| field.name().to_owned())
        .collect();
    if fields.len() > MOST_FIELDS {
        fields.truncate(MOST_FIELDS);
        fields.push("more".to_owned());
    }
    let mut text = format!(
        "{}{} -> {}{}",
        stream(method.is_client_streaming()),
        method.input().name(),
        stream(method.is_server_streaming()),
        method.output().name()
    );
    if !fields.is_empty() {
        let _ = write!(text, "; a request has {}", fields.join(", "));
    }
    text
}

/// A response as JSON.
fn sample(method: &Method) -> String {
    let sample = Sampler::default().sample(method, None, 0);
    let mut printer = JsonPrinter::new().pretty(true).proto_names(true);
    // The well-known types.
    printer.add_pool(DescriptorPool::global());
    let json = printer.print(&sample.into());
    json.expect("samples can be printed as JSON")
}

/// The same value, with texts escaped so that none is an expression.
fn literal(value: Yaml<'_>) -> Yaml<'_> {
    match value {
        Yaml::Value(Scalar::String(text)) => string(text.replace("${", "$${")),
        Yaml::Sequence(values) => Yaml::Sequence(values.into_iter().map(literal).collect()),
        Yaml::Mapping(entries) => {
            let entries = entries.into_iter();
            Yaml::Mapping(entries.map(|(key, value)| (key, literal(value))).collect())
        }
        other => other,
    }
}

fn mapping<'a, const N: usize>(entries: [(&'a str, Yaml<'a>); N]) -> Yaml<'a> {
    let entries = entries.into_iter();
    Yaml::Mapping(entries.map(|(key, value)| (string(key), value)).collect())
}

fn string<'a>(text: impl Into<Cow<'a, str>>) -> Yaml<'a> {
    Yaml::Value(Scalar::String(text.into()))
}
