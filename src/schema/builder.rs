//! [`SchemaBuilder`]: makes a [`Schema`] of inputs, or lists everything that is wrong with them.
//!
//! The stages run one after the other: `source` reads the inputs and what they import, `link` links the files, and
//! [`Schema`] is made of the result. Problems of all stages are collected, so that one run shows as many as possible.

use std::env;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::cache::CacheFile;
use super::compiled::Schema;
use super::hints::with_hints;
use super::link;
use super::remote::{RememberedSource, SchemaSource};
use super::source::{self, FileGraph, ImportResolver, ImportRoots, Inputs, Resolvers, absolute};
use super::tables::TableFile;
use crate::error::{Error, Problem};
use crate::folder::sort_paths;

/// Collects the inputs of a [`Schema`].
///
/// ```no_run
/// let schema = protod::Schema::builder()
///     .input("api")
///     .input("descriptors/billing.binpb")
///     .import_path("third_party/googleapis")
///     .build()?;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SchemaBuilder {
    inputs: Vec<PathBuf>,
    import_paths: Vec<PathBuf>,
    descriptor_sets: Vec<Bytes>,
    schema_sources: Vec<RememberedSource>,
    buf_cache: Option<PathBuf>,
    /// Names and texts.
    sources: Vec<(String, String)>,
    imports: Vec<String>,
    resolvers: Resolvers,
    earlier: Option<Schema>,
    cache_folder: Option<PathBuf>,
}

impl Schema {
    /// A schema of several inputs, with import paths: see [`SchemaBuilder`].
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// Loads one input: a `.proto`, a folder of them, or a descriptor set.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().input(path.as_ref()).build()
    }

    /// Reads a serialized `google.protobuf.FileDescriptorSet`, such as `protoc --descriptor_set_out
    /// --include_imports` writes.
    pub fn from_descriptor_set(bytes: &[u8]) -> Result<Self, Error> {
        Self::builder()
            .descriptor_set(Bytes::copy_from_slice(bytes))
            .build()
    }

    /// Compiles one proto from text, with the import name `name`. It may import the built-in and bundled files
    /// (google/protobuf, google/api, google/rpc, google/type, buf/validate), but nothing from disk. For several texts see
    /// [`SchemaBuilder::source`].
    ///
    /// ```
    /// let schema = protod::Schema::from_source("greeting.proto", r#"
    ///     syntax = "proto3";
    ///     package greeting;
    ///     service Greeter { rpc Greet(Name) returns (Name); }
    ///     message Name { string name = 1; }
    /// "#)?;
    /// assert!(schema.method("greeting.Greeter/Greet").is_some());
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn from_source(name: &str, text: &str) -> Result<Self, Error> {
        Self::builder().source(name, text).build()
    }
}

impl SchemaBuilder {
    /// Adds a `.proto` file, a folder with all the `.proto` files below it, or a descriptor set, whatever its name ends with.
    /// Default: none, and one is needed.
    ///
    /// In a folder, hidden files and folders, `node_modules` and copies of `google/protobuf` are left out. Symbolic links
    /// are followed.
    pub fn input(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.push(path.into());
        self
    }

    /// Adds a folder in which imports are looked up before any other, as with `protoc -I`; an input wins over a copy of it there.
    /// Nothing else in it is read or watched. Default: none; import roots are searched for around the importing files.
    pub fn import_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.import_paths.push(folder.into());
        self
    }

    /// Looks up the modules that a buf.lock pins in this folder, where buf keeps what it has downloaded. Nothing is downloaded:
    /// a missing import is a problem, which says which command of buf does it. Default: none, and locks are not read.
    #[cfg(feature = "buf")]
    pub fn buf_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.buf_cache = Some(folder.into());
        self
    }

    /// Adds a serialized `google.protobuf.FileDescriptorSet`. Default: none.
    pub fn descriptor_set(mut self, bytes: impl Into<Bytes>) -> Self {
        self.descriptor_sets.push(bytes.into());
        self
    }

    /// Adds the protos that a source has, such as a `ReflectionSource` or an `HttpSource` of the client. Default: none.
    ///
    /// It is asked when the schema is built for the first time. Clones of the builder share the answer, so that they build
    /// again without asking; a `Reloader` asks again, and builds when the answer has changed.
    pub fn schema_source(mut self, source: impl SchemaSource) -> Self {
        self.schema_sources.push(RememberedSource::new(source));
        self
    }

    /// Adds a proto from text, with the name by which others import it. Default: none.
    ///
    /// It may import the other texts, the built-in and bundled files, and what lies in the import paths and input folders.
    ///
    /// ```
    /// let schema = protod::Schema::builder()
    ///     .source("money.proto", r#"syntax = "proto3"; message Money { int64 cents = 1; }"#)
    ///     .source("till.proto", r#"
    ///         syntax = "proto3";
    ///         import "money.proto";
    ///         service Till { rpc Pay(Money) returns (Money); }
    ///     "#)
    ///     .build()?;
    /// assert!(schema.method("Till/Pay").is_some());
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn source(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.sources.push((name.into(), text.into()));
        self
    }

    /// Adds a proto by its import name, as if a file imported it: from a [resolver](Self::resolver), an
    /// [import path](Self::import_path), or those that come with protod. Default: none.
    ///
    /// ```
    /// let schema = protod::Schema::builder().import("google/rpc/error_details.proto").build()?;
    /// assert!(schema.pool().get_message_by_name("google.rpc.RetryInfo").is_some());
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn import(mut self, name: impl Into<String>) -> Self {
        self.imports.push(name.into());
        self
    }

    /// Looks up imports in `resolver`, before any folder. Several are asked in the order in which they were added.
    /// Default: none.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// let protos = HashMap::from([
    ///     ("money.proto", r#"syntax = "proto3"; message Money { int64 cents = 1; }"#),
    ///     ("till.proto", r#"syntax = "proto3"; import "money.proto"; message Till { Money money = 1; }"#),
    /// ]);
    /// let schema = protod::Schema::builder()
    ///     .resolver(move |name: &str| protos.get(name).map(|text| (*text).to_owned()))
    ///     .import("till.proto")
    ///     .build()?;
    /// assert!(schema.pool().get_message_by_name("Till").is_some());
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn resolver(mut self, resolver: impl ImportResolver) -> Self {
        self.resolvers.push(resolver);
        self
    }

    /// Takes from an earlier schema of the same inputs what has not changed since: files that were not written are not read, and
    /// only those that were written are compiled, and what imports them. The result is the same, but for the file in which a
    /// name is refused that two files define. Default: everything is read and compiled.
    ///
    /// ```
    /// # fn main() -> Result<(), protod::Error> {
    /// use protod::Schema;
    ///
    /// let earlier = Schema::load("proto")?;
    /// let now = Schema::builder().input("proto").reuse(&earlier).build()?;
    /// assert_eq!(now.methods().len(), earlier.methods().len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn reuse(mut self, earlier: &Schema) -> Self {
        self.earlier = Some(earlier.clone());
        self
    }

    /// Keeps what was compiled in a folder, where the next program that loads the same inputs takes from it what has not changed:
    /// files whose size, inode and time are the same are not read, and texts that are the same are not compiled. Default: none,
    /// and nothing is written.
    ///
    /// Fewer than 100 files are not kept. A cache that is out of date, damaged or of another build of the program is not used,
    /// and a folder that cannot be written is no error. The folder is made if it is missing. Its caches take 512 MiB at most.
    /// Whoever can write files in it as the user who runs the program can change what is loaded; those of other users are not
    /// read.
    ///
    /// ```no_run
    /// let schema = protod::Schema::builder().input("googleapis").cache_folder("/var/cache/api").build()?;
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn cache_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_folder = Some(folder.into());
        self
    }

    /// Reads, compiles and checks everything. An error has every problem of every file.
    pub fn build(self) -> Result<Schema, Error> {
        let mut problems = Vec::new();
        for path in self.import_paths.iter().filter(|path| !path.is_dir()) {
            let message = "this import path is not a folder";
            let problem = Problem::in_file(path.display().to_string(), message);
            problems.push(problem.needing([absolute(path)]));
        }
        let import_paths = self.import_paths.iter().map(|path| absolute(path)).collect();
        let inputs = Inputs::read(&self.inputs, &mut problems);
        let sets = self.descriptor_sets.into_iter().zip(1..).map(|(bytes, number)| {
            let name = if number == 1 {
                "descriptor set".to_owned()
            } else {
                format!("descriptor set {number}")
            };
            (name, bytes)
        });
        let mut sets: Vec<(String, Bytes)> = inputs.sets.into_iter().chain(sets).collect();
        for source in &self.schema_sources {
            match source.descriptor_set() {
                Ok(set) => sets.push((source.name(), set)),
                Err(found) => problems.extend(found),
            }
        }
        if self.inputs.is_empty()
            && self.schema_sources.is_empty()
            && sets.is_empty()
            && self.sources.is_empty()
            && self.imports.is_empty()
        {
            problems.push(Problem::new(
                "there is no input: a .proto, a folder or a descriptor set is needed",
            ));
        }

        let current_folder = env::current_dir().unwrap_or_default();
        // Who has an earlier schema needs no cache.
        let cache = self.cache_folder.as_ref().filter(|_| self.earlier.is_none());
        let cache = cache.map(|folder| {
            let others: Vec<String> = self.schema_sources.iter().map(RememberedSource::name).collect();
            let inputs = (&self.inputs, &self.import_paths, &self.imports, others);
            CacheFile::new(folder, inputs, &current_folder)
        });
        let buf_cache = self.buf_cache.map(|folder| absolute(&folder));
        let roots = ImportRoots::new(import_paths, &inputs.protos).with_buf_cache(buf_cache);
        let earlier = self.earlier.as_ref().map(Schema::as_earlier);
        let earlier = earlier.or_else(|| cache.as_ref()?.read());
        let mut graph = FileGraph::new(roots, self.resolvers, current_folder, earlier);
        for (name, bytes) in sets {
            match source::read_set(&name, &bytes) {
                Ok(files) => graph.add_set(&name, files),
                Err(found) => problems.extend(found),
            }
        }
        for (name, text) in &self.sources {
            if name.is_empty() {
                let message = "a proto that is given as a text needs a name, such as shop.proto";
                problems.push(Problem::new(message));
            } else {
                graph.add_given(name, text);
            }
        }
        graph.add_inputs(&inputs.protos);
        for name in &self.imports {
            graph.add_import(name);
        }
        problems.append(&mut graph.problems);
        graph.problems = problems;

        let files = compile(&mut graph)?;
        let mut watch_paths = std::mem::take(&mut graph.paths_read);
        watch_paths.extend(inputs.watch_paths);
        watch_paths.extend(graph.roots.configuration_files.iter().cloned());
        watch_paths.extend(graph.roots.absent.iter().cloned());
        sort_paths(&mut watch_paths);
        watch_paths.dedup();
        let schema = Schema::new(files, watch_paths, inputs.folders, self.schema_sources);
        if let Some(cache) = cache {
            cache.keep(schema.tables(), graph.earlier.as_ref());
        }
        Ok(schema)
    }
}

/// Resolves the imports of `graph`, and links its files.
pub(super) fn compile(graph: &mut FileGraph) -> Result<Vec<TableFile>, Error> {
    graph.resolve();
    link::link(graph).ok_or_else(|| {
        let problems = in_order(std::mem::take(&mut graph.problems));
        Error::schema(with_hints(graph, problems))
    })
}

/// The problems sorted by file and place, without duplicates.
fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_cached_key(|problem| (problem.file(), problem.position(), problem.to_string()));
    problems.dedup_by_key(|problem| problem.located());
    problems
}
