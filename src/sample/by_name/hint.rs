//! [`NameHint`]: a field's name, split into words.
//!
//! Names are split at underscores and at capital letters, so that `billing_email` and `billingEmail` suggest the same.

use prost_reflect::MessageDescriptor;

/// What suggests a value for a field: its name, and where it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::sample) struct NameHint<'a> {
    pub(in crate::sample) name: &'a str,
    /// The message that the field belongs to.
    pub(in crate::sample) owner: &'a MessageDescriptor,
    /// Whether the name is in the plural, as for a list: `emails`.
    pub(in crate::sample) plural: bool,
}

/// The words of a name, in lower case.
#[derive(Debug)]
pub(in crate::sample) struct Words(Vec<String>);

impl NameHint<'_> {
    pub(in crate::sample) fn words(&self) -> Words {
        let mut words = Words::of(self.name);
        if self.plural
            && let Some(last) = words.0.last_mut()
            && last.len() > 3
            && last.ends_with('s')
            && !last.ends_with("ss")
        {
            last.pop();
        }
        words
    }
}

impl Words {
    pub(super) fn of(name: &str) -> Self {
        let mut words: Vec<String> = vec![String::new()];
        let mut after_lower = false;
        for letter in name.chars() {
            let starts_word = letter == '_' || (letter.is_ascii_uppercase() && after_lower);
            if starts_word && words.last().is_some_and(|word| !word.is_empty()) {
                words.push(String::new());
            }
            if letter != '_' {
                words
                    .last_mut()
                    .expect("there is a first word")
                    .push(letter.to_ascii_lowercase());
            }
            after_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        }
        Self(words)
    }

    pub(in crate::sample) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::sample) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    pub(in crate::sample) fn but_last(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    pub(in crate::sample) fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }

    pub(in crate::sample) fn ends_with(&self, words: &[&str]) -> bool {
        self.0.len() >= words.len() && self.0[self.0.len() - words.len()..].iter().eq(words.iter())
    }
}
