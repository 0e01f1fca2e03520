//! A random schema: messages of all kinds of fields, and methods with random rules.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use prost_reflect::{Kind, MessageDescriptor, Value};

use super::choice::Random;
use super::messages::{field_at, scalar};

const RULES: usize = 8;

const SCALARS: [&str; 16] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
    "sfixed32", "sfixed64", "bool", "string", "bytes", "Choice",
];

const WELL_KNOWN: [&str; 14] = [
    "Timestamp",
    "Duration",
    "FieldMask",
    "Struct",
    "Value",
    "ListValue",
    "StringValue",
    "BytesValue",
    "BoolValue",
    "Int64Value",
    "UInt32Value",
    "DoubleValue",
    "FloatValue",
    "Empty",
];

pub(super) struct Api {
    pub(super) proto: String,
    pub(super) rules: Vec<Rule>,
}

#[derive(PartialEq)]
pub(super) enum Body {
    None,
    Whole,
    Field(String),
}

/// The rule of a method.
pub(super) struct Rule {
    pub(super) verb: &'static str,
    /// What the path begins with, which no other has.
    pub(super) start: String,
    pub(super) variables: Vec<Variable>,
    /// Behind the last variable: a literal, a verb or both.
    pub(super) end: String,
    pub(super) body: Body,
    pub(super) response_body: Option<String>,
}

/// A part of a path that becomes a field.
pub(super) struct Variable {
    pub(super) field: String,
    /// A literal before it, with a slash behind it.
    pub(super) before: String,
    /// Its segments: `*`, `things/*`, `**`.
    segments: &'static str,
}

impl Rule {
    /// The fields in the path.
    pub(super) fn names(&self) -> Vec<&str> {
        self.variables.iter().map(|variable| &*variable.field).collect()
    }
}

impl Variable {
    /// A value that the segments can hold.
    pub(super) fn value(&self, random: &mut Random, of: &MessageDescriptor) -> Value {
        let field = field_at(of, &self.field);
        let kind = field.kind();
        if self.segments == "*" {
            loop {
                let value = scalar(random, &kind);
                // A segment is not empty.
                if !matches!(&value, Value::String(text) if text.is_empty())
                    && !matches!(&value, Value::Bytes(bytes) if bytes.is_empty())
                {
                    return value;
                }
            }
        }
        assert_eq!(kind, Kind::String, "segments are of texts");
        let segments = match self.segments {
            "**" => random.below(4),
            _ => 1,
        };
        let texts: Vec<String> = (0..segments)
            .map(|_| {
                loop {
                    match scalar(random, &Kind::String) {
                        // A slash in a segment stays an escape; it is not one of the message's.
                        Value::String(text) if !text.is_empty() && !text.contains('/') => break text,
                        _ => {}
                    }
                }
            })
            .collect();
        let texts = texts.join("/");
        Value::String(self.segments.replace("**", "*").replace('*', &texts))
    }

    /// A value as it stands in a path.
    pub(super) fn escaped(&self, text: &str) -> String {
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        match self.segments {
            "*" => escape(text),
            _ => text.split('/').map(escape).collect::<Vec<_>>().join("/"),
        }
    }

    fn template(&self) -> String {
        match self.segments {
            "*" => format!("/{}{{{}}}", self.before, self.field),
            segments => format!("/{}{{{}={segments}}}", self.before, self.field),
        }
    }
}

impl Api {
    pub(super) fn random(random: &mut Random) -> Self {
        let mut proto = String::from(
            "syntax = \"proto3\";\npackage r;\nimport \"google/api/annotations.proto\";\nimport \"google/protobuf/duration.proto\";
import \"google/protobuf/empty.proto\";\nimport \"google/protobuf/field_mask.proto\";\nimport \"google/protobuf/struct.proto\";
import \"google/protobuf/timestamp.proto\";\nimport \"google/protobuf/wrappers.proto\";
enum Choice { NONE = 0; SOME = 1; MORE = -5; }\n",
        );
        for message in 0..4 {
            proto += &fields(random, message);
        }
        let rules: Vec<Rule> = (0..RULES).map(|number| rule(random, number, &proto)).collect();
        proto += "service Calls {\n";
        for (rule, number) in rules.iter().zip(0..) {
            let _ = writeln!(
                proto,
                "  rpc Do{number}(M0) returns (M0) {{ option (google.api.http) = {{ {} }}; }}",
                option(rule)
            );
        }
        proto += "}\n";
        Self { proto, rules }
    }
}

/// A message, which may hold those after it.
fn fields(random: &mut Random, message: usize) -> String {
    let next = (message + 1).min(3);
    let mut text =
        format!("message M{message} {{\n  string key = 1; int64 number_key = 2; M{next} inner_one = 3;\n");
    text += "  map<string, int32> counts = 4; repeated M3 others = 5; google.protobuf.FieldMask update_mask = 6;\n";
    for field in 0..6 + random.below(10) {
        let number = 10 + field;
        // Names with digits have no form in the JSON of a mask.
        let name = char::from(b'a' + field as u8);
        let line = match random.below(12) {
            0 => format!(
                "map<{}, M3> map_{name}",
                random.pick(&["int32", "bool", "string", "uint64"])
            ),
            1 => format!("map<string, {}> map_{name}", random.pick(&SCALARS)),
            2 => format!(
                "oneof choice_{name} {{ string one_{name} = {}; M{next} two_{name} = {}; }}",
                100 + field,
                200 + field
            ),
            3 => format!(
                "repeated google.protobuf.{} times_{name}",
                random.pick(&["Timestamp", "Duration", "Int64Value", "StringValue"])
            ),
            4 | 5 => format!("google.protobuf.{} known_{name}", random.pick(&WELL_KNOWN)),
            6 => format!("optional {} maybe_{name}", random.pick(&SCALARS)),
            7 | 8 => format!("repeated {} many_{name}", random.pick(&SCALARS)),
            _ => format!("{} field_{name}", random.pick(&SCALARS)),
        };
        let json_name = if random.one_in(6) {
            format!(" [json_name = \"called{field}So\"]")
        } else {
            String::new()
        };
        let _ = if line.starts_with("oneof") {
            writeln!(text, "  {line}")
        } else {
            writeln!(text, "  {line} = {number}{json_name};")
        };
    }
    text + "}\n"
}

/// The lines of fields that the first message of a proto has, each with its type first.
fn fields_of_first(proto: &str) -> Vec<(&str, &str)> {
    let start = proto.find("message M0").expect("it is there");
    let lines = proto[start..].lines().skip(3).take_while(|line| *line != "}");
    lines
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let equals = words.iter().position(|word| *word == "=")?;
            (words[0] != "oneof").then(|| (words[0], words[equals - 1]))
        })
        .collect()
}

fn rule(random: &mut Random, number: usize, proto: &str) -> Rule {
    let known = fields_of_first(proto);
    let mut candidates = vec![
        "key",
        "number_key",
        "inner_one.key",
        "inner_one.inner_one.number_key",
        "inner_one.inner_one.key",
    ];
    candidates.extend(
        known
            .iter()
            .filter(|(kind, _)| SCALARS.contains(kind))
            .map(|(_, name)| *name),
    );
    let mut variables: Vec<Variable> = Vec::new();
    for at in 0..random.below(4) {
        let field = *random.pick(&candidates);
        if variables.iter().any(|variable| variable.field == field) {
            continue;
        }
        let is_text = field.rsplit('.').next() == Some("key");
        let segments = match random.below(4) {
            0 if is_text => "things/*",
            1 if is_text => "**",
            _ => "*",
        };
        let before = if random.one_in(2) {
            format!("l{at}/")
        } else {
            String::new()
        };
        variables.push(Variable {
            field: field.to_owned(),
            before,
            segments,
        });
        if segments == "**" {
            break;
        }
    }
    let is_rest = variables.last().is_some_and(|variable| variable.segments == "**");
    let mut end = String::new();
    if !is_rest && random.one_in(4) {
        end += "/end";
    }
    if random.one_in(3) {
        end += ":doIt";
    }
    let verb = *random.pick(&["GET", "DELETE", "POST", "PUT", "PATCH", "PATCH"]);
    let in_path: Vec<String> = variables.iter().map(|variable| variable.field.clone()).collect();
    let mut bodies = vec!["inner_one", "inner_one", "counts", "others"];
    bodies.extend(known.iter().map(|(_, name)| *name));
    let body = match random.below(4) {
        _ if verb == "GET" => Body::None,
        0 => Body::Whole,
        1 => Body::None,
        _ => {
            let name = *random.pick(&bodies);
            if in_path.iter().any(|field| field == name) {
                Body::Whole
            } else {
                Body::Field(name.to_owned())
            }
        }
    };
    bodies.extend(["key", "number_key"]);
    let response_body = random.one_in(4).then(|| (*random.pick(&bodies)).to_owned());
    Rule {
        verb,
        start: format!("/r{number}"),
        variables,
        end,
        body,
        response_body,
    }
}

/// A rule as an option has it.
fn option(rule: &Rule) -> String {
    let path: String = rule.variables.iter().map(Variable::template).collect();
    let mut text = format!(
        "{}: \"{}{path}{}\"",
        rule.verb.to_lowercase(),
        rule.start,
        rule.end
    );
    match &rule.body {
        Body::None => {}
        Body::Whole => text += " body: \"*\"",
        Body::Field(name) => {
            let _ = write!(text, " body: \"{name}\"");
        }
    }
    if let Some(name) = &rule.response_body {
        let _ = write!(text, " response_body: \"{name}\"");
    }
    text
}
