//! Lines of JSON on stderr, for what `serve` says itself when its log is JSON: that it listens, and why it failed.
//!
//! They have the keys of the log's own lines: `timestamp`, `level`, `message`, and then the fields of the line. They are
//! said whatever the level of the log, as their counterparts for people are.

use std::fmt::Write as _;

use serde_json::Value;

use super::log_time::LogTime;
use super::stderr::say_line;
use crate::failure::Failure;

/// Says a line of this level.
pub(crate) fn say(level: &str, message: &str, fields: &[(&str, Value)]) {
    let mut line = format!(
        r#"{{"timestamp":"{LogTime}","level":"{level}","message":{}"#,
        Value::from(message)
    );
    for (name, value) in fields {
        let _ = write!(line, ",{}:{value}", Value::from(*name));
    }
    line.push('}');
    say_line(line);
}

/// Says why a command failed: a line for each problem, or one with the causes.
pub(crate) fn report(failure: &Failure) {
    for problem in failure.problems() {
        let hint = problem.hint().map(|hint| ("hint", Value::from(hint)));
        say("ERROR", &problem.located(), hint.as_slice());
    }
    let mut message = failure.to_string();
    if failure.problems().is_empty() {
        for cause in failure.causes() {
            let _ = write!(message, ": {cause}");
        }
    } else {
        let count = failure.problems().len();
        message = format!("{count} problem{}", if count == 1 { "" } else { "s" });
    }
    say("ERROR", &message, &[]);
}
