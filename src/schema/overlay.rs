//! [`Overlay`]: protos that stand over the files of a schema, while it is served.
//!
//! The schema under it stays what it is. The files of both are linked again, those of the schema as a descriptor set: its texts are
//! neither read nor parsed.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::sync::Arc;

use bytes::Bytes;

use super::builder::compile;
use super::compiled::Schema;
use super::source::{self, FileGraph, ImportRoots, Resolvers, SetFile};
use crate::error::{Error, Problem};
use crate::excerpt::excerpt;

/// What problems call the files of the schema.
const UNDER: &str = "the protos that are served";

/// What problems call a set that is put.
const SET: &str = "descriptor set";

/// Protos by their import names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlay {
    files: BTreeMap<String, Contents>,
}

#[derive(Debug, Clone)]
enum Contents {
    Text(Arc<str>),
    /// A `FileDescriptorProto`.
    Descriptor(Bytes),
}

impl Contents {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Descriptor(bytes) => bytes.len(),
        }
    }
}

impl Overlay {
    /// Puts texts by their import names, and all files of serialized `FileDescriptorSet`s. They take the place of those of their
    /// names that were put before.
    ///
    /// Fails with all that is wrong with the names and the sets, and then has some of them.
    pub(crate) fn put(&mut self, texts: &[(String, String)], sets: &[Bytes]) -> Result<(), Error> {
        let mut problems = Vec::new();
        let mut files: Vec<(String, Contents)> = Vec::new();
        for (name, text) in texts {
            files.push((name.clone(), Contents::Text(text.as_str().into())));
        }
        for set in sets {
            match source::read_set(SET, set) {
                Ok(set) => files.extend(set.into_iter().map(|file| {
                    let descriptor = file.served().clone();
                    (file.name, Contents::Descriptor(descriptor))
                })),
                Err(wrong) => problems.extend(wrong),
            }
        }
        let mut names = HashSet::new();
        for (name, contents) in files {
            if let Some(problem) = wrong_name(&name) {
                problems.push(problem);
            } else if !names.insert(name.clone()) {
                problems.push(Problem::in_file(&name, "is put twice").with_hint("put one of them"));
            }
            self.files.insert(name, contents);
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::schema(problems))
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// How many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.files
            .iter()
            .map(|(name, contents)| name.len() + contents.len())
            .sum()
    }

    /// The schema with these files over its own. What is watched, and where rules are looked for, stays as it is.
    ///
    /// Fails with every problem of every file.
    pub(crate) fn over(&self, schema: &Schema) -> Result<Schema, Error> {
        let imports = schema.files().iter().filter(|file| file.is_import);
        let imports: HashSet<&str> = imports.map(|file| &*file.name).collect();
        let folder = env::current_dir().unwrap_or_default();
        let roots = ImportRoots::new(Vec::new(), &[]);
        let mut graph = FileGraph::new(roots, Resolvers::default(), folder, None);
        let under = schema.files().iter();
        let under = under.filter(|file| !self.files.contains_key(&file.name));
        let under = files_of(UNDER, under.map(|file| &file.descriptor))?;
        graph.add_served(UNDER, under, |name| imports.contains(name));
        let mut put = Vec::new();
        for (name, contents) in &self.files {
            match contents {
                Contents::Text(text) => graph.add_given(name, text),
                Contents::Descriptor(descriptor) => put.push(descriptor),
            }
        }
        graph.add_set(SET, files_of(SET, put.into_iter())?);
        let files = compile(&mut graph)?;
        Ok(Schema::new(
            files,
            schema.watch_paths().to_vec(),
            schema.input_folders().to_vec(),
            schema.sources().to_vec(),
        ))
    }
}

/// What is wrong with the name of a file that is put: others have to be able to import it.
fn wrong_name(name: &str) -> Option<Problem> {
    let what = if name.is_empty() {
        "a proto that is put has no name".to_owned()
    } else {
        format!(
            "the name {:?} of a proto that is put {}",
            excerpt(name),
            source::oddity(name)?
        )
    };
    Some(Problem::new(what).with_hint("others import it by its name, as in shop/v1/shop.proto"))
}

/// The files of these descriptors, which a set may be made of. `name` is what problems call it.
fn files_of<'b>(name: &str, descriptors: impl Iterator<Item = &'b Bytes>) -> Result<Vec<SetFile>, Error> {
    let mut set = Vec::new();
    for descriptor in descriptors {
        prost::encoding::bytes::encode(1, descriptor, &mut set);
    }
    if set.is_empty() {
        // A set without files is refused.
        return Ok(Vec::new());
    }
    source::read_set(name, &set.into()).map_err(Error::schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "syntax = \"proto3\"; package shop; import \"item.proto\"; service Shop { rpc Buy(Item) returns (Item); }";
    const ITEM: &str = "syntax = \"proto3\"; package shop; message Item { string name = 1; }";

    fn schema() -> Schema {
        let builder = Schema::builder()
            .source("shop.proto", SHOP)
            .resolver(|name: &str| (name == "item.proto").then(|| ITEM.to_owned()));
        builder.build().expect("it is sound")
    }

    fn put_text(overlay: &mut Overlay, name: &str, text: &str) {
        let texts = [(name.to_owned(), text.to_owned())];
        overlay.put(&texts, &[]).expect("the name is sound");
    }

    #[test]
    fn names_that_no_import_can_have_and_names_that_come_twice_are_refused() {
        let item = ITEM.replace("name = 1;", "count = 1;");
        let names = [
            "",
            "../a.proto",
            "a/./b.proto",
            "/a.proto",
            "a//b.proto",
            "a.proto/",
            "a\\b.proto",
            "a\n.proto",
            "http://a/b.proto",
            "twice.proto",
            "twice.proto",
            "sound/a-b.c.proto",
            "set.proto",
        ];
        let texts = names.map(|name| (name.to_owned(), item.clone()));
        let set = Schema::from_source("set.proto", ITEM).expect("it is sound");
        let error = Overlay::default().put(&texts, &[set.descriptor_set().encode()]);
        let error = error.expect_err("they are refused");
        let problems: Vec<String> = error.problems().iter().map(Problem::located).collect();
        assert_eq!(
            problems,
            [
                "a proto that is put has no name",
                r#"the name "../a.proto" of a proto that is put has `..` in it"#,
                r#"the name "a/./b.proto" of a proto that is put has `.` in it"#,
                r#"the name "/a.proto" of a proto that is put begins with a slash"#,
                r#"the name "a//b.proto" of a proto that is put has two slashes in a row"#,
                r#"the name "a.proto/" of a proto that is put ends with a slash"#,
                r#"the name "a\\b.proto" of a proto that is put has a backslash in it"#,
                r#"the name "a\n.proto" of a proto that is put has a control character in it"#,
                r#"the name "http://a/b.proto" of a proto that is put is a URL"#,
                "twice.proto: is put twice",
                "set.proto: is put twice",
            ]
        );
    }

    #[test]
    fn a_file_takes_the_place_of_the_one_of_its_name_and_all_others_stay() {
        let schema = schema();
        let mut overlay = Overlay::default();
        let item = ITEM.replace("name = 1;", "name = 1; int32 count = 2;");
        put_text(&mut overlay, "item.proto", &item);
        put_text(
            &mut overlay,
            "more.proto",
            "syntax = \"proto3\"; import \"item.proto\"; service More { rpc Get(shop.Item) returns (shop.Item); }",
        );
        let over = overlay.over(&schema).expect("it is sound");
        assert_eq!(over.services().collect::<Vec<_>>(), ["More", "shop.Shop"]);
        let item = over.pool().get_message_by_name("shop.Item").expect("it is there");
        assert!(item.get_field_by_name("count").is_some());
        let again = Overlay::default().over(&over).expect("it is sound");
        let names = |schema: &Schema| -> Vec<(String, bool)> {
            let files = schema.files().iter();
            files.map(|file| (file.name.clone(), file.is_import)).collect()
        };
        assert_eq!(names(&again), names(&over));
        assert!(
            names(&Overlay::default().over(&schema).expect("sound"))
                .contains(&("item.proto".to_owned(), true))
        );
    }

    #[test]
    fn a_set_is_put_like_texts_and_the_later_one_counts() {
        let set = Schema::from_source("item.proto", &ITEM.replace("Item {", "Item { bool sold = 3;"));
        let set = set.expect("it is sound").descriptor_set().encode();
        let mut overlay = Overlay::default();
        put_text(&mut overlay, "item.proto", "this is no proto");
        overlay.put(&[], &[set]).expect("it can be read");
        assert_eq!(overlay.len(), 1);
        let over = overlay.over(&schema()).expect("the text is gone");
        let item = over.pool().get_message_by_name("shop.Item").expect("it is there");
        assert!(item.get_field_by_name("sold").is_some());
        assert!(overlay.put(&[], &[Bytes::from_static(b"no set")]).is_err());
    }

    #[test]
    fn what_does_not_fit_the_others_is_told() {
        let mut overlay = Overlay::default();
        put_text(&mut overlay, "item.proto", &ITEM.replace("Item", "Other"));
        let error = overlay.over(&schema()).expect_err("shop.proto needs it");
        assert!(
            error.problems()[0].to_string().contains("shop.Item")
                || error.problems()[0].to_string().contains("Item"),
            "{error:?}"
        );
        put_text(&mut overlay, "item.proto", "syntax = \"proto3\";\nmessage {}");
        let error = overlay.over(&schema()).expect_err("it is no proto");
        assert!(
            error.problems()[0].located().starts_with("item.proto:2:9: "),
            "{error:?}"
        );
    }
}
