//! Names of hosts (RFC 1034), with and without a port, and email addresses as HTML forms take them.

use super::ip::{is_ipv4, is_ipv6};

/// The longest name of a host, without a dot at its end.
const MAX_NAME: usize = 253;

/// The longest part of a name between its dots.
const MAX_LABEL: usize = 63;

/// Labels of letters, digits and inner hyphens. The last one is not all digits, so that no IPv4 address is a name.
pub(in crate::cel) fn is_hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= MAX_NAME && name.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What the HTML standard takes as an email address: no comments, no quotes, nothing but ASCII.
pub(in crate::cel) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    !local.is_empty() && local.bytes().all(is_local) && domain.split('.').all(is_label)
}

/// `host:port`, where the host is a name, an IPv4 address, or an IPv6 address in brackets. The port may be left out unless
/// it is required.
pub(in crate::cel) fn is_host_and_port(text: &str, port_required: bool) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        // The last bracket, since the zone of an address may have others.
        return rest.rsplit_once(']').is_some_and(|(address, after)| {
            is_ipv6(address)
                && match after.strip_prefix(':') {
                    Some(port) => is_port(port),
                    None => after.is_empty() && !port_required,
                }
        });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    port.map_or(!port_required, is_port) && (is_hostname(host) || is_ipv4(host))
}

/// A number up to 65535, without zeros in front.
fn is_port(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    is_plain && text.parse::<u16>().is_ok()
}
