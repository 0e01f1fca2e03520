//! Patterns of other tools in `metadata` and `match`: `Bearer *`, `/^Bearer .+/`, `any`, `!admin`, `a|b`, `null` in quotes.
//!
//! To protod they are values like others, so a rule that has one matches no call, and nobody is told. What is found is
//! hardly a value that a client sends; who means it asks for it in `when`.

/// Words for any value.
const ANY: [&str; 11] = [
    "*", "**", ".*", ".+", "any", "{}", "present", "exists", "required", "<any>", "?*",
];

/// Words for none.
const NONE: [&str; 9] = [
    "null",
    "nil",
    "none",
    "undefined",
    "absent",
    "missing",
    "~",
    "!*",
    "not present",
];

/// What names a kind of comparison before a value, and the function that makes it.
const KINDS: [(&str, &str); 15] = [
    ("regex:", "matches"),
    ("regexp:", "matches"),
    ("re:", "matches"),
    ("pattern:", "matches"),
    ("matches:", "matches"),
    ("=~", "matches"),
    ("~=", "matches"),
    ("~", "matches"),
    ("prefix:", "startsWith"),
    ("startsWith:", "startsWith"),
    ("starts_with:", "startsWith"),
    ("suffix:", "endsWith"),
    ("endsWith:", "endsWith"),
    ("contains:", "contains"),
    ("glob:", "matches"),
];

/// What parts of a regular expression have that values hardly have.
const OF_REGEX: [&str; 11] = [
    ".*", ".+", "\\d", "\\w", "\\s", "\\S", "\\.", "[a-z", "[A-Z", "[0-9", "(?",
];

/// What a value is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compared<'n> {
    /// The client's metadata of this name.
    Metadata(&'n str),
    /// The same, as a value of `not`.
    Excluded(&'n str),
    /// The field at a path of the request.
    Field(&'n str),
}

impl Compared<'_> {
    /// The expression for it.
    fn read(self) -> String {
        match self {
            Self::Metadata(name) | Self::Excluded(name) => format!("metadata['{name}']"),
            Self::Field(path) => format!("request.{path}"),
        }
    }

    fn any(self) -> &'static str {
        match self {
            Self::Metadata(_) => "`{}` is any value",
            Self::Excluded(_) => "instead of `{not: …}`, `null` is none",
            Self::Field(_) => "leave it out: fields that are not listed may have any value",
        }
    }

    fn none(self) -> &'static str {
        match self {
            Self::Metadata(_) => "`null` without quotes is none",
            Self::Excluded(_) => "instead of `{not: …}`, `{}` is any value",
            Self::Field(_) => "`null` without quotes is unset",
        }
    }

    fn none_of(self, value: &str) -> String {
        match self {
            Self::Field(_) => when(&format!("{} != {}", self.read(), quoted(value))),
            _ => format!("write `{{not: {value}}}`"),
        }
    }

    fn one_of(self, values: &[&str]) -> String {
        let listed = values.join(", ");
        match self {
            Self::Metadata(_) => format!("any of several values is a list: `[{listed}]`"),
            Self::Excluded(_) => format!("write `{{not: [{listed}]}}`"),
            Self::Field(_) => {
                let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                when(&format!("{} in [{}]", self.read(), quoted.join(", ")))
            }
        }
    }

    fn call(self, function: &str, text: &str) -> String {
        let not = if matches!(self, Self::Excluded(_)) {
            "!"
        } else {
            ""
        };
        when(&format!("{not}{}.{function}({})", self.read(), quoted(text)))
    }
}

/// The hint at a condition.
fn when(condition: &str) -> String {
    format!("such a condition stands under `when`: `{condition}`")
}

/// A text as an expression has it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let raw = if text.contains('\\') { "r" } else { "" };
    format!("{raw}{quote}{text}{quote}")
}

/// What is said of such a value.
pub(super) fn message(value: &str) -> String {
    format!("`{value}` is compared as it is written, and is no pattern here")
}

/// What to write instead of a value that is a pattern of another tool, if it is one.
pub(super) fn hint(value: &str, compared: Compared<'_>) -> Option<String> {
    // The texts of fields have words of all kinds.
    let is_field = matches!(compared, Compared::Field(_));
    let lower = value.trim().to_lowercase();
    let is_sign = !lower.contains(char::is_alphabetic);
    if ANY.contains(&lower.as_str()) && (is_sign || !is_field) {
        return Some(compared.any().to_owned());
    }
    if NONE.contains(&lower.as_str()) && (!is_field || matches!(&*lower, "null" | "nil" | "undefined")) {
        return Some(compared.none().to_owned());
    }
    for (kind, function) in KINDS {
        if let Some(rest) = value.strip_prefix(kind).filter(|rest| !rest.trim().is_empty()) {
            return Some(compared.call(function, rest.trim().trim_matches('/')));
        }
    }
    let negated = ["!=", "!"].iter().find_map(|sign| value.strip_prefix(sign));
    let negated = negated.or_else(|| value.strip_prefix("not ").filter(|_| !is_field));
    if let Some(rest) = negated.map(str::trim).filter(|rest| !rest.is_empty()) {
        return Some(compared.none_of(rest));
    }
    let between_slashes = value.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    if let Some((regex, "" | "i" | "g" | "m")) = between_slashes
        && (is_regex(regex) || regex.starts_with('^') || regex.ends_with('$'))
    {
        return Some(compared.call("matches", regex));
    }
    let is_anchored = value.starts_with('^') || value.ends_with('$') && value.contains(['.', '*', '[', '+']);
    if value.len() > 1 && is_anchored || is_regex(value) {
        return Some(compared.call("matches", value));
    }
    // A star in `*/*` or `text/*` is part of a media type.
    let is_glob = if is_field {
        !value.starts_with("**") && (value.starts_with('*') || value.ends_with('*'))
    } else {
        value.contains('*')
    };
    if is_glob && !value.contains(['/', '=']) && !value.contains(" * ") {
        let inside = value.trim_matches('*');
        return Some(match (value.starts_with('*'), value.ends_with('*')) {
            _ if inside.contains('*') => {
                let regex = value.replace('.', "\\.").replace('*', ".*");
                compared.call("matches", &format!("^{regex}$"))
            }
            (true, true) => compared.call("contains", inside),
            (false, true) => compared.call("startsWith", inside),
            _ => compared.call("endsWith", inside),
        });
    }
    let words: Vec<&str> = value.split('|').map(str::trim).collect();
    let is_word = |word: &&str| {
        !word.is_empty()
            && word
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
    };
    (words.len() > 1 && words.iter().all(is_word)).then(|| compared.one_of(&words))
}

fn is_regex(value: &str) -> bool {
    OF_REGEX.iter().any(|part| value.contains(part))
}

#[cfg(test)]
mod tests {
    use super::{Compared, hint};

    #[test]
    fn patterns_of_other_tools_are_told_from_values() {
        for (value, expected) in [
            ("Bearer *", "metadata['x'].startsWith('Bearer ')`"),
            ("*.example.com", "metadata['x'].endsWith('.example.com')`"),
            ("*min*", "metadata['x'].contains('min')`"),
            ("a*b*c", "metadata['x'].matches('^a.*b.*c$')`"),
            ("/^Bearer .+/", "metadata['x'].matches('^Bearer .+')`"),
            ("^Bearer .*$", "metadata['x'].matches('^Bearer .*$')`"),
            (r"v\d+", r"metadata['x'].matches(r'v\d+')`"),
            ("regex:^a", "metadata['x'].matches('^a')`"),
            ("prefix: a", "metadata['x'].startsWith('a')`"),
            ("*", "`{}` is any value"),
            ("ANY", "`{}` is any value"),
            ("null", "`null` without quotes is none"),
            ("!admin", "write `{not: admin}`"),
            ("!= admin", "write `{not: admin}`"),
            (
                "admin|editor",
                "any of several values is a list: `[admin, editor]`",
            ),
        ] {
            let found = hint(value, Compared::Metadata("x")).unwrap_or_default();
            assert!(found.ends_with(expected), "{value}: {found}");
        }
        for value in [
            "Bearer tea",
            "",
            "*/*",
            "text/*;q=0.8",
            "a, b",
            "en-US,en;q=0.5",
            "/v1/orders",
            "https://example.com/?a=b",
            "1.0",
            "a=b|c=d",
            "wow!",
            "$5",
            "user@example.com",
            "Mozilla/5.0 (X11; Linux)",
            "gzip",
            "50%",
            "r7",
            "[a, b]",
        ] {
            assert_eq!(hint(value, Compared::Metadata("x")), None, "{value}");
        }
    }
    #[test]
    fn patterns_in_fields_are_conditions() {
        for (value, expected) in [
            ("tea*", "`request.to.city.startsWith('tea')`"),
            ("*", "leave it out: fields that are not listed may have any value"),
            ("null", "`null` without quotes is unset"),
            ("!tea", "`request.to.city != 'tea'`"),
            ("tea|cup", "`request.to.city in ['tea', 'cup']`"),
            ("/^t/i", "`request.to.city.matches('^t')`"),
        ] {
            let found = hint(value, Compared::Field("to.city")).unwrap_or_default();
            assert!(found.ends_with(expected), "{value}: {found}");
        }
        for value in [
            "any", "none", "not here", "missing", "a * b", "what?", "~", "x = y*z", "**bold**", "a*b",
            "5 US$",
        ] {
            assert_eq!(hint(value, Compared::Field("name")), None, "{value}");
        }
    }
}
