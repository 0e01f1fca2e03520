//! [`Schema`]: the compiled protos, and what everyone asks them for.
//!
//! It is immutable and shared: a clone is a pointer, and a call in flight keeps the schema it began with.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

use super::definitions::{Definitions, SymbolKind};
use super::earlier::Earlier;
use super::features::lowered_for_pool;
use super::index::SchemaIndex;
use super::layouts::Layouts;
use super::method::Method;
use super::remote::RememberedSource;
use super::schema_file::SchemaFile;
use super::tables::{TableFile, Tables};
use super::valid_texts::decoded_file;
use super::wire::without_source_info;
use crate::error::{Error, Problem};
use crate::suggest;

/// An immutable, compiled set of protos. Cheap to clone.
///
/// [`load`](Self::load) reads files, [`from_source`](Self::from_source) a text, and a [`SchemaBuilder`](super::SchemaBuilder)
/// several of both.
///
/// ```
/// # fn main() -> Result<(), protod::Error> {
/// use protod::Schema;
///
/// let schema = Schema::from_source("ping.proto", r#"
///     syntax = "proto3";
///     message Ping {}
///     service Pinger { rpc Send(Ping) returns (Ping); }
/// "#)?;
/// assert_eq!(schema.methods()[0].name(), "Pinger/Send");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Inner>,
}

struct Inner {
    tables: Arc<Tables>,
    /// The full names of all services, sorted.
    services: Box<[Arc<str>]>,
    /// Every method of every service, by `package.Service/Method`, sorted.
    methods: Vec<Arc<Method>>,
    /// The same, file by file, in the order in which they are declared.
    in_files: Vec<Arc<Method>>,
    watch_paths: Vec<PathBuf>,
    input_folders: Vec<InputFolder>,
    sources: Vec<RememberedSource>,
}

/// A folder of inputs of a [`Schema`]. Rules are looked for here unless others are named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputFolder {
    /// The folder, as the user named it.
    pub path: PathBuf,
    /// Whether the folder itself is an input, with all folders below it. If not, a file in it is.
    pub whole: bool,
}

/// Prints only the names of files and methods: a pool is large, and types may be recursive.
impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files().iter().map(|file| &file.name).collect();
        f.debug_struct("Schema")
            .field("files", &files)
            .field("methods", &self.methods())
            .finish_non_exhaustive()
    }
}

impl Schema {
    /// The schema of the linked `files`, each after those it imports.
    pub(super) fn new(
        files: Vec<TableFile>,
        watch_paths: Vec<PathBuf>,
        input_folders: Vec<InputFolder>,
        sources: Vec<RememberedSource>,
    ) -> Self {
        Self::of_tables(Tables::new(files), watch_paths, input_folders, sources)
    }

    fn of_tables(
        tables: Tables,
        watch_paths: Vec<PathBuf>,
        input_folders: Vec<InputFolder>,
        sources: Vec<RememberedSource>,
    ) -> Self {
        let tables = Arc::new(tables);
        let declared = tables.links.iter().zip(0..).flat_map(|(links, file)| {
            let nths = 0..links.methods.len();
            nths.map(move |nth| (&links.methods, nth, file))
        });
        let in_files: Vec<Arc<Method>> = declared
            .map(|(of_file, nth, file)| Arc::new(Method::new(of_file, nth, &tables, file)))
            .collect();
        let mut by_name: Vec<(&str, &Arc<Method>)> =
            in_files.iter().map(|method| (method.name(), method)).collect();
        by_name.sort_by_key(|(name, _)| *name);
        let methods = by_name
            .into_iter()
            .map(|(_, method)| Arc::clone(method))
            .collect();
        let names = tables.links.iter().flat_map(|file| &file.definitions.names);
        let services = names.filter(|(_, kind)| *kind == SymbolKind::Service);
        let mut services: Vec<Arc<str>> = services.map(|(name, _)| Arc::clone(name)).collect();
        services.sort();
        let inner = Inner {
            tables,
            services: services.into(),
            methods,
            in_files,
            watch_paths,
            input_folders,
            sources,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The descriptors of all files, with comments. They are made when they are first asked for, and take ten times the bytes of
    /// the files.
    ///
    /// The types of a method are of this pool if the files have no more than 4 MiB; in a larger schema they are of a pool of what the
    /// method's file imports, without comments, unless this one has been made before.
    pub fn pool(&self) -> &DescriptorPool {
        &self.inner.tables.all().pool
    }

    /// Whether both are clones of one schema.
    pub(crate) fn is_clone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether all files are in one pool. If not, the types of two methods may be of different pools.
    pub(crate) fn is_small(&self) -> bool {
        self.inner.tables.is_small()
    }

    /// The part of the schema that is the files for which `is_wanted`, and all that they import. `is_wanted` gets the file and
    /// what it defines. Its methods and their types are others than those of the whole.
    pub(crate) fn part(&self, is_wanted: impl Fn(&SchemaFile, &Definitions) -> bool) -> Self {
        let tables = &self.inner.tables;
        let files = tables.files.iter().zip(&tables.links).zip(0..);
        let wanted = files.filter(|((file, links), _)| is_wanted(file, &links.definitions));
        let files = tables.closure(wanted.map(|(_, place)| place));
        if files.len() == tables.files.len() {
            return self.clone();
        }
        let part = tables.part(&files);
        Self::of_tables(
            part,
            self.watch_paths().to_vec(),
            self.input_folders().to_vec(),
            self.sources().to_vec(),
        )
    }

    /// The files at these places, without source info, as those of proto2 or proto3 that they stand for. One with an edition may
    /// be two.
    pub(crate) fn decoded(&self, places: &[usize]) -> Vec<FileDescriptorProto> {
        let tables = &self.inner.tables;
        let plain = places.iter().flat_map(|place| {
            let bytes = without_source_info(&tables.files[*place].descriptor);
            lowered_for_pool(bytes, tables.links[*place].edition)
        });
        plain.filter_map(|file| decoded_file(&file).ok()).collect()
    }

    /// The schema as an earlier load.
    pub(super) fn as_earlier(&self) -> Earlier {
        Earlier::new(Arc::clone(&self.inner.tables))
    }

    /// Whether the pool of all files has been made.
    #[cfg(test)]
    pub(crate) fn has_pool(&self) -> bool {
        self.inner.tables.has_pool()
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.inner.tables
    }

    /// Whether it has a message or a file of the same name as one of `other`'s own.
    pub(crate) fn declares_any_of(&self, other: &Self) -> bool {
        let tables = &other.inner.tables;
        let own = tables.files.iter().zip(&tables.links);
        let own = own.filter(|(file, _)| !file.name.starts_with("google/protobuf/"));
        let (files, links): (Vec<&SchemaFile>, Vec<_>) = own.unzip();
        let files: HashSet<&str> = files.iter().map(|file| &*file.name).collect();
        let names = links.iter().flat_map(|links| &links.definitions.names);
        let messages: HashSet<&str> = names
            .filter(|(_, kind)| kind.is_message())
            .map(|(name, _)| &**name)
            .collect();
        let tables = &self.inner.tables;
        let mut names = tables.links.iter().flat_map(|links| &links.definitions.names);
        tables.files.iter().any(|file| files.contains(&*file.name))
            || names.any(|(name, kind)| kind.is_message() && messages.contains(&**name))
    }

    /// What finds the file that defines a name.
    pub(crate) fn index(&self) -> SchemaIndex {
        SchemaIndex::new(&self.inner.tables)
    }

    /// All files, each after those it imports.
    pub fn files(&self) -> &[SchemaFile] {
        &self.inner.tables.files
    }

    /// What is not wrong with the protos that are inputs, and hardly meant: imports that are not used, reserved names that no
    /// field can have, names in JSON that two fields share in proto2, and services that code generators make no more. protoc
    /// warns of the same. Texts are read again for it, and files of descriptor sets have no warnings.
    pub fn warnings(&self) -> Vec<Problem> {
        let tables = &self.inner.tables;
        let files = tables.files.iter().zip(&tables.links).zip(0..);
        let own = files.filter(|((file, links), _)| !file.is_import && !links.warnings.is_empty());
        own.filter_map(|((_, links), file)| Some((self.places_in(file)?, &links.warnings)))
            .flat_map(|(places, warnings)| {
                let placed = warnings.iter().map(|warning| warning.placed(&places));
                placed.collect::<Vec<_>>()
            })
            .collect()
    }

    /// The full names of all services, sorted.
    ///
    /// ```
    /// let schema = protod::Schema::load("proto/stream.proto")?;
    /// assert_eq!(schema.services().collect::<Vec<_>>(), ["proto.StreamService"]);
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn services(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.services.iter().map(|name| &**name)
    }

    /// Whether there is a service of this full name.
    pub(crate) fn has_service(&self, name: &str) -> bool {
        let services = &self.inner.services;
        services.binary_search_by(|service| (**service).cmp(name)).is_ok()
    }

    /// All methods of all services, sorted by name.
    pub fn methods(&self) -> &[Arc<Method>] {
        &self.inner.methods
    }

    /// The methods that a file declares, in its order. The file is given by its place among those of the schema.
    pub(crate) fn methods_of(&self, file: usize) -> impl Iterator<Item = &Arc<Method>> {
        let methods = &self.inner.in_files;
        let first = methods.partition_point(|method| method.file() < file);
        methods[first..]
            .iter()
            .take_while(move |method| method.file() == file)
    }

    /// The method `package.Service/Method`, with or without a leading slash.
    pub fn method(&self, name: &str) -> Option<&Arc<Method>> {
        let name = name.strip_prefix('/').unwrap_or(name);
        let found = self
            .inner
            .methods
            .binary_search_by(|method| method.name().cmp(name))
            .ok()?;
        Some(&self.inner.methods[found])
    }

    /// The method of this name, or an error that suggests a near one if there is any.
    pub fn require_method(&self, name: &str) -> Result<&Arc<Method>, Error> {
        self.method(name)
            .ok_or_else(|| Error::unknown_name(self.unknown_method(name).on_one_line()))
    }

    /// What is wrong with the name of a method that the schema does not have.
    pub(crate) fn unknown_method(&self, name: &str) -> Problem {
        let known = self.methods().iter().map(|method| method.name());
        let near = suggest::nearest(name, known);
        Problem::new(format!("the schema has no method {name}"))
            .with_hint_if(near.map(|near| format!("did you mean {near}?")))
    }

    /// The full name that was probably meant by one that the schema does not have: of a service, a method
    /// (`package.Service/Method`), a message, an enum or a file. `None` if none is near.
    ///
    /// ```
    /// let schema = protod::Schema::load("proto")?;
    /// assert_eq!(schema.suggest("proto.StreamServce"), Some("proto.StreamService".to_owned()));
    /// assert_eq!(schema.suggest("StreamPoint"), Some("proto.StreamPoint".to_owned()));
    /// assert_eq!(schema.suggest("nothing.like.it"), None);
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn suggest(&self, name: &str) -> Option<String> {
        // Methods first: the name of one is also near to that of its service.
        let methods = self.methods().iter().map(|method| method.name());
        if let Some(method) = suggest::nearest(&with_slash(name), methods) {
            return Some(method.to_owned());
        }
        let tables = &self.inner.tables;
        let names = tables.links.iter().flat_map(|file| &file.definitions.names);
        let types = names.filter(|(_, kind)| matches!(kind, SymbolKind::Message | SymbolKind::Enum));
        let known = self.services();
        let known = known.chain(types.map(|(name, _)| &**name));
        let known = known.chain(tables.files.iter().map(|file| &*file.name));
        suggest::nearest(name, known).map(str::to_owned)
    }

    /// Every file and folder whose change could change this schema: the inputs, the files read, the buf.yaml files that named
    /// import roots, and where an import would be found in an import path before it is found elsewhere. The paths are absolute
    /// and sorted.
    pub fn watch_paths(&self) -> &[PathBuf] {
        &self.inner.watch_paths
    }

    /// The folders where rules files are looked for, in the order of the inputs: for a file its folder, for a folder
    /// the folder itself.
    pub fn input_folders(&self) -> &[InputFolder] {
        &self.inner.input_folders
    }

    /// The sources besides files that it was made of.
    pub(crate) fn sources(&self) -> &[RememberedSource] {
        &self.inner.sources
    }

    pub(crate) fn layouts(&self) -> &Arc<Layouts> {
        &self.inner.tables.all().layouts
    }
}

/// A name with a slash before its last part, as methods have.
fn with_slash(name: &str) -> String {
    match name.rsplit_once(['/', '.']) {
        Some((service, method)) => format!("{service}/{method}"),
        None => name.to_owned(),
    }
}
