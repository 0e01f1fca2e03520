//! From rules files to the handlers of methods.

use std::path::PathBuf;
use std::sync::Arc;

use super::compile::{Compilation, CompiledMethod, CompiledRules};
use super::file::RulesFile;
use super::files::FoundFiles;
use super::run::{MethodRules, Settings};
use super::set::Rules;
use crate::error::Error;
use crate::schema::Schema;

pub(super) fn load_files(settings: &Settings, schema: &Schema, files: FoundFiles) -> Result<Rules, Error> {
    let FoundFiles { rules, warnings } = files;
    let mut compilation = Compilation::new(schema, settings.sampler.clone(), settings.validates);
    compilation.warn(warnings);
    for file in &rules {
        compilation.add(RulesFile::read(file));
    }
    finish(settings, compilation, rules)
}

pub(super) fn load_text(
    settings: &Settings,
    schema: &Schema,
    name: &str,
    text: &str,
) -> Result<Rules, Error> {
    let mut compilation = Compilation::new(schema, settings.sampler.clone(), settings.validates);
    compilation.add(RulesFile::parse(name, text.to_owned()));
    finish(settings, compilation, Vec::new())
}

fn finish(
    settings: &Settings,
    compilation: Compilation<'_>,
    mut files: Vec<PathBuf>,
) -> Result<Rules, Error> {
    let CompiledRules {
        methods,
        outlines,
        warnings,
        message_files,
    } = compilation.finish().map_err(Error::rules)?;
    files.extend(message_files);
    // Not before all is compiled: a load that fails leaves the counters as they are.
    let counted = methods.iter().flat_map(|method| &method.rules);
    let counted = counted.filter(|rule| rule.counting.is_some());
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
            Arc::new(MethodRules::new(method, rules, is_claimed, picker, settings))
        })
        .collect();
    Ok(Rules::new(
        methods,
        files,
        outlines,
        warnings,
        settings.state.clone(),
        load,
    ))
}
