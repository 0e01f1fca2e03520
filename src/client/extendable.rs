//! The messages with extension ranges that services and messages lead to, found in files that nobody has linked: a server is
//! asked for the files that extend them, and only then are all of them linked, once.

use std::collections::{BTreeSet, HashMap, HashSet};

use prost_types::{DescriptorProto, FileDescriptorProto};

use crate::schema::{decoded_file, outwards, qualified};

/// What a message or a service leads to.
#[derive(Default)]
struct Node {
    has_ranges: bool,
    /// Names of messages as they are written, with a dot in front if they are full.
    types: Vec<String>,
}

/// The messages and services of files, by full name.
#[derive(Default)]
struct Nodes(HashMap<String, Node>);

/// The full names of the extendable messages that `roots` lead to, which are full names of services and messages in `files`.
pub(super) fn extendable<'b>(
    files: impl IntoIterator<Item = &'b [u8]>,
    roots: &[String],
) -> BTreeSet<String> {
    let mut nodes = Nodes::default();
    for file in files {
        // The bytes were decoded when they came.
        let file = decoded_file(file).unwrap_or_default();
        nodes.add_file(file);
    }
    let mut extendable = BTreeSet::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut waiting: Vec<&str> = roots.iter().filter_map(|root| nodes.find(root, "")).collect();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) {
            continue;
        }
        let node = &nodes.0[name];
        if node.has_ranges {
            extendable.insert(name.to_owned());
        }
        waiting.extend(node.types.iter().filter_map(|written| nodes.find(written, name)));
    }
    extendable
}

impl Nodes {
    fn add_file(&mut self, file: FileDescriptorProto) {
        let package = file.package.unwrap_or_default();
        for message in file.message_type {
            self.add_message(message, &package);
        }
        for service in file.service {
            let types = service
                .method
                .into_iter()
                .flat_map(|method| [method.input_type, method.output_type]);
            let node = Node {
                has_ranges: false,
                types: types.flatten().collect(),
            };
            self.0
                .insert(qualified(&package, &service.name.unwrap_or_default()), node);
        }
    }

    fn add_message(&mut self, message: DescriptorProto, scope: &str) {
        let name = qualified(scope, &message.name.unwrap_or_default());
        for nested in message.nested_type {
            self.add_message(nested, &name);
        }
        let node = Node {
            has_ranges: !message.extension_range.is_empty(),
            types: message
                .field
                .into_iter()
                .filter_map(|field| field.type_name)
                .collect(),
        };
        self.0.insert(name, node);
    }

    /// The full name of what `written` stands for in the scope `from`.
    fn find(&self, written: &str, from: &str) -> Option<&str> {
        let known = |name: &str| self.0.get_key_value(name).map(|(name, _)| name.as_str());
        if let Some(full) = written.strip_prefix('.') {
            return known(full);
        }
        outwards(from).find_map(|scope| known(&qualified(scope, written)))
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::schema::Schema;

    #[test]
    fn extendable_messages_are_found_through_services_fields_and_nested_messages() {
        let text = "syntax = \"proto2\"; package a.b;
            message In { optional Deep.Inner inner = 1; map<string, Mapped> mapped = 2; }
            message Deep { extensions 5; message Inner { optional Deep deep = 1; extensions 6; } }
            message Mapped { extensions 7; }
            message Alone { extensions 8; }
            service S { rpc A(In) returns (.a.b.In); }";
        let schema = Schema::from_source("a.proto", text).unwrap();
        let served = schema.files().iter().map(|file| &*file.descriptor);
        let names = |roots: &[&str]| -> Vec<String> {
            let roots: Vec<String> = roots.iter().map(|root| (*root).to_owned()).collect();
            extendable(served.clone(), &roots).into_iter().collect()
        };
        assert_eq!(names(&["a.b.S"]), ["a.b.Deep", "a.b.Deep.Inner", "a.b.Mapped"]);
        assert_eq!(names(&["a.b.Alone", "a.b.Nobody"]), ["a.b.Alone"]);
        // A server may send what no compiler has resolved.
        let mut file = FileDescriptorProto::decode(&*schema.files().last().unwrap().descriptor).unwrap();
        file.service[0].method[0].input_type = Some("In".to_owned());
        file.service[0].method[0].output_type = None;
        file.message_type[0].field[0].type_name = Some("Deep.Inner".to_owned());
        let written = file.encode_to_vec();
        let found = extendable([&*written], &["a.b.S".to_owned()]);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["a.b.Deep", "a.b.Deep.Inner", "a.b.Mapped"]
        );
    }
}
