//! Strings and bytes within their rules.
//!
//! Candidates are made up until one satisfies the rules: first what a format, a pattern or the name suggests, then the same
//! longer or shorter, and at last letters between the prefix and the suffix.

use prost_reflect::Value;

use super::pattern::Pattern;
use crate::sample::annotations::ValidationRules;
use crate::sample::by_name::{self, NameHint};
use crate::sample::formats::{self, FORMATS, FormatOptions};
use crate::sample::seed::Random;

/// How many candidates are tried before one that does not fit is used.
const CANDIDATES: u32 = 48;

/// The longest text that is made up, in bytes, whatever the rules require.
const MAX_LENGTH: usize = 64 * 1024;

/// The rules of a string, without those that list values.
#[derive(Debug)]
struct StringRules {
    /// In characters.
    characters: (usize, usize),
    bytes: (usize, usize),
    prefix: String,
    suffix: String,
    contains: String,
    never_contains: Option<String>,
    never: Vec<String>,
    format: Option<&'static str>,
    pattern: Option<Pattern>,
}

/// A string for the field, within its rules.
pub(in crate::sample) fn string(
    hint: &NameHint<'_>,
    rules: &ValidationRules,
    more_than_zero: bool,
    random: &mut Random,
) -> String {
    let rules = rules.inner("string");
    if rules.is_empty() {
        let text = by_name::text::text(hint, random);
        return if text.is_empty() && more_than_zero {
            random.word()
        } else {
            text
        };
    }
    let limits = StringRules::read(&rules, more_than_zero);
    limits
        .named(&rules, random)
        .unwrap_or_else(|| limits.made_up(hint, random))
}

impl StringRules {
    fn read(rules: &ValidationRules, more_than_zero: bool) -> Self {
        let range = |exact, least, most| match rules.count(exact) {
            Some(length) => (length, length),
            None => (
                rules.count(least).unwrap_or(0).max(usize::from(more_than_zero)),
                rules.count(most).unwrap_or(usize::MAX),
            ),
        };
        Self {
            characters: range("len", "min_len", "max_len"),
            bytes: range("len_bytes", "min_bytes", "max_bytes"),
            prefix: rules.text("prefix").unwrap_or_default(),
            suffix: rules.text("suffix").unwrap_or_default(),
            contains: rules.text("contains").unwrap_or_default(),
            never_contains: rules.text("not_contains"),
            never: rules.texts("not_in"),
            format: FORMATS.into_iter().find(|format| rules.flag(format)).or_else(|| {
                // A word is valid as the name and as the value of an HTTP header.
                rules.value("well_known_regex").map(|_| "word")
            }),
            pattern: rules.text("pattern").as_deref().and_then(Pattern::read),
        }
    }

    /// A value that the rules list.
    fn named(&self, rules: &ValidationRules, random: &mut Random) -> Option<String> {
        rules.text("const").or_else(|| {
            let among = rules.texts("in");
            let mut choices = if among.is_empty() {
                rules.texts("example")
            } else {
                among
            };
            choices.retain(|text| self.accepts(text));
            random.pick(&choices).cloned()
        })
    }

    fn made_up(&self, hint: &NameHint<'_>, random: &mut Random) -> String {
        if let (Some(pattern), None) = (&self.pattern, self.format) {
            return self.matching(pattern, random);
        }
        let candidate = (0..CANDIDATES).map(|round| self.candidate(round, hint, random));
        let fitting = candidate.into_iter().find(|text| self.accepts(text));
        fitting.unwrap_or_else(|| self.candidate(CANDIDATES, hint, random))
    }

    /// Text that matches `pattern`, first of any length, then of lengths nearer to what the rules require.
    fn matching(&self, pattern: &Pattern, random: &mut Random) -> String {
        let (least, most) = (self.least(), self.most());
        let mut extra = least;
        let mut text = String::new();
        for round in 0..CANDIDATES {
            text = pattern.text(if round % 2 == 0 { 0..=6 } else { extra..=extra }, random);
            if !self.accepts(&text) && pattern.is_unanchored() {
                text = self.completed(&text, random);
            }
            if self.accepts(&text) {
                break;
            }
            if round % 2 == 1 {
                let (longer, shorter) = (least.saturating_sub(text.len()), text.len().saturating_sub(most));
                extra = (extra + longer.div_ceil(2))
                    .saturating_sub(shorter.div_ceil(2))
                    .min(MAX_LENGTH);
            }
        }
        text
    }

    fn accepts(&self, text: &str) -> bool {
        let within = |length, (least, most): (usize, usize)| (least..=most).contains(&length);
        within(text.chars().count(), self.characters)
            && within(text.len(), self.bytes)
            && text.starts_with(&self.prefix)
            && text.ends_with(&self.suffix)
            && text.contains(&self.contains)
            && self
                .never_contains
                .as_ref()
                .is_none_or(|never| !text.contains(never))
            && !self.never.iter().any(|never| never == text)
    }

    /// The `round`-th text to try.
    fn candidate(&self, round: u32, hint: &NameHint<'_>, random: &mut Random) -> String {
        if let Some(format) = self.format {
            // Half of the candidates are as usual, the other half short.
            let options = FormatOptions {
                prefix: &self.prefix,
                suffix: &self.suffix,
                length: self.least(),
                short: round >= CANDIDATES / 2,
            };
            return formats::text(format, options, random);
        }
        if round < CANDIDATES / 2 {
            by_name::text::text(hint, random)
        } else {
            self.completed("", random)
        }
    }

    /// `text` with the required prefix, contents and suffix, filled with letters to the minimum length.
    fn completed(&self, text: &str, random: &mut Random) -> String {
        let mut middle = format!("{text}{}", self.contains);
        let around = self.prefix.len() + self.suffix.len();
        let least = self
            .least()
            .max(if middle.is_empty() { around + 5 } else { 0 })
            .min(self.most());
        let missing = least.saturating_sub(around + middle.len());
        middle.extend((0..missing).map(|_| char::from(b'a' + random.byte() % 26)));
        format!("{}{middle}{}", self.prefix, self.suffix)
    }

    fn most(&self) -> usize {
        self.characters.1.min(self.bytes.1)
    }

    fn least(&self) -> usize {
        self.characters.0.max(self.bytes.0).min(MAX_LENGTH)
    }
}

/// Bytes for the field, within its rules.
pub(in crate::sample) fn bytes(
    hint: &NameHint<'_>,
    rules: &ValidationRules,
    more_than_zero: bool,
    random: &mut Random,
) -> Vec<u8> {
    let rules = rules.inner("bytes");
    let one = |name| {
        rules
            .value(name)
            .and_then(|value| value.as_bytes().map(|bytes| bytes.to_vec()))
    };
    let list = |name| -> Vec<Vec<u8>> {
        rules
            .list(name)
            .iter()
            .filter_map(|value: &Value| Some(value.as_bytes()?.to_vec()))
            .collect()
    };
    let never = list("not_in");
    let among = list("in");
    let mut choices = if among.is_empty() { list("example") } else { among };
    choices.retain(|choice| !(never.contains(choice) || more_than_zero && choice.is_empty()));
    if let Some(named) = one("const").or_else(|| random.pick(&choices).cloned()) {
        return named;
    }
    let (least, most) = match rules.count("len") {
        Some(length) => (length, length),
        None if rules.flag("uuid") || rules.flag("ipv6") => (16, 16),
        None if rules.flag("ip") || rules.flag("ipv4") => (4, 4),
        None => (
            rules.count("min_len").unwrap_or(0),
            rules.count("max_len").unwrap_or(usize::MAX),
        ),
    };
    let usual = match hint.words().last() {
        "hash" | "checksum" | "digest" | "sha256" => 32,
        "id" | "uuid" => 16,
        _ => 8,
    };
    let length = usual
        .min(most)
        .max(least)
        .min(MAX_LENGTH)
        .max(usize::from(more_than_zero));
    let (start, contains, end) = (one("prefix"), one("contains"), one("suffix"));
    let pattern = rules.text("pattern").as_deref().and_then(Pattern::read);
    let mut made_up = || {
        if let Some(pattern) = &pattern {
            let extra = if random.flip() { 0..=6 } else { length..=length };
            return pattern.text(extra, random).into_bytes();
        }
        let fixed = [&start, &contains, &end]
            .into_iter()
            .flatten()
            .map(Vec::len)
            .sum();
        let fill = (0..length.saturating_sub(fixed)).map(|_| random.byte());
        let mut bytes = start.clone().unwrap_or_default();
        bytes.extend(fill);
        bytes.extend(contains.iter().chain(&end).flatten());
        bytes
    };
    let allowed = |bytes: &Vec<u8>| !never.contains(bytes) && (least..=most).contains(&bytes.len());
    (0..CANDIDATES)
        .map(|_| made_up())
        .find(allowed)
        .unwrap_or_else(&mut made_up)
}
