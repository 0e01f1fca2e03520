//! Text in the formats of `buf.validate.StringRules`.
//!
//! Each may have a given prefix, suffix or length, as far as the format allows.

use super::seed::Random;
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

/// What other rules require of text in a format.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FormatOptions<'a> {
    pub(super) prefix: &'a str,
    pub(super) suffix: &'a str,
    /// The minimum length in bytes, for formats without a fixed length.
    pub(super) length: usize,
    /// Whether the text should be as short as possible.
    pub(super) short: bool,
}

/// Text in the named format.
pub(super) fn text(format: &str, options: FormatOptions<'_>, random: &mut Random) -> String {
    match format {
        "email" => email(options, random),
        "hostname" | "address" => host(options, random),
        "host_and_port" => {
            let port = random.between(1024, 65_535);
            let length = options.length.saturating_sub(6);
            format!(
                "{}:{port}",
                host(
                    FormatOptions {
                        suffix: "",
                        length,
                        ..options
                    },
                    random
                )
            )
        }
        "ip" | "ipv4" => ipv4(random),
        "ipv6" => ipv6(random),
        "uri" => uri_reference(
            options,
            if options.short {
                "a:"
            } else {
                "https://example.com/"
            },
            random,
        ),
        "uri_ref" => uri_reference(options, if options.short { "" } else { "/" }, random),
        "uuid" => uuid(random),
        "tuuid" => uuid(random).replace('-', ""),
        "ip_with_prefixlen" | "ipv4_with_prefixlen" => format!("{}/24", ipv4(random)),
        "ipv6_with_prefixlen" => format!("{}/64", ipv6(random)),
        "ip_prefix" | "ipv4_prefix" => format!("{}.0/24", example_network(random)),
        "ipv6_prefix" => format!("2001:db8:{:x}::/48", random.between(1, 0xffff)),
        "ulid" => ulid(random),
        "protobuf_dot_fqn" => format!(".{}", dotted_name(options.length, random)),
        "protobuf_fqn" => dotted_name(options.length, random),
        _ => stretched(random.word(), options.length),
    }
}

pub(super) fn uuid(random: &mut Random) -> String {
    let digit = |random: &mut Random, most| random.count(0, most) as u128;
    let bits = (0..32).fold(0, |bits, _| bits << 4 | digit(random, 15));
    // The two bits beside the variant are drawn on their own; so samples stay what they were.
    uuid::version_4(bits & !(0b11 << 60) | digit(random, 3) << 60)
}

pub(super) fn hex(random: &mut Random, length: usize) -> String {
    (0..length)
        .map(|_| char::from(b"0123456789abcdef"[random.count(0, 15)]))
        .collect()
}

/// An address of the networks that RFC 5737 reserves for documentation.
pub(super) fn ipv4(random: &mut Random) -> String {
    format!("{}.{}", example_network(random), random.between(1, 254))
}

fn example_network(random: &mut Random) -> &'static str {
    ["192.0.2", "198.51.100", "203.0.113"][random.count(0, 2)]
}

/// An address of the network that RFC 3849 reserves for documentation.
pub(super) fn ipv6(random: &mut Random) -> String {
    format!("2001:db8::{:x}", random.between(1, 0xffff))
}

pub(super) fn hostname(random: &mut Random) -> String {
    host(FormatOptions::default(), random)
}

pub(super) fn uri(random: &mut Random) -> String {
    uri_reference(FormatOptions::default(), "https://example.com/", random)
}

fn email(options: FormatOptions<'_>, random: &mut Random) -> String {
    let suffix = match options.suffix {
        "" if options.short => "@a.io".to_owned(),
        "" => "@example.com".to_owned(),
        suffix if suffix.contains('@') => suffix.to_owned(),
        suffix if suffix.starts_with('.') => format!("@example{suffix}"),
        suffix => format!("@{suffix}"),
    };
    let local = if options.short {
        "a".to_owned()
    } else {
        random.word()
    };
    let length = options.length.saturating_sub(options.prefix.len() + suffix.len());
    if options.prefix.contains('@') {
        return format!("{}{local}.com", options.prefix);
    }
    format!("{}{}{suffix}", options.prefix, stretched(local, length))
}

fn host(options: FormatOptions<'_>, random: &mut Random) -> String {
    let suffix = match options.suffix {
        "" if options.short => "",
        "" => ".example.com",
        suffix => suffix,
    };
    let mut host = format!(
        "{}{}",
        options.prefix,
        if options.short {
            "a".to_owned()
        } else {
            random.word()
        }
    );
    while host.len() + suffix.len() < options.length {
        let missing = options.length - host.len() - suffix.len();
        host.push('.');
        host.extend(std::iter::repeat_n('h', (missing - 1).clamp(1, LABEL)));
    }
    host + suffix
}

fn uri_reference(options: FormatOptions<'_>, root: &str, random: &mut Random) -> String {
    let start = if options.prefix.is_empty() {
        root
    } else {
        options.prefix
    };
    let path = if options.short {
        "a".to_owned()
    } else {
        random.word()
    };
    let length = options.length.saturating_sub(start.len() + options.suffix.len());
    format!("{start}{}{}", stretched(path, length), options.suffix)
}

fn ulid(random: &mut Random) -> String {
    let digits = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let first = random.count(0, 7);
    std::iter::once(first)
        .chain((1..26).map(|_| random.count(0, 31)))
        .map(|i| char::from(digits[i]))
        .collect()
}

fn dotted_name(length: usize, random: &mut Random) -> String {
    stretched(format!("{}.{}", random.word(), random.word()), length)
}

/// `text`, with letters added until it is `length` bytes long.
fn stretched(mut text: String, length: usize) -> String {
    text.extend(std::iter::repeat_n('a', length.saturating_sub(text.len())));
    text
}
