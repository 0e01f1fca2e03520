//! IP addresses and prefixes (RFC 4291, RFC 4632). An IPv6 address may have a zone (RFC 4007); a prefix has none.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An address of this version, 4 or 6; of either with 0, and of none with any other number.
pub(in crate::cel) fn is_ip(text: &str, version: i64) -> bool {
    match version {
        0 => is_ipv4(text) || is_ipv6(text),
        4 => is_ipv4(text),
        6 => is_ipv6(text),
        _ => false,
    }
}

pub(super) fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

pub(super) fn is_ipv6(text: &str) -> bool {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('\0')) && address.parse::<Ipv6Addr>().is_ok()
}

/// An address with the length of its prefix. In a strict prefix all bits after it are zero.
pub(in crate::cel) fn is_ip_prefix(text: &str, version: i64, strict: bool) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let is_plain =
        length.bytes().all(|byte| byte.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
    let (true, Ok(length)) = (is_plain, length.parse::<u32>()) else {
        return false;
    };
    // All as 128 bits, those of an IPv4 address first.
    let (bits, width) = if let (0 | 4, Ok(address)) = (version, address.parse::<Ipv4Addr>()) {
        (u128::from(address.to_bits()) << 96, 32)
    } else if let (0 | 6, Ok(address)) = (version, address.parse::<Ipv6Addr>()) {
        (address.to_bits(), 128)
    } else {
        return false;
    };
    length <= width && (!strict || bits.checked_shl(length).unwrap_or(0) == 0)
}
