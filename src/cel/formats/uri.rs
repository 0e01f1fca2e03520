//! URIs and references to them (RFC 3986, with the zones of RFC 6874).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::ip::is_ipv6;

/// A URI, which has a scheme.
pub(in crate::cel) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    is_scheme(scheme) && is_hierarchical(rest, true)
}

/// A URI, or one relative to another.
pub(in crate::cel) fn is_uri_reference(text: &str) -> bool {
    is_uri(text) || is_hierarchical(text, false)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// What follows the scheme: authority, path, query and fragment. Without a scheme, the first segment of the path has no
/// colon, with which it would be one.
fn is_hierarchical(text: &str, has_scheme: bool) -> bool {
    let (text, fragment) = split_off(text, '#');
    let (text, query) = split_off(text, '?');
    let is_extra = |part: Option<&str>| part.is_none_or(|part| consists_of(part, b":@/?"));
    let is_path = if let Some(rest) = text.strip_prefix("//") {
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        is_authority(authority) && consists_of(path, b":@/")
    } else {
        let first = text.split('/').next().unwrap_or_default();
        consists_of(text, b":@/") && (has_scheme || !first.contains(':'))
    };
    is_path && is_extra(query) && is_extra(fragment)
}

fn split_off(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// `user@host:port`.
fn is_authority(text: &str) -> bool {
    let (user, rest) = match text.split_once('@') {
        Some((user, rest)) => (user, rest),
        None => ("", text),
    };
    if !consists_of(user, b":") {
        return false;
    }
    let (host, port) = if rest.starts_with('[') {
        let Some(end) = rest.rfind(']') else {
            return false;
        };
        let (host, port) = rest.split_at(end + 1);
        (
            host,
            if port.is_empty() {
                Some("")
            } else {
                port.strip_prefix(':')
            },
        )
    } else {
        let (host, port) = split_off(rest, ':');
        (host, Some(port.unwrap_or_default()))
    };
    is_host(host) && port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A name, an IPv4 address, which is a name too, or an address in brackets.
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => is_ip_literal(literal),
        None => consists_of(text, b"") && is_utf8_decoded(text),
    }
}

/// An IPv6 address, with a zone after `%25`, or the address of a version to come.
fn is_ip_literal(text: &str) -> bool {
    if let Some(future) = text.strip_prefix('v') {
        return future.split_once('.').is_some_and(|(version, address)| {
            let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_version && !address.is_empty() && !address.contains('%') && consists_of(address, b":")
        });
    }
    match text.split_once('%') {
        None => is_ipv6(text),
        Some((address, zone)) => zone.strip_prefix("25").is_some_and(|zone| {
            let is_zone = !zone.is_empty() && consists_of(zone, b"") && is_utf8_decoded(zone);
            is_zone && !zone.bytes().any(is_sub_delimiter) && is_ipv6(address)
        }),
    }
}

/// Whether there are only unreserved letters, delimiters within parts, escapes, and these.
fn consists_of(text: &str, others: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            b'-' | b'.' | b'_' | b'~' => true,
            _ => byte.is_ascii_alphanumeric() || is_sub_delimiter(byte) || others.contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

fn is_sub_delimiter(byte: u8) -> bool {
    b"!$&'()*+,;=".contains(&byte)
}

/// Whether the escapes stand for UTF-8, as those of a host do.
fn is_utf8_decoded(text: &str) -> bool {
    let decoded: Cow<'_, [u8]> = percent_decode_str(text).into();
    std::str::from_utf8(&decoded).is_ok()
}
