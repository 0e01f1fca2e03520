//! What the classes of a pattern cost to compile.
//!
//! With the flag `i`, the regex crate looks up the other cases of each character of a class, one by one: `(?i)[\pL]` is short,
//! and goes over a hundred thousand characters. So a pattern of a client is read before it is compiled, and its classes are
//! counted. The count errs on the side of more: a flag `i` anywhere counts for the whole pattern.

use std::convert::Infallible;

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{self, Ast, ClassSetItem, Flag, Flags, GroupKind, Visitor};

/// What a class costs whose case counts: its ranges are put in order.
const UNITS_PER_CLASS: u64 = 500;

/// How many characters are looked up for one unit, where case does not count.
const CHARACTERS_PER_UNIT: u64 = 4;

/// The characters of `\w`, the largest of the classes of Perl, rounded up.
const PERL: u64 = 150_000;

/// All characters. A class of Unicode may have that many, and so may one that is negated.
const ALL: u64 = 0x11_0000;

/// In units. A pattern that cannot be read costs nothing: it is not compiled either.
pub(super) fn of_classes(source: &str) -> u64 {
    let Ok(pattern) = Parser::new().parse(source) else {
        return 0;
    };
    let classes = Classes {
        count: 0,
        characters: 0,
        without_case: false,
    };
    match ast::visit(&pattern, classes) {
        Ok(units) => units,
        Err(never) => match never {},
    }
}

struct Classes {
    count: u64,
    characters: u64,
    without_case: bool,
}

impl Classes {
    fn add(&mut self, characters: u64, negated: bool) {
        self.count += 1;
        self.characters += if negated { ALL } else { characters };
    }

    fn flags(&mut self, flags: &Flags) {
        self.without_case |= flags.flag_state(Flag::CaseInsensitive) == Some(true);
    }
}

impl Visitor for Classes {
    type Output = u64;
    type Err = Infallible;

    fn finish(self) -> Result<u64, Infallible> {
        let looked_up = if self.without_case {
            self.characters / CHARACTERS_PER_UNIT
        } else {
            0
        };
        Ok(self.count * UNITS_PER_CLASS + looked_up)
    }

    fn visit_pre(&mut self, part: &Ast) -> Result<(), Infallible> {
        match part {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
            }
            // Outside brackets, a class is negated after its characters were looked up.
            Ast::ClassPerl(_) => self.add(PERL, false),
            Ast::ClassUnicode(_) => self.add(ALL, false),
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        match item {
            ClassSetItem::Range(range) => {
                let characters = u64::from(u32::from(range.end.c)) + 1 - u64::from(u32::from(range.start.c));
                self.add(characters, false);
            }
            ClassSetItem::Perl(class) => self.add(PERL, class.negated),
            ClassSetItem::Unicode(class) => self.add(ALL, class.negated),
            ClassSetItem::Bracketed(class) => self.add(0, class.negated),
            _ => {}
        }
        Ok(())
    }
}
