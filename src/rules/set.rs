//! The rules of a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::collections::{KnownCollections, RulesCollection};
use super::listed::{ListedRule, listed};
use super::plan::Outline;
use super::run::{MethodRules, RulesState, Settings};
use crate::error::Problem;
use crate::handler::Handlers;
use crate::schema::Method;
use crate::session::Session;

/// The rules of a server: checked, compiled, ready to answer.
///
/// ```
/// use protod::{Rules, Schema, Server};
///
/// let schema = Schema::load("proto")?;
/// let rules = Rules::from_text(&schema, "search.rules.yaml", r#"
/// rules:
///   - method: proto.SearchService/Search
///     reply: {response: "you asked for ${request.request}"}
/// "#)?;
/// let server = Server::builder(schema).handlers(&rules).build()?;
/// # Ok::<(), protod::Error>(())
/// ```
///
/// [docs/rules.md](https://docs.rs/crate/protod/latest/source/docs/rules.md) is the guide to their language.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    methods: Arc<[Arc<MethodRules>]>,
    files: Arc<FilesRead>,
    outlines: Arc<[Outline]>,
    warnings: Arc<[Problem]>,
    pub(super) collections: KnownCollections,
    pub(super) settings: Settings,
    /// The number of the load; see [`RulesState`]'s counters.
    load: u64,
}

/// The files that rules were read from.
#[derive(Debug, Default)]
pub(crate) struct FilesRead {
    /// Those of rules.
    pub(crate) rules: Vec<PathBuf>,
    /// Those of the messages that they name.
    pub(crate) messages: Vec<PathBuf>,
}

impl Rules {
    /// `outlines` are those of all rules, in the order of files and places.
    pub(super) fn new(
        methods: Vec<Arc<MethodRules>>,
        files: FilesRead,
        outlines: Vec<Outline>,
        warnings: Vec<Problem>,
        collections: KnownCollections,
        settings: Settings,
        load: u64,
    ) -> Self {
        Self {
            methods: methods.into(),
            files: Arc::new(files),
            outlines: outlines.into(),
            warnings: warnings.into(),
            collections,
            settings,
            load,
        }
    }

    /// The handler of each method that some rule names.
    pub fn handlers(&self) -> impl Iterator<Item = (Arc<Method>, Arc<MethodRules>)> + '_ {
        self.methods
            .iter()
            .map(|rules| (Arc::clone(rules.method()), Arc::clone(rules)))
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.outlines.len()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.outlines.is_empty()
    }

    /// The names of all rules, in the order of files and places.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.outlines.iter().map(|rule| &*rule.name)
    }

    /// All rules that some method has, in the order of files and places, with how often each was chosen.
    ///
    /// ```
    /// use protod::{Rules, Schema};
    ///
    /// for rule in Rules::beside(&Schema::load("proto")?)?.list() {
    ///     println!("{} {} {}", rule.hits, rule.place, rule.name);
    /// }
    /// # Ok::<(), protod::Error>(())
    /// ```
    pub fn list(&self) -> Vec<ListedRule> {
        listed(&self.methods, &self.settings, None)
    }

    /// The same, with how often each was chosen by calls of a session.
    pub fn list_of(&self, session: &Session) -> Vec<ListedRule> {
        listed(&self.methods, &self.settings, Some(session))
    }

    /// What calls of these rules share.
    pub fn state(&self) -> &RulesState {
        &self.settings.state
    }

    /// The collections that the rules know: those that calls of a session have, or those of the calls of none.
    pub(crate) fn collections_of(&self, session: Option<&Session>) -> Vec<RulesCollection> {
        // What is put for a session is declared in it already.
        let Some(session) = session.filter(|_| self.settings.session.is_none()) else {
            return self.collections.all.to_vec();
        };
        let of_session = |of: &RulesCollection| of.of_session(self.state(), session);
        self.collections.all.iter().map(of_session).collect()
    }

    /// What is not wrong with the rules, and hardly meant: a rule that no call reaches, a `match` that matches everything.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The same, for those who keep them longer than the rules.
    pub(crate) fn shared_warnings(&self) -> Arc<[Problem]> {
        Arc::clone(&self.warnings)
    }

    /// All rules, in the order of files and places.
    pub(crate) fn outlines(&self) -> &[Outline] {
        &self.outlines
    }

    /// The files that were read.
    pub fn watch_paths(&self) -> impl Iterator<Item = &Path> {
        let FilesRead { rules, messages } = &*self.files;
        rules.iter().chain(messages).map(PathBuf::as_path)
    }

    /// The same, by what is in them.
    #[cfg(feature = "live")]
    pub(crate) fn files_read(&self) -> &FilesRead {
        &self.files
    }

    /// Whether rules that stand in front of these are the same in front of others.
    #[cfg(feature = "live")]
    pub(crate) fn is_base_as(&self, other: &Self) -> bool {
        self.settings.are_as(&other.settings) && self.collections.are_declared_as(&other.collections)
    }

    /// Forgets how often rules of the same state have answered that are neither among these nor in `front`. To be called when
    /// they have replaced others, so that a rule that was removed and is added again later starts at 0.
    pub(crate) fn forget_other_counters(&self, front: &Self) {
        let methods = self.methods.iter().chain(&*front.methods);
        let served = methods.flat_map(|method| method.rules()).map(|rule| &rule.id);
        let load = self.load.max(front.load);
        self.state().counters().forget_before(load, &served.collect());
    }
}

/// The handlers of the methods that some rule names. Where the rules leave calls to others, those are for the handler that
/// theirs replaces, or for the fallback.
impl From<&Rules> for Handlers {
    fn from(rules: &Rules) -> Self {
        // Cheap: what rules are made of is shared.
        let handlers = Self::new().attach(Arc::new(rules.clone()));
        rules.handlers().fold(handlers, |handlers, (method, rules)| {
            let handlers = if rules.is_claimed() && !rules.is_put() {
                handlers.shared_handler(method.name(), rules)
            } else {
                handlers.front(method.name(), rules)
            };
            handlers.compiled_for(method)
        })
    }
}
