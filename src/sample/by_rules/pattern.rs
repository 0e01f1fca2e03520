//! Text that matches a regular expression.
//!
//! The expression is parsed by the regex crate's own parser and walked once, with a random choice at every branch. The
//! choices are printable ASCII if the expression allows it. A word boundary in the middle of an expression is assumed to
//! hold, which is the only case where the text may not match.

use std::ops::RangeInclusive;

use regex_syntax::Parser;
use regex_syntax::hir::{Class, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use crate::sample::seed::Random;

/// How many parts of an expression are walked before the text is cut off: nested repetitions multiply.
const MAX_STEPS: usize = 64 * 1024;

/// A regular expression to make up text from.
#[derive(Debug)]
pub(super) struct Pattern(Hir);

impl Pattern {
    /// `None` if the expression cannot be parsed.
    pub(super) fn read(expression: &str) -> Option<Self> {
        Parser::new().parse(expression).ok().map(Self)
    }

    /// Whether there may be other text around the match.
    pub(super) fn is_unanchored(&self) -> bool {
        self.0.properties().look_set().is_empty()
    }

    /// Text that matches. Each repetition has `extra` rounds more than its minimum, if its maximum allows it.
    pub(super) fn text(&self, extra: RangeInclusive<usize>, random: &mut Random) -> String {
        let mut writer = Writer {
            text: Vec::new(),
            extra,
            left: MAX_STEPS,
        };
        writer.write(&self.0, random);
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
    fn write(&mut self, hir: &Hir, random: &mut Random) {
        self.left = self.left.saturating_sub(1);
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.extend_from_slice(&literal.0),
            HirKind::Class(Class::Unicode(class)) => {
                let mut buffer = [0; 4];
                self.text
                    .extend_from_slice(letter(class, random).encode_utf8(&mut buffer).as_bytes());
            }
            HirKind::Class(Class::Bytes(class)) => {
                self.text
                    .extend(random.pick(class.ranges()).map(ClassBytesRange::start));
            }
            HirKind::Capture(capture) => self.write(&capture.sub, random),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part, random)),
            HirKind::Alternation(branches) => {
                if let Some(branch) = random.pick(branches) {
                    self.write(branch, random);
                }
            }
            HirKind::Repetition(repetition) => {
                let least = repetition.min as usize;
                let most = repetition.max.map_or(usize::MAX, |most| most as usize);
                let rounds = |extra: &usize| least.saturating_add(*extra).min(most);
                for _ in 0..random.count(rounds(self.extra.start()), rounds(self.extra.end())) {
                    if self.left == 0 {
                        break;
                    }
                    self.write(&repetition.sub, random);
                }
            }
        }
    }
}

/// A letter or digit of the class, or else another printable character, or else any.
fn letter(class: &ClassUnicode, random: &mut Random) -> char {
    let alphanumeric = [('0', '9'), ('A', 'Z'), ('a', 'z')];
    for preferred in [&alphanumeric[..], &[(' ', '~')]] {
        let mut narrow = ClassUnicode::new(preferred.iter().map(|(a, b)| ClassUnicodeRange::new(*a, *b)));
        narrow.intersect(class);
        if let Some(letter) = pick(&narrow, random) {
            return letter;
        }
    }
    pick(class, random).unwrap_or('?')
}

fn pick(class: &ClassUnicode, random: &mut Random) -> Option<char> {
    let range = random.pick(class.ranges())?;
    let code = random.between(u32::from(range.start()).into(), u32::from(range.end()).into());
    // A range may include surrogates, which are not characters.
    Some(
        u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or(range.start()),
    )
}
