//! What to do about codes and details of statuses that are none.

use crate::handler::CODES;
use crate::rules::compile::google_rpc::{SHORT_FORMS, google_rpc};
use crate::suggest;
use crate::yaml::Node;

/// The short form for fields that stand alone.
pub(super) fn detail_hint(fields: &[(Node, Node)]) -> String {
    let has_all = |message: &str| {
        let message = google_rpc().get_message_by_name(&format!("google.rpc.{message}"));
        message.is_some_and(|message| {
            let has = |key: &Node| {
                key.text()
                    .is_some_and(|name| message.get_field_by_name(name).is_some())
            };
            fields.iter().all(|(key, _)| has(key))
        })
    };
    match SHORT_FORMS.iter().find(|(_, message)| has_all(message)) {
        Some((form, _)) => format!("write `{form}: {{…}}` around these fields"),
        None => "write `\"@type\": type.googleapis.com/package.Message` beside the fields".to_owned(),
    }
}

/// What to write for a status that is one text: `NOT_FOUND: no tea`.
pub(super) fn status_hint(text: &str) -> String {
    if text.starts_with('*') {
        return format!("leave out the quotes: `{text}`");
    }
    let is_code = |code: &str| CODES.contains(&code) || code.parse::<u8>().is_ok();
    let parts = text.split_once([':', ',', '-']).or_else(|| text.split_once(' '));
    match parts.map(|(code, message)| (code.trim(), message.trim())) {
        Some((code, message)) if is_code(code) => {
            let is_plain = |letter: char| letter.is_alphanumeric() || " .!-_".contains(letter);
            if message.chars().all(is_plain) && message.starts_with(char::is_alphabetic) {
                format!("write `{{code: {code}, message: {message}}}`")
            } else {
                format!("write `{{code: {code}, message: {message:?}}}`")
            }
        }
        _ if is_code(text) => format!("write `{{code: {text}}}`"),
        _ => match code_hint(text) {
            Some(hint) => format!("write `{{code: NOT_FOUND, message: …}}`; {hint}"),
            None => "write `{code: NOT_FOUND, message: …}`".to_owned(),
        },
    }
}

/// Codes of HTTP, and the codes of gRPC that say the same.
const HTTP_CODES: [(&str, &str); 14] = [
    ("200", "OK"),
    ("400", "INVALID_ARGUMENT"),
    ("401", "UNAUTHENTICATED"),
    ("403", "PERMISSION_DENIED"),
    ("404", "NOT_FOUND"),
    ("408", "DEADLINE_EXCEEDED"),
    ("409", "ALREADY_EXISTS"),
    ("412", "FAILED_PRECONDITION"),
    ("429", "RESOURCE_EXHAUSTED"),
    ("499", "CANCELLED"),
    ("500", "INTERNAL"),
    ("501", "UNIMPLEMENTED"),
    ("503", "UNAVAILABLE"),
    ("504", "DEADLINE_EXCEEDED"),
];

/// Words of HTTP and of other libraries, as they are without `_` and in lower case, and the codes of gRPC that say the same.
const OTHER_NAMES: [(&[&str], &str); 13] = [
    (&["success", "okay", "succeeded"], "OK"),
    (&["canceled", "clientclosedrequest"], "CANCELLED"),
    (
        &[
            "badrequest",
            "invalid",
            "invalidargs",
            "validationerror",
            "malformed",
            "unprocessableentity",
        ],
        "INVALID_ARGUMENT",
    ),
    (
        &[
            "timeout",
            "timedout",
            "gatewaytimeout",
            "requesttimeout",
            "deadline",
        ],
        "DEADLINE_EXCEEDED",
    ),
    (&["missing", "nosuch", "gone", "unknownresource"], "NOT_FOUND"),
    (&["conflict", "exists", "duplicate"], "ALREADY_EXISTS"),
    (
        &["forbidden", "accessdenied", "denied", "notallowed"],
        "PERMISSION_DENIED",
    ),
    (
        &[
            "toomanyrequests",
            "ratelimited",
            "ratelimit",
            "quotaexceeded",
            "throttled",
        ],
        "RESOURCE_EXHAUSTED",
    ),
    (&["preconditionfailed", "precondition"], "FAILED_PRECONDITION"),
    (
        &["notimplemented", "methodnotallowed", "unsupported"],
        "UNIMPLEMENTED",
    ),
    (
        &[
            "internalservererror",
            "servererror",
            "internalerror",
            "error",
            "failure",
            "fail",
            "panic",
        ],
        "INTERNAL",
    ),
    (
        &[
            "serviceunavailable",
            "down",
            "busy",
            "tryagain",
            "badgateway",
            "retry",
        ],
        "UNAVAILABLE",
    ),
    (
        &[
            "unauthorized",
            "unauthorised",
            "notauthenticated",
            "notauthorized",
            "loginrequired",
        ],
        "UNAUTHENTICATED",
    ),
];

/// What was meant by a text that is no code: one of HTTP, or one that is written as another language writes it.
pub(super) fn code_hint(text: &str) -> Option<String> {
    if let Some((_, code)) = HTTP_CODES.iter().find(|(http, _)| *http == text) {
        return Some(format!("{text} is a code of HTTP; gRPC has `{code}`"));
    }
    if text
        .trim()
        .parse::<u8>()
        .is_ok_and(|code| usize::from(code) < CODES.len())
    {
        return Some(format!("leave out the quotes: `{}`", text.trim()));
    }
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
    let last = text.rsplit(['.', ':']).next().unwrap_or_default();
    let is_word = |(words, _): &&(&[&str], &str)| words.contains(&plain(last).as_str());
    if let Some((_, code)) = OTHER_NAMES.iter().find(is_word) {
        return Some(format!("gRPC has `{code}`"));
    }
    let code = CODES.iter().find(|code| plain(code) == plain(last));
    let code = code.map(|code| format!("did you mean `{code}`?"));
    code.or_else(|| suggest::did_you_mean(last, CODES))
        .or_else(|| Some("the codes are 0 to 16, and their names, such as `NOT_FOUND`".to_owned()))
}
