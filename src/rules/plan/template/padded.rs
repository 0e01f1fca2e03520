//! Bytes that are known before they are written, and written often.

/// How many bytes are copied at once: most keys, lengths and names are shorter.
const CHUNK: usize = 32;

/// Bytes to be appended to a buffer; few of them are copied by moves of a fixed size rather than by a call that has to
/// look how many there are.
#[derive(Debug)]
pub(crate) struct PaddedBytes {
    /// The bytes, and padding behind them if they are fewer than a [`CHUNK`].
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

/// Makes bytes long enough for [`put_padded`].
pub(crate) fn pad(bytes: &mut Vec<u8>) {
    if bytes.len() < CHUNK {
        bytes.resize(CHUNK, 0);
    }
}

/// Appends the first `length` of bytes that were [padded](pad).
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
