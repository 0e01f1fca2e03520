//! Bytes that are known at load.

/// How many bytes are copied at once: most keys, lengths and names are shorter.
const CHUNK: usize = 32;

/// Bytes to be appended to a buffer.
#[derive(Debug)]
pub(super) enum Literal {
    /// So many, and padding behind them: they are copied by moves of a fixed size rather than by a call that has to
    /// look how many there are.
    Short(Box<[u8; CHUNK]>, usize),
    Long(Box<[u8]>),
}

impl Literal {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut chunk = [0; CHUNK];
        match chunk.get_mut(..bytes.len()) {
            Some(start) => {
                start.copy_from_slice(bytes);
                Self::Short(Box::new(chunk), bytes.len())
            }
            None => Self::Long(bytes.into()),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(chunk, length) => &chunk[..*length],
            Self::Long(bytes) => bytes,
        }
    }

    #[inline(always)]
    pub(super) fn put(&self, buffer: &mut Vec<u8>) {
        match self {
            Self::Short(chunk, length) => {
                let end = buffer.len() + length;
                buffer.extend_from_slice(&chunk[..]);
                buffer.truncate(end);
            }
            Self::Long(bytes) => buffer.extend_from_slice(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Literal;

    #[test]
    fn bytes_of_any_number_are_appended_without_their_padding() {
        for count in [0, 1, 31, 32, 33, 100] {
            let bytes = vec![7; count];
            let literal = Literal::new(&bytes);
            assert_eq!(literal.bytes(), bytes);
            let mut buffer = b"before".to_vec();
            literal.put(&mut buffer);
            assert_eq!(buffer, [b"before", &bytes[..]].concat());
        }
    }
}
