//! [`CompiledSet`]: a set of rules that are put, as far as it fits what is served.

use std::collections::HashSet;

use super::edit::SetAside;
use super::outcome::ToldProblem;
use super::put_set::{PutSet, PutText};
use crate::error::Problem;
use crate::handler::Handlers;
use crate::rules::{Rules, StateOfSession};
use crate::schema::Schema;

/// A [`PutSet`], compiled for a schema.
#[derive(Debug, Default)]
pub(super) struct CompiledSet {
    pub(super) set: PutSet,
    /// Those that fit.
    pub(super) rules: Rules,
    /// Those that do not.
    pub(super) set_aside: Vec<SetAside>,
}

impl CompiledSet {
    /// Compiles all of a set to stand in front of the rules of files, for all calls or for those of a session.
    pub(super) fn new(
        set: PutSet,
        schema: &Schema,
        of_files: &Rules,
        session: Option<&StateOfSession>,
    ) -> Self {
        let compile = |texts: &[&PutText]| {
            let texts = texts.iter().map(|text| (&*text.name, &*text.yaml));
            of_files.in_front(schema, &texts.collect::<Vec<_>>(), session)
        };
        let aside = |text: &PutText, problems: &[Problem]| SetAside {
            name: text.name.to_string(),
            session: session.map(|session| session.id().name().to_owned()),
            problems: problems.iter().map(ToldProblem::of).collect(),
        };
        // The ones that were put last stand in front.
        let mut texts: Vec<&PutText> = set.texts().iter().rev().collect();
        let mut set_aside = Vec::new();
        let mut compiled = compile(&texts);
        if compiled.is_err() {
            // Each is right or wrong whatever the others are.
            for text in set.texts() {
                if let Err(problems) = compile(&[text]) {
                    set_aside.push(aside(text, &problems));
                }
            }
            let wrong: HashSet<&str> = set_aside.iter().map(|aside| &*aside.name).collect();
            texts.retain(|text| !wrong.contains(&*text.name));
            compiled = compile(&texts);
        }
        let rules = compiled.unwrap_or_else(|problems| {
            // A file of messages may have changed meanwhile.
            set_aside.extend(texts.iter().map(|text| aside(text, &problems)));
            compile(&[]).unwrap_or_default()
        });
        Self {
            set,
            rules,
            set_aside,
        }
    }

    /// Whether it would be compiled to the same again, for the same schema in front of the same. Not if some were set aside, which are tried
    /// anew, nor if there are files of messages, which are read anew.
    pub(super) fn is_settled(&self) -> bool {
        self.set_aside.is_empty() && self.rules.files_read().messages.is_empty()
    }

    /// What stands in front of the handlers of files. `None` if that is nothing.
    pub(super) fn handlers(&self) -> Option<Handlers> {
        (!self.rules.is_empty()).then(|| Handlers::from(&self.rules))
    }

    /// What is to be told of those that do not fit, and did before, or are new.
    pub(super) fn new_since(&self, earlier: &Self) -> Vec<String> {
        let new = self
            .set_aside
            .iter()
            .filter(|aside| !earlier.set_aside.contains(aside));
        let lines = new.flat_map(|aside| {
            let problems = aside.problems.iter().map(ToldProblem::located);
            let first = format!("the {aside} are set aside: they do not fit what is served");
            std::iter::once(first).chain(problems)
        });
        let is_gone = |aside: &SetAside| self.set_aside.iter().all(|other| other.name != aside.name);
        let is_there = |aside: &SetAside| {
            let mut rules = self.rules.list().into_iter();
            rules.any(|rule| rule.put.as_ref() == Some(&aside.name))
        };
        let back = earlier.set_aside.iter().filter(|aside| is_gone(aside));
        let back = back
            .filter(|aside| is_there(aside))
            .map(|aside| format!("the {aside} fit again"));
        lines.chain(back).collect()
    }
}

/// Rules of one text alone: how many there are, and what is hardly meant; or what is wrong.
pub(super) fn check(
    text: &PutText,
    schema: &Schema,
    of_files: &Rules,
    session: Option<&StateOfSession>,
) -> Result<(usize, Vec<ToldProblem>), Vec<Problem>> {
    let rules = of_files.in_front(schema, &[(&text.name, &text.yaml)], session)?;
    let warnings = rules.warnings().iter().map(ToldProblem::of).collect();
    Ok((rules.len(), warnings))
}
