//! The comments of a text, dealt out to its statements as protoc does.
//!
//! protoc reads comments behind the sign that ends a statement or opens a block, and nowhere else: what is between them and the
//! next word belongs to the statement in front, to the next one, or to none. The parser deals them out in another way where
//! they are on one line, behind empty statements, in braces of methods and in values. So what it found is not used.

use std::ops::Range;

use prost_types::FileDescriptorProto;

use crate::error::SourceText;
use crate::schema::places::offsets;

/// The comments of a statement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comments {
    leading: Option<String>,
    trailing: Option<String>,
    /// In front of it, and not its own.
    detached: Vec<String>,
}

/// A statement that has comments.
#[derive(Debug)]
pub(super) struct Commented {
    /// Where it begins.
    start: usize,
    comments: Comments,
}

/// Reads the comments of a text while its statements are read.
#[derive(Debug)]
pub(super) struct CommentReader {
    /// What has just ended. Comments are only read behind it.
    after: Option<After>,
    /// Of the statement that comes next.
    leading: Option<String>,
    detached: Vec<String>,
    found: Vec<Commented>,
}

/// What comments stand behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The beginning of the text.
    Nothing,
    /// A statement, by where it begins, or its opening brace.
    Statement(usize),
    EmptyStatement,
    /// A closing brace.
    Block,
}

/// What comments stand in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Token,
    /// One that closes something.
    Closing,
    /// The end of the text.
    End,
}

impl CommentReader {
    pub(super) fn new() -> Self {
        Self {
            after: Some(After::Nothing),
            leading: None,
            detached: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Notes what has ended with the token in front of the next gap.
    pub(super) fn behind(&mut self, after: After) {
        self.after = Some(after);
    }

    /// Reads what is in front of a token.
    pub(super) fn read(&mut self, gap: &str, next: Next) {
        let Some(after) = self.after.take() else {
            return;
        };
        let gap = Gap::read(gap, after == After::Nothing, next);
        let leading = std::mem::replace(&mut self.leading, kept(gap.leading));
        match after {
            After::Statement(start) => {
                let comments = Comments {
                    leading,
                    trailing: kept(gap.trailing),
                    detached: std::mem::replace(&mut self.detached, gap.detached),
                };
                if comments != Comments::default() {
                    self.found.push(Commented { start, comments });
                }
            }
            After::EmptyStatement => self.detached.extend(gap.detached),
            After::Nothing | After::Block => self.detached = gap.detached,
        }
    }

    /// The statements that have comments, in the order of the text.
    pub(super) fn found(self) -> Vec<Commented> {
        self.found
    }
}

/// Gives the elements of a file the comments of their statements, and no others. Their places are those of `source`.
pub(super) fn put_comments(commented: Vec<Commented>, source: &SourceText, file: &mut FileDescriptorProto) {
    let Some(info) = &mut file.source_code_info else {
        return;
    };
    let starts = commented.iter().map(|statement| {
        let (line, line_start) = source.lines().of(statement.start);
        (line, statement.start - line_start)
    });
    let starts: Vec<(usize, usize)> = starts.collect();
    // The places of the statements, by their indices.
    let mut places: Vec<Option<(Rank, usize)>> = vec![None; commented.len()];
    for (index, location) in info.location.iter_mut().enumerate() {
        location.leading_comments = None;
        location.trailing_comments = None;
        location.leading_detached_comments.clear();
        let [line, column, ..] = *location.span else {
            continue;
        };
        let start = (line.unsigned_abs() as usize, column.unsigned_abs() as usize);
        if let Ok(statement) = starts.binary_search(&start)
            && let Some(span) = offsets(source.lines(), &location.span)
            && !location.path.is_empty()
        {
            let place = Some((Rank::of(&location.path, &span), index));
            places[statement] = places[statement].max(place);
        }
    }
    for (Commented { comments, .. }, place) in commented.into_iter().zip(places) {
        if let Some((_, index)) = place {
            let location = &mut info.location[index];
            location.leading_comments = comments.leading;
            location.trailing_comments = comments.trailing;
            location.leading_detached_comments = comments.detached;
        }
    }
}

/// Of the places that begin with a statement, the greatest is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    end: usize,
    depth: usize,
    /// A group is a field and a message, and the comments are those of the message.
    is_message: bool,
}

impl Rank {
    fn of(path: &[i32], span: &Range<usize>) -> Self {
        Self {
            end: span.end,
            depth: path.len(),
            is_message: matches!(path, [4, _] | [.., 3, _]),
        }
    }
}

/// The comments between two tokens.
#[derive(Debug, Default)]
struct Gap {
    /// Of the statement in front.
    trailing: Option<String>,
    /// Of none.
    detached: Vec<String>,
    /// Of the one behind.
    leading: Option<String>,
}

const BLANKS: [char; 5] = [' ', '\t', '\r', '\x0b', '\x0c'];

impl Gap {
    /// What stands on the line of the statement in front is its own, unless it is one comment and something follows it on its
    /// line. So is what stands alone below that, before a blank line. What touches the statement behind is that one's.
    fn read(gap: &str, is_beginning: bool, next: Next) -> Self {
        let mut found = Pending::default();
        if !gap.contains(['/', '#']) {
            return found.gap;
        }
        found.is_detached = is_beginning;
        let mut rest = gap.trim_start_matches('\u{feff}').trim_start_matches(BLANKS);
        let mut is_first = !is_beginning;
        let mut is_on_one_line = false;
        loop {
            if let Some(block) = rest.strip_prefix("/*") {
                found.flush();
                let (contents, behind) = block.split_once("*/").unwrap_or((block, ""));
                found.comment = Some((contents_of(contents), CommentKind::Block));
                rest = behind.trim_start_matches(BLANKS);
                if is_first {
                    found.flush();
                    is_on_one_line = !rest.starts_with('\n') && next != Next::End;
                } else {
                    rest = rest.strip_prefix('\n').unwrap_or(rest);
                }
            } else if let Some(line) = rest.strip_prefix("//").or_else(|| rest.strip_prefix('#')) {
                let end = line.find('\n').map_or(line.len(), |end| end + 1);
                let (contents, behind) = line.split_at(end);
                found.line(contents);
                rest = behind;
                if is_first {
                    found.flush();
                }
            } else if let Some(behind) = rest.strip_prefix('\n') {
                if !is_first {
                    found.flush();
                    found.is_detached = true;
                }
                rest = behind;
            } else {
                break;
            }
            rest = rest.trim_start_matches(BLANKS);
            is_first = false;
        }
        if next != Next::Token {
            found.flush();
        }
        if is_on_one_line && found.count == 1 && found.comment.is_none() {
            let trailing = found.gap.trailing.take();
            found.gap.detached.splice(0..0, trailing);
        }
        found.gap.leading = found.comment.map(|(comment, _)| comment);
        found.gap
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CommentKind {
    Lines,
    Block,
}

/// A gap while it is read.
#[derive(Debug, Default)]
struct Pending {
    gap: Gap,
    /// The last comment, of which it is not known yet whose it is.
    comment: Option<(String, CommentKind)>,
    /// How many there were before it.
    count: usize,
    /// Whether no more comments can be those of the statement in front.
    is_detached: bool,
}

impl Pending {
    /// Adds a line to the last comment, or begins one.
    fn line(&mut self, contents: &str) {
        if let Some((comment, CommentKind::Lines)) = &mut self.comment {
            comment.push_str(contents);
            return;
        }
        self.flush();
        self.comment = Some((contents.to_owned(), CommentKind::Lines));
    }

    /// Ends the last comment, which is not that of the statement behind.
    fn flush(&mut self) {
        let Some((comment, _)) = self.comment.take() else {
            return;
        };
        if std::mem::replace(&mut self.is_detached, true) {
            self.gap.detached.push(comment);
        } else {
            self.gap.trailing = Some(comment);
        }
        self.count += 1;
    }
}

/// What a block comment says: its lines without the blanks and the asterisk in front.
fn contents_of(comment: &str) -> String {
    let mut lines = comment.split('\n');
    let mut said = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let line = line.trim_start_matches(BLANKS);
        said.push('\n');
        said.push_str(line.strip_prefix('*').unwrap_or(line));
    }
    said
}

/// A comment of a statement, if it says something. Those that are detached need not.
fn kept(comment: Option<String>) -> Option<String> {
    comment.filter(|comment| !comment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The comment of the statement in front, those of none, and that of the statement behind.
    fn dealt(gap: &str, next: Next) -> [String; 3] {
        let gap = Gap::read(gap, false, next);
        let said = |comment: Option<String>| comment.unwrap_or_else(|| "-".to_owned());
        [said(gap.trailing), gap.detached.join("|"), said(gap.leading)]
    }

    #[test]
    fn comments_on_one_line_are_dealt_out() {
        assert_eq!(dealt(" /*1*/ ", Next::Token), ["-", "1", "-"]);
        assert_eq!(dealt(" /*1*/ ", Next::Closing), ["-", "1", "-"]);
        assert_eq!(dealt(" /*1*/ ", Next::End), ["1", "", "-"]);
        assert_eq!(dealt(" /*1*/ /*2*/ ", Next::Token), ["1", "", "2"]);
        assert_eq!(dealt(" /*1*/ //2\n", Next::Token), ["1", "", "2\n"]);
        let many = " /*1*/ //2\n\n/*3*/\n//4\n//5\n";
        assert_eq!(dealt(many, Next::Token), ["1", "2\n|3", "4\n5\n"]);
    }

    #[test]
    fn comments_on_lines_of_their_own_are_dealt_out() {
        assert_eq!(dealt("\n//1\n", Next::Token), ["-", "", "1\n"]);
        assert_eq!(dealt("\n//1\n", Next::Closing), ["1\n", "", "-"]);
        assert_eq!(dealt(" //1\n//2\n\n//3", Next::End), ["1\n", "2\n|3", "-"]);
        let block = "\n\n/*1\r\n *2\n\n  3 */\n";
        assert_eq!(dealt(block, Next::Token), ["-", "", "1\r\n2\n\n3 "]);
    }
}
