//! Metadata under names with a prefix, which is how plain HTTP has trailers in headers.

use http::{HeaderMap, HeaderName};

/// Adds metadata to headers, each under its name with a prefix.
pub(super) fn add_prefixed(headers: &mut HeaderMap, prefix: &str, metadata: &HeaderMap) {
    for (name, value) in metadata {
        if let Ok(name) = HeaderName::try_from(format!("{prefix}{name}")) {
            headers.append(name, value.clone());
        }
    }
}

/// Takes out of headers those whose names have a prefix, and gives them without it. What is no name without it is left out.
pub(super) fn take_prefixed(headers: &mut HeaderMap, prefix: &str) -> HeaderMap {
    let has_prefix = |name: &&HeaderName| name.as_str().starts_with(prefix);
    let names: Vec<HeaderName> = headers.keys().filter(has_prefix).cloned().collect();
    let mut taken = HeaderMap::new();
    for name in names {
        if let Ok(bare) = HeaderName::try_from(&name.as_str()[prefix.len()..]) {
            for value in headers.get_all(&name) {
                taken.append(bare.clone(), value.clone());
            }
        }
        headers.remove(&name);
    }
    taken
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_is_added_is_taken_and_nothing_else() {
        let value = HeaderValue::from_static;
        let mut metadata = HeaderMap::new();
        metadata.append("a", value("1"));
        metadata.append("a", value("2"));
        metadata.append("x-a", value("3"));
        let mut headers = HeaderMap::new();
        headers.insert("a", value("other"));
        headers.insert("x-", value("no name"));
        add_prefixed(&mut headers, "x-", &metadata);
        assert_eq!(headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(take_prefixed(&mut headers, "x-"), metadata);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers["a"], "other");
    }
}
