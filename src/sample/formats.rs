//! Text in the formats that `buf.validate.StringRules` know by name.
//!
//! Each can be given a beginning, an end or a length, as far as the format leaves room for one.

use super::names::word;
use super::seed::Chance;
use crate::uuid;

/// The formats, by the names of their rules.
pub(super) const FORMATS: [&str; 20] = [
    "email",
    "hostname",
    "ip",
    "ipv4",
    "ipv6",
    "uri",
    "uri_ref",
    "address",
    "uuid",
    "tuuid",
    "ip_with_prefixlen",
    "ipv4_with_prefixlen",
    "ipv6_with_prefixlen",
    "ip_prefix",
    "ipv4_prefix",
    "ipv6_prefix",
    "host_and_port",
    "ulid",
    "protobuf_fqn",
    "protobuf_dot_fqn",
];

/// The longest label of a host name.
const LABEL: usize = 63;

/// What other rules ask of text in a format.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame<'a> {
    pub(super) prefix: &'a str,
    pub(super) suffix: &'a str,
    /// At least this many bytes, where the format can be stretched.
    pub(super) length: usize,
    /// As short as the format allows.
    pub(super) short: bool,
}

/// Text in the named format.
pub(super) fn text(format: &str, frame: Frame<'_>, chance: &mut Chance) -> String {
    match format {
        "email" => email(frame, chance),
        "hostname" | "address" => host(frame, chance),
        "host_and_port" => {
            let port = chance.between(1024, 65_535);
            let length = frame.length.saturating_sub(6);
            format!(
                "{}:{port}",
                host(
                    Frame {
                        suffix: "",
                        length,
                        ..frame
                    },
                    chance
                )
            )
        }
        "ip" | "ipv4" => ipv4(chance),
        "ipv6" => ipv6(chance),
        "uri" => uri_reference(
            frame,
            if frame.short { "a:" } else { "https://example.com/" },
            chance,
        ),
        "uri_ref" => uri_reference(frame, if frame.short { "" } else { "/" }, chance),
        "uuid" => uuid(chance),
        "tuuid" => uuid(chance).replace('-', ""),
        "ip_with_prefixlen" | "ipv4_with_prefixlen" => format!("{}/24", ipv4(chance)),
        "ipv6_with_prefixlen" => format!("{}/64", ipv6(chance)),
        "ip_prefix" | "ipv4_prefix" => format!("{}.0/24", example_network(chance)),
        "ipv6_prefix" => format!("2001:db8:{:x}::/48", chance.between(1, 0xffff)),
        "ulid" => ulid(chance),
        "protobuf_dot_fqn" => format!(".{}", dotted_name(frame.length, chance)),
        "protobuf_fqn" => dotted_name(frame.length, chance),
        _ => stretched(word(chance), frame.length),
    }
}

pub(super) fn uuid(chance: &mut Chance) -> String {
    let digit = |chance: &mut Chance, most| chance.count(0, most) as u128;
    let bits = (0..32).fold(0, |bits, _| bits << 4 | digit(chance, 15));
    // The two bits beside the variant are drawn on their own; so samples stay what they were.
    uuid::version_4(bits & !(0b11 << 60) | digit(chance, 3) << 60)
}

pub(super) fn hex(chance: &mut Chance, length: usize) -> String {
    (0..length)
        .map(|_| char::from(b"0123456789abcdef"[chance.count(0, 15)]))
        .collect()
}

/// An address of the networks that RFC 5737 sets aside for documentation.
pub(super) fn ipv4(chance: &mut Chance) -> String {
    format!("{}.{}", example_network(chance), chance.between(1, 254))
}

fn example_network(chance: &mut Chance) -> &'static str {
    ["192.0.2", "198.51.100", "203.0.113"][chance.count(0, 2)]
}

/// An address of the network that RFC 3849 sets aside for documentation.
pub(super) fn ipv6(chance: &mut Chance) -> String {
    format!("2001:db8::{:x}", chance.between(1, 0xffff))
}

pub(super) fn hostname(chance: &mut Chance) -> String {
    host(Frame::default(), chance)
}

pub(super) fn uri(chance: &mut Chance) -> String {
    uri_reference(Frame::default(), "https://example.com/", chance)
}

fn email(frame: Frame<'_>, chance: &mut Chance) -> String {
    let suffix = match frame.suffix {
        "" if frame.short => "@a.io".to_owned(),
        "" => "@example.com".to_owned(),
        suffix if suffix.contains('@') => suffix.to_owned(),
        suffix if suffix.starts_with('.') => format!("@example{suffix}"),
        suffix => format!("@{suffix}"),
    };
    let local = if frame.short { "a".to_owned() } else { word(chance) };
    let length = frame.length.saturating_sub(frame.prefix.len() + suffix.len());
    if frame.prefix.contains('@') {
        return format!("{}{local}.com", frame.prefix);
    }
    format!("{}{}{suffix}", frame.prefix, stretched(local, length))
}

fn host(frame: Frame<'_>, chance: &mut Chance) -> String {
    let suffix = match frame.suffix {
        "" if frame.short => "",
        "" => ".example.com",
        suffix => suffix,
    };
    let mut host = format!(
        "{}{}",
        frame.prefix,
        if frame.short { "a".to_owned() } else { word(chance) }
    );
    while host.len() + suffix.len() < frame.length {
        let missing = frame.length - host.len() - suffix.len();
        host.push('.');
        host.extend(std::iter::repeat_n('h', (missing - 1).clamp(1, LABEL)));
    }
    host + suffix
}

fn uri_reference(frame: Frame<'_>, root: &str, chance: &mut Chance) -> String {
    let start = if frame.prefix.is_empty() {
        root
    } else {
        frame.prefix
    };
    let path = if frame.short { "a".to_owned() } else { word(chance) };
    let length = frame.length.saturating_sub(start.len() + frame.suffix.len());
    format!("{start}{}{}", stretched(path, length), frame.suffix)
}

fn ulid(chance: &mut Chance) -> String {
    let digits = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let first = chance.count(0, 7);
    std::iter::once(first)
        .chain((1..26).map(|_| chance.count(0, 31)))
        .map(|i| char::from(digits[i]))
        .collect()
}

fn dotted_name(length: usize, chance: &mut Chance) -> String {
    stretched(format!("{}.{}", word(chance), word(chance)), length)
}

/// `text`, with letters added until it is `length` bytes long.
fn stretched(mut text: String, length: usize) -> String {
    text.extend(std::iter::repeat_n('a', length.saturating_sub(text.len())));
    text
}
