//! Fits the status of a call into the headers that its client takes.
//!
//! HTTP/2 clients announce how large a header list may be (RFC 9113 section 6.5.2), and break the stream or the connection
//! at a larger one. The message of a status is cut then, with a mark; details are left out, as many as must be, and the
//! message says so. Metadata that is too large by itself becomes RESOURCE_EXHAUSTED.

use std::cmp::min;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use prost::Message as _;
use tonic::{Code, Status};

use super::received_status::received_status;
use super::rpc_status::RpcStatus;
use crate::excerpt::cut_at;

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const OK: HeaderValue = HeaderValue::from_static("0");

/// What a client takes that announces nothing. Node breaks the connection above it; grpc-go and others take more.
pub(crate) const UNANNOUNCED: u32 = 64 << 10;

/// What an entry of a header list counts in addition to its name and value.
const ENTRY: usize = 32;

/// The entry `:status: 200`, which is not in the map of a response's headers.
const PSEUDO_HEADERS: u32 = (":status".len() + "200".len() + ENTRY) as u32;

/// What a message needs at least, for its entry and a mark.
const LEAST: usize = "grpc-message".len() + ENTRY + MARK;

/// An upper bound of the marks' lengths, escaped.
const MARK: usize = 2 * "%E2%80%A6%20(cut:%201234567890%20bytes)".len();

/// The size of a header list, as HTTP/2 counts it.
fn size_of(map: &HeaderMap) -> usize {
    map.iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ENTRY)
        .sum()
}

/// Whether the headers before a response's messages are more than a client takes; what to say then.
pub(crate) fn refuse_headers(map: &HeaderMap, limit: u32) -> Option<Status> {
    let size = size_of(map) + PSEUDO_HEADERS as usize;
    (size > limit as usize).then(|| too_large("headers", size, limit as usize, "ends"))
}

/// As [`write_end`], where the end is there already. A layer of the server may have written it, or other headers beside it.
pub(crate) fn fit_end(map: &mut HeaderMap, limit: u32) {
    let (size, limit) = (size_of(map), limit as usize);
    if size > limit
        && let Some(status) = received_status(map)
    {
        let result = if status.code() == Code::Ok {
            Ok(())
        } else {
            Err(&status)
        };
        shorten(result, map, size, limit);
    }
}

/// As [`fit_end`], for the headers of a response without a message.
pub(crate) fn fit_trailers_only(map: &mut HeaderMap, limit: u32) {
    fit_end(map, limit.saturating_sub(PSEUDO_HEADERS));
}

/// Adds the end of a call to its trailers.
pub(crate) fn write_end(result: Result<(), &Status>, map: &mut HeaderMap, limit: u32) {
    match result {
        Ok(()) => drop(map.insert(GRPC_STATUS, OK)),
        Err(status) => add(status, map),
    }
    let (size, limit) = (size_of(map), limit as usize);
    if size > limit {
        shorten(result, map, size, limit);
    }
}

/// Adds a status to the headers of a response without a message.
pub(crate) fn write_trailers_only(status: &Status, map: &mut HeaderMap, limit: u32) {
    write_end(Err(status), map, limit.saturating_sub(PSEUDO_HEADERS));
}

fn add(status: &Status, map: &mut HeaderMap) {
    if let Err(invalid) = status.add_header(map) {
        // Its message or its details cannot be put into a header.
        tracing::error!(error = %invalid, "a status could not be sent as it is");
        map.insert(GRPC_STATUS, HeaderValue::from(Code::Internal as i32));
    }
}

#[cold]
fn shorten(result: Result<(), &Status>, map: &mut HeaderMap, size: usize, limit: usize) {
    map.remove(Status::GRPC_MESSAGE);
    map.remove(Status::GRPC_STATUS_DETAILS);
    let others = size_of(map);
    match result {
        Err(status) if others + LEAST <= limit || !has_metadata(map) => {
            let fitting = fit(status, limit.saturating_sub(others));
            add(&fitting, map);
        }
        ended => {
            keep_own(map);
            let ended = match ended {
                Ok(()) => "with OK".to_owned(),
                Err(status) => format!("with {:?}: {}", status.code(), status.message()),
            };
            let status = too_large("trailers", size, limit, &format!("ended {ended}"));
            let fitting = fit(&status, limit.saturating_sub(size_of(map)));
            add(&fitting, map);
        }
    }
}

fn too_large(what: &str, size: usize, limit: usize, course: &str) -> Status {
    Status::resource_exhausted(format!(
        "the {what} take {size} bytes, and the client takes {limit}: they were left out, and the call {course}"
    ))
}

/// What this server itself puts into the headers of a response.
const OWN: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    GRPC_STATUS,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
];

fn has_metadata(map: &HeaderMap) -> bool {
    map.keys().any(|name| !OWN.contains(name))
}

fn keep_own(map: &mut HeaderMap) {
    let mut own = HeaderMap::new();
    for name in OWN {
        if let Some(value) = map.remove(&name) {
            own.insert(name, value);
        }
    }
    *map = own;
}

/// The status with as much of its message and of its details as these bytes of headers have room for.
fn fit(status: &Status, room: usize) -> Status {
    let message_entry = "grpc-message".len() + ENTRY;
    let details_entry = "grpc-status-details-bin".len() + ENTRY;
    if status.details().is_empty() {
        return Status::new(
            status.code(),
            cut(status.message(), room.saturating_sub(message_entry)),
        );
    }
    let room = room.saturating_sub(message_entry + details_entry + MARK);
    let parsed = RpcStatus::decode(status.details()).unwrap_or_default();
    let all: usize = parsed.details.iter().map(encoded_len).sum();
    // The message stands in the details once more. What they do not need of their half is its.
    let message = cut(status.message(), (room - min(all, room / 2)) / 2);
    let mut kept = RpcStatus {
        code: parsed.code,
        message: message.clone(),
        details: Vec::new(),
    };
    let mut left = room.saturating_sub(escaped_len(&message));
    left = left.saturating_sub(base64_len(kept.encoded_len()));
    for detail in &parsed.details {
        if encoded_len(detail) > left {
            break;
        }
        left -= encoded_len(detail);
        kept.details.push(detail.clone());
    }
    let (number, all) = (parsed.details.len() - kept.details.len(), parsed.details.len());
    let mark = match (number, all) {
        (0, 0) => " (details left out)".to_owned(),
        (0, _) => String::new(),
        _ => format!(" (details left out: {number} of {all})"),
    };
    let details = if kept.details.is_empty() {
        Bytes::new()
    } else {
        kept.encode_to_vec().into()
    };
    Status::with_details(status.code(), message + &mark, details)
}

/// What a detail takes: its bytes, its key and its length, in base64, rounded up.
fn encoded_len(detail: &Bytes) -> usize {
    base64_len(detail.len() + 6)
}

/// Rounded up, so that the sum of parts is not less than the whole.
fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// As much of a text as this room has place for when it is escaped, with a mark that says how much was cut. It is cut
/// between characters. Without room for the mark there is no text.
fn cut(text: &str, room: usize) -> String {
    if escaped_len(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(MARK / 2) else {
        return String::new();
    };
    let mut taken = 0;
    let end = text
        .char_indices()
        .find(|(_, character)| {
            taken += escaped_len(character.encode_utf8(&mut [0; 4]));
            taken > room
        })
        .map_or(text.len(), |(end, _)| end);
    cut_at(text, end)
}

/// The length of a text in `grpc-message`, as tonic escapes it.
fn escaped_len(text: &str) -> usize {
    let escaped = |byte: u8| !(b'!'..=b'~').contains(&byte) || b"\"#%<>`?{}".contains(&byte);
    text.bytes().map(|byte| if escaped(byte) { 3 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use percent_encoding::percent_decode;

    use super::*;

    /// The message that a client reads.
    fn message(map: &HeaderMap) -> String {
        let value = map
            .get(Status::GRPC_MESSAGE)
            .map_or(&b""[..], HeaderValue::as_bytes);
        let text = percent_decode(value).decode_utf8();
        text.expect("no character is cut").into_owned()
    }

    fn details(map: &HeaderMap) -> Option<RpcStatus> {
        let value = map.get(Status::GRPC_STATUS_DETAILS)?;
        let bytes = STANDARD_NO_PAD.decode(value).expect("base64");
        Some(RpcStatus::decode(&*bytes).expect("a status"))
    }

    fn with_details(text: &str, lengths: &[usize]) -> Status {
        let details = RpcStatus {
            code: 5,
            message: text.to_owned(),
            details: lengths.iter().map(|&length| vec![7; length].into()).collect(),
        };
        Status::with_details(Code::NotFound, text, details.encode_to_vec().into())
    }

    #[test]
    fn escapes_are_counted_as_tonic_writes_them() {
        let all: String = (1..0x250).filter_map(char::from_u32).chain(['…', '😀']).collect();
        for character in all.chars() {
            let text = character.to_string();
            let mut map = HeaderMap::new();
            add(&Status::new(Code::NotFound, &text), &mut map);
            assert_eq!(
                escaped_len(&text),
                map[Status::GRPC_MESSAGE].len(),
                "{character:?}"
            );
        }
    }

    #[test]
    fn what_fits_is_sent_as_it_is() {
        let status = with_details("no such thing: ünd", &[10, 20]);
        let (mut sent, mut expected) = (HeaderMap::new(), HeaderMap::new());
        add(&status, &mut expected);
        let size = u32::try_from(size_of(&expected)).unwrap();
        write_end(Err(&status), &mut sent, size);
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_message_is_cut_between_characters_and_says_so_at_every_limit() {
        for text in ["x".repeat(3000), "日本😀 %".repeat(300), "\n".repeat(1000)] {
            for limit in 0..4000 {
                let mut map = HeaderMap::new();
                write_end(Err(&Status::not_found(&text)), &mut map, limit);
                assert_eq!(map[GRPC_STATUS], "5");
                let said = message(&map);
                if limit >= 200 {
                    assert!(size_of(&map) <= limit as usize, "{limit}: {}", size_of(&map));
                    if said != text {
                        let (kept, mark) = said.rsplit_once("… (cut: ").expect("a mark");
                        assert!(text.starts_with(kept));
                        assert_eq!(mark, format!("{} bytes)", text.len() - kept.len()));
                    }
                }
            }
        }
    }

    #[test]
    fn details_are_left_out_from_the_end_and_that_is_said() {
        for (text, lengths) in [
            ("short".to_owned(), vec![100, 200, 3000]),
            ("long".repeat(500), vec![100, 200]),
            ("ü".repeat(2000), vec![3000; 5]),
        ] {
            let status = with_details(&text, &lengths);
            for limit in 300..8000 {
                let mut map = HeaderMap::new();
                write_end(Err(&status), &mut map, limit);
                assert!(size_of(&map) <= limit as usize, "{limit}: {}", size_of(&map));
                assert_eq!(map[GRPC_STATUS], "5");
                let said = message(&map);
                let kept = details(&map).unwrap_or_default();
                for (kept, length) in kept.details.iter().zip(&lengths) {
                    assert_eq!(kept.len(), *length);
                }
                let left_out = lengths.len() - kept.details.len();
                let mark = format!(" (details left out: {left_out} of {})", lengths.len());
                assert_eq!(said.ends_with(&mark), left_out > 0, "{limit}: {said}");
            }
        }
    }

    #[test]
    fn details_that_are_no_status_are_left_out_whole() {
        let status = Status::with_details(Code::NotFound, "why", vec![0xff; 3000].into());
        let mut map = HeaderMap::new();
        write_end(Err(&status), &mut map, 1000);
        assert_eq!(message(&map), "why (details left out)");
        assert_eq!(details(&map), None);
    }

    #[test]
    fn metadata_that_is_too_large_ends_the_call_and_says_how_it_had_ended() {
        for (result, ended) in [
            (Ok(()), "ended with OK"),
            (
                Err(Status::not_found("no such thing")),
                "ended with NotFound: no such thing",
            ),
        ] {
            let mut map = HeaderMap::new();
            map.insert("x-long", HeaderValue::try_from("x".repeat(2000)).unwrap());
            write_end(result.as_ref().copied(), &mut map, 1000);
            assert_eq!(map[GRPC_STATUS], "8");
            assert!(size_of(&map) <= 1000);
            let said = message(&map);
            assert!(
                said.contains("and the client takes 1000: they were left out"),
                "{said}"
            );
            assert!(said.ends_with(ended), "{said}");
        }
        let mut map = HeaderMap::new();
        map.insert("x-long", HeaderValue::try_from("x".repeat(900)).unwrap());
        assert!(refuse_headers(&map, 1000).is_none());
        map.insert("x-more", HeaderValue::try_from("x".repeat(100)).unwrap());
        assert_eq!(
            refuse_headers(&map, 1000).expect("too large").code(),
            Code::ResourceExhausted
        );
    }
}
