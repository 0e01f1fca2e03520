//! Constant bytes that are written often.

/// How many bytes are copied at once. Most keys, lengths and names are shorter.
const CHUNK: usize = 32;

/// Bytes to append to a buffer. Up to [`CHUNK`] bytes are copied by moves of a fixed size, which is faster than a copy of
/// a variable length.
#[derive(Debug)]
pub(crate) struct PaddedBytes {
    /// The bytes, followed by padding up to [`CHUNK`].
    padded: Box<[u8]>,
    length: usize,
}

impl PaddedBytes {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut padded = Vec::with_capacity(bytes.len().max(CHUNK));
        padded.extend_from_slice(bytes);
        pad(&mut padded);
        Self {
            padded: padded.into(),
            length: bytes.len(),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.padded[..self.length]
    }

    #[inline(always)]
    pub(crate) fn put(&self, buffer: &mut Vec<u8>) {
        put_padded(buffer, &self.padded, self.length);
    }
}

/// Pads bytes so that [`put_padded`] can append them.
pub(crate) fn pad(bytes: &mut Vec<u8>) {
    if bytes.len() < CHUNK {
        bytes.resize(CHUNK, 0);
    }
}

/// Appends the first `length` bytes of `padded`, which [`pad`] has padded.
#[inline(always)]
pub(crate) fn put_padded(buffer: &mut Vec<u8>, padded: &[u8], length: usize) {
    match padded.first_chunk::<CHUNK>() {
        Some(chunk) if length <= CHUNK => {
            let end = buffer.len() + length;
            buffer.extend_from_slice(chunk);
            buffer.truncate(end);
        }
        _ => buffer.extend_from_slice(&padded[..length]),
    }
}

#[cfg(test)]
mod tests {
    use super::PaddedBytes;

    #[test]
    fn bytes_of_any_number_are_appended_without_their_padding() {
        for count in [0, 1, 31, 32, 33, 100] {
            let bytes = vec![7; count];
            let literal = PaddedBytes::new(&bytes);
            assert_eq!(literal.bytes(), bytes);
            let mut buffer = b"before".to_vec();
            literal.put(&mut buffer);
            assert_eq!(buffer, [b"before", &bytes[..]].concat());
        }
    }
}
