//! Comments that the parser does not keep as protoc does: blank lines and carriage returns in one, one between two elements
//! on a line, and those in the braces of a method.

use std::collections::HashMap;
use std::ops::Range;

use prost_types::FileDescriptorProto;

use super::tokens::{TokenKind, tokens};
use crate::error::SourceText;
use crate::schema::places::offsets;

/// Stands in a blank line of a comment for the parser.
const BLANK_LINE: &str = "protod_blank_line";

/// Stands for a carriage return at the end of a line of a comment.
const RETURN: &str = "protod_return";

/// What of comments the parser does not keep, in what is between two tokens, and what it keeps in its place.
pub(super) fn odd_lines(gap: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut odd = Vec::new();
    for comment in comments(gap) {
        let mut start = comment.start;
        // The first and the last line have the signs of the comment.
        for (index, line) in gap[comment.clone()].split('\n').enumerate() {
            let end = start + line.len();
            if index > 0 && end < comment.end && line.trim().is_empty() {
                odd.push((start..end, BLANK_LINE));
            } else if line.ends_with('\r') {
                odd.push((end - 1..end, RETURN));
            }
            start = end + 1;
        }
    }
    odd
}

/// The comments in what is between two tokens, with their signs.
fn comments(gap: &str) -> Vec<Range<usize>> {
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(found) = gap[at..].find(['/', '#']) {
        let start = at + found;
        at = match gap[start..].strip_prefix("/*") {
            Some(rest) => rest.find("*/").map(|end| end + 4),
            None => gap[start..].find('\n'),
        }
        .map_or(gap.len(), |end| start + end);
        comments.push(start..at);
    }
    comments
}

/// Mends the comments of a file that was parsed, whose places are those of `source`.
pub(super) fn restore_comments(source: &SourceText, file: &mut FileDescriptorProto) {
    let Some(info) = &mut file.source_code_info else {
        return;
    };
    let text = source.text();
    let has_methods = !file.service.is_empty() && text.contains("//");
    if !has_methods && !text.contains("/*") && !text.contains('\r') {
        return;
    }
    for location in &mut info.location {
        let comments = location.leading_comments.iter_mut();
        let comments = comments.chain(&mut location.trailing_comments);
        for comment in comments.chain(&mut location.leading_detached_comments) {
            for (stands_for, written) in [(BLANK_LINE, ""), (RETURN, "\r")] {
                if comment.contains(stands_for) {
                    *comment = comment.replace(stands_for, written);
                }
            }
        }
    }
    let gaps = odd_gaps(text);
    if gaps.is_empty() {
        return;
    }
    let mut elements = HashMap::new();
    for (index, location) in info.location.iter().enumerate() {
        let Some(span) = offsets(source.lines(), &location.span) else {
            continue;
        };
        if location.path.is_empty() {
            continue;
        }
        let rank = (span.end, location.path.len(), is_message(&location.path));
        let known = elements.entry(span.start).or_insert((rank, index));
        *known = (*known).max((rank, index));
    }
    let element = |start: usize| elements.get(&start).map(|(_, index)| *index);
    for gap in gaps {
        if let Some(before) = element(gap.before) {
            info.location[before].trailing_comments = gap.comments.trailing;
        }
        if let Some(after) = element(gap.after) {
            info.location[after].leading_comments = gap.comments.leading;
            info.location[after].leading_detached_comments = gap.comments.detached;
        }
    }
}

/// Whether a path is that of a message. A group is a field and a message, and the comments are those of the message.
fn is_message(path: &[i32]) -> bool {
    matches!(path, [4, _] | [.., 3, _])
}

/// What is between two elements, of which the first ends on the line where a block comment begins, with more behind it, or is a
/// method: to that the parser gives what is behind its braces, and protoc what is in them.
#[derive(Debug, PartialEq)]
struct Gap {
    /// Where the element in front begins.
    before: usize,
    /// Where the one behind begins.
    after: usize,
    comments: Comments,
}

/// The comments between two elements.
#[derive(Debug, Default, PartialEq)]
struct Comments {
    /// Of the element in front.
    trailing: Option<String>,
    /// Of none.
    detached: Vec<String>,
    /// Of the element behind.
    leading: Option<String>,
}

fn odd_gaps(text: &str) -> Vec<Gap> {
    let mut found = Vec::new();
    let mut statement = None;
    let mut end = None;
    for token in tokens(text) {
        let gap = end.map(|end: usize| &text[end..token.span.start]);
        let is_method = |first: &Range<usize>| &text[first.clone()] == "rpc";
        let is_method = statement.as_ref().is_some_and(is_method);
        let gap = gap.filter(|gap| is_method || is_odd(gap));
        if let (Some(gap), Some(before)) = (gap, statement.as_ref()) {
            let ends_scope = matches!(token.kind, TokenKind::Sign(b'}' | b']' | b')'));
            found.push(Gap {
                before: before.start,
                after: token.span.start,
                comments: Comments::of(gap, ends_scope),
            });
        }
        if end.is_some() || statement.is_none() {
            statement = Some(token.span.clone());
        }
        let ends = matches!(token.kind, TokenKind::Sign(b';' | b'{' | b'}'));
        end = ends.then_some(token.span.end);
    }
    found
}

const BLANKS: [char; 5] = [' ', '\t', '\r', '\x0b', '\x0c'];

/// Whether a gap begins with a block comment, behind which there is more on its line.
fn is_odd(gap: &str) -> bool {
    let comment = gap.trim_start_matches(BLANKS).strip_prefix("/*");
    let behind = comment.and_then(|rest| rest.split_once("*/"));
    behind.is_some_and(|(_, behind)| !behind.trim_start_matches(BLANKS).starts_with('\n'))
}

impl Comments {
    /// The comments of a gap, as protoc deals them out. What stands on the line of the element in front is its own, unless
    /// something begins behind it on that line too; what touches the element behind is that one's.
    fn of(gap: &str, ends_scope: bool) -> Self {
        let mut comments = Self::default();
        let mut count = 0;
        let mut may_be_trailing = true;
        // The last one, and whether it is of lines.
        let mut last: Option<(String, bool)> = None;
        let mut flush =
            |comments: &mut Self, last: &mut Option<(String, bool)>, may_be_trailing: &mut bool| {
                if let Some((comment, _)) = last.take() {
                    if std::mem::take(may_be_trailing) {
                        comments.trailing = Some(comment);
                    } else {
                        comments.detached.push(comment);
                    }
                    count += 1;
                }
            };
        let mut rest = gap.trim_start_matches(BLANKS);
        let mut is_first = true;
        loop {
            if let Some(block) = rest.strip_prefix("/*") {
                flush(&mut comments, &mut last, &mut may_be_trailing);
                let (contents, behind) = block.split_once("*/").unwrap_or((block, ""));
                last = Some((contents_of(contents), false));
                rest = behind.trim_start_matches(BLANKS);
                if is_first {
                    flush(&mut comments, &mut last, &mut may_be_trailing);
                } else {
                    rest = rest.strip_prefix('\n').unwrap_or(rest);
                }
            } else if let Some(line) = rest.strip_prefix("//").or_else(|| rest.strip_prefix('#')) {
                let (contents, behind) = line.split_once('\n').unwrap_or((line, ""));
                if last.as_ref().is_some_and(|(_, is_of_lines)| !is_of_lines) {
                    flush(&mut comments, &mut last, &mut may_be_trailing);
                }
                let (said, _) = last.get_or_insert_with(|| (String::new(), true));
                *said = format!("{said}{contents}\n");
                rest = behind;
                if is_first {
                    flush(&mut comments, &mut last, &mut may_be_trailing);
                }
            } else if let Some(behind) = rest.strip_prefix('\n') {
                if !is_first {
                    flush(&mut comments, &mut last, &mut may_be_trailing);
                    may_be_trailing = false;
                }
                rest = behind;
            } else {
                break;
            }
            rest = rest.trim_start_matches(BLANKS);
            is_first = false;
        }
        if ends_scope {
            flush(&mut comments, &mut last, &mut may_be_trailing);
        }
        let is_alone = count == 1 && last.is_none();
        let is_on_one_line = is_odd(gap);
        if is_alone && is_on_one_line {
            let trailing = comments.trailing.take();
            comments.detached.splice(0..0, trailing);
        }
        comments.leading = last.map(|(comment, _)| comment);
        comments
    }
}

/// What a block comment says: its lines without the blanks and the asterisk in front.
fn contents_of(comment: &str) -> String {
    let mut lines = comment.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |said, line| {
        let line = line.trim_start();
        format!("{said}\n{}", line.strip_prefix('*').unwrap_or(line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_lines_of_comments_are_found_and_no_others() {
        let gap = " // /* \n\n /* a\n\n  b\r\n \t\n*/ \n\n # /*\n\n";
        let found: Vec<&str> = odd_lines(gap).into_iter().map(|(line, _)| &gap[line]).collect();
        assert_eq!(found, ["", "\r", " \t"]);
    }

    #[test]
    fn comments_on_one_line_are_dealt_out() {
        let dealt = |gap: &str, ends_scope: bool| {
            let Comments {
                trailing,
                detached,
                leading,
            } = Comments::of(gap, ends_scope);
            (trailing, detached.join("|"), leading)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(dealt(" /*1*/ ", false), (None, "1".to_owned(), None));
        assert_eq!(dealt(" /*1*/ ", true), (None, "1".to_owned(), None));
        assert_eq!(
            dealt(" /*1*/ /*2*/ ", false),
            (some("1"), String::new(), some("2"))
        );
        assert_eq!(
            dealt(" /*1*/ //2\n", false),
            (some("1"), String::new(), some("2\n"))
        );
        assert_eq!(
            dealt(" /*1*/ //2\n\n/*3*/\n//4\n//5\n", false),
            (some("1"), "2\n|3".to_owned(), some("4\n5\n"))
        );
    }

    #[test]
    fn gaps_are_between_the_beginnings_of_two_elements() {
        let text = "int32 a; /*1*/ b; /*2*/\nc { /*3*/ }";
        let at = |word: &str| text.find(word).unwrap();
        let gaps: Vec<(usize, usize)> = odd_gaps(text).iter().map(|gap| (gap.before, gap.after)).collect();
        assert_eq!(gaps, [(at("int32"), at("b;")), (at("c {"), at("}"))]);
    }
}
