//! [`PutSet`]: the texts of rules that are put at run time, for all calls or for those of one session.
//!
//! They are [compiled](super::compiled_set) together, apart from the rules of files: putting some reads no file, and what files
//! say of their own is no hindrance. A set is changed by making another one, which takes its place when it is served.

use std::collections::HashSet;
use std::sync::Arc;

use super::edit::{PutError, PutRules};
use crate::suggest;

/// How many bytes all texts for all calls may take together.
pub(super) const MAX_BYTES: usize = 8 << 20;

/// How much there may be of texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) texts: usize,
    pub(super) bytes: usize,
    /// Whose texts they are.
    pub(super) whose: &'static str,
}

impl Most {
    /// Of rules that answer all calls.
    pub(super) const OF_ALL: Self = Self {
        texts: 1000,
        bytes: MAX_BYTES,
        whose: "put",
    };

    /// Of rules of one session.
    pub(super) const OF_SESSION: Self = Self {
        texts: 100,
        bytes: 1 << 20,
        whose: "put for the session",
    };

    /// Of rules of all sessions together.
    pub(super) const OF_SESSIONS: Self = Self {
        texts: 10_000,
        bytes: 8 << 20,
        whose: "put for sessions",
    };

    /// Fails if there would be more.
    pub(super) fn check(&self, texts: usize, bytes: usize) -> Result<(), PutError> {
        let Self {
            texts: most_texts,
            bytes: most_bytes,
            whose,
        } = self;
        if texts > *most_texts {
            let text = format!("rules were {whose} by {most_texts} names: delete some first");
            return Err(PutError::Full(text));
        }
        if bytes > *most_bytes {
            let text = format!("the rules that are {whose} would take more than {most_bytes} bytes");
            return Err(PutError::Full(text));
        }
        Ok(())
    }
}

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
    pub(super) fn with(&self, put: &PutRules, most: Most) -> Result<(Self, usize), PutError> {
        let name = if put.name.is_empty() {
            self.free_name()
        } else {
            self.check_name(&put.name)?;
            put.name.as_str().into()
        };
        let place = self.texts.iter().position(|known| known.name == name);
        let number = match place {
            Some(place) => self.texts[place].number,
            None => self.next_number()?,
        };
        let text = PutText {
            number,
            name,
            yaml: put.yaml.as_str().into(),
            keep: put.keep,
        };
        self.with_text(text, most)
    }

    /// The number of a name that is new.
    fn next_number(&self) -> Result<u64, PutError> {
        let Some(last) = self.texts.last() else {
            return Ok(1);
        };
        last.number.checked_add(1).ok_or_else(|| {
            let name = &last.name;
            PutError::Full(format!(
                "the file of the kept rules {name} has the highest number: delete them first"
            ))
        })
    }

    /// The set with what was kept, and what is left out of it, and why.
    pub(super) fn of_kept(texts: Vec<PutText>) -> (Self, Vec<String>) {
        let (mut set, mut left_out) = (Self::default(), Vec::new());
        for text in texts {
            let name = Arc::clone(&text.name);
            let is_new = set.texts.iter().all(|known| known.name != name);
            let with = set
                .check_name(&name)
                .and_then(|()| set.with_text(text, Most::OF_ALL));
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

    /// How many bytes they take together.
    pub(super) fn bytes(&self) -> usize {
        self.texts.iter().map(|text| text.yaml.len()).sum()
    }

    /// The set with a text, in the place of the one of its name.
    fn with_text(&self, text: PutText, most: Most) -> Result<(Self, usize), PutError> {
        let mut texts = self.texts.clone();
        let place = texts.iter().position(|known| known.name == text.name);
        let place = place.unwrap_or(texts.len());
        if place < texts.len() {
            texts[place] = text;
        } else {
            texts.push(text);
        }
        let with = Self { texts };
        most.check(with.texts.len(), with.bytes())?;
        Ok((with, place))
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
        if name.len() > MAX_NAME || name.starts_with(['.', '-']) || !name.chars().all(is_part) {
            let text = format!(
                "a name of rules has up to {MAX_NAME} ASCII letters, digits, dots, dashes and underscores, and begins with neither a dot nor a dash"
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
