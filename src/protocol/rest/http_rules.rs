//! [`HttpRules`]: every way to call the methods of a schema by REST, checked, and how a request finds its own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use http::Method as Verb;

use super::binding::Binding;
use super::file_rules::{FileRules, MethodRules};
use super::rule::Rule;
use super::rule_index::RuleIndex;
use super::trie::Found;
use crate::error::{Error, Problem, SourceText};
use crate::schema::{ElementPlaces, FastMap, RawTypes, Schema};

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
    index: Arc<RuleIndex>,
    /// By the numbers of the rules. Each is made when it is first asked for.
    bindings: Box<[OnceLock<Arc<Binding>>]>,
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
        let known = earlier.map(|earlier| (&earlier.inner.schema, &*earlier.inner.files));
        let files = FileRules::of_schema(schema, known);
        let of_configs = rules_of_configs(schema, &configs, &mut problems);
        let earlier = earlier.filter(|earlier| configs.is_empty() && earlier.has_rules(schema, &files));
        let index = match earlier {
            Some(earlier) => Arc::clone(&earlier.inner.index),
            None => Arc::new(RuleIndex::new(schema, &files, &of_configs)),
        };
        let places = ElementPlaces::new(schema);
        let in_configs = index.faults.iter().filter(|fault| !fault.is_of_proto());
        problems.extend(in_configs.map(|fault| fault.placed(&places)));
        if !problems.is_empty() {
            return Err(Error::schema(problems));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                schema: schema.clone(),
                configs,
                files,
                bindings: index.rules.iter().map(|_| OnceLock::new()).collect(),
                index,
            }),
        })
    }

    /// Whether these are the rules of `files` alone, and `schema` has methods of the same names.
    fn has_rules(&self, schema: &Schema, files: &[Arc<FileRules>]) -> bool {
        let known = &self.inner.files;
        self.inner.configs.is_empty()
            && known.len() == files.len()
            && known
                .iter()
                .zip(files)
                .all(|(known, file)| Arc::ptr_eq(known, file))
            && schema.names_the_methods_of(&self.inner.schema)
    }

    /// What is wrong with rules in protos, each with its place. These rules are left out; of two with one path, the second.
    /// The texts of the protos are read for it.
    pub fn warnings(&self) -> Vec<Problem> {
        let places = ElementPlaces::new(&self.inner.schema);
        let faults = self.inner.index.faults.iter();
        faults.map(|fault| fault.placed(&places).into_warning()).collect()
    }

    /// Each way to call a method: the verb of HTTP, or `*` for all of them, the template of the path, and the method's name.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.inner.index.rules.iter().map(|rule| {
            let way = &rule.checked().way;
            let verb = way.verb.as_ref().map_or("*", Verb::as_str);
            (verb, &*way.path, rule.method())
        })
    }

    /// The whole API as an [OpenAPI](https://spec.openapis.org/oas/v3.1.1.html) 3.1 document, in JSON: paths, parameters,
    /// bodies, answers and schemas, with the comments of the protos. Methods without a rule are in it by their names, as they
    /// can be called too.
    pub fn openapi(&self) -> String {
        let bindings = (0..self.inner.bindings.len()).filter_map(|rule| self.binding(rule));
        super::openapi::document(&self.inner.schema, &bindings.collect::<Vec<_>>())
    }

    /// The binding of a rule. All have one, since rules are of methods of the schema.
    fn binding(&self, rule: usize) -> Option<&Arc<Binding>> {
        let binding = &self.inner.bindings[rule];
        if binding.get().is_none() {
            let rule = &self.inner.index.rules[rule];
            let method = self.inner.schema.method(rule.method())?;
            binding.get_or_init(|| Arc::new(Binding::new(method, &rule.checked().way)));
        }
        binding.get()
    }

    /// The binding of a request, and the length of its path without its custom verb.
    pub(crate) fn find(&self, verb: &Verb, path: &str) -> Route<'_> {
        let trie = &self.inner.index.trie;
        let found = match trie.find(verb, path) {
            // HEAD is GET without a body.
            Found::OtherVerbs(verbs) if *verb == Verb::HEAD && verbs.contains(&Verb::GET) => {
                trie.find(&Verb::GET, path)
            }
            found => found,
        };
        match found {
            Found::Rule(rule, length) => match self.binding(rule) {
                Some(binding) => Route::Binding(binding, length),
                None => Route::Nothing,
            },
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
fn rules_of_configs(_: &Schema, _: &[SourceText], _: &mut [Problem]) -> Vec<Arc<MethodRules>> {
    Vec::new()
}

/// The rules of service configs, in the order of the methods.
#[cfg(any(feature = "rules", feature = "buf"))]
fn rules_of_configs(
    schema: &Schema,
    configs: &[SourceText],
    problems: &mut Vec<Problem>,
) -> Vec<Arc<MethodRules>> {
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
        .map(|(method, rules)| Arc::new(MethodRules::check(&types, method, rules)))
        .collect()
}

#[cfg(all(test, feature = "rules"))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn loads_that_have_the_same_rules_share_their_index_and_no_binding() {
        let schema = |method: &str, fields: &str, earlier: Option<&Schema>| {
            let text = format!(
                "syntax = \"proto3\"; import \"google/api/annotations.proto\"; message M {{ {fields} }} service S {{
                    rpc Get(M) returns (M) {{ option (google.api.http).get = \"/S/Other\"; }} {method} }}"
            );
            let builder = Schema::builder().source("s.proto", text);
            let builder = match earlier {
                Some(earlier) => builder.reuse(earlier),
                None => builder,
            };
            builder.build().expect("it compiles")
        };
        let none = &[] as &[&Path];
        let found = |rules: &HttpRules| match rules.find(&Verb::GET, "/S/Other") {
            Route::Binding(binding, _) => Some(Arc::clone(binding.method())),
            _ => None,
        };
        let first = schema("", "string a = 1;", None);
        let rules = HttpRules::new(&first).expect("they fit");
        let second = schema("", "int32 a = 1;", Some(&first));
        let again = rules.reload(&second, none).expect("they fit");
        assert!(Arc::ptr_eq(&rules.inner.index, &again.inner.index));
        for (schema, rules) in [(&first, &rules), (&second, &again)] {
            let method = schema.method("S/Get").expect("it is there");
            assert!(found(rules).is_some_and(|found| Arc::ptr_eq(&found, method)));
        }
        // A method by whose name the path is taken.
        let third = schema("rpc Other(M) returns (M);", "int32 a = 1;", Some(&second));
        let taken = again.reload(&third, none).expect("a proto is never an error");
        assert_eq!((taken.warnings().len(), found(&taken).is_none()), (1, true));
        let fourth = schema("", "int32 a = 1;", Some(&third));
        let free = taken.reload(&fourth, none).expect("they fit");
        assert!(free.warnings().is_empty() && found(&free).is_some());
    }

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
