//! [`PutSet`]: the rules that are put at run time, and which of them fit what is served.
//!
//! They are compiled together, apart from the rules of files: putting some reads no file, and what files say of their own is no
//! hindrance. A set is changed by making another one, which takes its place when it is served.

use std::collections::HashSet;
use std::sync::Arc;

use super::edit::{PutError, PutRules, SetAside};
use super::outcome::ToldProblem;
use crate::error::Problem;
use crate::handler::Handlers;
use crate::rules::Rules;
use crate::schema::Schema;
use crate::suggest;

/// How many texts there may be.
const MAX_TEXTS: usize = 1000;

/// How many bytes they may take together.
pub(super) const MAX_BYTES: usize = 8 << 20;

/// How long a name may be.
const MAX_NAME: usize = 100;

/// All that is put.
#[derive(Debug, Clone, Default)]
pub(super) struct PutSet {
    /// In the order in which their names were put first.
    texts: Vec<PutText>,
}

/// The rules of one name.
#[derive(Debug, Clone)]
pub(super) struct PutText {
    /// Those of later names have higher ones.
    pub(super) number: u64,
    pub(super) name: Arc<str>,
    pub(super) yaml: Arc<str>,
    pub(super) keep: bool,
}

/// A [`PutSet`], compiled for a schema.
#[derive(Debug, Default)]
pub(super) struct CompiledPuts {
    /// Those that fit.
    pub(super) rules: Rules,
    /// Those that do not.
    pub(super) set_aside: Arc<[SetAside]>,
}

impl CompiledPuts {
    /// What stands in front of the handlers of files.
    pub(super) fn handlers(&self) -> Handlers {
        if self.rules.is_empty() {
            return Handlers::new();
        }
        Handlers::from(&self.rules)
    }

    /// What is to be told of those that do not fit, and did before, or are new.
    pub(super) fn new_since(&self, earlier: &Self) -> Vec<String> {
        let new = self
            .set_aside
            .iter()
            .filter(|aside| !earlier.set_aside.contains(aside));
        let lines = new.flat_map(|aside| {
            let name = &aside.name;
            let problems = aside.problems.iter().map(ToldProblem::located);
            let first = format!("the rules put as {name} are set aside: they do not fit what is served");
            std::iter::once(first).chain(problems)
        });
        let is_gone = |name: &String| self.set_aside.iter().all(|aside| aside.name != *name);
        let back = earlier
            .set_aside
            .iter()
            .map(|aside| &aside.name)
            .filter(|name| is_gone(name));
        let is_there = |name: &&String| {
            self.rules
                .list()
                .iter()
                .any(|rule| rule.put.as_ref() == Some(name))
        };
        let back = back
            .filter(is_there)
            .map(|name| format!("the rules put as {name} fit again"));
        lines.chain(back).collect()
    }
}

impl PutSet {
    pub(super) fn texts(&self) -> &[PutText] {
        &self.texts
    }

    /// The text that was put by a name.
    pub(super) fn text_of(&self, name: &str) -> Result<String, PutError> {
        let mut texts = self.texts.iter();
        let text = texts.find(|text| &*text.name == name);
        let text = text.ok_or_else(|| self.unknown(name))?;
        Ok(text.yaml.to_string())
    }

    /// The set with rules that are put, and the place of their text.
    pub(super) fn with(&self, put: &PutRules) -> Result<(Self, usize), PutError> {
        let name = if put.name.is_empty() {
            self.free_name()
        } else {
            self.check_name(&put.name)?;
            put.name.as_str().into()
        };
        let place = self.texts.iter().position(|known| known.name == name);
        let number = match place {
            Some(place) => self.texts[place].number,
            None => self.texts.last().map_or(1, |last| last.number + 1),
        };
        self.with_text(PutText {
            number,
            name,
            yaml: put.yaml.as_str().into(),
            keep: put.keep,
        })
    }

    /// The set with what was kept, and what is left out of it, and why.
    pub(super) fn of_kept(texts: Vec<PutText>) -> (Self, Vec<String>) {
        let (mut set, mut left_out) = (Self::default(), Vec::new());
        for text in texts {
            let name = Arc::clone(&text.name);
            let is_new = set.texts.iter().all(|known| known.name != name);
            let with = set.check_name(&name).and_then(|()| set.with_text(text));
            match with {
                Ok((with, _)) if is_new => set = with,
                Ok(_) => left_out.push(format!(
                    "the kept rules {name} are left out: there are others of the name"
                )),
                Err(error) => left_out.push(format!("the kept rules {name} are left out: {error}")),
            }
        }
        (set, left_out)
    }

    /// The set with a text, in the place of the one of its name.
    fn with_text(&self, text: PutText) -> Result<(Self, usize), PutError> {
        let mut texts = self.texts.clone();
        let place = texts.iter().position(|known| known.name == text.name);
        let place = place.unwrap_or(texts.len());
        if place < texts.len() {
            texts[place] = text;
        } else {
            texts.push(text);
        }
        if texts.len() > MAX_TEXTS {
            let text = format!("rules were put by {MAX_TEXTS} names: delete some first");
            return Err(PutError::Full(text));
        }
        if texts.iter().map(|text| text.yaml.len()).sum::<usize>() > MAX_BYTES {
            let text = format!("the rules that are put would take more than {MAX_BYTES} bytes");
            return Err(PutError::Full(text));
        }
        Ok((Self { texts }, place))
    }

    /// The set without the rules of a name, or without any.
    pub(super) fn without(&self, name: Option<&str>) -> Result<Self, PutError> {
        let Some(name) = name else {
            return Ok(Self::default());
        };
        let mut texts = self.texts.clone();
        texts.retain(|text| &*text.name != name);
        if texts.len() == self.texts.len() {
            return Err(self.unknown(name));
        }
        Ok(Self { texts })
    }

    /// Nothing was put by this name.
    fn unknown(&self, name: &str) -> PutError {
        let near = suggest::clause(name, self.texts.iter().map(|text| &*text.name));
        PutError::Unknown(format!("{name}{near}"))
    }

    /// Compiles all of them to stand in front of the rules of files.
    pub(super) fn compile(&self, schema: &Schema, of_files: &Rules) -> CompiledPuts {
        let compile = |texts: &[&PutText]| {
            let texts = texts.iter().map(|text| (&*text.name, &*text.yaml));
            of_files.in_front(schema, &texts.collect::<Vec<_>>())
        };
        // The ones that were put last stand in front.
        let mut texts: Vec<&PutText> = self.texts.iter().rev().collect();
        let mut set_aside = Vec::new();
        let mut compiled = compile(&texts);
        if compiled.is_err() {
            // Each is right or wrong whatever the others are.
            for text in &self.texts {
                if let Err(problems) = compile(&[text]) {
                    set_aside.push(SetAside {
                        name: text.name.to_string(),
                        problems: problems.iter().map(ToldProblem::of).collect(),
                    });
                }
            }
            let wrong: HashSet<&str> = set_aside.iter().map(|aside| &*aside.name).collect();
            texts.retain(|text| !wrong.contains(&*text.name));
            compiled = compile(&texts);
        }
        let rules = compiled.unwrap_or_else(|problems| {
            // A file of messages may have changed meanwhile.
            set_aside.extend(texts.iter().map(|text| SetAside {
                name: text.name.to_string(),
                problems: problems.iter().map(ToldProblem::of).collect(),
            }));
            Rules::default()
        });
        CompiledPuts {
            rules,
            set_aside: set_aside.into(),
        }
    }

    /// A name that nothing was put by.
    fn free_name(&self) -> Arc<str> {
        let names: HashSet<&str> = self.texts.iter().map(|text| &*text.name).collect();
        let mut free = (1..).map(|number: u64| format!("put-{number}"));
        let free = free.find(|name| !names.contains(&**name));
        free.unwrap_or_default().into()
    }

    /// Names are those of files, too, where case may not count.
    fn check_name(&self, name: &str) -> Result<(), PutError> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(is_part) {
            let text = format!(
                "a name of rules has up to {MAX_NAME} ASCII letters, digits, dots, dashes and underscores, and does not begin with a dot"
            );
            return Err(PutError::InvalidName(text));
        }
        let mut names = self.texts.iter().map(|text| &*text.name);
        match names.find(|known| *known != name && known.eq_ignore_ascii_case(name)) {
            None => Ok(()),
            Some(known) => Err(PutError::InvalidName(format!(
                "rules were put by the name {known}, from which {name} differs only in case"
            ))),
        }
    }
}

/// Rules of one text alone: how many there are, and what is hardly meant; or what is wrong.
pub(super) fn check(
    text: &PutText,
    schema: &Schema,
    of_files: &Rules,
) -> Result<(usize, Vec<ToldProblem>), Vec<Problem>> {
    let rules = of_files.in_front(schema, &[(&text.name, &text.yaml)])?;
    let warnings = rules.warnings().iter().map(ToldProblem::of).collect();
    Ok((rules.len(), warnings))
}
