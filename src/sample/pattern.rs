//! Text that matches a regular expression.
//!
//! The expression is read by the regex crate's own parser and walked once, choosing at every branch; what it
//! chooses is printable ASCII wherever the expression allows it. A word boundary in the middle of an expression is
//! taken to hold, which is the one case where the text may not match.

use std::ops::RangeInclusive;

use regex_syntax::Parser;
use regex_syntax::hir::{Class, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::seed::Chance;

/// How many parts of an expression are walked before the text is cut: nested repetitions multiply.
const ENOUGH: usize = 64 * 1024;

/// A regular expression to make up text from.
#[derive(Debug)]
pub(super) struct Pattern(Hir);

impl Pattern {
    /// Nothing where the expression cannot be read.
    pub(super) fn read(expression: &str) -> Option<Self> {
        Parser::new().parse(expression).ok().map(Self)
    }

    /// Whether the text may have anything around what matches.
    pub(super) fn is_free(&self) -> bool {
        self.0.properties().look_set().is_empty()
    }

    /// Text that matches; each repetition has that many rounds more than it needs, if it may.
    pub(super) fn text(&self, extra: RangeInclusive<usize>, chance: &mut Chance) -> String {
        let mut writer = Writer {
            text: Vec::new(),
            extra,
            left: ENOUGH,
        };
        writer.write(&self.0, chance);
        String::from_utf8_lossy(&writer.text).into_owned()
    }
}

#[derive(Debug)]
struct Writer {
    text: Vec<u8>,
    extra: RangeInclusive<usize>,
    left: usize,
}

impl Writer {
    fn write(&mut self, hir: &Hir, chance: &mut Chance) {
        self.left = self.left.saturating_sub(1);
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.extend_from_slice(&literal.0),
            HirKind::Class(Class::Unicode(class)) => {
                let mut buffer = [0; 4];
                self.text
                    .extend_from_slice(letter(class, chance).encode_utf8(&mut buffer).as_bytes());
            }
            HirKind::Class(Class::Bytes(class)) => {
                self.text
                    .extend(chance.pick(class.ranges()).map(ClassBytesRange::start));
            }
            HirKind::Capture(capture) => self.write(&capture.sub, chance),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part, chance)),
            HirKind::Alternation(branches) => {
                if let Some(branch) = chance.pick(branches) {
                    self.write(branch, chance);
                }
            }
            HirKind::Repetition(repetition) => {
                let least = repetition.min as usize;
                let most = repetition.max.map_or(usize::MAX, |most| most as usize);
                let rounds = |extra: &usize| least.saturating_add(*extra).min(most);
                for _ in 0..chance.count(rounds(self.extra.start()), rounds(self.extra.end())) {
                    if self.left == 0 {
                        break;
                    }
                    self.write(&repetition.sub, chance);
                }
            }
        }
    }
}

/// A letter or digit of the class, or else something printable, or else anything.
fn letter(class: &ClassUnicode, chance: &mut Chance) -> char {
    let alphanumeric = [('0', '9'), ('A', 'Z'), ('a', 'z')];
    for preferred in [&alphanumeric[..], &[(' ', '~')]] {
        let mut narrow = ClassUnicode::new(preferred.iter().map(|(a, b)| ClassUnicodeRange::new(*a, *b)));
        narrow.intersect(class);
        if let Some(letter) = pick(&narrow, chance) {
            return letter;
        }
    }
    pick(class, chance).unwrap_or('?')
}

fn pick(class: &ClassUnicode, chance: &mut Chance) -> Option<char> {
    let range = chance.pick(class.ranges())?;
    let code = chance.between(u32::from(range.start()).into(), u32::from(range.end()).into());
    // A range may span the surrogates, which are no letters.
    Some(
        u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or(range.start()),
    )
}
