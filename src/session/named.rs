//! Which session a request names: in its header `protod-session`, or else in the member of this name of the W3C header
//! [`baggage`](https://www.w3.org/TR/baggage/), which services pass on to those that they call.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode;

/// The header that names the session of a call, and the member of `baggage`.
const SESSION: &str = "protod-session";

const HEADER: HeaderName = HeaderName::from_static(SESSION);
/// As those who call by REST write it who write metadata so.
const REST_HEADER: HeaderName = HeaderName::from_static("grpc-metadata-protod-session");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// What a request says of its session.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named<'h> {
    Nothing,
    /// Not checked: it may be no name at all.
    One(Cow<'h, str>),
    /// Two different ones.
    Two(Cow<'h, str>, Cow<'h, str>),
}

impl<'h> Named<'h> {
    /// What the headers of a request say. `is_rest` is whether it is a call by REST.
    #[inline]
    pub(super) fn by(headers: &'h HeaderMap, is_rest: bool) -> Self {
        if headers.contains_key(HEADER) {
            Self::by_header(headers, HEADER)
        } else if is_rest && headers.contains_key(REST_HEADER) {
            Self::by_header(headers, REST_HEADER)
        } else if headers.contains_key(BAGGAGE) {
            Self::by_baggage(headers)
        } else {
            Self::Nothing
        }
    }

    /// A proxy may have made one line of several.
    fn by_header(headers: &'h HeaderMap, header: HeaderName) -> Self {
        let values = headers.get_all(header).into_iter().map(HeaderValue::as_bytes);
        let names = values.flat_map(|value| value.split(|byte| *byte == b','));
        Self::of(names.map(|name| String::from_utf8_lossy(name.trim_ascii())))
    }

    fn by_baggage(headers: &'h HeaderMap) -> Self {
        let values = headers.get_all(BAGGAGE).into_iter().map(HeaderValue::as_bytes);
        let members = values.flat_map(|value| value.split(|byte| *byte == b','));
        Self::of(members.filter_map(|member| {
            // What comes after a semicolon are the properties of the member.
            let pair = member.split(|byte| *byte == b';').next()?;
            // Without a value the name is empty, which is none: who has sent it meant a session.
            let mut parts = pair.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
            let (key, value) = (parts.next()?, parts.next().unwrap_or_default());
            let is_meant = key == SESSION.as_bytes();
            is_meant.then(|| match Cow::from(percent_decode(value)) {
                Cow::Borrowed(value) => String::from_utf8_lossy(value),
                Cow::Owned(value) => String::from_utf8_lossy(&value).into_owned().into(),
            })
        }))
    }

    fn of(mut names: impl Iterator<Item = Cow<'h, str>>) -> Self {
        let Some(first) = names.next() else {
            return Self::Nothing;
        };
        match names.find(|name| *name != first) {
            Some(other) => Self::Two(first, other),
            None => Self::One(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(lines: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            headers.append(HeaderName::from_static(name), value);
        }
        match Named::by(&headers, false) {
            Named::Nothing => "nothing".to_owned(),
            Named::One(name) => format!("[{name}]"),
            Named::Two(one, other) => format!("[{one}] and [{other}]"),
        }
    }

    #[test]
    fn the_header_is_the_name_whatever_baggage_says() {
        for (lines, expected) in [
            (vec![], "nothing"),
            (vec![(SESSION, "a")], "[a]"),
            (vec![(SESSION, "a"), ("baggage", "protod-session=b")], "[a]"),
            (vec![(SESSION, "a"), (SESSION, "a")], "[a]"),
            (vec![(SESSION, "a, a")], "[a]"),
            (vec![(SESSION, "a"), (SESSION, "b")], "[a] and [b]"),
            (vec![(SESSION, "a,b")], "[a] and [b]"),
            // A variable of a shell that is not set: the call must not be one of no session.
            (vec![(SESSION, "")], "[]"),
            (vec![(SESSION, "a%20b")], "[a%20b]"),
            (vec![(SESSION, "é")], "[é]"),
            (
                vec![("x-protod-session", "a"), ("grpc-metadata-protod-session", "a")],
                "nothing",
            ),
        ] {
            assert_eq!(named(&lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn baggage_names_a_session_among_whatever_else_it_carries() {
        for (values, expected) in [
            (vec!["protod-session=a"], "[a]"),
            (vec!["user=7,protod-session=a,x=y"], "[a]"),
            (vec!["user=7", "x=y , protod-session = a ;secret;n=1"], "[a]"),
            (vec!["protod-session=a%2Fb%5b1%5D"], "[a/b[1]]"),
            (vec!["protod-session=a=b=c"], "[a=b=c]"),
            (vec!["protod-session=a,protod-session=a;p"], "[a]"),
            (vec!["protod-session=a", "protod-session=b"], "[a] and [b]"),
            (vec!["protod-session="], "[]"),
            (vec!["protod-session=%zz%"], "[%zz%]"),
            (vec!["protod-session=%ff"], "[\u{fffd}]"),
            (vec!["Protod-Session=a"], "nothing"),
            (vec!["protod-session"], "[]"),
            (vec!["user=7, protod-session ;p=1"], "[]"),
            (vec!["protod-sessions=a,my-protod-session=b"], "nothing"),
            (
                vec![",,;;==,=,;protod-session=a", "\u{fffd}=\u{fffd}", ""],
                "nothing",
            ),
            (vec!["x=1;protod-session=a"], "nothing"),
        ] {
            let lines: Vec<_> = values.iter().map(|value| ("baggage", *value)).collect();
            assert_eq!(named(&lines), expected, "{values:?}");
        }
    }

    #[test]
    fn rest_has_the_header_by_its_own_name_too() {
        let mut headers = HeaderMap::new();
        headers.insert(REST_HEADER, HeaderValue::from_static("a"));
        assert_eq!(Named::by(&headers, true), Named::One("a".into()));
        assert_eq!(Named::by(&headers, false), Named::Nothing);
    }
}
