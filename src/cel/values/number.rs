//! Numbers of one type as another.

/// The integer that a float equals, if there is one.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
pub(crate) fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() < 1e30).then_some(number as i128)
}
