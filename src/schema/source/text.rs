//! Reads and parses the text of one `.proto`, after it is known not to nest too deep for the parser.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

use super::comments::put_comments;
use super::defaults::write_float_defaults;
use super::edition::EditionParts;
use super::lower::lower;
use super::nesting::first_too_deep;
use super::oneofs::name_synthetic_oneofs;
use super::parsed::Parsed;
use super::reading_order::put_in_reading_order;
use super::restore::restore;
use super::set::is_set;
use super::tokens::{comments, tokens};
use super::wording::reworded;
use crate::error::{Problem, SourceText};
use crate::schema::earlier::Earlier;
use crate::schema::outline::{KnownText, TextHash};
use crate::schema::places::{offsets, span};
use crate::schema::stand_ins::{bytes_of, has_any, is_stand_in, shown, source_of, text_of};
use crate::schema::tabs::Tabs;
use crate::stamp::{Stamp, moment};

/// Larger files are refused: no proto is so large.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// A text, and what came of parsing it, unless it is known from an earlier load.
pub(super) struct Loaded {
    /// Fails with the path as the user knows it, and what is wrong.
    pub(super) known: Result<Arc<KnownText>, (String, Vec<Problem>)>,
    /// `None` if its stamp was enough.
    pub(super) source: Option<SourceText>,
    /// `None` if it is known.
    pub(super) parsed: Option<Parsed>,
    /// The place of its file in an earlier load that had the same text.
    pub(super) earlier: Option<usize>,
}

impl Loaded {
    /// Parses a text, unless it is the one that was known at its path. `stamp` is `None` if the file may be written again
    /// without a new one, or if there is no file.
    pub(super) fn new(
        path: &Path,
        source: SourceText,
        stamp: Option<Stamp>,
        known: Option<(usize, &Arc<KnownText>)>,
    ) -> Self {
        let hash = TextHash {
            hash: hash_of(source.text()),
            length: source.text().len(),
        };
        if let Some((place, known)) = known.filter(|(_, known)| known.hash == hash) {
            let known = Self::known(place, known, source.name(), stamp);
            let source = Some(source);
            return Self { source, ..known };
        }
        let name = source.name().to_owned();
        let (parsed, known) = match parse(&source) {
            Ok((file, edition)) => {
                let (parsed, outline) = Parsed::new(file, edition);
                let known = KnownText {
                    path: path.to_owned(),
                    name,
                    stamp,
                    hash,
                    outline: Arc::new(outline),
                };
                (Some(parsed), Ok(Arc::new(known)))
            }
            Err(problems) => (None, Err((name, problems))),
        };
        Self {
            known,
            source: Some(source),
            parsed,
            earlier: None,
        }
    }

    /// A text that has not changed.
    fn known(place: usize, known: &Arc<KnownText>, name: &str, stamp: Option<Stamp>) -> Self {
        let known = if known.name == name && known.stamp == stamp {
            Arc::clone(known)
        } else {
            Arc::new(KnownText {
                name: name.to_owned(),
                stamp,
                ..KnownText::clone(known)
            })
        };
        Self {
            known: Ok(known),
            source: None,
            parsed: None,
            earlier: Some(place),
        }
    }
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What a file with the name of a proto holds.
pub(super) enum OnDisk {
    Text(Result<Loaded, Problem>),
    /// A descriptor set.
    Set(Bytes),
}

/// Reads and parses the text of a proto, unless it has not changed; `name` is the path as the user knows it. A descriptor set
/// is known by its contents.
pub(super) fn load(path: &Path, name: &str, earlier: Option<&Earlier>) -> OnDisk {
    let since = moment();
    let stamp = fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata));
    let known = earlier.and_then(|earlier| earlier.text_at(path));
    if let Some((place, known)) = known
        && known.stamp.is_some()
        && known.stamp == stamp
    {
        return OnDisk::Text(Ok(Loaded::known(place, known, name, stamp)));
    }
    let source = match contents(path, name) {
        Ok(bytes) if is_set(&bytes) => return OnDisk::Set(bytes.into()),
        Ok(bytes) => as_text(name, bytes),
        Err(problem) => Err(problem),
    };
    let source = match source {
        Ok(source) => source,
        Err(problem) => return OnDisk::Text(Err(problem)),
    };
    let stamp = stamp.filter(|stamp| !stamp.is_fresh(since));
    let mut loaded = Loaded::new(path, source, stamp, known);
    if loaded.known.is_ok() {
        // Only a problem needs it again, and then it is read again: the texts of a large tree take more than all else.
        loaded.source = None;
    }
    OnDisk::Text(Ok(loaded))
}

/// Reads the text of a proto; `name` is the path as the user knows it.
pub(in crate::schema) fn read(path: &Path, name: &str) -> Result<SourceText, Problem> {
    as_text(name, contents(path, name)?)
}

fn contents(path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let failed = |error| Problem::in_file(name, format!("cannot be read: {error}"));
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Problem::in_file(name, "is not a regular file"));
    }
    expect_size(name, metadata.len())?;
    fs::read(path).map_err(failed)
}

fn as_text(name: &str, bytes: Vec<u8>) -> Result<SourceText, Problem> {
    let text = text_of(bytes);
    if let Some(odd) = has_any(text.as_bytes()).then(|| first_odd(&text)).flatten() {
        let before = bytes_of(&text.as_bytes()[..odd]).len();
        let message = format!("is not UTF-8 text: see byte {before}");
        return Err(Problem::in_file(name, message));
    }
    Ok(source_of(name, text))
}

/// Where the first byte is that is no UTF-8 and neither in a literal nor in a comment.
fn first_odd(text: &str) -> Option<usize> {
    let in_gap = |start: usize, end: usize| {
        let gap = &text[start..end];
        let comments = comments(gap);
        let mut odd = gap.char_indices().filter(|(_, letter)| is_stand_in(*letter));
        let found = odd.find(|(at, _)| !comments.iter().any(|comment| comment.contains(at)));
        found.map(|(at, _)| start + at)
    };
    let mut end = 0;
    for token in tokens(text) {
        let start = std::mem::replace(&mut end, token.span.end);
        if let Some(found) = in_gap(start, token.span.start) {
            return Some(found);
        }
    }
    in_gap(end, text.len())
}

/// The text of a proto that a program gave.
pub(super) fn given(name: &str, text: &str) -> Result<SourceText, Problem> {
    expect_size(name, text.len() as u64)?;
    Ok(source_of(name, text_of(text.into())))
}

fn expect_size(name: &str, bytes: u64) -> Result<(), Problem> {
    if bytes <= MAX_TEXT_BYTES {
        return Ok(());
    }
    let problem = Problem::in_file(name, format!("is too large for a proto: {bytes} bytes"));
    Err(problem.with_hint(format!("the limit is {MAX_TEXT_BYTES} bytes")))
}

/// Parses a text into a descriptor with the name of its source, and what that has no fields for. References to types are not
/// looked up yet.
pub(super) fn parse(
    source: &SourceText,
) -> Result<(FileDescriptorProto, Option<EditionParts>), Vec<Problem>> {
    let text = source.text();
    if let Some((at, message)) = first_too_deep(text) {
        return Err(vec![Problem::at(source, at..at + 1, message)]);
    }
    let mut lowered = lower(text).map_err(|fault| {
        let problem = Problem::at(source, fault.span, shown(fault.message.into()));
        vec![problem.with_hint_if(fault.hint)]
    })?;
    match protox::file::File::from_source(source.name(), &lowered.text) {
        Ok(file) => {
            let mut descriptor = file.into();
            restore(&lowered, source, &mut descriptor);
            put_in_reading_order(&mut descriptor);
            let edition = lowered.edition.take();
            let edition = edition.map(|edition| edition.restore(source, &mut descriptor));
            put_comments(lowered.comments, source, &mut descriptor);
            keep_empty_method_options(source, &mut descriptor);
            name_synthetic_oneofs(&mut descriptor);
            write_float_defaults(&mut descriptor);
            place_ends_of_single_numbers(source, &mut descriptor);
            widen_tabs(source, &mut descriptor);
            Ok((descriptor, edition))
        }
        Err(error) => {
            let problems = Problem::unfold(source, &error).into_iter();
            let problems = problems.map(|problem| problem.map_places(|span| lowered.written(span)));
            let problems = problems.map(|problem| place_at_end(source, reworded(problem)).map_message(shown));
            Err(problems.collect())
        }
    }
}

/// Adds empty options to the methods that are written with braces, as protoc does: `rpc A(B) returns (C) {}`, but not
/// `rpc A(B) returns (C);`. The parser does not distinguish the two.
fn keep_empty_method_options(source: &SourceText, descriptor: &mut FileDescriptorProto) {
    let FileDescriptorProto {
        service: services,
        source_code_info: Some(info),
        ..
    } = descriptor
    else {
        return;
    };
    for location in &info.location {
        let [6, service, 2, method] = *location.path else {
            continue;
        };
        let index = |number: i32| usize::try_from(number).expect("the parser counts from 0");
        let offsets = offsets(source.lines(), &location.span).expect("the parser has read the text");
        if source.text()[..offsets.end].ends_with('}') {
            services[index(service)].method[index(method)]
                .options
                .get_or_insert_default();
        }
    }
}

/// Gives the end of a range that is a single negative number the place of its sign, as protoc does.
fn place_ends_of_single_numbers(source: &SourceText, descriptor: &mut FileDescriptorProto) {
    let Some(info) = &mut descriptor.source_code_info else {
        return;
    };
    let mut start: Option<&Location> = None;
    for location in &mut info.location {
        if let (Some(start), [range @ .., 2]) = (start, &*location.path)
            && let [same @ .., 1] = &*start.path
            && same == range
            && start.span == location.span
            && let Some(place) = offsets(source.lines(), &location.span)
            && source.text()[place.start..].starts_with('-')
        {
            location.span = span(source.lines(), &(place.start..place.start + 1));
        }
        start = Some(location);
    }
}

/// Gives the places of a file the columns that protoc counts.
fn widen_tabs(source: &SourceText, descriptor: &mut FileDescriptorProto) {
    let tabs = Tabs::of(source.text());
    let info = descriptor.source_code_info.as_mut().filter(|_| !tabs.is_empty());
    for location in info.into_iter().flat_map(|info| &mut info.location) {
        tabs.widen(source.lines(), &mut location.span);
    }
}

/// Places a problem without a place at the end of the text: the parser reports a text that ends too early like that.
fn place_at_end(source: &SourceText, problem: Problem) -> Problem {
    if problem.position().is_some() {
        return problem;
    }
    let end = source.text().trim_end().len();
    Problem::at(source, end..end, problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_end_is_placed_at_the_end_of_the_text() {
        let source = SourceText::new("a.proto", "syntax = \"proto3\";\nmessage A {\n");
        let problems = parse(&source).unwrap_err();
        assert_eq!(problems[0].position(), Some((2, 12)), "{problems:?}");
    }

    #[test]
    fn nesting_that_would_overflow_the_parser_is_refused() {
        let text = format!("option (a) = {}", "{a".repeat(500_000));
        let problems = parse(&SourceText::new("deep.proto", text)).unwrap_err();
        assert!(problems[0].located().starts_with("deep.proto:1:"), "{problems:?}");
    }
}
