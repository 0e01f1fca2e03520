//! `GetRule`: the text of rules, for those who mend them.
//!
//! Of a file it is one rule alone, cut out where it stands. Only files of which rules are served are read.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::json;
use tonic::Status;

use super::fields::text;
use super::rules::all;
use super::sessions::session_of;
use super::steered::{Answer, Steered};
use crate::handler::State;
use crate::message::Typed;
use crate::rules::Rules;
use crate::session::Session;

/// How large a file may be of which a rule is cut out, in bytes.
const MAX_FILE: u64 = 8 << 20;

/// How many bytes of text an answer has.
const MAX_TEXT: usize = 3 << 20;

pub(super) async fn get_rule(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let (place, put) = (text(&request, "place"), text(&request, "put"));
    let session = session_of(&steered, &request)?;
    match (place.is_empty(), put.is_empty()) {
        (true, true) => {
            return Err(Status::invalid_argument(
                "it needs the place of a rule, or the name by which rules were put",
            ));
        }
        (false, false) => {
            return Err(Status::invalid_argument(
                "the place of a rule or a name is enough",
            ));
        }
        (true, false) => return put_text(&steered, &put, session.as_ref()).await,
        (false, true) => {}
    }
    let rules = match &session {
        Some(session) => all(&steered.server, Some(session)),
        None => steered.server.attached::<Rules>(),
    };
    let mut listed = rules.iter().flat_map(|rules| rules.list());
    let rule = listed.find(|rule| rule.place == place);
    let rule = rule.ok_or_else(|| Status::not_found(format!("there is no rule at {place}")))?;
    if let Some(put) = rule.put {
        let session = session.filter(|_| rule.session.is_some());
        return put_text(&steered, &put, session.as_ref()).await;
    }
    let read = tokio::task::spawn_blocking(move || cut_out(&place)).await;
    let yaml = read.map_err(|_| Status::unavailable("the server ends"))??;
    answer(yaml)
}

/// The text that was put by a name, for a session or for all.
async fn put_text(steered: &Steered, name: &str, session: Option<&Session>) -> Answer {
    let Some(reloads) = &steered.reloads else {
        return Err(Status::failed_precondition("this server takes no rules"));
    };
    match reloads.put_text(name, session).await {
        Ok(yaml) => answer(yaml),
        Err(error) => Err(Status::not_found(error.to_string())),
    }
}

/// Half a text cannot be mended, so one that clients would not take is refused.
fn answer(yaml: String) -> Answer {
    if yaml.len() > MAX_TEXT {
        return Err(Status::out_of_range(format!(
            "the text has {} bytes, more than the {MAX_TEXT} of an answer",
            yaml.len()
        )));
    }
    Ok(Typed(json!({ "yaml": yaml })))
}

/// The rule at a place, from its file.
fn cut_out(place: &str) -> Result<String, Status> {
    let mut parts = place.rsplitn(3, ':');
    let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok());
    let (column, line) = (number(), number());
    let (Some(column), Some(line), Some(file)) = (column, line, parts.next()) else {
        return Err(Status::not_found(format!("{place} is no place of a file")));
    };
    let unread = |why: String| Status::failed_precondition(format!("{file} cannot be read: {why}"));
    let length = std::fs::metadata(file)
        .map_err(|error| unread(error.to_string()))?
        .len();
    if length > MAX_FILE {
        return Err(unread(format!("it has more than {MAX_FILE} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| unread(error.to_string()))?;
    // What is no list in lines has to be mended as a whole.
    Ok(cut(&text, line, column).unwrap_or(text))
}

/// The entry of a list at a place, as rules of their own. `None` if the list is not one entry after the other, each on lines of
/// its own.
fn cut(text: &str, line: usize, column: usize) -> Option<String> {
    let mut lines = text.lines().skip(line.checked_sub(1)?);
    let first = lines.next()?;
    // The place is that of the first key, after the dash.
    let before = first.get(..column.checked_sub(1)?)?;
    let dash = before.trim_end().strip_suffix('-')?;
    if !dash.trim().is_empty() {
        return None;
    }
    let indent = dash.len();
    let mut entry = vec![first];
    // Blanks and comments belong to it only if more of it follows.
    let mut between = Vec::new();
    for line in lines {
        let content = line.trim_start_matches(' ');
        if content.trim().is_empty() || content.starts_with('#') {
            between.push(line);
        } else if line.len() - content.len() > indent {
            entry.append(&mut between);
            entry.push(line);
        } else {
            break;
        }
    }
    let mut rules = "rules:\n".to_owned();
    for line in entry {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        let line = &line[blanks.min(indent)..];
        if !line.trim().is_empty() {
            rules.push_str("  ");
            rules.push_str(line);
        }
        rules.push('\n');
    }
    Some(rules)
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_rule_is_cut_out_of_a_list_in_lines() {
        let text = "# of tea\nrules:\n    - name: a\n      reply:\n\n        # hot\n        label: x\n    # the next\n    - {name: b}\n    -   name: c\n        text: |\n          one\n# outside\n          two\nmore: 1\n";
        assert_eq!(
            cut(text, 3, 7).as_deref(),
            Some("rules:\n  - name: a\n    reply:\n\n      # hot\n      label: x\n")
        );
        assert_eq!(cut(text, 9, 7).as_deref(), Some("rules:\n  - {name: b}\n"));
        assert_eq!(
            cut(text, 10, 9).as_deref(),
            Some("rules:\n  -   name: c\n      text: |\n        one\n  # outside\n        two\n")
        );
    }

    #[test]
    fn a_list_in_one_line_is_not_cut() {
        let text = "rules: [{name: a}, {name: b}]\n";
        assert_eq!(cut(text, 1, 9), None);
        assert_eq!(cut(text, 1, 20), None);
        for (line, column) in [(0, 0), (0, 1), (1, 0), (9, 1), (1, 999)] {
            assert_eq!(cut(text, line, column), None);
        }
    }
}
