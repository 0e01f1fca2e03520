//! What keys of other tools, and words that come to mind first, are called here.
//!
//! A key that is unknown and like no known one gets its hint from these tables, so that nobody needs to know the word
//! for a thing to find it.

/// Other words, and the key that they stand for.
type Words = &'static [(&'static [&'static str], &'static str)];

const OF_RULES: Words = &[
    (
        &["replies", "responses", "sequence", "returns_in_order"],
        "answers",
    ),
    (
        &[
            "response", "respond", "output", "return", "returns", "result", "answer", "body", "message",
            "data", "is",
        ],
        "reply",
    ),
    (
        &[
            "error",
            "fail",
            "failure",
            "code",
            "grpc_status",
            "throw",
            "abort",
        ],
        "status",
    ),
    (
        &[
            "request",
            "input",
            "matches",
            "matcher",
            "equals",
            "where",
            "filter",
            "predicates",
            "with",
        ],
        "match",
    ),
    (
        &[
            "if",
            "condition",
            "expr",
            "expression",
            "predicate",
            "only_if",
            "cel",
        ],
        "when",
    ),
    (
        &[
            "rpc",
            "service",
            "path",
            "endpoint",
            "url",
            "procedure",
            "operation",
        ],
        "method",
    ),
    (
        &["sleep", "wait", "latency", "fixed_delay", "pause", "after"],
        "delay",
    ),
    (&["steps", "do", "events", "actions"], "stream"),
    (
        &["random", "fake", "faker", "mock", "example", "generate", "auto"],
        "sample",
    ),
    (&["store", "assign"], "set"),
    (&["vars", "variables", "let", "var", "locals"], "state"),
    (&["validation", "valid", "check", "constraints"], "validate"),
    (
        &[
            "on",
            "handlers",
            "state",
            "open",
            "half_close",
            "timers",
            "signals",
        ],
        "session",
    ),
    (&["count", "limit", "max", "max_calls"], "times"),
    (&["order", "weight", "prio", "rank"], "priority"),
    (&["id", "title", "description", "label", "comment"], "name"),
    (
        &["header", "metadata", "response_headers", "initial_metadata"],
        "headers",
    ),
    (&["trailer", "trailing_metadata"], "trailers"),
];

/// Words for what is not one key, and how it is said instead.
type Sayings = &'static [(&'static [&'static str], &'static str)];

/// How a variable is removed.
pub(super) const REMOVES_VARIABLE: &str = "null removes a variable: `set: {store.name: null}`";

/// How a loop of steps goes over a part of a list.
pub(super) const PART_OF_LIST: &str = "write the part of the list: `each: \"${request.items.slice(0, 2)}\"`";

const REMOVED: (&[&str], &str) = (&["unset", "remove", "del"], REMOVES_VARIABLE);

const OF_RULES_SAID: Sayings = &[
    REMOVED,
    (&["unless", "except", "not"], "write `when: \"!(condition)\"`"),
    (
        &["enabled", "disabled", "active", "skip"],
        "put a `#` before each line of a rule that is not to count",
    ),
    (
        &["headers_match", "request_headers", "metadata_match"],
        "write `metadata: {name: value}`",
    ),
    (
        &["timeout", "deadline"],
        "write `delay` and `status: {code: DEADLINE_EXCEEDED}`",
    ),
    (
        &["probability", "percentage", "rate", "fault_rate"],
        "write `chance: 0.1` for one call in ten",
    ),
    (
        &["cases", "choose", "switch", "else", "otherwise", "default"],
        "write a rule for each case: the first that matches answers",
    ),
    (
        &["each", "foreach", "for_each", "loop"],
        "a loop stands in `reply`, as in `items: {each: …, value: …}`, or is a step of `stream`",
    ),
    (
        &["send", "send_file", "log_message"],
        "it is a step: write `stream: [{send: …}]`, or `reply` for one message",
    ),
    (
        &["repeat"],
        "it stands in a step: `stream: [{repeat: 3, send: {…}}]`; how many calls a rule answers is `times`",
    ),
    (
        &["every", "interval"],
        "it stands in a step: `stream: [{every: 2s, send: {…}}]`, or in a timer of a `session`",
    ),
];

const OF_ANSWERS_SAID: Sayings = &[(
    &["times", "repeat", "count"],
    "an answer is for one call: write it once for each, or make it a rule with `times` before this one",
)];

const OF_STEPS_SAID: Sayings = &[
    REMOVED,
    (&["skip", "offset", "take", "first", "top"], PART_OF_LIST),
    (
        &["page"],
        "`page` is for the lists in a message, as in `items: {each: …, page: 20, value: …}`",
    ),
    (&["value"], "write `send: {…}`, the message of each round"),
    (
        &["break"],
        "`status: {code: OK}` ends the call; `when` beside a step says which rounds it is for",
    ),
    (
        &["while", "until"],
        "write `repeat: N`, or `every: 1s` and a `status` in it",
    ),
    (
        &["parallel", "async", "spawn"],
        "the steps of a call run one at a time; a session has `timers`",
    ),
];

const OF_CASES_SAID: Sayings = &[(
    &["else", "default", "otherwise"],
    "the last case stands without `when`: `{do: […]}`",
)];

const OF_STEPS: Words = &[
    (
        &[
            "reply", "response", "message", "emit", "yield", "respond", "data", "answer", "write", "output",
        ],
        "send",
    ),
    (&["sleep", "delay", "pause", "after", "latency"], "wait"),
    (&["if", "condition", "unless"], "when"),
    (&["for", "foreach", "for_each", "loop", "with_items"], "each"),
    (&["times", "count"], "repeat"),
    (
        &[
            "error", "fail", "end", "close", "code", "finish", "abort", "throw",
        ],
        "status",
    ),
    (&["print", "echo", "debug", "info"], "log"),
    (&["else", "switch", "case", "match", "cases"], "choose"),
    (&["let", "var", "assign", "state", "store", "vars"], "set"),
    (&["interval", "period"], "every"),
    (&["steps", "then", "group"], "do"),
    (&["emit_signal", "raise", "notify", "publish"], "signal"),
];

const OF_STATUSES: Words = &[
    (
        &["msg", "description", "text", "error", "reason", "title"],
        "message",
    ),
    (&["status", "grpc_code", "number", "grpc_status", "name"], "code"),
    (
        &["detail", "errors", "error_info", "bad_request", "retry_info"],
        "details",
    ),
];

const OF_SESSIONS: Words = &[
    (&["start", "begin", "connect", "on_open", "init"], "open"),
    (
        &["messages", "request", "on_message", "receive", "data", "each"],
        "message",
    ),
    (
        &["end", "close", "finish", "complete", "on_end", "done"],
        "half_close",
    ),
    (&["timer", "every", "after", "interval"], "timers"),
    (&["signal", "on", "events"], "signals"),
    (&["vars", "variables", "set"], "state"),
];

const OF_TIMERS: Words = &[
    (&["steps", "then", "send"], "do"),
    (&["interval", "repeat", "period"], "every"),
    (&["delay", "wait", "in", "at", "once"], "after"),
];

const OF_CASES: Words = &[
    (&["if", "case", "match", "condition"], "when"),
    (&["then", "steps", "send", "status"], "do"),
];

/// What to write instead of the unknown key `name` of `what`, if it is a word for one of the `known` keys.
pub(super) fn hint(what: &str, name: &str, known: &[&str]) -> Option<String> {
    let words = match what {
        "a rule" | "an answer" => OF_RULES,
        "a step" => OF_STEPS,
        "a status" => OF_STATUSES,
        "a session" => OF_SESSIONS,
        "a timer" => OF_TIMERS,
        "a case" => OF_CASES,
        _ => &[],
    };
    if name.starts_with("//") || name.starts_with("/*") {
        return Some("a comment begins with `#`, also in JSON".to_owned());
    }
    // `reply {text: hi}`, without its colon.
    let first = name.split_whitespace().next().unwrap_or_default();
    if first != name && known.contains(&first) {
        return Some(format!("put a `:` after `{first}`"));
    }
    // `reply:{text: hi}`, without the blank after its colon.
    if let Some((before, _)) = name.split_once(':').filter(|(before, _)| known.contains(before)) {
        return Some(format!("put a blank after `{before}:`"));
    }
    if name == "<<" {
        return Some("leave out the quotes around `<<`: it merges only as it is".to_owned());
    }
    let plain = name.to_lowercase().replace('-', "_");
    let sayings: &[Sayings] = match what {
        "a rule" => &[OF_RULES_SAID],
        "an answer" => &[OF_ANSWERS_SAID, OF_RULES_SAID],
        "a step" => &[OF_STEPS_SAID],
        "a case" => &[OF_CASES_SAID],
        _ => &[],
    };
    if let Some((_, said)) = sayings
        .iter()
        .copied()
        .flatten()
        .find(|(words, _)| words.contains(&plain.as_str()))
    {
        return Some((*said).to_owned());
    }
    let mut meant = words.iter().filter(|(_, key)| known.contains(key));
    let (_, key) = meant.find(|(words, _)| words.contains(&plain.as_str()))?;
    Some(format!("write `{key}`"))
}
