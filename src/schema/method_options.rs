//! Options of methods that are extensions, as bytes, and where the methods stand in their protos.
//!
//! They are read from the bytes of the files, so no descriptor pool is made, and it does not matter which version of the
//! proto that declares the extension is at hand.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::compiled::Schema;
use super::element_path::ElementPath;
use super::features::{delimited, text};
use super::name::qualified;
use super::places::Places;
use super::source::read_text;
use super::wire::SOURCE_INFO;
use crate::error::{Problem, SourceText};

/// An option that is set for a method.
#[derive(Debug)]
pub(crate) struct MethodOption {
    /// The method: `package.Service/Method`.
    pub(crate) method: String,
    /// Its value; one that is set in several statements is merged by putting the bytes one behind the other.
    pub(crate) value: Vec<u8>,
    pub(crate) element: Element,
}

/// An element of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// The place of the file among those of the schema.
    file: usize,
    path: Vec<i32>,
}

impl Schema {
    /// The files that declare methods, by their places.
    pub(crate) fn files_with_methods(&self) -> impl Iterator<Item = usize> {
        let links = self.tables().links.iter().zip(0..);
        links
            .filter(|(links, _)| !links.methods.is_empty())
            .map(|(_, file)| file)
    }

    /// Whether a file and all that it imports are as they are in an earlier schema, at the same place.
    pub(crate) fn sees_the_same(&self, earlier: &Self, file: usize) -> bool {
        let then = earlier.tables().links.get(file);
        // A load that takes a file from an earlier one shares its tables.
        then.is_some_and(|then| Arc::ptr_eq(&then.methods, &self.tables().links[file].methods))
    }

    /// Whether its methods have the names of those of an earlier schema, in files at the same places.
    pub(crate) fn names_the_methods_of(&self, earlier: &Self) -> bool {
        let (now, then) = (&self.tables().links, &earlier.tables().links);
        now.len() == then.len()
            && now.iter().zip(then).all(|(now, then)| {
                let paths_then = then.methods.iter().map(|method| &method.path);
                Arc::ptr_eq(&now.methods, &then.methods)
                    || now.methods.iter().map(|method| &method.path).eq(paths_then)
            })
    }

    /// The methods of a file for which the option with this number is set, in their order.
    pub(crate) fn method_options(&self, file: usize, number: u32) -> Vec<MethodOption> {
        let tables = self.tables();
        let package = &tables.links[file].definitions.package;
        let mut found = Vec::new();
        for (service, at) in delimited(&tables.files[file].descriptor, 6).into_iter().zip(0..) {
            let name = OnceCell::new();
            for (method, nth) in delimited(service, 2).into_iter().zip(0..) {
                let options = delimited(method, 4);
                let values: Vec<&[u8]> = options
                    .iter()
                    .flat_map(|options| delimited(options, number))
                    .collect();
                if values.is_empty() {
                    continue;
                }
                let name = name.get_or_init(|| qualified(package, text(service, 1)));
                let service_path = ElementPath::in_file(6, at);
                let method_path = service_path.element(2, nth);
                let mut path = method_path.field(4).numbers();
                path.push(number as i32);
                found.push(MethodOption {
                    method: format!("{name}/{}", text(method, 1)),
                    value: values.concat(),
                    element: Element { file, path },
                });
            }
        }
        found
    }

    /// Where the elements of a file, given by its place, stand in its text. `None` if no text is known.
    pub(super) fn places_in(&self, file: usize) -> Option<Places> {
        let tables = self.tables();
        let descriptor = &tables.files[file];
        let info = delimited(&descriptor.descriptor, SOURCE_INFO).concat();
        if let Some(text) = &tables.links[file].text {
            return Some(match read_text(&text.path, &text.name) {
                Ok(source) => Places::new(source, &info),
                Err(_) => Places::new(SourceText::new(&text.name, ""), &[]),
            });
        }
        let (name, text) = self.source_of(&descriptor.name)?;
        Some(Places::new(SourceText::new(name, text), &info))
    }

    /// The path and the text of a file, if it was made of one that is still there.
    pub(crate) fn source_of(&self, name: &str) -> Option<(String, String)> {
        let beside_inputs = self.input_folders().iter().map(|folder| folder.path.join(name));
        let watched = self.watch_paths().iter().filter(|path| path.ends_with(name));
        let mut paths = beside_inputs.chain(watched.map(PathBuf::from));
        paths.find_map(|path| Some((path.display().to_string(), fs::read_to_string(&path).ok()?)))
    }
}

/// Where elements stand in the texts of their files, which are read once.
pub(crate) struct ElementPlaces<'s> {
    schema: &'s Schema,
    places: RefCell<HashMap<usize, Option<Places>>>,
}

impl<'s> ElementPlaces<'s> {
    pub(crate) fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            places: RefCell::default(),
        }
    }

    /// A problem at an element: at `written` in its text, if that is there.
    pub(crate) fn problem(&self, element: &Element, written: &str, message: &str) -> Problem {
        let mut places = self.places.borrow_mut();
        let places = places
            .entry(element.file)
            .or_insert_with(|| self.schema.places_in(element.file));
        let Some(places) = places else {
            return Problem::in_file(&self.schema.files()[element.file].name, message);
        };
        let source = places.source();
        let Some(span) = places.find(&element.path) else {
            return Problem::in_file(source.name(), message);
        };
        let text = source.text().get(span.clone()).unwrap_or_default();
        let span = match text.find(written) {
            Some(at) if !written.is_empty() => span.start + at..span.start + at + written.len(),
            _ => span,
        };
        Problem::at(source, span, message)
    }
}
