//! Random choices, each taken from a byte, so that a failing case shrinks by removing bytes. Without bytes the first
//! option is chosen, which is always the simplest.

/// Bytes to choose by.
pub(crate) struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl<'b> Choices<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    /// A number below `count`, which is at most 65,536.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let mut next = || self.bytes.next().map_or(0, |byte| usize::from(*byte));
        let low = next();
        let high = if count > 256 { next() } else { 0 };
        (high << 8 | low) % count
    }

    /// True in one of `count` cases.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(crate) fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    /// Any 64 bits: small and negative numbers, the limits of every width, or random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let byte = self.below(256) as u64;
        match self.below(6) {
            0 => byte,
            1 => byte.wrapping_neg(),
            2 => u64::from(u32::MAX >> 1).wrapping_add(byte % 3),
            3 => u64::from(u32::MAX).wrapping_add(byte % 3),
            4 => i64::MIN.cast_unsigned().wrapping_sub(byte % 3),
            _ => (0..7).fold(byte, |bits, _| bits << 8 | self.below(256) as u64),
        }
    }

    /// A finite number that a `float` represents exactly, so that it is the same in fields of both widths.
    pub(crate) fn float(&mut self) -> f32 {
        *self.pick(&[0.0, 1.5, -2.25, -0.0, 1e30, f32::MAX, f32::MIN_POSITIVE])
    }

    /// Text, some of it so long that its length takes two bytes.
    pub(crate) fn text(&mut self) -> String {
        let text = *self.pick(&["", "a", "ñ b", "E_ONE", "long "]);
        if text == "long " {
            text.repeat(30)
        } else {
            text.to_owned()
        }
    }
}
