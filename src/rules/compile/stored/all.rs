//! The places of the store that all rules set and read, and what cannot be meant of them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use prost_reflect::MessageDescriptor;

use super::key_kind::{KeyKind, TypedKey};
use super::kind::{Kind, MessageDue, NoMap};
use super::names::{Group, Meant, Read, Set, Stored};
use crate::cel::{StoredKey, StoredRead};
use crate::error::{Problem, SourceText};
use crate::suggest;

/// Where something stands: the file, the offset, and the text.
type At = (String, usize, String);

/// What the expressions of all rules name of the store. A rule of several methods has each several times.
#[derive(Debug, Default)]
pub(in crate::rules::compile) struct AllStored {
    sets: Vec<Set>,
    /// The index of each set, by what it says.
    known_sets: HashMap<String, usize>,
    /// The indexes of the sets by their first key, if that is a name.
    by_first: HashMap<Option<String>, Vec<usize>>,
    reads: BTreeMap<At, (SourceText, Read)>,
    /// By what they say.
    together: BTreeMap<String, Together>,
    no_maps: BTreeMap<At, (SourceText, NoMap)>,
    messages_due: BTreeMap<At, (SourceText, MessageDue)>,
}

/// What is set together, if its reads do not fail.
#[derive(Debug)]
struct Together {
    needs: BTreeSet<Vec<StoredKey>>,
    sets: BTreeSet<usize>,
    reads: Vec<At>,
}

impl AllStored {
    /// Adds what the expressions of a rule name.
    pub(in crate::rules::compile) fn add(&mut self, source: &SourceText, stored: Stored) {
        let at = |span: &Range<usize>, text: &str| (source.name().to_owned(), span.start, text.to_owned());
        let sets: Vec<usize> = stored.sets.into_iter().map(|set| self.set(set)).collect();
        let of_rule: Vec<&Read> = stored.reads.iter().filter(|read| read.of_rule).collect();
        for Group { reads, sets: range } in stored.groups {
            let reads = stored.reads[reads].iter().chain(of_rule.iter().copied());
            let reads: Vec<&Read> = reads.filter(|read| read.is_needed()).collect();
            let needs: BTreeSet<_> = reads.iter().map(|read| read.place.keys.clone()).collect();
            let sets: BTreeSet<usize> = sets[range].iter().copied().collect();
            let label = format!("{needs:?} {sets:?}");
            let together = self.together.entry(label).or_insert_with(|| Together {
                needs,
                sets,
                reads: Vec::new(),
            });
            together
                .reads
                .extend(reads.iter().map(|read| at(&read.at, &read.text)));
        }
        for read in stored.reads {
            let at = at(&read.at, &read.text);
            match self.reads.entry(at) {
                Entry::Occupied(mut known) => known.get_mut().1.keep_kinds(&read),
                Entry::Vacant(place) => {
                    place.insert((source.clone(), read));
                }
            }
        }
        for no_map in stored.no_maps {
            let at = at(&no_map.at, &no_map.message);
            self.no_maps.entry(at).or_insert_with(|| (source.clone(), no_map));
        }
        for due in stored.messages_due {
            let at = at(&due.at, due.due.full_name());
            self.messages_due
                .entry(at)
                .or_insert_with(|| (source.clone(), due));
        }
    }

    fn set(&mut self, set: Set) -> usize {
        let kinds: Vec<KeyKind> = set.typed_keys.iter().map(|key| key.kind).collect();
        let label = format!("{:?} {kinds:?} {}", set.keys, set.kind.label());
        if let Some(known) = self.known_sets.get(&label) {
            return *known;
        }
        let place = self.sets.len();
        let first = match set.keys.first() {
            Some(StoredKey::Name(name)) => Some(name.clone()),
            _ => None,
        };
        self.by_first.entry(first).or_default().push(place);
        self.known_sets.insert(label, place);
        self.sets.push(set);
        place
    }

    /// Whether a rule sets that variable.
    pub(in crate::rules::compile) fn sets(&self, name: &str) -> bool {
        self.by_first.contains_key(&None) || self.by_first.contains_key(&Some(name.to_owned()))
    }

    /// The sets of these keys, of what is in them and of what they are in.
    fn sets_of<'s>(&'s self, keys: &'s [StoredKey]) -> impl Iterator<Item = (usize, &'s Set)> {
        let by_name = match keys.first() {
            Some(StoredKey::Name(name)) => Some(name.clone()),
            _ => None,
        };
        let places: Vec<usize> = if by_name.is_none() {
            (0..self.sets.len()).collect()
        } else {
            let of = |first| self.by_first.get(&first).into_iter().flatten().copied();
            of(by_name).chain(of(None)).collect()
        };
        let sets = places.into_iter().map(|place| (place, &self.sets[place]));
        sets.filter(|(_, set)| may_meet(&set.keys, keys))
    }

    /// Whether something may be at these keys.
    fn is_known(&self, keys: &[StoredKey]) -> bool {
        self.sets_of(keys)
            .any(|(_, set)| match keys.get(set.keys.len()..) {
                Some(rest) => set.kind.holds(rest),
                None => true,
            })
    }

    /// Whether what is at these keys can only be a map that rules make by setting what is in it.
    pub(super) fn is_map(&self, keys: &[StoredKey], may_have_names: bool) -> bool {
        let mut is_made = false;
        for (_, set) in self.sets_of(keys) {
            match set.keys.get(keys.len()) {
                Some(StoredKey::Name(_)) if may_have_names => return false,
                Some(_) => is_made = true,
                None if set.kind == Kind::Removed => {}
                None if set.keys.len() == keys.len() && !may_have_names => match &set.kind {
                    Kind::Mapping(_) | Kind::Map => is_made = true,
                    _ => return false,
                },
                None => return false,
            }
        }
        is_made
    }

    /// A warning for each place that cannot be meant. `told` are warnings of conditions.
    pub(in crate::rules::compile) fn warnings(&self, told: &[Problem]) -> Vec<Problem> {
        let mut warnings = Vec::new();
        let mut null = BTreeSet::new();
        for (at, (source, read)) in &self.reads {
            let found = if let Some(one_place) = self.one_place(source, read) {
                Some(one_place)
            } else if let Some(other_kind) = self.key_of_other_kind(source, read) {
                Some(other_kind)
            } else if read.is_set() {
                self.set_wrongly(source, read)
            } else if !self.is_known(&read.place.keys) {
                Some(self.never_set(source, read))
            } else {
                let never_null = self.never_null(source, read);
                if never_null.is_some() {
                    null.insert(at);
                }
                never_null
            };
            warnings.extend(found);
        }
        warnings.extend(self.read_before_set(&null, told));
        for (source, no_map) in self.no_maps.values() {
            if self.is_map(&no_map.keys, no_map.may_have_names) {
                let problem = Problem::at(source, no_map.at.clone(), no_map.message.clone());
                warnings.push(problem.with_hint(no_map.hint.clone()).into_warning());
            }
        }
        for (source, due) in self.messages_due.values() {
            if let Some(held) = self.other_message(due) {
                let (message, hint) = due.misfit(held);
                let problem = Problem::at(source, due.at.clone(), message);
                warnings.push(problem.with_hint(hint).into_warning());
            }
        }
        warnings
    }

    /// A place that is read, and that no rule sets.
    fn never_set(&self, source: &SourceText, read: &Read) -> Problem {
        let keys = &read.place.keys;
        let unknown = (1..=keys.len()).find(|end| !self.is_known(&keys[..*end]));
        let last = unknown.unwrap_or(keys.len()) - 1;
        let at = read.keys_at.get(last).unwrap_or(&read.at).clone();
        let StoredKey::Name(name) = &keys[last] else {
            let message = format!("no rule sets `{}`, which is read here", read.text);
            let hint = format!("a rule sets it by `set: {{\"{}\": …}}`", read.text);
            return Problem::at(source, at, message).with_hint(hint).into_warning();
        };
        let (message, names) = if last == 0 {
            let firsts = self.by_first.keys().flatten();
            let names = firsts.map(|first| format!("store.{first}")).collect();
            (format!("no rule sets `store.{name}`, which is read here"), names)
        } else {
            self.no_such_name(source, read, &keys[..last], name)
        };
        let asked = if last == 0 {
            format!("store.{name}")
        } else {
            name.clone()
        };
        let names = names.iter().map(String::as_str);
        let near = if last == 0 {
            suggest::did_you_mean(&asked, names)
        } else {
            suggest::hint(&asked, names)
        };
        let hint = near.unwrap_or_else(|| match last {
            0 => format!("a rule sets it by `set: {{store.{name}: …}}`"),
            _ => format!("a rule sets it by `set: {{\"{}\": …}}`", read.text),
        });
        Problem::at(source, at, message).with_hint(hint).into_warning()
    }

    /// What to say of a name that is not in what is at these keys, and the names that are.
    fn no_such_name(
        &self,
        source: &SourceText,
        read: &Read,
        keys: &[StoredKey],
        name: &str,
    ) -> (String, Vec<String>) {
        let mut names = BTreeSet::new();
        let mut message = None;
        for (_, set) in self.sets_of(keys) {
            match set.keys.get(keys.len()) {
                Some(StoredKey::Name(name)) => {
                    names.insert(name.clone());
                }
                Some(StoredKey::Computed) => {}
                None => {
                    if let Some(kind) = set.kind.at(&keys[set.keys.len()..]) {
                        names.extend(kind.names());
                        if let Kind::Message(found) = kind {
                            message = Some(format!("message {} has no field `{name}`", found.full_name()));
                        }
                    }
                }
            }
        }
        let text = source.text();
        let container = read
            .keys_at
            .get(keys.len())
            .and_then(|key| text.get(read.at.start..key.start));
        let container = container
            .unwrap_or_default()
            .trim_end_matches(['.', '[', '\'', '"']);
        let message =
            message.unwrap_or_else(|| format!("no rule sets `{name}` of `{container}`, which is read here"));
        // A rule that sets it does not make it one.
        names.remove(name);
        (message, names.into_iter().collect())
    }

    /// A place whose names are those of an expression: `store.orders.request.name`.
    fn one_place(&self, source: &SourceText, read: &Read) -> Option<Problem> {
        let keys = &read.place.keys;
        let Meant { place, value } = read.meant.as_ref()?;
        if value.is_some_and(|value| self.sets_of(keys).any(|(_, set)| set.keys == keys[..value])) {
            return None;
        }
        let message = format!("`{}` is one place for all calls", read.text);
        let problem = Problem::at(source, read.at.clone(), message);
        Some(problem.with_hint(format!("write `{place}`")).into_warning())
    }

    /// The type of the messages that a place holds, if it holds nothing else, and another is due.
    fn other_message(&self, due: &MessageDue) -> Option<&MessageDescriptor> {
        let mut held = None;
        for place in 0..self.sets.len() {
            let set = &self.sets[place];
            if !may_meet(&set.keys, &due.keys) || set.kind == Kind::Removed {
                continue;
            }
            match &set.kind {
                Kind::Mapping(entries) if entries.is_empty() && set.keys.len() < due.keys.len() => {}
                Kind::Message(message)
                    if set.keys.len() == due.keys.len() && message.full_name() != due.due.full_name() =>
                {
                    held = Some(message);
                }
                _ => return None,
            }
        }
        held
    }

    /// A key of a map whose keys are all of another kind: it is never in it.
    fn key_of_other_kind(&self, source: &SourceText, read: &Read) -> Option<Problem> {
        if read.is_made() {
            return None;
        }
        let keys = &read.place.keys;
        let place = (0..read.typed_keys.len()).find(|place| {
            let kind = read.typed_keys[*place].kind;
            let made_by = self.kinds_of_keys(&keys[..*place]);
            kind != KeyKind::Unknown
                && made_by.is_some_and(|made_by| made_by.iter().all(|key| key.kind != kind))
        })?;
        let made_by = self.kinds_of_keys(&keys[..place])?;
        let is_name = matches!(keys[place], StoredKey::Name(_));
        let (message, hint) = read.typed_keys[place].misfit(made_by.first()?, is_name);
        let at = read.keys_at.get(place).unwrap_or(&read.at).clone();
        Some(Problem::at(source, at, message).with_hint(hint).into_warning())
    }

    /// The keys by which all is set that is in the map at these keys; `None` if the kind of some is not known, or if it may
    /// be no map that is made by them.
    fn kinds_of_keys<'s>(&'s self, keys: &'s [StoredKey]) -> Option<Vec<&'s TypedKey>> {
        let mut made_by = Vec::new();
        for (_, set) in self.sets_of(keys) {
            if set.kind == Kind::Removed {
                continue;
            }
            let is_empty = |kind: Kind| matches!(kind, Kind::Mapping(entries) if entries.is_empty());
            if set.keys.len() > keys.len() {
                let key = set.typed_keys.get(keys.len())?;
                if key.kind == KeyKind::Unknown {
                    return None;
                }
                made_by.push(key);
            } else if !set.kind.at(&keys[set.keys.len()..]).is_some_and(is_empty) {
                return None;
            }
        }
        (!made_by.is_empty()).then_some(made_by)
    }

    /// A place that is set, and that is a field of a message which has none.
    fn set_wrongly(&self, source: &SourceText, read: &Read) -> Option<Problem> {
        let keys = &read.place.keys;
        let within = |end: usize| {
            let shorter = self.sets_of(keys).filter(move |(_, set)| set.keys.len() < end);
            shorter.filter(|(_, set)| !matches!(set.kind, Kind::Removed | Kind::Itself))
        };
        let last = (1..keys.len()).find(|last| {
            let mut shorter = within(*last + 1).peekable();
            let is_message = |set: &Set| {
                let kind = set.kind.at(&keys[set.keys.len()..*last]);
                matches!(kind, Some(Kind::Message(_)))
            };
            shorter.peek().is_some()
                && shorter.all(|(_, set)| is_message(set) && !set.kind.holds(&keys[set.keys.len()..=*last]))
        })?;
        let StoredKey::Name(name) = &keys[last] else {
            return None;
        };
        let (message, names) = self.no_such_name(source, read, &keys[..last], name);
        let hint = suggest::hint(name, names.iter().map(String::as_str));
        let problem = Problem::at(source, read.keys_at.get(last)?.clone(), message);
        Some(problem.with_hint_if(hint).into_warning())
    }

    /// A comparison with null of what is never null.
    fn never_null(&self, source: &SourceText, read: &Read) -> Option<Problem> {
        let (at, condition) = read.compared.as_ref()?;
        let keys = &read.place.keys;
        let is_part = |set: &Set| set.keys.len() < keys.len() && set.kind != Kind::Removed;
        if self.sets_of(keys).any(|(_, set)| is_part(set)) {
            return None;
        }
        let message = format!(
            "`{}` is never null: where nothing is there, this fails",
            read.text
        );
        let text = source.text();
        let rest = text[at.end..].lines().next().unwrap_or_default().trim_start();
        // What begins with `!` or a quote needs quotes in YAML.
        let needs_quotes =
            condition.starts_with(['!', '\'', '"']) && text[..at.start].trim_end().ends_with([':', '-']);
        let hint = match (needs_quotes, rest.is_empty() || rest.starts_with([',', '}'])) {
            (true, true) if condition.contains('"') => format!("write `'{}'`", condition.replace('\'', "''")),
            (true, true) => format!("write `\"{condition}\"`"),
            (true, false) => format!("write `{condition}`, and put the whole condition in quotes"),
            (false, _) => format!("write `{condition}`"),
        };
        let problem = Problem::at(source, at.clone(), message);
        Some(problem.with_hint(hint).into_warning())
    }

    /// The places that are set, and only by what reads them before.
    fn read_before_set(&self, null: &BTreeSet<&At>, told: &[Problem]) -> Vec<Problem> {
        let sets = |keys: &[StoredKey], is_some: &dyn Fn(usize) -> bool| {
            self.sets_of(keys)
                .any(|(place, set)| set.kind != Kind::Removed && is_some(place))
        };
        let mut done = vec![false; self.sets.len()];
        let mut waiting: Vec<&Together> = self.together.values().collect();
        loop {
            let before = waiting.len();
            waiting.retain(|together| {
                let is_ready =
                    |keys: &Vec<StoredKey>| sets(keys, &|place| done[place]) || !sets(keys, &|_| true);
                let is_ready = together.needs.iter().all(is_ready);
                if is_ready {
                    together.sets.iter().for_each(|set| done[*set] = true);
                }
                !is_ready
            });
            if waiting.len() == before {
                break;
            }
        }
        let mut found = BTreeMap::new();
        // First those that set what they read themselves; what waits for them is mended with them.
        for by_itself in [true, false] {
            if !found.is_empty() {
                break;
            }
            for together in &waiting {
                for at in &together.reads {
                    let Some((source, read)) = self.reads.get(at) else {
                        continue;
                    };
                    let keys = &read.place.keys;
                    let is_told =
                        null.contains(at) || told.iter().any(|told| told.offset_in(source) == Some(at.1));
                    let own = sets(keys, &|place| together.sets.contains(&place));
                    if is_told
                        || own != by_itself
                        || sets(keys, &|place| done[place])
                        || !sets(keys, &|_| true)
                    {
                        continue;
                    }
                    found.insert(at, (source, read));
                }
            }
        }
        let warning = |(source, read): (&SourceText, &Read)| {
            let message = format!(
                "`{}` is read before it is set: all that sets it reads it first",
                read.text
            );
            let is_there = &read.place.is_there;
            let hint = match &read.place.read {
                StoredRead::Needed {
                    instead: Some(instead),
                } => format!("write `${{{instead}}}`"),
                _ => format!("write `({is_there} ? {} : 0)` in its place", read.text),
            };
            let problem = Problem::at(source, read.at.clone(), message);
            problem.with_hint(hint).into_warning()
        };
        found.into_values().map(warning).collect()
    }
}

/// Whether two places may be the same, or one of them in the other.
pub(super) fn may_meet(one: &[StoredKey], other: &[StoredKey]) -> bool {
    one.iter()
        .zip(other)
        .all(|(one, other)| one == other || [one, other].contains(&&StoredKey::Computed))
}
