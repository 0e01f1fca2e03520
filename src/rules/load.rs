//! From rules files to the handlers of methods.

use std::path::PathBuf;
use std::sync::Arc;

use super::collections::{KnownCollections, RulesCollection};
use super::compile::{
    Compilation, CompiledMethod, CompiledRules, DeclaredCollection, GivenFiles, MessageFiles,
};
use super::file::{FileCollections, RulesFile};
use super::files::FoundFiles;
use super::part::part_of;
use super::run::{Declared, MethodRules, Settings, StateOfSession};
use super::set::{FilesRead, Rules};
use crate::error::{Error, Problem};
use crate::schema::Schema;

pub(super) fn load_files(settings: &Settings, schema: &Schema, files: FoundFiles) -> Result<Rules, Error> {
    let FoundFiles { rules, warnings } = files;
    let read = || rules.iter().map(|file| RulesFile::read(file)).collect();
    let mut compiled = compile(settings, schema, &Around::default(), read).map_err(Error::rules)?;
    compiled.rules.warnings.splice(0..0, warnings);
    finish(settings, compiled, rules).map_err(Error::rules)
}

impl Rules {
    /// Rules of these names and texts, to stand in front of these: with the same options, and the same state, or that of the
    /// session whose calls alone they answer. They know the collections of these.
    pub(crate) fn in_front(
        &self,
        schema: &Schema,
        texts: &[(&str, &str)],
        session: Option<&StateOfSession>,
    ) -> Result<Self, Vec<Problem>> {
        let mut settings = Settings {
            are_put: true,
            ..self.settings.clone()
        };
        if let Some(session) = session {
            settings.session = Some(session.id.clone());
            settings.state = session.own.clone();
        }
        let settings = &settings;
        let parse = |(name, text): &(&str, &str)| RulesFile::parse(name, (*text).to_owned());
        let read = || texts.iter().map(parse).collect();
        let around = Around {
            known: &self.collections.files,
            message_files: None,
        };
        let compiled = compile(settings, schema, &around, read)?;
        finish(settings, compiled, Vec::new())
    }
}

pub(super) fn load_text(
    settings: &Settings,
    schema: &Schema,
    name: &str,
    text: &str,
) -> Result<Rules, Error> {
    let read = || vec![RulesFile::parse(name, text.to_owned())];
    let compiled = compile(settings, schema, &Around::default(), read).map_err(Error::rules)?;
    finish(settings, compiled, Vec::new()).map_err(Error::rules)
}

/// Rules of files that are no files of this machine.
#[cfg(all(feature = "live", feature = "nats"))]
pub(super) fn load_texts(settings: &Settings, schema: &Schema, texts: &RulesTexts) -> Result<Rules, Error> {
    let parse = |(name, text): &(String, String)| RulesFile::parse(name, text.clone());
    let read = || texts.rules.iter().map(parse).collect();
    let around = Around {
        known: &[],
        message_files: Some(&texts.messages),
    };
    let mut compiled = compile(settings, schema, &around, read).map_err(Error::rules)?;
    // Nothing of this machine is to be watched.
    compiled.rules.message_files.clear();
    finish(settings, compiled, Vec::new()).map_err(Error::rules)
}

/// The texts of rules files with their names, and those of the files of messages that they name.
#[cfg(all(feature = "live", feature = "nats"))]
#[derive(Debug, Default)]
pub(crate) struct RulesTexts {
    pub(crate) rules: Vec<(String, String)>,
    pub(crate) messages: Arc<GivenFiles>,
}

/// What there is besides the rules files themselves.
#[derive(Default)]
struct Around<'a> {
    /// Collections of other files that the rules may name.
    known: &'a [FileCollections],
    /// The files of messages, if they are not on disk.
    message_files: Option<&'a Arc<GivenFiles>>,
}

type ReadFiles = Vec<Result<RulesFile, Vec<Problem>>>;

/// The rules of files, and the collections that these declare.
struct CompiledFiles {
    rules: CompiledRules,
    collections: Arc<[FileCollections]>,
    /// That for which they are compiled.
    schema: Schema,
}

/// Compiles rules for the part of a large schema that they reach. If that fails, it is done for the whole: then the problems are
/// those of the whole, and so are their hints.
fn compile(
    settings: &Settings,
    schema: &Schema,
    around: &Around<'_>,
    read: impl Fn() -> ReadFiles,
) -> Result<CompiledFiles, Vec<Problem>> {
    let compile_for = |schema: &Schema, files: ReadFiles| {
        let mut compilation = Compilation::new(
            schema,
            settings.sampler.clone(),
            settings.validates,
            settings.shares_state,
            settings.are_put,
        );
        let declaring = files.iter().flatten().map(|file| &file.collections);
        let declaring = declaring.filter(|collections| !collections.entries.is_empty());
        let collections: Arc<[FileCollections]> = declaring.cloned().collect();
        if let Some(files) = around.message_files {
            compilation.message_files(MessageFiles::given(Arc::clone(files)));
        }
        compilation.declare(around.known.iter().chain(&*collections));
        for file in files {
            compilation.add(file);
        }
        let rules = compilation.finish()?;
        Ok(CompiledFiles {
            rules,
            collections,
            schema: schema.clone(),
        })
    };
    let compile_and_learn = |part: &Schema, files| {
        let compiled: Result<CompiledFiles, Vec<Problem>> = compile_for(part, files);
        // Rules that are put store what those of files know as well.
        if compiled.is_ok() && !settings.are_put {
            settings.state.learn(part, schema);
        }
        compiled
    };
    let files = read();
    if schema.is_small() {
        return compile_and_learn(schema, files);
    }
    let known_texts = around.known.iter().map(|file| file.source.text());
    let texts = files.iter().flatten().map(|file| file.source.text());
    let part = part_of(schema, texts.chain(known_texts));
    compile_and_learn(&part, files).or_else(|_| compile_and_learn(schema, read()))
}

fn finish(settings: &Settings, compiled: CompiledFiles, files: Vec<PathBuf>) -> Result<Rules, Vec<Problem>> {
    let CompiledRules {
        methods,
        outlines,
        warnings,
        message_files,
        collections,
    } = compiled.rules;
    let declared = declare(settings, collections)?;
    // Not before all is compiled: a load that fails leaves the counters as they are.
    let counted = methods.iter().flat_map(|method| &method.rules);
    let counted = counted.filter(|rule| rule.counting.is_some());
    settings.state.hits().forget_unused();
    let load = settings.state.counters().load(counted.map(|rule| &rule.id));
    let methods = methods
        .into_iter()
        .map(|compiled| {
            let CompiledMethod {
                method,
                rules,
                is_claimed,
                picker,
                ..
            } = compiled;
            Arc::new(MethodRules::new(
                method, rules, is_claimed, picker, settings, &declared,
            ))
        })
        .collect();
    Ok(Rules::new(
        methods,
        FilesRead {
            rules: files,
            messages: message_files,
        },
        outlines,
        warnings,
        KnownCollections {
            files: compiled.collections,
            all: RulesCollection::all(&declared, &compiled.schema),
        },
        settings.clone(),
        load,
    ))
}

/// The collections themselves, which are made where they are kept.
fn declare(settings: &Settings, declared: Vec<DeclaredCollection>) -> Result<Declared, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut collections = Vec::with_capacity(declared.len());
    for of in &declared {
        match settings.state.collections().declare(&of.declaration) {
            Ok(collection) => collections.push(collection),
            Err(error) => {
                let reason = std::error::Error::source(&error);
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                let message = format!("{error}{reason}");
                problems.push(Problem::at(&of.source, of.place.clone(), message));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Declared {
        declarations: declared.into_iter().map(|of| of.declaration).collect(),
        collections: collections.into(),
    })
}
