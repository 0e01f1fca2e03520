//! `mistakes.md`: what newcomers write, what protod says to it, and what they meant.
//!
//! Each mistake is a diff: the file with its `-` lines must be told of with its place and a hint, and the file with its
//! `+` lines must load without a word. `UPDATE_MISTAKES=1` writes what is said into the page, to be read before it is kept.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use protod::{Problem, Rules, Schema, Validator};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules/mistakes.md");

/// The file that a diff without a name is of.
const FILE: &str = "shop.rules.yaml";

/// One mistake of the page.
struct Mistake {
    title: String,
    /// The file with the mistake: its name and its text.
    wrong: (String, String),
    /// The same file as it was meant.
    right: (String, String),
    /// What the page says that protod says.
    said: String,
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_mends_it() {
    let page = fs::read_to_string(PAGE).expect("the page");
    let proto = block(&page, "```proto\n").expect("a proto").0.to_owned();
    let schema = Schema::from_source("shop.proto", &proto).expect("it compiles");
    let mistakes = mistakes(&page);
    let titles: BTreeSet<&str> = mistakes.iter().map(|mistake| mistake.title.as_str()).collect();
    assert_eq!(titles.len(), mistakes.len(), "each title is there once");
    assert!(mistakes.len() >= 60, "{} mistakes", mistakes.len());

    let updates = std::env::var_os("UPDATE_MISTAKES").is_some();
    let mut updated = page.clone();
    let mut wrong = String::new();
    for mistake in &mistakes {
        let said = said(&schema, &mistake.wrong);
        if said != mistake.said {
            let at = updated
                .find(&format!("\n## {}\n", mistake.title))
                .expect("its title");
            updated = format!("{}{}", &updated[..at], with_said(&updated[at..], &said));
            let _ = writeln!(wrong, "{}: it says\n{said}", mistake.title);
        }
        if !has_place(&said, mistake) || !said.contains("\n  help: ") {
            let _ = writeln!(wrong, "{}: no place or no hint in\n{said}", mistake.title);
        }
        let mended = self::said(&schema, &mistake.right);
        if !mended.is_empty() {
            let _ = writeln!(
                wrong,
                "{}: what was meant is told of, too\n{mended}",
                mistake.title
            );
        }
    }
    if updates {
        fs::write(PAGE, updated).expect("the page can be written");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a hint tells to write is what the page says was meant, so that those who follow it are done: what was meant loads
/// without a word. Hints of forms in general, such as `x.trim()`, must have their form in what was meant.
#[test]
fn what_a_hint_tells_to_write_is_what_was_meant() {
    let page = fs::read_to_string(PAGE).expect("the page");
    let mut others = String::new();
    let mut checked = 0;
    for mistake in mistakes(&page) {
        let (_, right) = &mistake.right;
        for help in mistake
            .said
            .lines()
            .filter_map(|line| line.strip_prefix("  help: "))
        {
            let told = told(help);
            checked += usize::from(!told.is_empty());
            if !told.is_empty() && !told.iter().any(|form| has_form(right, form)) {
                let _ = writeln!(others, "{}: {help}", mistake.title);
            }
        }
    }
    assert!(checked > 250, "{checked} hints have a form");
    assert!(others.is_empty(), "these say something else:\n{others}");
}

/// The forms that a hint tells to write, in backquotes.
fn told(help: &str) -> Vec<&str> {
    let parts: Vec<&str> = help.split('`').collect();
    let pairs = parts.chunks_exact(2);
    let mut follows = false;
    let told = pairs.filter(|pair| {
        let tells = [
            "write ",
            "did you mean ",
            "put it in quotes: ",
            "the number in quotes: ",
            "put it in brackets: ",
            "the quotes: ",
            "the braces: ",
        ];
        let is_other = follows && [", ", " or ", ", or ", " and "].contains(&pair[0]);
        follows = is_other || pair[0] == ": " || tells.iter().any(|before| pair[0].ends_with(before));
        follows
    });
    told.map(|pair| pair[1]).filter(|form| !form.is_empty()).collect()
}

/// Whether a text has a form, in which a single letter, `…` and words such as `list` stand for anything. Quotes and blanks do
/// not count.
fn has_form(text: &str, form: &str) -> bool {
    const ANY: [&str; 15] = [
        "Type",
        "Enum",
        "VALUE",
        "list",
        "text",
        "condition",
        "this",
        "that",
        "old",
        "new",
        "mask",
        "field",
        "name",
        "from",
        "end",
    ];
    let plain = |text: &str| -> String { text.replace(['"', '\'', ' ', '\\'], "") };
    let mut parts = vec![String::new()];
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut rest = form;
    while let Some(first) = rest.chars().next() {
        let length = rest
            .find(|letter| !is_of_word(letter))
            .unwrap_or(rest.len())
            .max(first.len_utf8());
        let (word, after) = rest.split_at(length);
        let is_any = first == '…' || word.len() == 1 && first.is_alphabetic() || ANY.contains(&word);
        if is_any {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push_str(&plain(word));
        }
        rest = after;
    }
    let text = plain(text);
    let mut left = text.as_str();
    parts.iter().all(|part| {
        let found = left.split_once(part.as_str());
        found.map(|(_, after)| left = after).is_some()
    })
}

/// Whether the first thing said is about a line and a column of the wrong file, or about its name.
fn has_place(said: &str, mistake: &Mistake) -> bool {
    let (name, _) = &mistake.wrong;
    let Some(rest) = said.strip_prefix(&format!("{name}:")) else {
        return false;
    };
    let mut numbers = rest.split(':').map(str::parse::<usize>);
    let is_place = matches!((numbers.next(), numbers.next()), (Some(Ok(1..)), Some(Ok(1..))));
    is_place || *name != mistake.right.0
}

/// What protod says of a file in a folder of its own.
fn said(schema: &Schema, (name, text): &(String, String)) -> String {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("api");
    fs::create_dir(&folder).expect("a new folder");
    fs::write(folder.join(name), text).expect("a new file");
    fs::write(folder.join("receipt.json"), r#"{"text": "tea"}"#).expect("a new file");
    fs::write(
        folder.join("notes.ndjson"),
        "{\"text\": \"a\"}\n{\"text\": \"b\"}\n",
    )
    .expect("a new file");
    let is_proto = Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "proto");
    let loaded = if is_proto {
        Schema::load(&folder).and_then(|schema| {
            // As `--validate` does, which compiles the rules of requests.
            let messages = schema.pool().all_messages();
            let own = messages.filter(|message| message.parent_file().name() == name);
            Validator::new(&schema, own).map(|_| Rules::default())
        })
    } else {
        Rules::load(schema, std::slice::from_ref(&folder))
    };
    let problems = match &loaded {
        Ok(rules) => rules.warnings(),
        Err(error) => error.problems(),
    };
    let said: String = problems.iter().map(line).collect();
    let root = root.path().display().to_string();
    let temporary = std::env::temp_dir().display().to_string();
    said.replace(&format!("{root}/api/"), "")
        .replace(&format!("{root}/"), "")
        .replace(&root, ".")
        .replace(&temporary, "..")
}

fn line(problem: &Problem) -> String {
    let kind = if problem.is_warning() { "warning: " } else { "" };
    let help = problem.hint().map(|hint| format!("  help: {hint}\n"));
    let located = problem.located();
    // The place first, as editors and terminals link it.
    let (place, _) = located.split_at(located.len() - problem.to_string().len());
    format!("{place}{kind}{problem}\n{}", help.unwrap_or_default())
}

fn mistakes(page: &str) -> Vec<Mistake> {
    let sections = page.split("\n## ").skip(1);
    sections
        .map(|section| {
            let (title, _) = section.split_once('\n').expect("a title");
            let (diff, after) = block(section, "```diff\n").unwrap_or_else(|| panic!("{title}: no diff"));
            let side = |own: char, other: char| {
                let mut name = FILE.to_owned();
                let mut text = String::new();
                for line in diff.lines() {
                    let header = format!("{own}{own}{own} ");
                    if let Some(named) = line.strip_prefix(&header) {
                        named.clone_into(&mut name);
                    } else if let Some(line) = line.strip_prefix([' ', own]) {
                        text.push_str(line);
                        text.push('\n');
                    } else {
                        assert!(line.starts_with(other) || line.is_empty(), "{title}: {line}");
                    }
                }
                (name, text)
            };
            let said = block(after, "```text\n").map_or("", |(said, _)| said);
            Mistake {
                title: title.to_owned(),
                wrong: side('-', '+'),
                right: side('+', '-'),
                said: said.to_owned(),
            }
        })
        .collect()
}

/// The text between a fence and the next one, and what is after it.
fn block<'p>(page: &'p str, fence: &str) -> Option<(&'p str, &'p str)> {
    let (_, inside) = page.split_once(fence)?;
    let (text, after) = inside.split_once("```\n")?;
    Some((text, after))
}

/// The page from a mistake's title on, with what is said about it.
fn with_said(from_title: &str, said: &str) -> String {
    let (diff, after) = block(from_title, "```diff\n").expect("a diff");
    let before = format!(
        "{}{diff}```\n",
        from_title.split_once(diff).expect("it is there").0
    );
    let next = after.find("\n## ").unwrap_or(after.len());
    let (own, rest) = after.split_at(next);
    let own = match block(own, "```text\n") {
        Some((_, tail)) => tail.to_owned(),
        None => own.to_owned(),
    };
    format!("{before}\n```text\n{said}```\n{own}{rest}")
}
