//! Links one text: from its descriptor as it was parsed to the bytes that are served, and those that go into a pool.
//!
//! Names and options are read here, in the scope of what the file imports. The pool gets full names only, so that it cannot
//! look one up elsewhere, and it refuses what is defined twice.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorError, DescriptorPool};
use prost_types::{FieldDescriptorProto, FileDescriptorProto, MethodOptions};

use super::guard::{check_map_entries, guarded};
use super::imports::{hidden_imports, visible_files};
use super::names::{UnresolvedName, resolve_names};
use super::options::{Demands, OptionProblem, Options, with_options};
use super::scope::Scope;
use super::symbols::Symbols;
use crate::error::{Problem, SourceText};
use crate::schema::check::{Checks, check_file};
use crate::schema::each::{each_field, each_message};
use crate::schema::name::default_json_name;
use crate::schema::places::Places;
use crate::schema::source::{FileGraph, FileId, TextFile};

/// One linked file.
#[derive(Debug, Clone)]
pub(super) struct LinkedFile {
    /// The bytes that the schema hands out.
    pub(super) descriptor: Bytes,
    /// The same with all imports that a pool needs, and without what it need not have.
    pub(super) for_pool: Bytes,
}

/// What is known of all files so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) symbols: Symbols,
    demands: Demands,
    checks: Checks,
}

/// A text that is in the pool, and what is wrong with it nevertheless.
pub(super) struct LinkedText {
    pub(super) file: LinkedFile,
    pub(super) problems: Vec<Problem>,
}

/// Why a text is not in the pool.
pub(super) struct Refused {
    pub(super) problems: Vec<Problem>,
    /// Whether the pool may have a part of it nevertheless.
    pub(super) left_in_pool: bool,
}

/// Links a text into `pool`, which holds its imports. `twin` is the file of a set in whose place it is linked.
pub(super) fn link_text(
    pool: &mut DescriptorPool,
    graph: &FileGraph,
    known: &mut Known,
    id: FileId,
    text: &TextFile,
    twin: Option<FileId>,
) -> Result<LinkedText, Refused> {
    let Known {
        symbols,
        demands,
        checks,
    } = known;
    let visible = visible_files(graph, id);
    let scope = Scope::new(symbols, visible.iter().copied().chain([twin.unwrap_or(id)]));
    let mut file = text.descriptor.clone();
    let unresolved = resolve_names(&mut file, &scope);
    let mut options = Options::take_from(&mut file, demands);
    add_json_names(&mut file);
    let mut problems = found(text, symbols, unresolved, options.problems());
    if !problems.is_empty() {
        return Err(Refused {
            problems,
            left_in_pool: false,
        });
    }

    let mut for_pool = file.clone();
    for_pool.dependency.extend(hidden_imports(graph, id, &visible));
    remove_empty_options(&mut for_pool, &text.descriptor);
    part_json_names(&mut for_pool);
    add_to_pool(pool, &text.source, &for_pool)?;

    options.read_custom(pool, &scope);
    options.check(demands);
    problems.extend(found(text, symbols, Vec::new(), options.problems()));
    let with_source = options.has_ranges().then(|| options.with_source());
    let served = options.served(demands, &mut file);
    let bytes = file.encode_to_vec();
    let descriptor = with_options(&bytes, &served);
    for_pool.source_code_info.clone_from(&file.source_code_info);
    let linked = LinkedFile {
        for_pool: with_options(&for_pool.encode_to_vec(), &served).into(),
        descriptor: descriptor.into(),
    };
    let checked = with_source.map_or_else(
        || linked.descriptor.clone(),
        |options| with_options(&bytes, &options).into(),
    );
    let in_pool = pool
        .get_file_by_name(file.name())
        .expect("it has just been added");
    let info = file.source_code_info.unwrap_or_default();
    problems.extend(check_file(
        checks,
        &text.source,
        &info,
        &text.descriptor,
        &checked,
        &in_pool,
    ));
    Ok(LinkedText {
        file: linked,
        problems,
    })
}

/// The problems of names and options, at their places.
fn found(
    text: &TextFile,
    symbols: &Symbols,
    unresolved: Vec<UnresolvedName>,
    options: Vec<OptionProblem>,
) -> Vec<Problem> {
    if unresolved.is_empty() && options.is_empty() {
        return Vec::new();
    }
    let info = text.descriptor.source_code_info.clone().unwrap_or_default();
    let places = Places::new(&text.source, &info);
    let names = unresolved.into_iter().map(|unresolved| {
        let UnresolvedName {
            name,
            path,
            reason,
            wanted,
        } = unresolved;
        let problem = places.problem(&path, reason.message(&name, wanted));
        problem
            .with_label("found here")
            .with_hint_if(reason.hint(&name, symbols))
    });
    let options = options.into_iter().map(|OptionProblem { path, fault }| {
        let problem = places.problem(&path, fault.message);
        problem.with_label("found here").with_hint_if(fault.hint)
    });
    names.chain(options).collect()
}

fn add_to_pool(
    pool: &mut DescriptorPool,
    source: &SourceText,
    file: &FileDescriptorProto,
) -> Result<(), Refused> {
    match guarded(|| pool.add_file_descriptor_proto(file.clone())) {
        Ok(Ok(())) => {
            let added = pool
                .get_file_by_name(file.name())
                .expect("it has just been added");
            check_map_entries(&added).map_err(|message| left_in_pool(source, message))
        }
        Ok(Err(error)) => Err(Refused {
            problems: pool_problems(source, error),
            left_in_pool: false,
        }),
        Err(message) => Err(left_in_pool(source, message)),
    }
}

fn left_in_pool(source: &SourceText, message: String) -> Refused {
    Refused {
        problems: vec![Problem::in_file(source.name(), message)],
        left_in_pool: true,
    }
}

fn pool_problems(source: &SourceText, error: DescriptorError) -> Vec<Problem> {
    match guarded(|| Problem::unfold(source, &error.with_source_code(source.text()))) {
        Ok(problems) => without_members_of_duplicates(problems),
        Err(message) => vec![Problem::in_file(source.name(), message)],
    }
}

/// Leaves out the members of messages that are defined twice: the problem of the message is enough.
fn without_members_of_duplicates(mut problems: Vec<Problem>) -> Vec<Problem> {
    let duplicate = |problem: &Problem| {
        let text = problem.to_string();
        let (name, rest) = text.strip_prefix("name '")?.split_once('\'')?;
        let twice = rest == " is defined twice" || rest.starts_with(" is already defined in file ");
        twice.then(|| name.to_owned())
    };
    let names: BTreeSet<String> = problems.iter().filter_map(duplicate).collect();
    problems.retain(|problem| {
        let name = duplicate(problem).unwrap_or_default();
        !name
            .rmatch_indices('.')
            .any(|(dot, _)| names.contains(&name[..dot]))
    });
    problems
}

/// Removes the empty options of methods, as in `rpc M(A) returns (B) {}`. Compilers write them, so clients get them. But when
/// prost-reflect first sees any options, it builds a pool of Google's own files, which takes as long as loading a small proto.
fn remove_empty_options(file: &mut FileDescriptorProto, written: &FileDescriptorProto) {
    let methods = file.service.iter_mut().flat_map(|service| &mut service.method);
    let written = written.service.iter().flat_map(|service| &service.method);
    for (method, written) in methods.zip(written) {
        if written
            .options
            .as_ref()
            .is_some_and(|options| *options == MethodOptions::default())
        {
            method.options = None;
        }
    }
}

/// Gives the fields their names in JSON, those of extensions too, as protoc does.
fn add_json_names(file: &mut FileDescriptorProto) {
    each_field(file, |field| {
        if field.json_name.is_none() {
            field.json_name = Some(default_json_name(field.name()));
        }
    });
}

/// Parts the names in JSON that two fields of a message share, as proto2 allows: a pool takes no two. One of the fields goes by
/// its own name there.
fn part_json_names(file: &mut FileDescriptorProto) {
    each_message(file, |message| {
        let goes_by_its_name = |field: &FieldDescriptorProto| field.json_name == field.name;
        let own = message.field.iter().filter(|field| goes_by_its_name(field));
        let mut names: HashSet<String> = own.map(|field| field.name().to_owned()).collect();
        for field in message.field.iter_mut().filter(|field| !goes_by_its_name(field)) {
            if !names.insert(field.json_name().to_owned()) {
                field.json_name = field.name.clone();
            }
        }
    });
}
