//! Links one text: from its descriptor as it was parsed to the bytes that are served, and those that go into a pool.
//!
//! Names and options are read here, in the scope of what the file imports. The pool gets full names only, so that it cannot
//! look one up elsewhere, and it refuses what is defined twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor};
use prost_types::{FileDescriptorProto, SourceCodeInfo};

use super::for_pool::{Fit, add_json_names, make_fit};
use super::guard::check_map_entries;
use super::imports::{files_for_options, hidden_imports, visible_files};
use super::names::{UnresolvedName, resolve_names};
use super::options::{Demands, OptionBytes, OptionProblem, Options, Tails, assembled};
use super::scope::Scope;
use super::stubs::stubs_for;
use super::symbols::Symbols;
use super::unused::unused_imports;
use crate::error::{Problem, SourceText};
use crate::schema::check::{Checks, Report, check_clashes, check_file, check_written};
use crate::schema::declared::{DeclaredMethod, declared_methods};
use crate::schema::element_path::ElementPath;
use crate::schema::features::{Edition, PROTO2, PROTO3, lowered_for_pool};
use crate::schema::guarded::guarded;
use crate::schema::places::Places;
use crate::schema::plain::{without_method_options, without_options};
use crate::schema::source::{EditionParts, FileGraph, FileId, TextFile};
use crate::schema::stand_ins::{file_as_written, has_any, info_as_written};
use crate::schema::tabs::Tabs;
use crate::schema::valid_texts::{decoded_file, valid_file};
use crate::schema::warning::Warning;

/// One linked file.
#[derive(Debug, Clone)]
pub(super) struct LinkedFile {
    /// The bytes that the schema hands out.
    pub(super) descriptor: Bytes,
    /// What a pool gets in their place, if that is something else. It has no source info.
    pub(super) for_pool: Option<Bytes>,
    /// The edition of the file, if it has one.
    pub(super) edition: Option<Edition>,
    pub(super) methods: Arc<[DeclaredMethod]>,
    pub(super) warnings: Arc<[Warning]>,
}

/// The files that define options, in one pool, and what is known of them.
#[derive(Debug, Default)]
pub(super) struct OptionFiles {
    pub(super) pool: DescriptorPool,
    demands: Demands,
    checks: Checks,
}

/// Where a file is linked.
#[derive(Debug)]
pub(super) enum Target<'p> {
    /// Among those that define options.
    Options(&'p mut OptionFiles),
    /// By itself. It uses the options that those files define.
    Alone(&'p OptionFiles),
}

/// A text that is linked, and what is wrong with it nevertheless.
pub(super) struct LinkedText {
    pub(super) file: LinkedFile,
    pub(super) problems: Vec<Problem>,
}

/// Why a file is not linked.
pub(super) struct Refused {
    pub(super) problems: Vec<Problem>,
    /// Whether a pool refused it, which may have kept extensions of it.
    pub(super) by_pool: bool,
}

/// Links a text. `symbols` has what all files define, this one as `imported_as`.
pub(super) fn link_text(
    mut target: Target<'_>,
    graph: &FileGraph,
    symbols: &Symbols,
    id: FileId,
    text: &TextFile,
    imported_as: FileId,
) -> Result<LinkedText, Refused> {
    let visible = visible_files(graph, id);
    let scope = Scope::new(symbols, imported_as, visible.iter().copied());
    let mut file = graph.parsed(id, text);
    let parts = text.known.outline.edition.as_ref();
    let edition = parts.map(|parts| parts.edition);
    let tails = parts
        .map(|parts| edition_tails(graph, id, parts))
        .unwrap_or_default();
    let info = &text.parsed().info;
    let mut report = Report::new(text, info);
    check_written(&mut report, &file);
    let unresolved = resolve_names(&mut file, &scope);
    let mut options = Options::take_from(&mut file, target.demands_to_note(&mut Demands::default()));
    add_json_names(&mut file);
    let owner = |name: &str| {
        let owner = symbols.owner_before(imported_as, name)?;
        Some(symbols.file_name(owner))
    };
    let mut clashes = Report::new(text, info);
    check_clashes(&mut clashes, &file, &target.option_files().pool, &owner);
    let mut problems = found(text, info, symbols, unresolved, options.problems());
    problems.extend(clashes.into_problems());
    if !problems.is_empty() {
        return Err(Refused {
            problems,
            by_pool: false,
        });
    }

    let mut bytes = file.encode_to_vec();
    let has_odd_names = has_any(&bytes);
    if has_odd_names {
        bytes = file_as_written(&bytes);
        file = decoded_file(&bytes).expect("it was encoded here");
    }
    let methods = declared_methods(&file).into();
    let is_proto3 = file.syntax() == "proto3";
    let may_be_proto3 = is_proto3 || edition.is_some();
    let fit = make_fit(&mut file, may_be_proto3);
    let fitted = (fit != Fit::AsItIs || has_odd_names).then(|| file.encode_to_vec());
    let is_alone = matches!(target, Target::Alone(_));
    // The file as a pool takes it, after what it needs of others.
    let for_pool = |mut file: FileDescriptorProto| {
        file.dependency.extend(hidden_imports(graph, id, &visible));
        if !is_alone {
            without_method_options(&mut file);
            return vec![file];
        }
        without_options(&mut file);
        let mut files = stubs_for(graph, symbols, imported_as, &visible, &file);
        files.push(file);
        files
    };
    // Only an error needs to know where everything is.
    let with_places = || {
        let mut file = decoded_file(&bytes).expect("it was encoded here");
        make_fit(&mut file, may_be_proto3);
        file.source_code_info = Some(places_in_bytes(text));
        for_pool(file)
    };
    let name = &graph.files[id].name;
    let mut alone = DescriptorPool::new();
    let pool = match &mut target {
        Target::Options(files) => &mut files.pool,
        Target::Alone(_) => &mut alone,
    };
    let in_pool = match edition {
        None => add_to_pool(pool, text, name, for_pool(file), with_places)?,
        Some(edition) => {
            let stubs = if is_alone {
                stubs_for(graph, symbols, imported_as, &visible, &file)
            } else {
                Vec::new()
            };
            file.dependency.extend(hidden_imports(graph, id, &visible));
            let so_far = options.with_source();
            let bytes = file.encode_to_vec();
            let with_info = |info: Option<&[u8]>| {
                let file = assembled(&bytes, &so_far, &Tails::new(), info);
                lowered_for_pool(valid_file(&file, None), Some(edition))
            };
            add_lowered(pool, text, name, stubs, with_info)?
        }
    };

    let mut used = scope.into_used();
    // Whoever sets an option uses the file that has them all.
    if options.has_any() {
        used.extend(symbols.get("google.protobuf.FileOptions").map(|(_, file)| file));
    }
    let seen = visible.iter().copied().chain(files_for_options(graph, id));
    let scope = Scope::new(symbols, imported_as, seen);
    let OptionFiles { pool, demands, .. } = target.option_files();
    options.read_custom(pool, graph, &scope);
    used.extend(scope.into_used());
    let number = match (edition, is_proto3) {
        (Some(edition), _) => edition,
        (None, true) => PROTO3,
        (None, false) => PROTO2,
    };
    options.check(demands, number);
    problems.extend(found(text, info, symbols, Vec::new(), options.problems()));
    let deprecated = options.warnings();
    let needs_source = options.has_ranges() || edition.is_some();
    let with_source = needs_source.then(|| options.with_source());
    let has_odd_texts = options.has_odd_texts();
    let (served, info) = options.served(demands, info);
    let for_pool = (has_odd_texts || fitted.is_some()).then(|| {
        let bytes = fitted.as_ref().unwrap_or(&bytes);
        let file = match fit {
            Fit::WithoutSome => assembled(bytes, &OptionBytes::default(), &tails, None),
            _ => assembled(bytes, &served, &tails, None),
        };
        valid_file(&file, Some(pool))
    });
    let mut linked = LinkedFile {
        descriptor: assembled(&bytes, &served, &tails, Some(&info_as_written(&info))),
        for_pool,
        edition,
        methods,
        warnings: Arc::default(),
    };
    let checked = with_source.map_or_else(
        || linked.descriptor.clone(),
        |options| assembled(&bytes, &options, &tails, None),
    );
    problems.extend(report.into_problems());
    let mut report = Report::new(text, &info);
    check_file(
        target.checks(&mut Checks::default()),
        &mut report,
        number,
        &checked,
        &in_pool,
    );
    for OptionProblem { path, fault } in deprecated {
        report.warning_at(path, fault.message, fault.hint.unwrap_or_default());
    }
    for unused in unused_imports(graph, id, text, &used) {
        let path = ElementPath::in_file(unused.list, unused.index);
        report.warning(
            &path,
            format!("the import '{}' is not used", unused.name),
            "leave it out",
        );
    }
    linked.warnings = report.take_warnings().into();
    problems.extend(report.into_problems());
    Ok(LinkedText {
        file: linked,
        problems,
    })
}

impl Target<'_> {
    pub(super) fn option_files(&self) -> &OptionFiles {
        match self {
            Self::Options(files) => files,
            Self::Alone(files) => files,
        }
    }

    /// Where it is noted what the fields of the file demand; nobody asks for those of a file alone.
    fn demands_to_note<'d>(&'d mut self, none: &'d mut Demands) -> &'d mut Demands {
        match self {
            Self::Options(files) => &mut files.demands,
            Self::Alone(_) => none,
        }
    }

    fn checks<'c>(&'c mut self, none: &'c mut Checks) -> &'c mut Checks {
        match self {
            Self::Options(files) => &mut files.checks,
            Self::Alone(_) => none,
        }
    }
}

/// The problems of names and options, at their places.
fn found(
    text: &TextFile,
    info: &[u8],
    symbols: &Symbols,
    unresolved: Vec<UnresolvedName>,
    options: Vec<OptionProblem>,
) -> Vec<Problem> {
    if unresolved.is_empty() && options.is_empty() {
        return Vec::new();
    }
    let places = Places::new(text.source().clone(), info);
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

/// The places of a text, with columns that are bytes, as the pool takes them for its problems.
fn places_in_bytes(text: &TextFile) -> SourceCodeInfo {
    let mut info = text.parsed().source_info();
    let tabs = Tabs::of(text.source().text());
    for location in info.location.iter_mut().filter(|_| !tabs.is_empty()) {
        tabs.narrow(text.source().lines(), &mut location.span);
    }
    info
}

/// Adds `files` to a pool, of which the last is the text `name`. `with_places` are the same, with places for problems.
fn add_to_pool(
    pool: &mut DescriptorPool,
    text: &TextFile,
    name: &str,
    files: Vec<FileDescriptorProto>,
    with_places: impl FnOnce() -> Vec<FileDescriptorProto>,
) -> Result<FileDescriptor, Refused> {
    let mut added = guarded(|| pool.add_file_descriptor_protos(files));
    if let Ok(Err(_)) = added {
        let files = with_places();
        added = guarded(|| pool.add_file_descriptor_protos(files));
    }
    file_added(pool, text, name, added)
}

/// Adds a file with an edition, after `stubs`, as the files of proto2 or proto3 that it became. `lowered` gives them with
/// the source info that it gets: only an error needs to know where everything is.
fn add_lowered(
    pool: &mut DescriptorPool,
    text: &TextFile,
    name: &str,
    stubs: Vec<FileDescriptorProto>,
    lowered: impl Fn(Option<&[u8]>) -> Vec<Bytes>,
) -> Result<FileDescriptor, Refused> {
    let mut add = |info| {
        guarded(|| {
            pool.add_file_descriptor_protos(stubs.clone())?;
            let mut parts = lowered(info).into_iter();
            parts.try_for_each(|part| pool.decode_file_descriptor_proto(part))
        })
    };
    let mut added = add(None);
    if let Ok(Err(_)) = added {
        added = add(Some(&places_in_bytes(text).encode_to_vec()));
    }
    file_added(pool, text, name, added)
}

/// The file `name` of a pool, or why it was not `added`.
fn file_added(
    pool: &DescriptorPool,
    text: &TextFile,
    name: &str,
    added: Result<Result<(), DescriptorError>, String>,
) -> Result<FileDescriptor, Refused> {
    match added {
        Ok(Ok(())) => {
            let added = pool.get_file_by_name(name).expect("it has just been added");
            check_map_entries(&added).map_err(|message| refused(text.source(), message))?;
            Ok(added)
        }
        Ok(Err(error)) => Err(Refused {
            problems: pool_problems(text.source(), error),
            by_pool: true,
        }),
        Err(message) => Err(refused(text.source(), message)),
    }
}

/// What the elements of a file with an edition have that prost-types has no fields for.
fn edition_tails(graph: &FileGraph, id: FileId, parts: &EditionParts) -> Tails {
    use prost::encoding::{int32, string};
    let mut tails = Tails::with_capacity(parts.visibility.len() + 1);
    for (path, visibility) in &parts.visibility {
        // Whether the last step leads to an enum of the file or of a message.
        let is_enum = matches!(path.as_slice(), [5, _] | [_, _, .., 4, _]);
        let number = if is_enum { 6 } else { 11 };
        let mut tail = Vec::new();
        int32::encode(number, &(*visibility as i32), &mut tail);
        tails.insert(path.clone(), tail);
    }
    let imports = graph.files[id].imports_for_options().iter();
    let names = parts.option_dependencies.iter().zip(imports);
    let names: Vec<String> = names
        .map(|(written, import)| import.map_or(written.clone(), |import| graph.files[import].name.clone()))
        .collect();
    let mut tail = Vec::new();
    int32::encode(14, &parts.edition, &mut tail);
    string::encode_repeated(15, &names, &mut tail);
    tails.insert(Vec::new(), tail);
    tails
}

fn refused(source: &SourceText, message: String) -> Refused {
    Refused {
        problems: vec![Problem::in_file(source.name(), message)],
        by_pool: true,
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
