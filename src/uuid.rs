//! UUIDs as text, from random bits that the caller has.
//!
//! Expressions draw the bits from the generator of their call, and samples from the seed of their field.

/// The UUID of version 4 (RFC 9562) with these bits; six of them say the version and the variant instead.
pub(crate) fn version_4(bits: u128) -> String {
    let bits = bits & !(0xf << 76) | 0x4 << 76;
    let bits = bits & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{bits:032x}");
    [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ]
    .join("-")
}
