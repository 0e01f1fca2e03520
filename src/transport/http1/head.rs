//! The head of a request, read by the letter of RFC 9112, to know where its body ends.
//!
//! Servers and proxies have been lenient here, each in its own way, and requests were smuggled through the differences. So
//! whatever the grammar does not have is refused: lines that do not end with CR LF, folded lines, spaces before a colon, a
//! length beside chunks, two lengths.

use super::fault::Fault;

/// The most headers of a request. hyper's own default, and more than any client sends.
const MOST_FIELDS: usize = 100;

/// What a header counts in addition to its name and value, as in HTTP/2.
const ENTRY: usize = 32;

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// Where the head ends that `bytes` begin with; `None` if the end has not come. The first `seen` bytes were looked at before.
pub(super) fn end_of_head(bytes: &[u8], seen: usize) -> Result<Option<usize>, Fault> {
    let mut from = seen;
    while let Some(offset) = bytes[from..].iter().position(|&byte| byte == b'\n') {
        let end = from + offset + 1;
        if !bytes[..end].ends_with(b"\r\n") {
            return Err(Fault::malformed("a line of the head does not end with CR LF"));
        }
        if end == 2 {
            return Err(Fault::malformed("an empty line stands where a request begins"));
        }
        if bytes[..end].ends_with(b"\r\n\r\n") {
            return Ok(Some(end));
        }
        from = end;
    }
    Ok(None)
}

/// Reads a whole head, which ends with an empty line, and tells how its body ends. `limit` is that of the headers' size.
pub(super) fn read_head(head: &[u8], limit: usize) -> Result<Framing, Fault> {
    let mut lines = lines_of(head);
    let request = lines.next().unwrap_or_default();
    let is_http_1_1 = read_request_line(request)?.is_http_1_1;

    let mut size = request.len();
    let (mut length, mut coding, mut hosts) = (None, None, 0);
    for (index, line) in lines.enumerate() {
        let (name, value) = read_field(line)?;
        size += name.len() + value.len() + ENTRY;
        if index >= MOST_FIELDS || size > limit {
            return Err(TOO_LARGE);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            if length.is_some() {
                return Err(Fault::malformed("the head has content-length twice"));
            }
            length = Some(read_length(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if coding.is_some() {
                return Err(Fault::malformed("the head has transfer-encoding twice"));
            }
            coding = Some(value);
        } else if name.eq_ignore_ascii_case(b"host") {
            hosts += 1;
            if !is_host(value) {
                return Err(Fault::malformed(
                    "the host is not a name or an address, with or without a port",
                ));
            }
        }
    }
    if hosts > 1 || (hosts == 0 && is_http_1_1) {
        return Err(Fault::malformed("the head must have one host"));
    }
    match (coding, length) {
        (None, length) => Ok(Framing::Length(length.unwrap_or(0))),
        (Some(_), Some(_)) => Err(Fault::malformed(
            "the head has content-length beside transfer-encoding",
        )),
        (Some(_), None) if !is_http_1_1 => Err(Fault::malformed("HTTP/1.0 has no transfer-encoding")),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (Some(_), None) => Err(Fault {
            code: 501,
            text: "the only transfer-encoding that is taken is `chunked`",
        }),
    }
}

/// What is said of a head that is over the limit.
pub(super) const TOO_LARGE: Fault = Fault {
    code: 431,
    text: "the head is larger than the limit, or has more than 100 headers",
};

/// The lines of a whole head, without the empty one at its end. Each LF comes after a CR, or there would be no end.
fn lines_of(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.strip_suffix(b"\r\n")
        .unwrap_or(head)
        .split_inclusive(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
}

/// The request line of a head that was [read](read_head).
pub(super) fn request_line_of(head: &[u8]) -> Option<RequestLine<'_>> {
    read_request_line(lines_of(head).next()?).ok()
}

/// The names and values of a head that was [read](read_head).
pub(super) fn fields_of(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines_of(head).skip(1).filter_map(|line| read_field(line).ok())
}

/// The first line of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestLine<'h> {
    pub(super) method: &'h [u8],
    pub(super) target: &'h [u8],
    /// Whether it is one of HTTP/1.1, and not of 1.0.
    pub(super) is_http_1_1: bool,
}

fn read_request_line(line: &[u8]) -> Result<RequestLine<'_>, Fault> {
    let mut words = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Fault::malformed("the request line is not METHOD TARGET HTTP/1.1"));
    };
    if !is_token(method) || !is_target(method, target) {
        return Err(Fault::malformed("the request line is not METHOD TARGET HTTP/1.1"));
    }
    let line = |is_http_1_1| RequestLine {
        method,
        target,
        is_http_1_1,
    };
    match version {
        b"HTTP/1.1" => Ok(line(true)),
        b"HTTP/1.0" => Ok(line(false)),
        [b'H', b'T', b'T', b'P', b'/', ..] => Err(Fault {
            code: 505,
            text: "this connection speaks HTTP/1.1",
        }),
        _ => Err(Fault::malformed("the request line is not METHOD TARGET HTTP/1.1")),
    }
}

/// The name and the value of a line, of a head or after the last chunk.
pub(super) fn read_field(line: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err(Fault::malformed("a header is folded over lines"));
    }
    let colon = line.iter().position(|&byte| byte == b':');
    let Some((name, value)) = colon.map(|colon| (&line[..colon], &line[colon + 1..])) else {
        return Err(Fault::malformed("a header has no colon"));
    };
    if !is_token(name) {
        return Err(Fault::malformed(
            "the name of a header has a space, or another character that names do not have",
        ));
    }
    if !value
        .iter()
        .all(|&byte| byte == b'\t' || byte >= b' ' && byte != 0x7f)
    {
        return Err(Fault::malformed("the value of a header has a control character"));
    }
    Ok((name, value.trim_ascii()))
}

/// Whether a host has no characters but those of RFC 3986. What else stands there, a proxy may take for the begin of a path
/// or for a user.
fn is_host(value: &[u8]) -> bool {
    value
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte))
}

/// Digits, and nothing else: no sign, no list.
fn read_length(value: &[u8]) -> Result<u64, Fault> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Fault::malformed("content-length is not a number"));
    }
    let length = std::str::from_utf8(value)
        .ok()
        .and_then(|digits| digits.parse().ok());
    length.filter(|length| *length <= u64::MAX / 2).ok_or(Fault {
        code: 413,
        text: "content-length is too large",
    })
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    let is_of_tokens = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_of_tokens)
}

/// Whether a target is one that requests of this method have, RFC 9112 section 3.2. A fragment stays with the client.
fn is_target(method: &[u8], target: &[u8]) -> bool {
    let begins_with = |scheme: &[u8]| {
        target
            .split_at_checked(scheme.len())
            .is_some_and(|(begin, rest)| begin.eq_ignore_ascii_case(scheme) && !rest.is_empty())
    };
    let has_form = match (method, target) {
        (b"CONNECT", target) => !target.is_empty(),
        (_, [b'/', ..]) | (b"OPTIONS", b"*") => true,
        _ => begins_with(b"http://") || begins_with(b"https://"),
    };
    has_form && target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<Framing, u16> {
        let head = head.as_bytes();
        let end = end_of_head(head, 0).map_err(|fault| fault.code)?;
        assert_eq!(end, Some(head.len()), "{head:?}");
        read_head(head, 1000).map_err(|fault| fault.code)
    }

    /// A head with these headers beside a host.
    fn with(fields: &str) -> Result<Framing, u16> {
        read(&format!("POST /a HTTP/1.1\r\nhost: a\r\n{fields}\r\n"))
    }

    #[test]
    fn the_framing_is_a_length_or_chunks() {
        assert_eq!(with(""), Ok(Framing::Length(0)));
        assert_eq!(with("Content-Length: 12\r\n"), Ok(Framing::Length(12)));
        assert_eq!(with("content-length:\t 0012 \t\r\n"), Ok(Framing::Length(12)));
        assert_eq!(with("transfer-encoding: chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(with("TRANSFER-ENCODING:Chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(read("GET http://a/b?c HTTP/1.0\r\n\r\n"), Ok(Framing::Length(0)));
        assert_eq!(with("x: \u{e9}\t\"a\"\r\nx:\r\n"), Ok(Framing::Length(0)));
        for host in ["", "a-b_c.example:80", "[::1]:9002", "127.0.0.1", "a%20b"] {
            let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(read(&head), Ok(Framing::Length(0)), "{host}");
        }
    }

    #[test]
    fn targets_have_the_form_that_their_method_has() {
        for line in [
            "GET /a?b#c",
            "GET a",
            "GET *",
            "POST *",
            "OPTIONS **",
            "GET a:80",
            "GET ftp://a/b",
            "GET http://",
            "GET ",
            "CONNECT ",
            "GET /\u{e9}",
        ] {
            assert_eq!(
                read(&format!("{line} HTTP/1.1\r\nhost: a\r\n\r\n")),
                Err(400),
                "{line}"
            );
        }
        for line in [
            "OPTIONS *",
            "OPTIONS /a",
            "CONNECT a:80",
            "GET HTTP://a",
            "GET //a",
        ] {
            let head = format!("{line} HTTP/1.1\r\nhost: a\r\n\r\n");
            assert_eq!(read(&head), Ok(Framing::Length(0)), "{line}");
        }
    }

    #[test]
    fn two_ends_of_one_body_are_refused() {
        for fields in [
            "content-length: 3\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 3\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
            "content-length: 3\r\ncontent-length: 4\r\n",
            "content-length: 3\r\nContent-Length: 3\r\n",
            "content-length: 3, 3\r\n",
            "content-length: 3,4\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
        ] {
            assert_eq!(with(fields), Err(400), "{fields:?}");
        }
    }

    #[test]
    fn lengths_are_digits() {
        for length in ["", "+3", "-3", "0x3", "3 3", "3.0", "3;", "\u{663}"] {
            assert_eq!(
                with(&format!("content-length: {length}\r\n")),
                Err(400),
                "{length:?}"
            );
        }
        for length in [
            "18446744073709551616",
            "18446744073709551615",
            "99999999999999999999999",
        ] {
            assert_eq!(
                with(&format!("content-length: {length}\r\n")),
                Err(413),
                "{length:?}"
            );
        }
    }

    #[test]
    fn transfer_encodings_that_are_not_chunked_are_refused() {
        for coding in [
            "gzip, chunked",
            "chunked, chunked",
            "chunked;a=b",
            "identity",
            "xchunked",
            "",
            "chunked,",
        ] {
            let fields = format!("transfer-encoding: {coding}\r\n");
            assert_eq!(with(&fields), Err(501), "{coding:?}");
        }
        let old = "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(read(old), Err(400));
    }

    #[test]
    fn lines_are_those_of_the_grammar() {
        for fields in [
            "a : b\r\n",
            "a\t: b\r\n",
            " a: b\r\n",
            "a: b\r\n c\r\n",
            "a: b\r\n\tc\r\n",
            "a\r\n",
            ": b\r\n",
            "a b: c\r\n",
            "a\0: b\r\n",
            "a: b\0\r\n",
            "a: b\rc\r\n",
            "a: b\r\r\n",
            "\ra: b\r\n",
            "a\u{e9}: b\r\n",
            "a: b\x7f\r\n",
            "a: b\nc: d\r\n",
            "a: b\n",
        ] {
            assert_eq!(with(fields), Err(400), "{fields:?}");
        }
        for head in [
            "\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nhost: a\r\n\r\n",
            " GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / a HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /\rHTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / http/1.1\r\nhost: a\r\n\r\n",
            "GET /\r\nhost: a\r\n\r\n",
            "G(T / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
            "GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a@b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a?\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: \u{e9}\r\n\r\n",
        ] {
            assert_eq!(read(head), Err(400), "{head:?}");
        }
        for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/1.10"] {
            let head = format!("GET / {version}\r\nhost: a\r\n\r\n");
            assert_eq!(read(&head), Err(505), "{version}");
        }
    }

    #[test]
    fn a_head_has_so_many_bytes_and_headers_at_most() {
        assert_eq!(with(&"a:\r\n".repeat(20)), Ok(Framing::Length(0)));
        assert_eq!(with(&"a:\r\n".repeat(40)), Err(431), "each counts 32 bytes more");
        let many = |count| {
            let head = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "a:\r\n".repeat(count));
            read_head(head.as_bytes(), 1 << 20).map_err(|fault| fault.code)
        };
        assert_eq!(many(99), Ok(Framing::Length(0)));
        assert_eq!(many(100), Err(431));
    }

    #[test]
    fn the_end_is_found_however_the_head_is_split() {
        let head = b"GET / HTTP/1.1\r\nhost: a\r\n\r\nmore";
        for split in 0..head.len() {
            let early = end_of_head(&head[..split], 0).unwrap();
            assert_eq!(early, (split >= 27).then_some(27), "{split}");
            if early.is_none() {
                assert_eq!(end_of_head(head, split).unwrap(), Some(27), "{split}");
            }
        }
    }
}
