//! From rules files to the rules of each method.
//!
//! Every file is read and every rule compiled before anything is decided, so that one load shows all problems.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::compiler::{Compiler, Entry, union};
use super::file::{RulesFile, find, rules_files, rules_files_beside};
use super::node::Node;
use super::plan::Rule;
use super::select::Order;
use super::{MethodRules, Outline, Rules, RulesOptions, rule};
use crate::cel::Store;
use crate::cel::Uses;
use crate::message::Picker;
use crate::schema::{Method, Schema};
use crate::{Error, Problem, suggest};

pub(super) fn load(options: &RulesOptions, schema: &Schema, paths: &[PathBuf]) -> Result<Rules, Error> {
    load_files(options, schema, rules_files(paths)?)
}

pub(super) fn load_beside(options: &RulesOptions, schema: &Schema) -> Result<Rules, Error> {
    load_files(options, schema, rules_files_beside(schema.input_folders())?)
}

fn load_files(options: &RulesOptions, schema: &Schema, files: Vec<PathBuf>) -> Result<Rules, Error> {
    let mut loader = Loader::new(options, schema);
    for file in &files {
        loader.file(RulesFile::read(file));
    }
    loader.finish(files)
}

pub(super) fn from_texts(
    options: &RulesOptions,
    schema: &Schema,
    texts: &[(&str, &str)],
) -> Result<Rules, Error> {
    let mut loader = Loader::new(options, schema);
    for (name, text) in texts {
        loader.file(RulesFile::parse(name, (*text).to_owned()));
    }
    loader.finish(Vec::new())
}

struct Loader<'l> {
    options: &'l RulesOptions,
    schema: &'l Schema,
    methods: BTreeMap<String, Pending>,
    outlines: Vec<Outline>,
    problems: Vec<Problem>,
}

/// A method whose rules are still coming.
struct Pending {
    method: Arc<Method>,
    picker: Picker,
    rules: Vec<Rule>,
}

impl<'l> Loader<'l> {
    fn new(options: &'l RulesOptions, schema: &'l Schema) -> Self {
        Self {
            options,
            schema,
            methods: BTreeMap::new(),
            outlines: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn file(&mut self, file: Result<RulesFile, Vec<Problem>>) {
        let file = match file {
            Ok(file) => file,
            Err(problems) => return self.problems.extend(problems),
        };
        let mut lines = Lines::new(file.source.text());
        let mut named = HashMap::new();
        for node in &file.rules {
            let line = lines.line(node.span.start);
            self.rule(&file, node, line, &mut named);
        }
    }

    fn rule<'n>(
        &mut self,
        file: &'n RulesFile,
        node: &'n Node,
        line: usize,
        named: &mut HashMap<String, usize>,
    ) {
        // The keys are checked once, whatever number of methods the rule is for.
        let Some(Heading {
            entries,
            methods,
            name,
        }) = self.heading(file, node, line, named)
        else {
            return;
        };
        let mut told = HashSet::new();
        for method in methods {
            let pending = self
                .methods
                .entry(method.name().to_owned())
                .or_insert_with(|| Pending {
                    picker: Picker::new(method.layouts(), method.input_layout()),
                    method: Arc::clone(&method),
                    rules: Vec::new(),
                });
            let mut problems = Vec::new();
            let mut compiler = compiler(self.schema, file, &method, &mut pending.picker, &mut problems);
            let compiled = rule::compile(&mut compiler, &method, node, &entries, &name, &self.options.state);
            pending.rules.extend(compiled);
            // A rule for all methods of a service tells a problem that they share once.
            self.problems.extend(
                problems
                    .into_iter()
                    .filter(|problem| told.insert(problem.located())),
            );
        }
        let content = node.content_hash();
        self.outlines.push(Outline { name, content });
    }

    /// Nothing where no method is named.
    fn heading<'n>(
        &mut self,
        file: &'n RulesFile,
        node: &'n Node,
        line: usize,
        named: &mut HashMap<String, usize>,
    ) -> Option<Heading<'n>> {
        let source = &file.source;
        let entries = super::compiler::entries(source, &mut self.problems, node, "a rule", &rule::KEYS)?;
        let mut name: Arc<str> = format!("{}:{line}", source.name()).into();
        if let Some(entry) = find(&entries, "name") {
            let given = entry.value.key_text().unwrap_or_default();
            if let Some(first) = named.insert(given.clone(), line) {
                let message = format!("the name `{given}` is taken by the rule in line {first}");
                self.problems
                    .push(Problem::at(source, entry.value.span.clone(), message));
            }
            name = given.into();
        }
        let Some(entry) = find(&entries, "method") else {
            // An unknown key was told already, and is the method misspelt.
            if entries.len() == node.entries() {
                let problem = Problem::at(source, node.span.clone(), "a rule needs a `method`");
                self.problems
                    .push(problem.with_hint("such as `method: package.Service/Method`"));
            }
            return None;
        };
        let Some(wanted) = entry.value.text() else {
            let found = entry.value.kind();
            let message = format!("expected the name of a method, found {found}");
            self.problems
                .push(Problem::at(source, entry.value.span.clone(), message));
            return None;
        };
        let methods = self.methods_named(wanted);
        if methods.is_empty() {
            let problem = Problem::at(
                source,
                entry.value.span.clone(),
                format!("there is no method `{wanted}`"),
            );
            let known = self.schema.methods().iter().map(|method| method.name());
            self.problems.push(match suggest::hint(wanted, known) {
                Some(hint) => problem.with_hint(hint),
                None => problem,
            });
        }
        Some(Heading {
            entries,
            methods,
            name,
        })
    }

    /// `package.Service/Method`, or `package.Service/*` for all of a service.
    fn methods_named(&self, wanted: &str) -> Vec<Arc<Method>> {
        match wanted.strip_suffix("/*") {
            Some(service) => {
                let of_service = |method: &&Arc<Method>| method.service() == service;
                self.schema.methods().iter().filter(of_service).cloned().collect()
            }
            None => self.schema.method(wanted).cloned().into_iter().collect(),
        }
    }

    fn finish(self, files: Vec<PathBuf>) -> Result<Rules, Error> {
        if !self.problems.is_empty() {
            return Err(Error::rules(self.problems));
        }
        let methods = self.methods.into_values().map(|pending| {
            let mut rules = pending.rules;
            // Stable: within a priority the order of files and places stays.
            rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
            Arc::new(MethodRules {
                uses: rules.iter().map(Rule::all_uses).fold(Uses::default(), union),
                order: Order::of(&rules),
                method: pending.method,
                rules,
                picker: pending.picker,
                rule_header: self.options.rule_header,
                state: self.options.state.clone(),
                seed: self.options.seed,
                no_store: Store::default(),
            })
        });
        Ok(Rules {
            methods: methods.collect(),
            files,
            outlines: self.outlines,
        })
    }
}

fn compiler<'a>(
    schema: &'a Schema,
    file: &'a RulesFile,
    method: &Method,
    picker: &'a mut Picker,
    problems: &'a mut Vec<Problem>,
) -> Compiler<'a> {
    Compiler {
        schema,
        source: &file.source,
        input: (method.input().clone(), method.input_layout()),
        picker,
        problems,
        request: true,
        state: Vec::new(),
        locals: Vec::new(),
        uses: Uses::default(),
        memos: 0,
        to_log: false,
        reads_request: false,
    }
}

/// What is known of a rule before it is compiled.
struct Heading<'n> {
    entries: Vec<Entry<'n>>,
    /// Those that the rule is for.
    methods: Vec<Arc<Method>>,
    name: Arc<str>,
}

/// Counts the lines of a text as places in it go up.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a byte offset, from 1. An alias may stand for a place that was passed already.
    fn line(&mut self, offset: usize) -> usize {
        if offset < self.at {
            (self.at, self.line) = (0, 1);
        }
        self.line += self.text[self.at..offset].matches('\n').count();
        self.at = offset;
        self.line
    }
}
