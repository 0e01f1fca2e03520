//! Which places of the store one `set` names, and which of them cannot be meant together.
//!
//! The places are set in the order in which they are written. So a part after its whole is right: a message is stored, and
//! then a field of it is set. A place that is set twice, a whole after its part, and a part of what has none are slips.

use crate::yaml::{Node, Yaml};

/// The places that one `set` has named so far.
#[derive(Debug, Default)]
pub(super) struct SetPlaces {
    named: Vec<NamedPlace>,
}

#[derive(Debug)]
struct NamedPlace {
    /// As it is written.
    name: String,
    /// With `.name` for `['name']`, so that equal places are equal.
    plain: String,
    /// Whether its value is a constant that has no parts.
    is_scalar: bool,
}

impl SetPlaces {
    /// Notes a place and its value; returns what is wrong with it beside those before it, and what to do.
    pub(super) fn clash(&mut self, name: &str, value: &Node) -> Option<(String, String)> {
        if !name.starts_with("store") {
            return None;
        }
        let plain = plain(name);
        let clash = self.named.iter().find_map(|before| {
            if before.plain == plain {
                let message = format!(
                    "`{name}` is the same as `{}`, which is set here, too",
                    before.name
                );
                return Some((message, "leave one of them out".to_owned()));
            }
            if is_part(&before.plain, &plain) {
                let message = format!("`{name}` replaces `{}`, which is set before it", before.name);
                return Some((message, "put the whole first, or write the part in it".to_owned()));
            }
            let has_none = before.is_scalar && is_part(&plain, &before.plain);
            has_none.then(|| {
                let message = format!(
                    "`{}` is a single value here, and `{name}` is a part of it",
                    before.name
                );
                (message, format!("make it a mapping: `{}: {{…}}`", before.name))
            })
        });
        let is_scalar = match &value.value {
            Yaml::Bool(_) | Yaml::Int(_) | Yaml::Float(_) | Yaml::List(_) => true,
            Yaml::Text(text) => !text.contains("${"),
            Yaml::Null | Yaml::Map(_) => false,
        };
        let name = name.to_owned();
        self.named.push(NamedPlace {
            name,
            plain,
            is_scalar,
        });
        clash
    }
}

/// The value that empties a map before something is set in it, if one of these entries of `set` does so and another sets an
/// entry that depends on the call, with both places. More than one entry may be meant to be all that is there.
pub(super) fn emptied_first<'n>(
    entries: impl Iterator<Item = &'n (Node, Node)>,
) -> Option<(&'n Node, String, String)> {
    let places = entries.filter_map(|(key, value)| Some((key.key_text()?, value)));
    let places: Vec<(String, String, &Node)> = places
        .filter(|(name, _)| name.starts_with("store"))
        .map(|(name, value)| (plain(&name), name, value))
        .collect();
    places.iter().enumerate().find_map(|(at, (whole, name, value))| {
        if !matches!(&value.value, Yaml::Map(entries) if entries.is_empty()) {
            return None;
        }
        let mut parts = places[at + 1..].iter().filter(|(part, ..)| is_part(part, whole));
        let (part, part_name, _) = parts.next().filter(|_| parts.next().is_none())?;
        let key = part[whole.len()..].strip_prefix('[')?;
        let is_expression = key.starts_with(|first: char| first.is_ascii_alphabetic());
        is_expression.then(|| (*value, name.clone(), part_name.clone()))
    })
}

/// Whether one place is within the other.
fn is_part(part: &str, whole: &str) -> bool {
    part.strip_prefix(whole)
        .is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// A place with `.name` for `['name']`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('[') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((key, after)) = quoted_key(rest) {
            plain.push('.');
            plain.push_str(key);
            rest = after;
        } else {
            plain.push('[');
            rest = &rest[1..];
        }
    }
    plain + rest
}

/// The text of `['key']` that begins here, and what follows it.
fn quoted_key(place: &str) -> Option<(&str, &str)> {
    let rest = place.strip_prefix('[')?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (key, after) = rest[1..].split_once(quote)?;
    Some((key, after.strip_prefix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_exclude_each_other_are_told() {
        let scalar = Node {
            span: 0..1,
            value: Yaml::Int(1),
        };
        let mapping = Node {
            span: 0..1,
            value: Yaml::Map(Vec::new()),
        };
        for (first, value, second, told) in [
            ("store.a", &scalar, "store.a", Some("is the same as")),
            ("store.a", &mapping, "store['a']", Some("is the same as")),
            ("store.a.b", &mapping, "store[\"a\"]", Some("replaces")),
            (
                "store.a",
                &scalar,
                "store.a[request.name]",
                Some("is a single value"),
            ),
            ("store.a", &mapping, "store.a.b", None),
            ("store.a", &scalar, "store.ab", None),
            ("store.a[x['b']]", &scalar, "store.a[x['c']]", None),
            ("store.a[x['b']]", &scalar, "store.a[x.b]", Some("is the same as")),
            (
                "store.a['it]s']",
                &scalar,
                "store.a['it]s'].b",
                Some("is a single value"),
            ),
        ] {
            let mut places = SetPlaces::default();
            assert_eq!(places.clash(first, value), None);
            let clash = places.clash(second, &scalar).map(|(message, _)| message);
            assert_eq!(clash.is_some(), told.is_some(), "{first} {second}: {clash:?}");
            if let (Some(clash), Some(told)) = (clash, told) {
                assert!(clash.contains(told), "{clash}");
            }
        }
    }
}
