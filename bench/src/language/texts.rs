//! Functions of texts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;
use tonic::codegen::http::Uri;

use super::Twin::Each;
use super::{Case, In, case, costing, count, listing, number, saying, text, texts, truth};

static CODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[a-z]+-[0-9]{3,}$").expect("a regular expression"));

pub(super) const CASES: &[Case] = &[
    case(
        "Contains",
        &["s.contains(t)"],
        tea,
        Each(|it| truth(it.text.contains("of"))),
    ),
    case(
        "StartsWith",
        &["s.startsWith(t)"],
        tea,
        Each(|it| truth(it.text.starts_with("a cup"))),
    ),
    case(
        "EndsWith",
        &["s.endsWith(t)"],
        tea,
        Each(|it| truth(it.text.ends_with("tea"))),
    ),
    case(
        "Matches",
        &["s.matches(re)"],
        || saying("tea-2018"),
        Each(|it| truth(CODE.is_match(&it.text))),
    ),
    case(
        "IsEmail",
        &["s.isEmail()"],
        || saying("ada@example.com"),
        Each(|it| truth(is_email(&it.text))),
    ),
    case(
        "IsHostname",
        &["s.isHostname()"],
        || saying("api.example.com"),
        Each(|it| truth(is_hostname(&it.text))),
    ),
    case(
        "IsIp",
        &["s.isIp()"],
        || saying("2001:db8::7"),
        Each(|it| truth(it.text.parse::<IpAddr>().is_ok())),
    ),
    case(
        "IsIpv4",
        &["s.isIp(4)"],
        || saying("192.0.2.7"),
        Each(|it| truth(it.text.parse::<Ipv4Addr>().is_ok())),
    ),
    case(
        "IsIpPrefix",
        &["s.isIpPrefix()"],
        || saying("192.0.2.0/24"),
        Each(|it| truth(is_prefix(&it.text))),
    ),
    case(
        "IsIpv6Prefix",
        &["s.isIpPrefix(6, true)"],
        || saying("2001:db8::/32"),
        Each(|it| truth(is_ipv6_network(&it.text))),
    ),
    case(
        "IsHostAndPort",
        &["s.isHostAndPort(true)"],
        || saying("api.example.com:443"),
        Each(|it| {
            truth(it.text.rsplit_once(':').is_some_and(|(host, port)| {
                port.parse::<u16>().is_ok() && (is_hostname(host) || host.parse::<IpAddr>().is_ok())
            }))
        }),
    ),
    case(
        "IsUri",
        &["s.isUri()"],
        || saying("https://example.com/tea?cups=2"),
        Each(|it| truth(it.text.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some()))),
    ),
    case(
        "IsUriRef",
        &["s.isUriRef()"],
        || saying("/tea?cups=2"),
        Each(|it| truth(it.text.parse::<Uri>().is_ok())),
    ),
    case(
        "IndexOf",
        &["s.indexOf(t)"],
        tea,
        Each(|it| number(index(&it.text, it.text.find("of")))),
    ),
    case(
        "IndexOfFrom",
        &["s.indexOf(t, from)"],
        tea,
        Each(|it| {
            let from = at(&it.text, 4);
            number(index(
                &it.text,
                it.text[from..].find('a').map(|found| from + found),
            ))
        }),
    ),
    case(
        "LastIndexOf",
        &["s.lastIndexOf(t)"],
        tea,
        Each(|it| number(index(&it.text, it.text.rfind('a')))),
    ),
    case(
        "LastIndexOfFrom",
        &["s.lastIndexOf(t, from)"],
        tea,
        Each(|it| {
            let until = at(&it.text, 5);
            number(index(&it.text, it.text[..until].rfind('a')))
        }),
    ),
    case(
        "CharAt",
        &["s.charAt(i)"],
        tea,
        Each(|it| text(it.text.chars().nth(2).unwrap_or_default())),
    ),
    case(
        "Substring",
        &["s.substring(a)"],
        tea,
        Each(|it| text(&it.text[at(&it.text, 6)..])),
    ),
    case(
        "SubstringUntil",
        &["s.substring(a, b)"],
        tea,
        Each(|it| text(&it.text[at(&it.text, 2)..at(&it.text, 5)])),
    ),
    case(
        "Replace",
        &["s.replace(t, u)"],
        tea,
        Each(|it| text(it.text.replace("tea", "coffee"))),
    ),
    case(
        "ReplaceSome",
        &["s.replace(t, u, n)"],
        tea,
        Each(|it| text(it.text.replacen('a', "A", 1))),
    ),
    case(
        "Split",
        &["s.split(t)"],
        || saying("tea,cup,pot,jug"),
        Each(|it| texts(it.text.split(',').map(str::to_owned).collect())),
    ),
    case(
        "SplitSome",
        &["s.split(t, n)"],
        || saying("tea,cup,pot,jug"),
        Each(|it| texts(it.text.splitn(2, ',').map(str::to_owned).collect())),
    ),
    case(
        "SplitAndJoin",
        &[],
        || saying("tea,cup,pot,jug"),
        Each(|it| text(it.text.split(',').collect::<Vec<_>>().join(" and "))),
    ),
    case(
        "LowerAscii",
        &["s.lowerAscii()"],
        || saying("A Cup of TEA"),
        Each(|it| text(it.text.to_ascii_lowercase())),
    ),
    case(
        "UpperAscii",
        &["s.upperAscii()"],
        tea,
        Each(|it| text(it.text.to_ascii_uppercase())),
    ),
    case(
        "Trim",
        &["s.trim()"],
        || saying("  a cup of tea "),
        Each(|it| text(it.text.trim())),
    ),
    case(
        "ReverseText",
        &["s.reverse()"],
        tea,
        Each(|it| text(it.text.chars().rev().collect::<String>())),
    ),
    case(
        "Quote",
        &["strings.quote(s)"],
        || saying("a \"cup\" of tea"),
        Each(|it| text(format!("{:?}", it.text))),
    ),
    case(
        "Format",
        &["\"%d of %s\".format([1, \"x\"])"],
        || In { number: 2, ..tea() },
        Each(|it| text(format!("{} of {}", it.number, it.text))),
    ),
    case(
        "FormatFraction",
        &[],
        || costing(99.5),
        Each(|it| text(format!("costs {:.2}", it.price))),
    ),
    case(
        "FormatFour",
        &[],
        || In {
            number: 42,
            id: 255,
            price: 99.5,
            ..tea()
        },
        Each(|it| {
            text(format!(
                "{} of {}, {:x}, {:.1}",
                it.number, it.text, it.id, it.price
            ))
        }),
    ),
    case(
        "ContainsInList",
        &[],
        || listing(&["tea", "cup", "pot"]),
        Each(|it| truth(it.texts.iter().any(|good| good.contains("po")))),
    ),
];

fn tea() -> In {
    saying("a cup of tea")
}

/// The byte at which the character of this number begins.
fn at(text: &str, character: usize) -> usize {
    text.char_indices()
        .nth(character)
        .map_or(text.len(), |(at, _)| at)
}

/// The number of the character that begins at a byte; -1 if there is none.
fn index(text: &str, at: Option<usize>) -> i64 {
    at.map_or(-1, |at| count(text[..at].chars().count()))
}

/// As HTML forms take it.
fn is_email(text: &str) -> bool {
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && local.bytes().all(is_local) && domain.split('.').all(is_label)
    })
}

fn is_hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_prefix(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        let most = match address.parse() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        length.parse::<u8>().is_ok_and(|length| length <= most)
    })
}

/// Without a bit after the prefix.
fn is_ipv6_network(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        match (address.parse::<Ipv6Addr>(), length.parse::<u32>()) {
            (Ok(address), Ok(length)) if length <= 128 => {
                address.to_bits().checked_shl(length).unwrap_or_default() == 0
            }
            _ => false,
        }
    })
}
