//! Tells of conditions that do not hold for a call without the metadata that they are about, or before a variable of the store
//! is set, and that would hold for an empty value: `metadata["authorization"] != "Bearer tea"`.
//!
//! Nothing is told where a rule of the method asks whether it is there: then what is missing was thought of.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::cel::{Subject, asked_for, missing};
use crate::error::{Problem, SourceText};
use crate::rules::plan::{ExpectedMetadata, Rule};

/// What one rule's conditions ask for, and what they fail for.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    missing: Vec<MissingValue>,
    /// What they ask for whether it is there.
    asked: BTreeSet<Subject>,
}

/// What a condition fails for.
#[derive(Debug)]
struct MissingValue {
    subject: Subject,
    place: Range<usize>,
    hint: String,
    /// What `metadata` can exclude in place of the condition.
    excluded: Option<Vec<String>>,
    /// Whether it is a condition of the rule, and not of one of its steps.
    is_of_rule: bool,
    /// Whether the condition would hold for an empty value. Else it is told only of a rule that refuses calls.
    is_certain: bool,
}

/// The same, of a rule of a method.
#[derive(Debug)]
pub(super) struct RuleConditions {
    source: SourceText,
    conditions: Conditions,
    /// The metadata whose absence other rules need not think of, and that which is there in this one.
    absent: BTreeSet<Subject>,
    present: BTreeSet<Subject>,
    /// The variables of the store that it sets.
    set: BTreeSet<String>,
    passes: bool,
    /// Whether it ends every call that it answers with an error.
    refuses: bool,
}

impl Conditions {
    /// Notes what a condition asks for, and what it fails for. `quote` is the quote in which it stands, or the first of its
    /// characters, and `place` gives the place of a part of it in the file.
    pub(super) fn note(
        &mut self,
        source: &str,
        quote: Option<char>,
        place: impl Fn(Range<usize>) -> Range<usize>,
    ) {
        self.asked.extend(asked_for(source));
        for found in missing(source) {
            let mended = as_value(&found.mended, quote);
            let asked = match &found.subject {
                Subject::Metadata(name) => format!("'{name}' in metadata"),
                Subject::Stored(place) => format!("has({place})"),
                Subject::Entry(map, key) => format!("{key} in {map}"),
            };
            let hint = if found.fails_otherwise {
                "it fails for some values, too: answer in a rule whose `when` holds for the right ones, and refuse all \
                 other calls in a rule after it, without `when`"
                    .to_owned()
            } else {
                format!("write `{mended}`, or if that is meant, `{asked} && …`")
            };
            self.missing.push(MissingValue {
                subject: found.subject,
                place: place(found.place),
                hint,
                excluded: found.excluded,
                is_of_rule: false,
                is_certain: found.is_certain,
            });
        }
    }

    /// Notes that the condition that was noted is that of the rule itself. One that says no more than `metadata` can say is
    /// better written so, where `metadata` is free.
    pub(super) fn is_of_rule(&mut self, metadata_is_free: bool) {
        for value in &mut self.missing {
            value.is_of_rule = true;
            if let (Subject::Metadata(name), Some(excluded)) = (&value.subject, &value.excluded)
                && !name.ends_with("-bin")
                && metadata_is_free
            {
                let excluded = match excluded.as_slice() {
                    [one] => quoted(one),
                    more => {
                        let more: Vec<String> = more.iter().map(|text| quoted(text)).collect();
                        format!("[{}]", more.join(", "))
                    }
                };
                value.hint = format!(
                    "write `metadata: {{{name}: {{not: {excluded}}}}}` in place of `when`: it also holds without it"
                );
            }
        }
    }

    /// Adds what they say in a rule.
    pub(super) fn of(self, rule: &Rule, source: &SourceText, set: BTreeSet<String>) -> RuleConditions {
        let (mut absent, mut present) = (BTreeSet::new(), BTreeSet::new());
        for condition in &rule.condition.metadata {
            let subject = Subject::Metadata(condition.name.as_str().to_owned());
            match &condition.expected {
                ExpectedMetadata::Absent | ExpectedMetadata::Not(_) => absent.insert(subject),
                _ => present.insert(subject),
            };
        }
        RuleConditions {
            source: source.clone(),
            conditions: self,
            absent,
            present,
            set,
            passes: rule.passes,
            refuses: rule.answers.iter().all(|answer| answer.refuses),
        }
    }
}

/// A text as a value in braces: in quotes, unless it is made of plain words.
fn quoted(text: &str) -> String {
    let is_word = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.split(' ').all(|word| !word.is_empty() && is_word(word))
        && !matches!(text.to_lowercase().as_str(), "true" | "false" | "null");
    if is_plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// An expression in the quotes in which it stands in its file.
fn as_value(source: &str, quote: Option<char>) -> String {
    match quote {
        Some('\'') => format!("'{}'", source.replace('\'', "''")),
        Some('"') => format!("\"{}\"", source.replace('\\', "\\\\").replace('"', "\\\"")),
        _ => source.to_owned(),
    }
}

/// A warning for each condition, once for each place. `is_set` says whether any rule sets a variable of the store.
pub(super) fn warnings<'r>(
    methods: impl Iterator<Item = &'r [RuleConditions]>,
    is_set: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let mut found = BTreeMap::new();
    for rules in methods {
        for (place, rule) in rules.iter().enumerate() {
            let told = |value: &&MissingValue| value.is_certain || value.is_of_rule && rule.refuses;
            for value in rule.conditions.missing.iter().filter(told) {
                let others = rules.iter().enumerate().filter(|(other, _)| *other != place);
                if !rule.is_thought_of(value, others.map(|(_, rule)| rule), &is_set) {
                    let key = (rule.source.name(), value.place.start, &value.subject);
                    found.entry(key).or_insert((&rule.source, value));
                }
            }
        }
    }
    let warning = |(source, value): (&SourceText, &MissingValue)| {
        let message = match &value.subject {
            Subject::Metadata(name) => {
                format!("this does not hold for a call without `{name}` in its metadata")
            }
            Subject::Stored(place) => format!("this does not hold before `{place}` is set"),
            Subject::Entry(map, key) => format!("this does not hold where `{map}` has no `{key}`"),
        };
        let problem = Problem::at(source, value.place.clone(), message);
        problem.with_hint(value.hint.clone()).into_warning()
    };
    found.into_values().map(warning).collect()
}

impl RuleConditions {
    fn is_thought_of<'r>(
        &self,
        value: &MissingValue,
        mut others: impl Iterator<Item = &'r RuleConditions>,
        is_set: impl Fn(&str) -> bool,
    ) -> bool {
        let subject = &value.subject;
        let asks = |rule: &Self| rule.conditions.asked.iter().any(|asked| asked.leads_to(subject));
        let variable = match subject {
            Subject::Metadata(_) | Subject::Entry(..) => None,
            Subject::Stored(place) => place.split('.').nth(1),
        };
        let sets = |rule: &Self| variable.is_some_and(|variable| rule.set.contains(variable));
        variable.is_some_and(|variable| !is_set(variable))
            || self.present.contains(subject)
            // In the condition of the rule itself it would have been seen.
            || !value.is_of_rule && (asks(self) || sets(self))
            || others.any(|rule| {
                if rule.passes {
                    sets(rule)
                } else {
                    asks(rule) || rule.absent.contains(subject)
                }
            })
    }
}
