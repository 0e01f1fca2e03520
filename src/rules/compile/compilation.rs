//! From rules files to the rules of each method.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::answers;
use super::collections::{self, DeclaredCollection};
use super::compiler::RuleCompiler;
use super::message_files::MessageFiles;
use super::methods::{NamedMethod, methods_named, rule_methods};
use super::missing::{self, RuleConditions};
use super::other_words;
use super::reach::{DeclaredRule, ReachedRule, unreached};
use super::rule;
use super::rule_keys::RULE_KEYS;
use super::signals::AllSignals;
use super::stored::{AllStored, StoredOfRule};
use crate::cel::CollectionType;
use crate::error::Problem;
use crate::message::Picker;
use crate::rules::file::{FileCollections, RulesFile};
use crate::rules::plan::{Outline, Rule, RuleId, RuleLog, Sampler};
use crate::schema::{Method, Schema};
use crate::yaml::{Alias, Entry, Node, entries, find, written};

/// The rules of all files compiled so far, and the problems found in them.
pub(in crate::rules) struct Compilation<'s> {
    schema: &'s Schema,
    /// Makes up messages. `None` if nothing does.
    sampler: Option<Sampler>,
    /// Whether the server validates requests, if that is known.
    validates: Option<bool>,
    methods: BTreeMap<String, CompiledMethod>,
    outlines: Vec<Outline>,
    declared: Vec<DeclaredRule>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    stored: AllStored,
    signals: AllSignals,
    collections: Arc<[CollectionType]>,
    /// In step with them.
    declared_collections: Vec<DeclaredCollection>,
    /// Whether Rust code may raise signals, too.
    signals_from_outside: bool,
    /// Whether the rules are put in front of others, which are not seen here.
    are_put: bool,
    message_files: MessageFiles,
    /// All problems and warnings of rules so far.
    told: HashSet<String>,
}

/// The rules of all files.
pub(in crate::rules) struct CompiledRules {
    /// The methods that have rules, by name.
    pub(in crate::rules) methods: Vec<CompiledMethod>,
    /// All rules in the order of files and places.
    pub(in crate::rules) outlines: Vec<Outline>,
    /// What is hardly meant.
    pub(in crate::rules) warnings: Vec<Problem>,
    /// The files of messages that the rules name.
    pub(in crate::rules) message_files: Vec<PathBuf>,
    /// The collections that they declare.
    pub(in crate::rules) collections: Vec<DeclaredCollection>,
}

/// The rules of one method, in the order of files and places.
pub(in crate::rules) struct CompiledMethod {
    pub(in crate::rules) method: Arc<Method>,
    /// The fields of its requests that the rules read.
    pub(in crate::rules) picker: Picker,
    pub(in crate::rules) rules: Vec<Rule>,
    /// Whether some rule with an answer names the method, and not only by a pattern.
    pub(in crate::rules) is_claimed: bool,
    /// In step with `rules`.
    reached: Vec<ReachedRule>,
    /// In step with `rules`.
    conditions: Vec<RuleConditions>,
    /// In step with `rules`.
    stored: Vec<StoredOfRule>,
}

/// What is known of a rule before its parts are compiled.
struct Declaration<'n> {
    entries: Vec<Entry<'n>>,
    /// The methods that the rule is for.
    methods: Vec<NamedMethod>,
    /// The name that people see.
    name: Arc<str>,
    id: RuleId,
}

/// What has been declared in a file so far.
#[derive(Default)]
struct Declared {
    /// The line of the rule with each name.
    names: HashMap<String, usize>,
    /// How many unnamed rules there are with each content.
    contents: HashMap<u64, usize>,
}

impl<'s> Compilation<'s> {
    pub(in crate::rules) fn new(
        schema: &'s Schema,
        sampler: Option<Sampler>,
        validates: Option<bool>,
        signals_from_outside: bool,
        are_put: bool,
    ) -> Self {
        Self {
            schema,
            sampler,
            validates,
            methods: BTreeMap::new(),
            outlines: Vec::new(),
            declared: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            stored: AllStored::default(),
            signals: AllSignals::default(),
            collections: Arc::default(),
            declared_collections: Vec::new(),
            signals_from_outside,
            are_put,
            message_files: if are_put {
                MessageFiles::of_working_directory()
            } else {
                MessageFiles::default()
            },
            told: HashSet::new(),
        }
    }

    /// Takes files of messages from here, and not from disk. To be called before any file is [added](Self::add).
    pub(in crate::rules) fn message_files(&mut self, files: MessageFiles) {
        self.message_files = files;
    }

    /// Declares the collections of all files, which the rules of each may name. To be called before any is [added](Self::add).
    pub(in crate::rules) fn declare<'f>(&mut self, files: impl Iterator<Item = &'f FileCollections>) {
        let found = collections::declared(self.schema, files, &mut self.problems);
        self.collections = found.iter().map(DeclaredCollection::as_type).collect();
        self.declared_collections = found;
    }

    /// Compiles the rules of a file, or adds the problems of a file that could not be read.
    pub(in crate::rules) fn add(&mut self, file: Result<RulesFile, Vec<Problem>>) {
        let mut file = match file {
            Ok(file) => file,
            Err(problems) => return self.problems.extend(problems),
        };
        self.warnings.append(&mut file.warnings);
        let mut lines = Lines::new(file.source.text());
        let mut declared = Declared::default();
        // Each is dropped when it is compiled: what many rules are read to takes more memory than what they become.
        for node in std::mem::take(&mut file.rules) {
            let line = lines.line(node.span.start);
            self.rule(&file, &node, line, &mut declared);
        }
    }

    /// All rules, or every problem.
    pub(in crate::rules) fn finish(mut self) -> Result<CompiledRules, Vec<Problem>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let reached = self
            .methods
            .iter()
            .map(|(name, method)| (name.as_str(), method.reached.as_slice()));
        self.warnings.extend(unreached(&self.declared, reached));
        if !self.are_put {
            self.warn_of_all_rules();
        }
        Ok(CompiledRules {
            methods: self.methods.into_values().collect(),
            outlines: self.outlines,
            warnings: self.warnings,
            message_files: self.message_files.into_paths().collect(),
            collections: self.declared_collections,
        })
    }

    /// Warns of what is wrong only if there are no other rules: variables that none sets, signals that none raises.
    fn warn_of_all_rules(&mut self) {
        let conditions = self.methods.values().map(|method| method.conditions.as_slice());
        let missing = missing::warnings(conditions, |name| self.stored.sets(name));
        self.warnings.extend(self.stored.warnings(&missing));
        let of_methods = self.methods.values().map(|method| method.stored.as_slice());
        self.warnings.extend(self.stored.unasked(of_methods));
        self.warnings.extend(missing);
        self.warnings
            .extend(self.signals.warnings(self.signals_from_outside));
    }

    fn rule(&mut self, file: &RulesFile, node: &Node, line: usize, declared: &mut Declared) {
        let content = node.content_hash();
        // The keys are checked once, however many methods the rule is for.
        let Some(Declaration {
            entries,
            methods,
            name,
            id,
        }) = self.declaration(file, node, (line, content), declared)
        else {
            return;
        };
        let mut found = Found::default();
        let of_methods = methods.len();
        let log = Arc::new(RuleLog::new(file.source.clone(), node.span.start));
        let value = |name: &str| find(&entries, name).map(|entry| entry.value);
        let declared_rule = self.declared.len();
        self.declared.push(DeclaredRule {
            source: file.source.clone(),
            span: value("method").unwrap_or(node).span.clone(),
            name: Arc::clone(&name),
        });
        for NamedMethod { method, by_pattern } in methods {
            let compiled = self
                .methods
                .entry(method.name().to_owned())
                .or_insert_with(|| CompiledMethod {
                    picker: Picker::new(method.layouts(), method.input_layout()),
                    method: Arc::clone(&method),
                    rules: Vec::new(),
                    is_claimed: false,
                    reached: Vec::new(),
                    conditions: Vec::new(),
                    stored: Vec::new(),
                });
            let mut problems = Vec::new();
            let input = (method.input().clone(), method.input_layout());
            let mut compiler = RuleCompiler::new(
                self.schema,
                &file.source,
                input,
                &mut compiled.picker,
                &mut problems,
                &mut self.message_files,
            );
            compiler.sampler.clone_from(&self.sampler);
            compiler.validates = self.validates;
            compiler.collections = Arc::clone(&self.collections);
            let rule = rule::compile(&mut compiler, &method, node, &entries, &name, &id, &log);
            let (warnings, stored, signals) = (compiler.warnings, compiler.stored, compiler.signals);
            let (conditions, set) = (compiler.conditions, stored.names_set());
            let reply = value("reply").map(|reply| reply.span.clone());
            if let Some(rule) = &rule {
                let of_rule = stored.of_rule(rule, &file.source, reply, by_pattern);
                compiled.stored.push(of_rule);
            }
            self.stored.add(&file.source, stored);
            self.signals.add(&file.source, signals);
            if let Some(rule) = rule {
                let streams = method.is_client_streaming();
                let reached = ReachedRule::new(
                    declared_rule,
                    &rule,
                    &entries,
                    &file.source,
                    (by_pattern, streams),
                );
                compiled.reached.push(reached);
                let conditions = conditions.of(&rule, &file.source, set);
                compiled.conditions.push(conditions);
                compiled.is_claimed |= !by_pattern && !rule.passes;
                compiled.rules.push(rule);
            }
            found.add(problems.into_iter().chain(warnings), &method);
        }
        for problem in found.of_methods(of_methods) {
            let is_new = self.told.insert(problem.located());
            let problem = match alias_of(file, node, &problem) {
                None => problem,
                // What an alias stands for is told of once, however many rules have it.
                Some(_) if !is_new => continue,
                Some(alias) => problem.used_at(alias.place.clone()),
            };
            if problem.is_warning() {
                self.warnings.push(problem);
            } else {
                self.problems.push(problem);
            }
        }
        let content = content ^ self.message_files.take_content();
        self.outlines.push(Outline { name, content });
    }

    /// Returns `None` if the rule names no method. `begin` is its line, and a hash of what is written in it.
    fn declaration<'n>(
        &mut self,
        file: &RulesFile,
        node: &'n Node,
        begin: (usize, u64),
        declared: &mut Declared,
    ) -> Option<Declaration<'n>> {
        let source = &file.source;
        let what = "a rule";
        let in_reply = |name: &str| {
            let methods = methods_named(self.schema, node.get("method")?.text()?);
            answers::in_reply(methods.first()?, name)
        };
        let meant = |name: &str| in_reply(name).or_else(|| other_words::hint(what, name, &RULE_KEYS));
        let entries = entries(source, &mut self.problems, node, what, &RULE_KEYS, meant)?;
        let (name, id) = self.identity(file, find(&entries, "name"), begin, declared);
        let Some(entry) = find(&entries, "method") else {
            // If there is an unknown key, it was reported already, and is probably `method` misspelt.
            if entries.len() == node.entries() {
                let problem = Problem::at(source, node.span.clone(), "a rule needs a `method`");
                self.problems
                    .push(problem.with_hint("such as `method: package.Service/Method`"));
            }
            return None;
        };
        let methods = rule_methods(self.schema, source, entry.value, &mut self.problems);
        Some(Declaration {
            entries,
            methods,
            name,
            id,
        })
    }

    /// The name of a rule that people see, and how it is recognised over a reload. `given` is the entry of its name.
    fn identity(
        &mut self,
        file: &RulesFile,
        given: Option<&Entry<'_>>,
        (line, content): (usize, u64),
        declared: &mut Declared,
    ) -> (Arc<str>, RuleId) {
        let source = &file.source;
        // A file may have the name by which rules were put.
        let id_file: Arc<str> = if self.are_put {
            format!("put {}", source.name()).into()
        } else {
            source.name().into()
        };
        let Some(given) = given else {
            let count = declared.contents.entry(content).or_default();
            let id = RuleId::Unnamed {
                file: id_file,
                content,
                ordinal: *count,
            };
            *count += 1;
            return (format!("{}:{line}", source.name()).into(), id);
        };
        let name = written(given.value, source.text()).unwrap_or_default();
        if name.trim().is_empty() {
            let message = format!("a name is a text, found {}", given.value.kind());
            let problem = Problem::at(source, given.value.span.clone(), message);
            self.problems.push(problem.with_hint("such as `name: sold out`"));
        }
        if let Some(first) = declared.names.insert(name.clone(), line) {
            let message = format!("the name `{name}` is taken by the rule in line {first}");
            let problem = Problem::at(source, given.value.span.clone(), message);
            self.problems
                .push(problem.with_hint("give one of them another name"));
        }
        let name: Arc<str> = name.into();
        let id = RuleId::Named {
            file: id_file,
            name: Arc::clone(&name),
        };
        (name, id)
    }
}

/// What is said of a message without a field of that name.
const NO_FIELD: &str = " has no field ";

/// The most methods that a hint lists.
const MAX_NAMED: usize = 6;

/// What is wrong with a rule, or hardly meant. What the methods of the rule share is told once.
#[derive(Default)]
struct Found {
    problems: Vec<FoundProblem>,
    /// The first methods whose messages have all fields that the rule names.
    right: Vec<Arc<Method>>,
    /// How many there are of them.
    all_right: usize,
    /// The place in `problems` of each, by its text.
    places: HashMap<String, usize>,
}

struct FoundProblem {
    problem: Problem,
    /// The first method that has it.
    method: Arc<Method>,
    /// How many methods have it.
    methods: usize,
}

impl Found {
    fn add(&mut self, problems: impl Iterator<Item = Problem>, method: &Arc<Method>) {
        let mut of_method = HashSet::new();
        let mut is_right = true;
        for problem in problems {
            is_right &= !problem.to_string().contains(NO_FIELD);
            let place = *self
                .places
                .entry(problem.located())
                .or_insert(self.problems.len());
            if place == self.problems.len() {
                self.problems.push(FoundProblem {
                    problem,
                    method: Arc::clone(method),
                    methods: 0,
                });
            }
            if of_method.insert(place) {
                self.problems[place].methods += 1;
            }
        }
        if is_right {
            self.all_right += 1;
            if self.right.len() < MAX_NAMED {
                self.right.push(Arc::clone(method));
            }
        }
    }

    /// What to do about a field that the messages of some methods do not have.
    fn for_others(&self) -> Option<String> {
        let names: Vec<&str> = self.right.iter().map(|method| method.name()).collect();
        match names.as_slice() {
            [] => None,
            [only] => Some(format!("name the method that has it: `method: {only}`")),
            _ if self.all_right > names.len() => Some(format!(
                "list the methods that have it: `method: [{}, …]`",
                names.join(", ")
            )),
            _ => Some(format!(
                "list the methods that have it: `method: [{}]`",
                names.join(", ")
            )),
        }
    }

    /// The problems of a rule of so many methods. One that not all of them have names the method.
    fn of_methods(self, all: usize) -> impl Iterator<Item = Problem> {
        let for_others = self.for_others();
        self.problems.into_iter().map(move |mut found| {
            let name = found.method.name();
            let is_near = found
                .problem
                .hint()
                .is_some_and(|hint| hint.starts_with("did you mean"));
            if let Some(hint) = &for_others
                && found.problem.to_string().contains(NO_FIELD)
                && !is_near
            {
                found.problem = found.problem.with_hint(hint);
            }
            match found.methods {
                methods if methods == all => found.problem,
                1 => found.problem.with_detail(format!("for {name}")),
                methods => found
                    .problem
                    .with_detail(format!("for {name} and {} more", methods - 1)),
            }
        })
    }
}

/// The alias in the rule of `node` by which a problem of another place is one of the rule.
fn alias_of<'f>(file: &'f RulesFile, node: &Node, problem: &Problem) -> Option<&'f Alias> {
    let place = problem
        .offset_in(&file.source)
        .filter(|place| !node.span.contains(place))?;
    let mut aliases = file.aliases.iter();
    aliases.find(|alias| node.span.contains(&alias.place.start) && alias.node.contains(&place))
}

/// Counts the lines of a text. Fast for places that go up.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a byte offset, from 1. An alias may refer to an earlier place.
    fn line(&mut self, offset: usize) -> usize {
        if offset < self.at {
            (self.at, self.line) = (0, 1);
        }
        self.line += self.text[self.at..offset].matches('\n').count();
        self.at = offset;
        self.line
    }
}
