//! The caller's place in a trace, from `traceparent` and `tracestate`.
//!
//! What is not as [W3C Trace Context](https://www.w3.org/TR/trace-context/) has it is as good as not there, as that says: a call is never
//! refused for it.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::ids::{SpanId, TraceId};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// How much of a state is passed on; a longer one is dropped. Nobody has to pass on more.
const LONGEST_STATE: usize = 512;

/// How many members a state may have.
const MOST_MEMBERS: usize = 32;

/// The caller's place in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) is_sampled: bool,
    /// `tracestate`. Empty if there is none.
    pub(super) state: Box<str>,
}

impl Parent {
    /// Reads it from the headers of a request. `None` if there is none, or it is not a sound one.
    #[inline]
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let traceparent = headers.get(TRACEPARENT)?;
        // Of two, nobody knows which is meant.
        if headers.get_all(TRACEPARENT).iter().nth(1).is_some() {
            return None;
        }
        let (trace, span, is_sampled) = parse(traceparent.as_bytes())?;
        Some(Self {
            trace,
            span,
            is_sampled,
            state: state(headers),
        })
    }
}

/// Reads `VERSION-TRACE-SPAN-FLAGS`, in small hexadecimal digits. Later versions may have more behind that.
fn parse(text: &[u8]) -> Option<(TraceId, SpanId, bool)> {
    let (head, rest) = text.split_at_checked(55)?;
    let dashes = [2, 35, 52].iter().all(|at| head[*at] == b'-');
    let [version] = digits(&head[..2])?;
    let fits = match version {
        0 => rest.is_empty(),
        0xff => false,
        _ => rest.first().is_none_or(|next| *next == b'-'),
    };
    if !dashes || !fits {
        return None;
    }
    let trace = TraceId::of(digits(&head[3..35])?)?;
    let span = SpanId::of(digits(&head[36..52])?)?;
    let [flags] = digits(&head[53..])?;
    Some((trace, span, flags & 1 == 1))
}

fn digits<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |char: u8| match char {
        b'0'..=b'9' => Some(char - b'0'),
        b'a'..=b'f' => Some(char - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// The members of all `tracestate` headers, in their order. Empty if one is wrong, or there are too many.
fn state(headers: &HeaderMap) -> Box<str> {
    let values = headers.get_all(TRACESTATE).iter().map(HeaderValue::to_str);
    let Ok(values) = values.collect::<Result<Vec<_>, _>>() else {
        return Box::default();
    };
    let members = values.iter().flat_map(|value| value.split(','));
    let members: Vec<&str> = members
        .map(str::trim)
        .filter(|member| !member.is_empty())
        .collect();
    let joined = members.join(",");
    let is_sound = members.len() <= MOST_MEMBERS
        && joined.len() <= LONGEST_STATE
        && members.iter().all(|member| is_member(member));
    if is_sound { joined.into() } else { Box::default() }
}

/// Whether it is `KEY=VALUE`. A key has small letters, digits and a few signs; a value has what can be printed.
fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else {
        return false;
    };
    let of_key = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let begins = key.bytes().next();
    begins.is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && key.len() <= 256
        && key.bytes().all(of_key)
        && (1..=256).contains(&value.len())
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn of(headers: &[(&'static str, &str)]) -> Option<Parent> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        Parent::of(&map)
    }

    #[test]
    fn a_sound_context_is_taken() {
        for (text, sampled) in [
            (format!("00-{TRACE}-{SPAN}-01"), true),
            (format!("00-{TRACE}-{SPAN}-00"), false),
            (format!("00-{TRACE}-{SPAN}-fe"), false),
            (format!("00-{TRACE}-{SPAN}-03"), true),
            (format!("cc-{TRACE}-{SPAN}-01"), true),
            (format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"), true),
        ] {
            let parent = of(&[("traceparent", &text)]).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (parent.trace.to_string(), parent.span.to_string()),
                (TRACE.into(), SPAN.into())
            );
            assert_eq!(parent.is_sampled, sampled, "{text}");
        }
    }

    #[test]
    fn what_is_no_context_is_as_good_as_none() {
        for text in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-{SPAN}-0"),
            format!("00-{TRACE}-{SPAN}-1x"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01.more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("cc-{TRACE}-{SPAN}-01.more"),
            format!("0x-{TRACE}-{SPAN}-01"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!(" 00-{TRACE}-{SPAN}-01"),
            "é".repeat(40),
        ] {
            assert_eq!(of(&[("traceparent", &text)]), None, "{text}");
        }
        let sound = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(of(&[("traceparent", &sound), ("traceparent", &sound)]), None);
        assert_eq!(of(&[("tracestate", "a=b")]), None);
    }

    #[test]
    fn a_state_is_joined_and_taken_whole_or_not() {
        let sound = format!("00-{TRACE}-{SPAN}-01");
        let state = |values: &[&str]| {
            let states = values.iter().map(|value| ("tracestate", *value));
            let headers: Vec<_> = [("traceparent", sound.as_str())]
                .into_iter()
                .chain(states)
                .collect();
            of(&headers).expect("the parent is sound all the same").state
        };
        let many = |count: usize| {
            (0..count)
                .map(|n| format!("k{n}=v"))
                .collect::<Vec<_>>()
                .join(",")
        };
        assert_eq!(&*state(&["a=1,b@c=2", " d= 3 ,,e=4"]), "a=1,b@c=2,d= 3,e=4");
        assert_eq!(&*state(&[&many(32)]), many(32));
        for wrong in [
            many(33),
            "a".to_owned(),
            "A=1".to_owned(),
            "=1".to_owned(),
            "a=".to_owned(),
            "a=b=c".to_owned(),
            "a=é".to_owned(),
            format!("a={}", "v".repeat(257)),
            format!("a={0},b={0},c={0}", "v".repeat(200)),
        ] {
            assert_eq!(&*state(&[&wrong]), "", "{wrong}");
        }
    }
}
