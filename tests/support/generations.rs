//! Generations of protos and rules that replace each other. They have all four shapes of a call, and each answer shows
//! which generation gave it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A proto of one service `p.S` whose four methods, one of each shape, answer with `Answer`s.
///
/// The text of an answer is field number `number`, so that a client can tell from the bytes which proto wrote it.
pub(crate) fn proto(number: u32) -> String {
    format!(
        r#"syntax = "proto3"; package p;
        message Ask {{ int64 n = 1; }}
        message Answer {{ string text = {number}; }}
        service S {{
          rpc Unary(Ask) returns (Answer);
          rpc Down(Ask) returns (stream Answer);
          rpc Up(stream Ask) returns (Answer);
          rpc Both(stream Ask) returns (stream Answer);
        }}"#
    )
}

/// Rules that answer all four with `text`, and streams five times.
pub(crate) fn rules(text: &str) -> String {
    format!(
        r#"rules:
  - {{name: unary, method: p.S/Unary, reply: {{text: "{text}"}}}}
  - {{name: down, method: p.S/Down, stream: [{{repeat: 5, send: {{text: "{text}"}}}}]}}
  - {{name: up, method: p.S/Up, session: {{half_close: [{{send: {{text: "{text}"}}}}]}}}}
  - {{name: both, method: p.S/Both, session: {{message: [{{send: {{text: "{text}"}}}}]}}}}
"#
    )
}

/// The field of an answer that a generation fills.
pub(crate) fn field_number(generation: u32) -> u32 {
    1 + generation % 2
}

/// Publishes a generation, proto and rules at once: the served path is a link to a folder.
pub(crate) fn publish(root: &Path, generation: u32, broken: bool) {
    let name = format!("generation{generation}");
    let folder = root.join(&name);
    fs::create_dir(&folder).expect("a new folder");
    let number = field_number(generation);
    let mut files = [
        ("a.proto", proto(number)),
        ("a.rules.yaml", rules(&format!("{number} {generation}"))),
    ];
    if broken {
        let (_, text) = &mut files[generation as usize / 10 % 2];
        *text = text
            .replace("Answer text", "")
            .replace("p.S/Up", "p.S/Pu")
            .replace("message Answer", "message");
    }
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a new file");
    }
    symlink(&name, root.join("next")).expect("a new link");
    fs::rename(root.join("next"), root.join("current")).expect("links are renamed at once");
    let _ = fs::remove_dir_all(root.join(format!("generation{}", generation.wrapping_sub(2))));
}
