//! [`HttpRules`]: every way to call the methods of a schema by REST, checked, and the matcher that finds them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Method as Verb;

use super::binding::Binding;
use super::fault::Fault;
use super::file_rules::{CheckedRule, FileRules, MethodRules};
use super::rule::{Part, Rule};
use super::template::Segment;
use super::trie::{Found, Trie};
use crate::error::{Error, Problem, SourceText};
use crate::schema::{ElementPlaces, FastMap, Method, RawTypes, Schema};

/// How the methods of a schema are called by REST: the rules of `google.api.http` in its protos and in service configs.
///
/// ```
/// use protod::{HttpRules, Schema};
///
/// let schema = Schema::from_source(
///     "shop.proto",
///     r#"
///     syntax = "proto3";
///     package acme;
///     import "google/api/annotations.proto";
///     service Shop {
///         rpc GetBook(Book) returns (Book) {
///             option (google.api.http).get = "/v1/books/{name}";
///         }
///     }
///     message Book { string name = 1; }
///     "#,
/// )?;
/// let rules = HttpRules::new(&schema)?;
/// assert_eq!(rules.routes().collect::<Vec<_>>(), [("GET", "/v1/books/{name}", "acme.Shop/GetBook")]);
/// # Ok::<(), protod::Error>(())
/// ```
///
/// What is wrong in a service config fails. What is wrong in a proto is one of the [`warnings`](Self::warnings), and the
/// rule is left out: protos come from others, and the other protocols need no such rule.
///
/// A [server](crate::Server) makes them by itself; see [`ServerBuilder::http_rules`](crate::ServerBuilder::http_rules).
#[derive(Clone)]
pub struct HttpRules {
    inner: Arc<Inner>,
}

struct Inner {
    schema: Schema,
    /// The service configs, as they were read.
    configs: Vec<SourceText>,
    /// The rules in protos, for the next load.
    files: Vec<Arc<FileRules>>,
    bindings: Vec<Arc<Binding>>,
    trie: Trie,
    /// What is wrong with rules in protos.
    faults: Vec<Fault>,
}

impl HttpRules {
    /// The rules in the protos of a schema.
    ///
    /// Fails if what the protos import for them is damaged.
    pub fn new(schema: &Schema) -> Result<Self, Error> {
        Self::load(schema, &[] as &[PathBuf])
    }

    /// The rules in the protos of a schema and in service configs: the section `http` of `google.api.Service`, in YAML or
    /// JSON. A method for which a config has rules has those, and not the ones of its proto; of several rules in configs the
    /// last one counts.
    ///
    /// Fails with all that is wrong in the configs, each with its place.
    pub fn load(schema: &Schema, configs: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let (texts, problems) = read_configs(configs);
        Self::compile(schema, texts, problems, None)
    }

    /// What [`load`](Self::load) makes of the same schema or another one. If neither it nor the texts of the configs differ
    /// from what these rules were made of, they are these, which costs nothing but to read the configs.
    pub fn reload(&self, schema: &Schema, configs: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let (texts, problems) = read_configs(configs);
        let known = &self.inner.configs;
        let is_same = |(one, other): (&SourceText, &SourceText)| {
            one.name() == other.name() && one.text() == other.text()
        };
        if problems.is_empty()
            && self.inner.schema.is_clone_of(schema)
            && texts.len() == known.len()
            && texts.iter().zip(known).all(is_same)
        {
            return Ok(self.clone());
        }
        Self::compile(schema, texts, problems, Some(self))
    }

    fn compile(
        schema: &Schema,
        configs: Vec<SourceText>,
        mut problems: Vec<Problem>,
        earlier: Option<&Self>,
    ) -> Result<Self, Error> {
        let earlier = earlier.map(|earlier| (&earlier.inner.schema, &*earlier.inner.files));
        let files = FileRules::of_schema(schema, earlier);
        let of_configs = rules_of_configs(schema, &configs, &mut problems);
        let mut compiler = Compiler::default();
        let mut left: FastMap<&str, &MethodRules> = FastMap::default();
        left.extend(of_configs.iter().map(|rules| (&*rules.method, rules)));
        for file in &files {
            // They are in the order of the file.
            let mut methods = schema.methods_of(file.file);
            for rules in &file.methods {
                let rules_of_config = left.remove(&*rules.method);
                if let Some(method) = methods.find(|method| method.name() == rules.method) {
                    compiler.add(schema, method, rules_of_config.unwrap_or(rules));
                }
            }
        }
        for rules in of_configs
            .iter()
            .filter(|rules| left.contains_key(&*rules.method))
        {
            if let Some(method) = schema.method(&rules.method) {
                compiler.add(schema, method, rules);
            }
        }
        let Compiler {
            faults,
            bindings,
            trie,
            ..
        } = compiler;
        let (faults, of_configs): (Vec<Fault>, Vec<Fault>) = faults.into_iter().partition(Fault::is_of_proto);
        let places = ElementPlaces::new(schema);
        problems.extend(of_configs.iter().map(|fault| fault.placed(&places)));
        if !problems.is_empty() {
            return Err(Error::schema(problems));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                schema: schema.clone(),
                configs,
                files,
                bindings,
                trie,
                faults,
            }),
        })
    }

    /// What is wrong with rules in protos, each with its place. These rules are left out; of two with one path, the second.
    /// The texts of the protos are read for it.
    pub fn warnings(&self) -> Vec<Problem> {
        let places = ElementPlaces::new(&self.inner.schema);
        let faults = self.inner.faults.iter();
        faults.map(|fault| fault.placed(&places).into_warning()).collect()
    }

    /// Each way to call a method: the verb of HTTP, or `*` for all of them, the template of the path, and the method's name.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.inner.bindings.iter().map(|binding| {
            let verb = binding.way.verb.as_ref().map_or("*", Verb::as_str);
            (verb, &*binding.way.path, binding.method.name())
        })
    }

    /// The whole API as an [OpenAPI](https://spec.openapis.org/oas/v3.1.1.html) 3.1 document, in JSON: paths, parameters,
    /// bodies, answers and schemas, with the comments of the protos. Methods without a rule are in it by their names, as they
    /// can be called too.
    pub fn openapi(&self) -> String {
        super::openapi::document(&self.inner.schema, &self.inner.bindings)
    }

    /// The binding of a request, and the length of its path without its custom verb.
    pub(crate) fn find(&self, verb: &Verb, path: &str) -> Route<'_> {
        let found = match self.inner.trie.find(verb, path) {
            // HEAD is GET without a body.
            Found::OtherVerbs(verbs) if *verb == Verb::HEAD && verbs.contains(&Verb::GET) => {
                self.inner.trie.find(&Verb::GET, path)
            }
            found => found,
        };
        match found {
            Found::Binding(index, length) => Route::Binding(&self.inner.bindings[index], length),
            Found::OtherVerbs(mut verbs) => {
                if verbs.contains(&Verb::GET) && !verbs.contains(&Verb::HEAD) {
                    verbs.push(Verb::HEAD);
                }
                if !verbs.contains(&Verb::OPTIONS) {
                    verbs.push(Verb::OPTIONS);
                }
                Route::OtherVerbs(verbs)
            }
            Found::Nothing => Route::Nothing,
        }
    }
}

/// What a request is for.
pub(crate) enum Route<'r> {
    Binding(&'r Arc<Binding>, usize),
    /// The path has bindings of other verbs.
    OtherVerbs(Vec<Verb>),
    Nothing,
}

impl fmt::Debug for HttpRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes()).finish()
    }
}

/// The texts of service configs, and what is wrong with those that have none.
#[cfg(any(feature = "rules", feature = "buf"))]
fn read_configs(configs: &[impl AsRef<Path>]) -> (Vec<SourceText>, Vec<Problem>) {
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for config in configs {
        match super::config::text_of(config.as_ref()) {
            Ok(text) => texts.push(text),
            Err(problem) => problems.push(problem),
        }
    }
    (texts, problems)
}

#[cfg(not(any(feature = "rules", feature = "buf")))]
fn read_configs(configs: &[impl AsRef<Path>]) -> (Vec<SourceText>, Vec<Problem>) {
    let problem = || Problem::new("protod was built without YAML, in which service configs are");
    (
        Vec::new(),
        configs.first().map(|_| problem()).into_iter().collect(),
    )
}

#[cfg(not(any(feature = "rules", feature = "buf")))]
fn rules_of_configs(_: &Schema, _: &[SourceText], _: &mut [Problem]) -> Vec<MethodRules> {
    Vec::new()
}

/// The rules of service configs, in the order of the methods.
#[cfg(any(feature = "rules", feature = "buf"))]
fn rules_of_configs(
    schema: &Schema,
    configs: &[SourceText],
    problems: &mut Vec<Problem>,
) -> Vec<MethodRules> {
    if configs.is_empty() {
        return Vec::new();
    }
    let methods: Vec<&str> = schema.methods().iter().map(|method| method.name()).collect();
    let mut found: FastMap<&str, Vec<Rule>> = FastMap::default();
    for config in configs {
        for rule in super::config::read(config, problems) {
            for method in rule.selected(&methods, problems) {
                found.insert(method, rule.rules.clone());
            }
        }
    }
    let types = RawTypes::new(schema);
    let with_rules = schema.methods().iter();
    let with_rules = with_rules.filter_map(|method| Some((method, found.remove(method.name())?)));
    with_rules
        .map(|(method, rules)| MethodRules::check(&types, method, rules))
        .collect()
}

#[derive(Default)]
struct Compiler<'r> {
    bindings: Vec<Arc<Binding>>,
    /// The rule of each binding.
    sources: Vec<&'r Rule>,
    trie: Trie,
    faults: Vec<Fault>,
}

impl<'r> Compiler<'r> {
    fn add(&mut self, schema: &Schema, method: &Arc<Method>, rules: &'r MethodRules) {
        self.faults.extend_from_slice(&rules.faults);
        for checked in &rules.rules {
            match fault_of_name(schema, method, checked) {
                Some(fault) => self.faults.push(fault),
                None => self.insert(method, checked),
            }
        }
    }

    fn insert(&mut self, method: &Arc<Method>, checked: &'r CheckedRule) {
        let CheckedRule { rule, way } = checked;
        let index = self.bindings.len();
        let Err(known) = self.trie.insert(rule.verb.as_ref(), &way.template, index) else {
            self.bindings.push(Arc::new(Binding::new(method, way)));
            self.sources.push(rule);
            return;
        };
        let (other, source) = (&self.bindings[known], self.sources[known]);
        let verb = rule.verb.as_ref().map_or("*", Verb::as_str);
        let message = format!(
            "{}: {verb} {} is {} already",
            method.name(),
            rule.path,
            if other.method.name() == method.name() {
                "a path of the method"
            } else {
                other.method.name()
            },
        );
        let fault = rule.fault(Part::Path, message);
        self.faults.push(fault.with_other(source.spot(Part::Path)));
    }
}

/// What is wrong with a rule whose path is that of a method by its name, which comes first.
fn fault_of_name(schema: &Schema, method: &Method, checked: &CheckedRule) -> Option<Fault> {
    let CheckedRule { rule, way } = checked;
    let template = &way.template;
    let [Segment::Literal(service), Segment::Literal(name)] = &template.segments[..] else {
        return None;
    };
    let taken = schema.method(&format!("{service}/{name}"))?;
    // Called by its name it does the same.
    let is_same = taken.name() == method.name()
        && rule.verb == Some(Verb::POST)
        && rule.body == "*"
        && rule.response_body.is_empty();
    if is_same || template.verb.is_some() {
        return None;
    }
    let (rule_of, path, taken) = (method.name(), &rule.path, taken.name());
    let message = format!("{rule_of}: {path} is the path by which {taken} is called by its name");
    Some(
        rule.fault(Part::Path, message)
            .with_hint("give the rule another path"),
    )
}

#[cfg(all(test, feature = "rules"))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn rules_are_compiled_again_if_the_schema_or_a_config_differs() {
        let text = "syntax = \"proto3\"; service S { rpc Do(M) returns (M); } message M { string a = 1; }";
        let schema = || Schema::from_source("s.proto", text).expect("it compiles");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("service.yaml");
        let write = |template: &str| {
            let config = format!("http: {{rules: [{{selector: S.Do, get: '{template}'}}]}}");
            fs::write(&path, config).expect("a file");
        };
        let first = schema();
        write("/a");
        let rules = HttpRules::load(&first, &[&path]).expect("they fit");
        let is_same = |again: &HttpRules| Arc::ptr_eq(&rules.inner, &again.inner);
        assert!(is_same(&rules.reload(&first, &[&path]).expect("they fit")));
        assert!(!is_same(&rules.reload(&schema(), &[&path]).expect("they fit")));
        assert!(!is_same(
            &rules.reload(&first, &[] as &[&Path]).expect("none are fine")
        ));
        write("/b");
        let again = rules.reload(&first, &[&path]).expect("they fit");
        assert_eq!(again.routes().next(), Some(("GET", "/b", "S/Do")));
        write("/{b}");
        assert!(rules.reload(&first, &[&path]).is_err());
        fs::remove_file(&path).expect("it is there");
        assert!(rules.reload(&first, &[&path]).is_err());
    }
}
