//! Follows a body in chunks to its end, as strictly as a head is read.
//!
//! hyper decodes the chunks. This looks at the same bytes first, so that what hyper takes for the end is the end.

use super::fault::Fault;
use super::head::read_field;

/// The most bytes of a body's chunk extensions together, which nobody uses.
const MOST_EXTENSIONS: usize = 4 << 10;

/// The most bytes of the lines after the last chunk.
const MOST_TRAILERS: usize = 8 << 10;

/// The most lines after the last chunk.
const MOST_TRAILER_LINES: usize = 64;

/// The most digits of a chunk's size: those of 4 PiB.
const MOST_DIGITS: u8 = 13;

/// A place in a body of chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    state: State,
    /// What is left of the chunk.
    left: u64,
    /// Bytes of chunk extensions so far.
    extensions: usize,
    /// The line after the last chunk that is being read.
    line: Vec<u8>,
    /// Bytes and lines after the last chunk so far.
    trailers: usize,
    lines: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the size of a chunk, of which there are so many digits.
    Size(u8),
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
    TrailerLf,
    Done,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self {
            state: State::Size(0),
            left: 0,
            extensions: 0,
            line: Vec::new(),
            trailers: 0,
            lines: 0,
        }
    }

    /// Whether the body has ended.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many of these bytes belong to the body.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Done {
            if self.state == State::Data {
                let rest = bytes.len() - at;
                let data = usize::try_from(self.left).map_or(rest, |left| left.min(rest));
                at += data;
                self.left -= data as u64;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            self.state = self.step(bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    /// The state after a byte that is not data.
    fn step(&mut self, byte: u8) -> Result<State, Fault> {
        let malformed = Err(Fault::malformed("a chunk of the body is malformed"));
        Ok(match (self.state, byte) {
            (State::Size(digits), byte) if byte.is_ascii_hexdigit() && digits < MOST_DIGITS => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                self.left = self.left << 4 | u64::from(digit);
                State::Size(digits + 1)
            }
            (State::Size(1..), b'\r') => State::SizeLf,
            (State::Size(1..), b';') => State::Extension,
            (State::Extension, b'\r') => State::SizeLf,
            (State::Extension, b'\t' | b' '..=b'~') if self.extensions < MOST_EXTENSIONS => {
                self.extensions += 1;
                State::Extension
            }
            (State::SizeLf, b'\n') if self.left == 0 => State::Trailers,
            (State::SizeLf, b'\n') => State::Data,
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size(0),
            (State::Trailers, b'\r') => State::TrailerLf,
            (State::Trailers, b'\n') => return malformed,
            (State::Trailers, byte) if self.trailers < MOST_TRAILERS => {
                self.trailers += 1;
                self.line.push(byte);
                State::Trailers
            }
            (State::TrailerLf, b'\n') if self.line.is_empty() => State::Done,
            (State::TrailerLf, b'\n') => {
                self.end_line()?;
                State::Trailers
            }
            (State::Trailers, _) => return Err(TOO_MANY_TRAILERS),
            _ => return malformed,
        })
    }

    /// Looks at a line after the last chunk.
    fn end_line(&mut self) -> Result<(), Fault> {
        let (name, _) = read_field(&self.line)?;
        let of_head = [&b"content-length"[..], b"transfer-encoding", b"host"];
        if of_head.iter().any(|of_head| name.eq_ignore_ascii_case(of_head)) {
            return Err(Fault::malformed(
                "a header that belongs into the head comes after the body",
            ));
        }
        self.lines += 1;
        if self.lines > MOST_TRAILER_LINES {
            return Err(TOO_MANY_TRAILERS);
        }
        self.line.clear();
        Ok(())
    }
}

const TOO_MANY_TRAILERS: Fault = Fault {
    code: 431,
    text: "there are too many headers after the body",
};

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes of `body` are the body, if it is fed in pieces of this length; `None` if it does not end.
    fn scan(body: &[u8], piece: usize) -> Result<Option<usize>, Fault> {
        let mut chunks = Chunks::new();
        let mut total = 0;
        for piece in body.chunks(piece) {
            let used = chunks.scan(piece)?;
            total += used;
            if chunks.is_done() {
                return Ok(Some(total));
            }
            assert_eq!(used, piece.len());
        }
        Ok(None)
    }

    #[test]
    fn a_body_ends_at_the_same_byte_however_it_is_split() {
        for body in [
            "0\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "3;a=b; c=\"d\"\r\nabc\r\nA\r\n0123456789\r\n00\r\n\r\n",
            "0000000000003\r\n\r\n\r\r\n0\r\nx-a: b\r\nx-b:\r\n\r\n",
        ] {
            let sent = format!("{body}GET / HTTP/1.1\r\n");
            for piece in 1..sent.len() {
                assert_eq!(
                    scan(sent.as_bytes(), piece),
                    Ok(Some(body.len())),
                    "{body:?}, {piece}"
                );
            }
            for shorter in 0..body.len() {
                assert_eq!(
                    scan(&body.as_bytes()[..shorter], 1),
                    Ok(None),
                    "{body:?}, {shorter}"
                );
            }
        }
    }

    #[test]
    fn what_the_grammar_does_not_have_is_refused() {
        for body in [
            "\r\n",
            "3\n",
            "3\r\r\n",
            "3 \r\nabc",
            " 3\r\nabc",
            "+3\r\n",
            "0x3\r\n",
            "g\r\n",
            ";\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n0",
            "3\r\nabc\r0",
            "3;a\nb\r\n",
            "3;a\0\r\n",
            "10000000000000\r\n",
            "0\r\n\n",
            "0\r\nx: a\n\r\n",
            "0\r\nx : a\r\n\r\n",
            "0\r\n x: a\r\n\r\n",
            "0\r\nx: a\r\n b\r\n\r\n",
            "0\r\nGET / HTTP/1.1\r\n\r\n",
            "0\r\ncontent-length: 3\r\n\r\n",
            "0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "0\r\nhost: a\r\n\r\n",
        ] {
            for piece in [1, 2, 100] {
                let refused = scan(body.as_bytes(), piece);
                assert_eq!(refused.map_err(|fault| fault.code), Err(400), "{body:?}, {piece}");
            }
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let endless = format!("3;{}", "a".repeat(MOST_EXTENSIONS + 1));
        assert!(scan(endless.as_bytes(), 100).is_err());
        let many = format!("0\r\n{}", "a: b\r\n".repeat(MOST_TRAILER_LINES + 1));
        assert_eq!(scan(many.as_bytes(), 100), Err(TOO_MANY_TRAILERS));
        let long = format!("0\r\na: {}", "b".repeat(MOST_TRAILERS));
        assert_eq!(scan(long.as_bytes(), 100), Err(TOO_MANY_TRAILERS));
    }
}
