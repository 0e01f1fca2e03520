//! What is printed of the calls of a test that fails.

use std::fmt::Write as _;

use crate::handler::code_name;
use crate::journal::{Direction, RecordedCall};

/// How many calls are printed: the newest.
const PRINTED: usize = 50;

/// Prints the calls of a server, or of a session.
#[expect(
    clippy::print_stdout,
    reason = "a test runner shows what a test that fails has printed"
)]
pub(super) fn print(whose: &str, calls: &[RecordedCall]) {
    let left_out = calls.len().saturating_sub(PRINTED);
    let before = match left_out {
        0 => String::new(),
        left_out => format!(" ({left_out} before them are left out)"),
    };
    println!("the calls of {whose}{before}:\n{}", lines(&calls[left_out..]));
}

/// The calls, each with what answered, and its messages.
fn lines(calls: &[RecordedCall]) -> String {
    let mut text = String::new();
    for call in calls {
        let _ = write!(text, "{} {}", call.method(), code_name(call.code()));
        let _ = match (call.rule(), call.unmatched_reason()) {
            (Some(rule), _) => writeln!(text, " by {rule}"),
            (None, Some(reason)) => writeln!(text, ": {reason}"),
            (None, None) => writeln!(text),
        };
        for message in call.messages() {
            let arrow = match message.direction() {
                Direction::Request => '>',
                Direction::Response => '<',
            };
            let json = message.to_message().and_then(|message| message.to_json().ok());
            let json = json.unwrap_or_else(|| format!("{} bytes", message.encoded_len()));
            let _ = writeln!(text, "  {arrow} {json}");
        }
    }
    text
}
