//! Content types: what a request brings, and what its client takes.

use http::{HeaderMap, header};

/// How the answers of a stream look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// One JSON array.
    Array,
    /// One message a line.
    Lines,
    /// Server-sent events.
    Events,
}

/// The content types in which a stream is answered, the one first that is sent if the client does not care.
const STREAMS: [(&str, Style); 5] = [
    (JSON, Style::Array),
    (LINES[0], Style::Lines),
    (LINES[1], Style::Lines),
    (LINES[2], Style::Lines),
    (EVENTS, Style::Events),
];

pub(super) const JSON: &str = "application/json";
pub(super) const EVENTS: &str = "text/event-stream";

/// The names that JSON has with one value a line. None of them is registered.
const LINES: [&str; 3] = ["application/x-ndjson", "application/ndjson", "application/jsonl"];

/// The content type and the style in which a stream is answered. `None` if the client takes none.
pub(super) fn stream_style(headers: &HeaderMap) -> Option<(&'static str, Style)> {
    best(headers, &STREAMS)
}

/// Whether the client takes JSON.
pub(super) fn takes_json(headers: &HeaderMap) -> bool {
    best(headers, &[(JSON, ())]).is_some()
}

/// Whether the client asks for lines or events by name.
pub(crate) fn asks_for_stream(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT).into_iter();
    lists.filter_map(|list| list.to_str().ok()).any(|list| {
        let mut names = list.split(',').map(|range| name_of(range).to_ascii_lowercase());
        names.any(|name| name == EVENTS || LINES.contains(&&*name))
    })
}

/// The content type that the client likes best.
fn best<T: Copy>(headers: &HeaderMap, offered: &[(&'static str, T)]) -> Option<(&'static str, T)> {
    let lists: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|list| list.to_str().ok())
        .collect();
    let ranges: Vec<(&str, f32)> = lists
        .iter()
        .flat_map(|list| list.split(','))
        .map(|range| (name_of(range), quality_of(range)))
        .filter(|(name, _)| !name.is_empty())
        .collect();
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let mut best = None;
    let mut most = 0.0;
    for offer in offered {
        let quality = quality(&ranges, offer.0);
        if quality > most {
            (best, most) = (Some(*offer), quality);
        }
    }
    best
}

/// How much a client likes a content type: what its most specific range says. 0 is not at all.
fn quality(ranges: &[(&str, f32)], name: &str) -> f32 {
    let group = name.split('/').next().unwrap_or_default();
    let matching = |wanted: &dyn Fn(&str) -> bool| {
        ranges
            .iter()
            .find(|(range, _)| wanted(range))
            .map(|(_, quality)| *quality)
    };
    let is_of_group = |range: &str| {
        range
            .strip_suffix("/*")
            .is_some_and(|range| range.eq_ignore_ascii_case(group))
    };
    matching(&|range| range.eq_ignore_ascii_case(name))
        .or_else(|| matching(&is_of_group))
        .or_else(|| matching(&|range| range == "*/*" || range == "*"))
        .unwrap_or(0.0)
}

/// A content type without its parameters.
fn name_of(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn quality_of(range: &str) -> f32 {
    let mut parameters = range.split(';').skip(1).map(str::trim);
    let quality = parameters.find_map(|parameter| {
        parameter
            .strip_prefix("q=")
            .or_else(|| parameter.strip_prefix("Q="))
    });
    quality.map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0))
}

/// Whether a body of this content type is JSON. A body without one is taken for it.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let Ok(content_type) = content_type.to_str() else {
        return false;
    };
    let name = name_of(content_type).to_ascii_lowercase();
    let is_other = name.starts_with("application/") && name.ends_with("+json");
    (name == JSON || is_other) && is_utf8(content_type)
}

/// Whether a body of this content type is JSON with one value a line.
pub(crate) fn is_lines(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| {
        let name = name_of(content_type).to_ascii_lowercase();
        LINES.contains(&&*name) && is_utf8(content_type)
    })
}

/// Whether a content type names no character set but UTF-8.
fn is_utf8(content_type: &str) -> bool {
    let parameters = content_type
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='));
    let mut sets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    sets.all(|(_, set)| set.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(name: header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_stream_is_answered_as_its_client_likes_best() {
        for (accept, expected) in [
            (&[][..], Some((JSON, Style::Array))),
            (&["*/*"], Some((JSON, Style::Array))),
            (&["application/json"], Some((JSON, Style::Array))),
            (&["application/*"], Some((JSON, Style::Array))),
            (&["text/event-stream"], Some((EVENTS, Style::Events))),
            (&["text/*"], Some((EVENTS, Style::Events))),
            (&["application/x-ndjson"], Some((LINES[0], Style::Lines))),
            (&["application/NDJSON"], Some((LINES[1], Style::Lines))),
            (&["application/jsonl, */*;q=0.1"], Some((LINES[2], Style::Lines))),
            (
                &["application/json;q=0.5, text/event-stream"],
                Some((EVENTS, Style::Events)),
            ),
            (
                &["text/event-stream;q=0.5", "application/json"],
                Some((JSON, Style::Array)),
            ),
            (
                &["application/json;q=0, application/*"],
                Some((LINES[0], Style::Lines)),
            ),
            (
                &["application/json; charset=utf-8; q=1"],
                Some((JSON, Style::Array)),
            ),
            (
                &["text/html,application/xml;q=0.9,*/*;q=0.8"],
                Some((JSON, Style::Array)),
            ),
            (&["text/html"], None),
            (&["*/*;q=0"], None),
            (&["application/json;q=x"], None),
        ] {
            assert_eq!(
                stream_style(&with(header::ACCEPT, accept)),
                expected,
                "{accept:?}"
            );
        }
        assert!(asks_for_stream(&with(
            header::ACCEPT,
            &["application/json, text/event-stream;q=0.1"]
        )));
        assert!(!asks_for_stream(&with(header::ACCEPT, &["*/*"])));
        assert!(takes_json(&with(header::ACCEPT, &["application/*;q=0.1"])));
        assert!(!takes_json(&with(header::ACCEPT, &["text/event-stream"])));
    }

    #[test]
    fn json_is_utf8_and_has_several_names() {
        for (content_type, json, lines) in [
            (&[][..], true, false),
            (&["application/json"], true, false),
            (&["Application/JSON; charset=UTF-8"], true, false),
            (&["application/json;charset=\"utf-8\""], true, false),
            (&["application/json; charset=latin1"], false, false),
            (&["application/vnd.acme+json"], true, false),
            (&["application/x-www-form-urlencoded"], false, false),
            (&["text/plain"], false, false),
            (&["application/x-ndjson"], false, true),
            (&["application/jsonl;charset=utf-8"], false, true),
        ] {
            let headers = with(header::CONTENT_TYPE, content_type);
            assert_eq!(
                (is_json(&headers), is_lines(&headers)),
                (json, lines),
                "{content_type:?}"
            );
        }
    }
}
