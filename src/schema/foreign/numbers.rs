//! [`Numbers`]: the numbers that the fields of a message or the values of an enum have, and which is free for another.

use std::ops::RangeInclusive;

use super::piece::Piece;
use crate::schema::descriptor::MAX_FIELD_NUMBER;
use crate::schema::source::TokenKind;

/// Numbers of fields that protobuf keeps for itself.
const OWN: RangeInclusive<i64> = 19_000..=19_999;

/// The numbers in a pair of braces.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    is_enum: bool,
    greatest: Option<i64>,
    /// Those that are used, reserved, or left to extensions.
    taken: Vec<RangeInclusive<i64>>,
}

impl Numbers {
    pub(super) fn new(is_enum: bool) -> Self {
        let taken = if is_enum { Vec::new() } else { vec![OWN] };
        Self {
            is_enum,
            taken,
            ..Self::default()
        }
    }

    /// Notes those of a statement.
    pub(super) fn add(&mut self, pieces: &[Piece<'_>]) {
        if pieces
            .first()
            .is_some_and(|first| matches!(first.text, "reserved" | "extensions"))
        {
            self.add_ranges(&pieces[1..]);
        } else if let Some(number) = number_of(pieces) {
            self.greatest = self.greatest.max(Some(number));
            self.taken.push(number..=number);
        }
    }

    /// Notes `1, 3 to 5, 7 to max`.
    fn add_ranges(&mut self, pieces: &[Piece<'_>]) {
        // Options stand in brackets behind the ranges.
        let pieces = pieces.split(|piece| piece.is("[")).next().unwrap_or_default();
        for range in pieces.split(|piece| piece.is(",")) {
            let number = |piece: &Piece<'_>| match piece.text {
                "max" => Some(self.last()),
                text => text.parse::<i64>().ok(),
            };
            let mut numbers = range.iter().filter_map(number);
            if let Some(first) = numbers.next() {
                self.taken.push(first..=numbers.next().unwrap_or(first));
            }
        }
    }

    /// The greatest number that there is.
    fn last(&self) -> i64 {
        if self.is_enum {
            i32::MAX.into()
        } else {
            MAX_FIELD_NUMBER.into()
        }
    }

    /// The numbers that are free: first those behind the greatest that is used, then those before it.
    pub(super) fn free(&self) -> impl Iterator<Item = i64> {
        let first = i64::from(!self.is_enum);
        let behind = self.greatest.map_or(first, |greatest| greatest + 1);
        let gaps = self.gaps(first);
        let later = gaps.clone().into_iter();
        let later = later.flat_map(move |gap| behind.max(*gap.start())..=*gap.end());
        let earlier = gaps.into_iter();
        later.chain(earlier.flat_map(move |gap| *gap.start()..=(*gap.end()).min(behind - 1)))
    }

    /// What is between those that are taken, from `first` on.
    fn gaps(&self, first: i64) -> Vec<RangeInclusive<i64>> {
        let last = self.last();
        let mut taken = self.taken.clone();
        taken.sort_by_key(|range| *range.start());
        let mut gaps = Vec::new();
        let mut next = first;
        for range in taken.iter().filter(|range| *range.start() <= last) {
            if next < *range.start() {
                gaps.push(next..=*range.start() - 1);
            }
            next = next.max(range.end().saturating_add(1));
        }
        if next <= last {
            gaps.push(next..=last);
        }
        gaps
    }
}

/// The number of a field or of a value, or of a field of Thrift.
fn number_of(pieces: &[Piece<'_>]) -> Option<i64> {
    let mut pairs = pieces.windows(2);
    let number = pairs.find_map(|pair| match pair {
        [equals, number] if equals.is("=") && number.kind == TokenKind::Number => Some(number.text),
        [number, colon] if colon.is(":") && number.kind == TokenKind::Number => Some(number.text),
        _ => None,
    });
    let greatest = i64::from(i32::MAX);
    number?.parse().ok().filter(|number| *number <= greatest)
}

#[cfg(test)]
mod tests {
    use super::super::walk::statement_at;

    /// The first two numbers that are free where `?` stands in a text.
    fn free(text: &str) -> Vec<i64> {
        let at = text.find('?').expect("a place");
        let statement = statement_at(text, at, false).expect("a statement");
        statement.numbers.free().take(2).collect()
    }

    #[test]
    fn a_number_is_free_that_is_valid_and_nothing_has() {
        let cases: [(&str, &[i64]); 16] = [
            ("message M { int32 a ?; }", &[1, 2]),
            ("message M { int32 b = 7; int32 a ?; int32 c = 9; }", &[10, 11]),
            ("message M { int32 b = 536870911; int32 a ?; }", &[1, 2]),
            (
                "message M { int32 b = 536870912; int32 c = 1; int32 a ?; }",
                &[2, 3],
            ),
            ("message M { int32 b = 18999; int32 a ?; }", &[20000, 20001]),
            ("message M { reserved 1 to 3, 5; int32 a ?; }", &[4, 6]),
            ("message M { reserved 1 to max; int32 a ?; }", &[]),
            (
                "message M { int32 b = 2; extensions 3 to max [verification = UNVERIFIED]; int32 a ?; }",
                &[1],
            ),
            ("message M { int32 a ?; reserved 1; reserved \"b\"; }", &[2, 3]),
            (
                "message M { int32 b = 1; oneof o { int32 a ?; int32 c = 2; } int32 d = 3; }",
                &[4, 5],
            ),
            (
                "message M { oneof o { int32 b = 1; } oneof p { int32 c = 2; } int32 a ?; }",
                &[3, 4],
            ),
            (
                "message M { int32 b = 1; message N { int32 a ?; int32 c = 1; } int32 d = 5; }",
                &[2, 3],
            ),
            ("enum E { A ?; }", &[0, 1]),
            ("enum E { B = 2147483647; A ?; }", &[0, 1]),
            ("enum E { B = 0; reserved 1, 3 to max; A ?; }", &[2]),
            ("enum E { B = -5; A ?; }", &[0, 1]),
        ];
        for (text, expected) in cases {
            assert_eq!(free(text), expected, "{text}");
        }
    }
}
