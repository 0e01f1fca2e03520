//! Which variables of the store rules set and read. One that is read, and that no rule sets, is most often misspelt.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::cel::stored_names;
use crate::error::{Problem, SourceText};
use crate::suggest;

/// What the expressions of one rule name of the store.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Each with its place in the file.
    named: Vec<(Option<String>, Range<usize>)>,
    set: Vec<Option<String>>,
}

/// The same, of all rules.
#[derive(Debug, Default)]
pub(super) struct AllStored {
    set: BTreeSet<String>,
    /// Whether a rule sets a variable whose name an expression gives.
    sets_any: bool,
    /// Where each is read, once for each place.
    read: BTreeMap<(String, usize), (String, SourceText, Range<usize>)>,
}

impl Stored {
    /// Notes what an expression names; `place` gives the place of a part of it in the file.
    pub(super) fn note(&mut self, source: &str, place: impl Fn(Range<usize>) -> Range<usize>) {
        let names = stored_names(source).into_iter();
        self.named
            .extend(names.map(|found| (found.name, place(found.span))));
    }

    /// The names that are set.
    pub(super) fn names_set(&self) -> BTreeSet<String> {
        self.set.iter().flatten().cloned().collect()
    }

    /// How many names there are so far.
    pub(super) fn len(&self) -> usize {
        self.named.len()
    }

    /// Notes that the first name after so many others is set: it begins a place of the store.
    pub(super) fn is_set(&mut self, after: usize) {
        if after < self.named.len() {
            let (name, _) = self.named.remove(after);
            self.set.push(name);
        }
    }
}

impl AllStored {
    /// Adds what the expressions of a rule name.
    pub(super) fn add(&mut self, source: &SourceText, stored: Stored) {
        for name in stored.set {
            match name {
                Some(name) => {
                    self.set.insert(name);
                }
                None => self.sets_any = true,
            }
        }
        for (name, place) in stored.named {
            if let Some(name) = name {
                let at = (source.name().to_owned(), place.start);
                self.read
                    .entry(at)
                    .or_insert_with(|| (name, source.clone(), place));
            }
        }
    }

    /// Whether a rule sets that variable.
    pub(super) fn sets(&self, name: &str) -> bool {
        self.sets_any || self.set.contains(name)
    }

    /// A warning for each place that reads a variable which no rule sets.
    pub(super) fn warnings(self) -> Vec<Problem> {
        if self.sets_any {
            return Vec::new();
        }
        let unset = self
            .read
            .into_values()
            .filter(|(name, ..)| !self.set.contains(name));
        let warning = |(name, source, place): (String, SourceText, Range<usize>)| {
            let near = suggest::nearest(&name, self.set.iter().map(String::as_str));
            let near = near.map(|near| format!("did you mean `store.{near}`?"));
            let hint = near.unwrap_or_else(|| format!("a rule sets it by `set: {{store.{name}: …}}`"));
            let problem = Problem::at(
                &source,
                place,
                format!("no rule sets `store.{name}`, which is read here"),
            );
            problem.with_hint(hint).into_warning()
        };
        unset.map(warning).collect()
    }
}
