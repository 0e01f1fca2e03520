//! Links the files of a graph.
//!
//! Files that define options are linked first, one after the other, in one descriptor pool: the options of all files are read
//! in the types of that pool. They are few. Every other file needs of those that it imports their names only, so each is
//! linked by itself, and as many at once as there are cores. No pool has all files, and no file keeps more than its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost_reflect::DescriptorPool;

use super::imports::{hidden_imports, visible_files, with_imports};
use super::order::dependency_order;
use super::reuse::{earlier_file, known_text, link_again, unchanged};
use super::set::link_set_file;
use super::shared_numbers::SharedNumbers;
use super::symbols::Symbols;
use super::text::{LinkedFile, LinkedText, OptionFiles, Refused, Target, link_text};
use crate::error::Problem;
use crate::parallel;
use crate::schema::definitions::Definitions;
use crate::schema::features::{edition_symbols, lowered_for_pool};
use crate::schema::guarded::guarded;
use crate::schema::schema_file::SchemaFile;
use crate::schema::source::{FileContents, FileGraph, FileId, same_file};
use crate::schema::tables::{FileLinks, TableFile};
use crate::schema::valid_texts::decoded_file;

/// Links all files of `graph`, each after those it imports. Returns `None` if there are problems, which are added to those
/// of the graph.
pub(in crate::schema) fn link(graph: &mut FileGraph) -> Option<Vec<TableFile>> {
    let counterparts: BTreeSet<FileId> = graph.counterparts.values().copied().collect();
    let mut order = dependency_order(graph);
    order.retain(|id| !counterparts.contains(id));
    let mut problems = Vec::new();
    let definitions = definitions(graph);
    let none = BTreeMap::new();
    let linker = Linker::new(graph, &order, &definitions, &none);
    let linked = linker.link(&mut problems, None);
    if !graph.counterparts.is_empty() {
        // Texts with the names of files of sets must define the same: they are linked in place of those files.
        let linker = Linker::new(graph, &order, &definitions, &graph.counterparts);
        let texts = linker.link(&mut problems, Some(&linked));
        let differences = graph.counterparts.keys().filter_map(|id| {
            let text = texts[*id].as_ref()?;
            difference(graph, *id, text)
        });
        problems.extend(differences);
    }
    graph.problems.append(&mut problems);
    graph
        .problems
        .is_empty()
        .then(|| finish(graph, &order, linked, &definitions))
}

/// What each file defines.
fn definitions(graph: &FileGraph) -> Vec<Arc<Definitions>> {
    parallel::map(graph.files.len(), |id| match &graph.files[id].contents {
        FileContents::Text(text) => Arc::clone(&text.known.outline.definitions),
        FileContents::FromSet(file, _) => {
            let decoded = decoded_file(&file.descriptor).unwrap_or_default();
            Arc::new(Definitions {
                edition: file
                    .edition
                    .map(|edition| edition_symbols(&file.descriptor, edition)),
                ..Definitions::of(&decoded)
            })
        }
        FileContents::Broken => Arc::default(),
    })
}

struct Linker<'g> {
    graph: &'g FileGraph,
    /// The files, each after those it imports.
    order: &'g [FileId],
    /// The texts that are linked in place of files.
    substitutes: &'g BTreeMap<FileId, FileId>,
    symbols: Symbols<'g>,
    /// By file: whether it is linked among those that define options.
    with_options: Vec<bool>,
    /// By file: its place in the earlier load, if it is taken from there.
    unchanged: Vec<Option<usize>>,
}

type LinkedFiles = Vec<Option<LinkedFile>>;

impl<'g> Linker<'g> {
    fn new(
        graph: &'g FileGraph,
        order: &'g [FileId],
        definitions: &'g [Arc<Definitions>],
        substitutes: &'g BTreeMap<FileId, FileId>,
    ) -> Self {
        let contents = |id: FileId| substitutes.get(&id).copied().unwrap_or(id);
        let mut with_options = vec![false; graph.files.len()];
        // Whoever imports a file comes after it.
        for id in order.iter().rev().copied() {
            if with_options[id] || defines_options(graph, contents(id), definitions) {
                with_options[id] = true;
                for import in graph.files[contents(id)].imports.iter().flatten() {
                    with_options[*import] = true;
                }
            }
        }
        let mut unchanged = if substitutes.is_empty() {
            unchanged(graph, order)
        } else {
            vec![None; graph.files.len()]
        };
        link_again(graph, order, definitions, &with_options, &mut unchanged);
        let names = definitions.iter().map(|definitions| definitions.names.len());
        let mut symbols = Symbols::with_room(names.sum());
        let mut by_rank = order.to_vec();
        // Of two files that define a name, the one that is linked later is refused.
        by_rank.sort_by_key(|id| (unchanged[*id].is_none(), !with_options[*id]));
        for id in by_rank {
            symbols.add(id, &graph.files[id].name, &definitions[contents(id)]);
        }
        Self {
            graph,
            order,
            substitutes,
            symbols,
            with_options,
            unchanged,
        }
    }

    /// Links all files, or of those that are `known` only the ones that texts take the place of, and what options need. If an
    /// import of one is not linked, it is left out without a problem of its own.
    fn link(&self, problems: &mut Vec<Problem>, known: Option<&LinkedFiles>) -> LinkedFiles {
        let is_known = |id: FileId| !self.with_options[id] && !self.substitutes.contains_key(&id);
        let known = known.map(|known| {
            let files = known.iter().enumerate();
            files
                .map(|(id, file)| file.clone().filter(|_| is_known(id)))
                .collect()
        });
        let is_new = |id: &FileId| known.is_none() || !is_known(*id);
        let mut linked: LinkedFiles = known
            .clone()
            .unwrap_or_else(|| vec![None; self.graph.files.len()]);
        for (id, place) in self.unchanged.iter().enumerate() {
            linked[id] = place.and_then(|place| earlier_file(self.graph, place));
        }
        let changed = |id: &FileId| self.unchanged[*id].is_none();
        let mut options = OptionFiles::default();
        let with_options = |id: &FileId| self.with_options[*id] && changed(id);
        for id in self.order.iter().copied().filter(with_options) {
            if !self.imports_are_linked(id, &linked) {
                continue;
            }
            match self.link_file(id, Target::Options(&mut options)) {
                // A text with a problem is linked, so that those of its importers are found as well.
                Ok(text) => {
                    problems.extend(text.problems);
                    linked[id] = Some(text.file);
                }
                Err(refused) => {
                    problems.extend(refused.problems);
                    if refused.by_pool {
                        options.pool = self.pool_again(&linked);
                    }
                }
            }
        }
        let alone = self.order.iter().copied();
        let alone: Vec<FileId> = alone
            .filter(|id| !self.with_options[*id] && changed(id) && is_new(id))
            .collect();
        let outcomes = parallel::map(alone.len(), |index| {
            self.link_file(alone[index], Target::Alone(&options))
        });
        for (id, outcome) in alone.into_iter().zip(outcomes) {
            if !self.imports_are_linked(id, &linked) {
                continue;
            }
            match outcome {
                Ok(text) => {
                    problems.extend(text.problems);
                    linked[id] = Some(text.file);
                }
                Err(refused) => problems.extend(refused.problems),
            }
        }
        if let Some(shared) = SharedNumbers::of(&options.pool) {
            for file in linked.iter_mut().flatten() {
                let for_pool = file.for_pool.as_ref().unwrap_or(&file.descriptor);
                file.for_pool = shared.left_out_of(for_pool).or(file.for_pool.take());
            }
        }
        linked
    }

    fn contents(&self, id: FileId) -> FileId {
        self.substitutes.get(&id).copied().unwrap_or(id)
    }

    fn imports_are_linked(&self, id: FileId, linked: &LinkedFiles) -> bool {
        let file = &self.graph.files[self.contents(id)];
        // What a set imports for its options alone may be missing.
        let may_be_missing = matches!(file.contents, FileContents::FromSet(..));
        let is_linked = |import: &Option<FileId>| import.map(|id| linked[id].is_some());
        let mut for_options = file.imports_for_options().iter();
        file.own_imports()
            .iter()
            .all(|import| is_linked(import) == Some(true))
            && for_options.all(|import| is_linked(import).unwrap_or(may_be_missing))
    }

    fn link_file(&self, imported_as: FileId, target: Target<'_>) -> Result<LinkedText, Refused> {
        let (graph, symbols) = (self.graph, &self.symbols);
        let id = self.contents(imported_as);
        match &graph.files[id].contents {
            FileContents::Text(text) => link_text(target, graph, symbols, id, text, imported_as),
            FileContents::FromSet(file, set) => {
                let file = link_set_file(target, graph, symbols, id, file, set)?;
                let problems = Vec::new();
                Ok(LinkedText { file, problems })
            }
            FileContents::Broken => Err(Refused {
                problems: Vec::new(),
                by_pool: false,
            }),
        }
    }

    /// A pool with those of the files that define options that are linked.
    fn pool_again(&self, linked: &LinkedFiles) -> DescriptorPool {
        let mut pool = DescriptorPool::new();
        for id in self.order {
            if let Some(file) = linked[*id].as_ref().filter(|_| self.with_options[*id]) {
                let visible = visible_files(self.graph, *id);
                let hidden = hidden_imports(self.graph, *id, &visible);
                let bytes = with_imports(file.for_pool.as_ref().unwrap_or(&file.descriptor), &hidden);
                for part in lowered_for_pool(bytes, file.edition) {
                    // If it does not decode, those that need it say so.
                    let _ = guarded(|| pool.decode_file_descriptor_proto(part));
                }
            }
        }
        pool
    }
}

/// Whether a file has to be linked in a pool with all that it imports: it defines options, or uses those of others in a way
/// that needs more than their names.
fn defines_options(graph: &FileGraph, id: FileId, definitions: &[Arc<Definitions>]) -> bool {
    definitions[id].has_extensions()
        || match &graph.files[id].contents {
            FileContents::Text(text) => text.known.outline.has_any_in_options,
            FileContents::FromSet(file, _) => file.has_unread_options,
            FileContents::Broken => false,
        }
}

/// The problem of a text that, when compiled, differs from the file of a set with the same name.
fn difference(graph: &FileGraph, encoded: FileId, compiled: &LinkedFile) -> Option<Problem> {
    let FileContents::FromSet(file, set) = &graph.files[encoded].contents else {
        return None;
    };
    let FileContents::Text(text) = &graph.files[*graph.counterparts.get(&encoded)?].contents else {
        return None;
    };
    if same_file(&compiled.descriptor, &file.descriptor) {
        return None;
    }
    let message = format!("differs from the file '{}' of the set {set}", file.name);
    Some(Problem::in_file(text.source().name(), message).with_hint("give one of them"))
}

/// The files of a schema, in their order.
fn finish(
    graph: &FileGraph,
    order: &[FileId],
    mut linked: LinkedFiles,
    definitions: &[Arc<Definitions>],
) -> Vec<TableFile> {
    let mut places = vec![0; graph.files.len()];
    for (place, id) in order.iter().enumerate() {
        places[*id] = place;
    }
    let files = order.iter().copied().filter_map(|id| {
        let linked = linked[id].take()?;
        let visible = visible_files(graph, id);
        let own_imports = graph.files[id].own_imports().iter().flatten().count();
        Some(TableFile {
            file: SchemaFile {
                name: graph.files[id].name.clone(),
                descriptor: linked.descriptor,
                is_import: !graph.is_requested(id),
            },
            links: FileLinks {
                for_pool: linked.for_pool,
                edition: linked.edition,
                imports: visible.iter().map(|import| places[*import]).collect(),
                own_imports,
                definitions: Arc::clone(&definitions[id]),
                methods: linked.methods,
                warnings: linked.warnings,
                text: known_text(graph, id),
            },
        })
    });
    files.collect()
}
