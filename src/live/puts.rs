//! [`Puts`]: all rules that are put at run time, for all calls and for those of sessions, compiled for what is served.
//!
//! They are changed by making others, which take their place when they are served. What did not change is shared by both.

use std::sync::Arc;

use super::compiled_set::CompiledSet;
use super::edit::{PutError, SetAside};
use super::put_set::{Most, PutSet};
use crate::rules::{Rules, StateOfSession};
use crate::schema::Schema;
use crate::server::Fronts;
use crate::session::{Session, SessionId, Sessions};

/// All that is put.
#[derive(Debug, Clone, Default)]
pub(super) struct Puts {
    of_all: Arc<CompiledSet>,
    of_sessions: Vec<Arc<PutForSession>>,
}

/// What is put for the calls of one session.
#[derive(Debug)]
struct PutForSession {
    state: StateOfSession,
    compiled: CompiledSet,
}

impl Puts {
    /// What is put for the calls of a session, or of all.
    pub(super) fn set_of(&self, session: Option<&Session>) -> PutSet {
        match session {
            None => self.of_all.set.clone(),
            Some(session) => self
                .of(session.id())
                .map(|own| own.compiled.set.clone())
                .unwrap_or_default(),
        }
    }

    fn of(&self, session: &SessionId) -> Option<&Arc<PutForSession>> {
        self.of_sessions.iter().find(|own| own.state.id() == session)
    }

    /// What the calls of a session share, as its rules are compiled for it.
    pub(super) fn state_of(&self, session: &Session, of_files: &Rules) -> StateOfSession {
        let known = self.of(session.id()).map(|own| &own.state);
        match known.filter(|state| state.is_beside(of_files.state())) {
            Some(state) => state.clone(),
            None => StateOfSession::new(of_files.state(), session),
        }
    }

    /// The same with a set in place of what is put for the calls of a session, or of all.
    pub(super) fn with(
        &self,
        set: PutSet,
        session: Option<&Session>,
        schema: &Schema,
        of_files: &Rules,
    ) -> Result<Self, PutError> {
        let mut with = self.clone();
        let Some(session) = session else {
            with.of_all = Arc::new(CompiledSet::new(set, schema, of_files, None));
            return Ok(with);
        };
        let place = self
            .of_sessions
            .iter()
            .position(|own| own.state.id() == session.id());
        let others = self.of_sessions.iter().enumerate();
        let others = others.filter(|(at, _)| Some(*at) != place);
        let sets = others.map(|(_, own)| &own.compiled.set).chain([&set]);
        let (texts, bytes) = sets.fold((0, 0), |(texts, bytes), set| {
            (texts + set.texts().len(), bytes + set.bytes())
        });
        Most::OF_SESSIONS.check(texts, bytes)?;
        let state = self.state_of(session, of_files);
        let own = Arc::new(PutForSession {
            compiled: CompiledSet::new(set, schema, of_files, Some(&state)),
            state,
        });
        match place {
            Some(place) => with.of_sessions[place] = own,
            None => with.of_sessions.push(own),
        }
        Ok(with)
    }

    /// All of them compiled for what was loaded, but for those of sessions that have ended. `before` is what they are compiled for now.
    pub(super) fn compiled_for(
        &self,
        schema: &Schema,
        of_files: &Rules,
        before: &(Schema, Rules),
        sessions: &Sessions,
    ) -> Self {
        // Rules that stand in front know nothing of those behind them: a save of rules alone, as most are, need not wait for all that
        // tests have put.
        let is_the_same = before.0.is_clone_of(schema) && before.1.is_base_as(of_files);
        let compile = |put: &CompiledSet, session: Option<&StateOfSession>| {
            CompiledSet::new(put.set.clone(), schema, of_files, session)
        };
        let current = self.of_sessions.iter().filter(|own| sessions.has(own.state.id()));
        let of_sessions = current.filter_map(|own| {
            let is_beside = own.state.is_beside(of_files.state());
            if is_the_same && is_beside && own.compiled.is_settled() {
                return Some(Arc::clone(own));
            }
            let state = if is_beside {
                own.state.clone()
            } else {
                self.state_of(&sessions.get(own.state.id().name())?, of_files)
            };
            let compiled = compile(&own.compiled, Some(&state));
            Some(Arc::new(PutForSession { state, compiled }))
        });
        Self {
            of_all: Arc::new(compile(&self.of_all, None)),
            of_sessions: of_sessions.collect(),
        }
    }

    /// All of them but for those of sessions that have ended. `None` if those are none.
    pub(super) fn without_ended(&self, sessions: &Sessions) -> Option<Self> {
        let mut without = self.clone();
        without.of_sessions.retain(|own| sessions.has(own.state.id()));
        (without.of_sessions.len() < self.of_sessions.len()).then_some(without)
    }

    /// What stands in front of the handlers of files.
    pub(super) fn fronts(&self) -> Fronts {
        let of_sessions = self.of_sessions.iter().filter_map(|own| {
            let handlers = own.compiled.handlers()?;
            Some((own.state.id().clone(), handlers))
        });
        Fronts {
            of_all: self.of_all.handlers().unwrap_or_default(),
            of_sessions: of_sessions.collect(),
        }
    }

    /// Those that do not fit what is served.
    pub(super) fn set_aside(&self) -> Arc<[SetAside]> {
        let all = self.sets().flat_map(|put| &put.set_aside);
        all.cloned().collect()
    }

    /// To be called when they are served: forgets how often rules have answered that are neither among these nor in files.
    pub(super) fn forget_other_counters(&self, of_files: &Rules) {
        of_files.forget_other_counters(&self.of_all.rules);
        for own in &self.of_sessions {
            own.compiled.rules.forget_other_counters(&Rules::default());
        }
    }

    /// What is to be told of those that do not fit, and did before, or are new.
    pub(super) fn new_since(&self, earlier: &Self) -> Vec<String> {
        let mut lines = self.of_all.new_since(&earlier.of_all);
        let nothing = CompiledSet::default();
        for own in &self.of_sessions {
            let before = earlier.of(own.state.id());
            let before = before.map_or(&nothing, |before| &before.compiled);
            lines.extend(own.compiled.new_since(before));
        }
        lines
    }

    fn sets(&self) -> impl Iterator<Item = &CompiledSet> {
        let of_sessions = self.of_sessions.iter().map(|own| &own.compiled);
        std::iter::once(&*self.of_all).chain(of_sessions)
    }
}
