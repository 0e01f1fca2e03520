//! The cases of the CEL specification's conformance tests (cel-spec, v0.25.2) for what the language has, as tables of
//! our own in `spec/`. What it does not have is listed in the guide.
//!
//! | line | meaning |
//! |---|---|
//! | `# …` | what the next cases are about |
//! | `with JSON` | the request of the next cases, up to a `#` |
//! | `A => B` | A gives the value of B, of the same type |
//! | `A => ! words` | A fails, at load or when it runs, and says something with these words in it |

use super::{Given, same};

const TABLES: &[(&str, &str)] = &[
    ("arithmetic", include_str!("spec/arithmetic.txt")),
    ("basic", include_str!("spec/basic.txt")),
    ("comparisons", include_str!("spec/comparisons.txt")),
    ("conversions", include_str!("spec/conversions.txt")),
    ("fields", include_str!("spec/fields.txt")),
    ("lists", include_str!("spec/lists.txt")),
    ("logic", include_str!("spec/logic.txt")),
    ("macros", include_str!("spec/macros.txt")),
    ("maths", include_str!("spec/maths.txt")),
    ("messages", include_str!("spec/messages.txt")),
    ("strings", include_str!("spec/strings.txt")),
    ("syntax", include_str!("spec/syntax.txt")),
    ("times", include_str!("spec/times.txt")),
    ("types", include_str!("spec/types.txt")),
];

/// What is wrong with a case; nothing if it is as its line says.
fn difference(given: &Given, source: &str, expected: &str) -> Option<String> {
    let found = given.eval(source);
    match (found, expected.strip_prefix('!')) {
        (Ok(found), None) => match given.eval(expected) {
            Ok(wanted) if same(&found, &wanted) => None,
            _ => {
                let mut text = String::new();
                found.write_text(&mut text);
                Some(format!("gives {text} ({})", found.type_name()))
            }
        },
        (Ok(_), Some(_)) => Some("does not fail".to_owned()),
        (Err(message), None) => Some(format!("fails: {message}")),
        (Err(message), Some(words)) => {
            let said = !words.trim().is_empty() && message.contains(words.trim());
            (!said).then(|| format!("says {message:?}"))
        }
    }
}

#[test]
fn every_case_of_the_specification_is_as_it_says() {
    let mut differences = Vec::new();
    let mut cases = 0;
    for (name, table) in TABLES {
        let mut given = Given::nothing();
        for (line, number) in table.lines().zip(1..) {
            if line.is_empty() {
            } else if line.starts_with('#') {
                given = Given::nothing();
            } else if let Some(json) = line.strip_prefix("with ") {
                given = Given::json(json);
            } else {
                let (source, expected) = line.split_once(" => ").expect("a case has two sides");
                cases += 1;
                let difference = difference(&given, source, expected);
                differences.extend(difference.map(|text| format!("{name}.txt:{number}: {source} {text}")));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(cases > 1300, "{cases} cases");
}
