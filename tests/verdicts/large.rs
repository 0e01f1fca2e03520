//! Texts that have more than edition 2026 allows by itself. They are too long to be written down.

use crate::texts::Text;

const FREE: &str = "option features.enforce_proto_limits = LEGACY_NO_EXPLICIT_LIMITS; ";

/// `aaa`, `aab`, …
fn letters(index: usize) -> String {
    let letter = |place: usize| char::from(b'a' + u8::try_from(index / place % 26).expect("a letter"));
    [letter(676), letter(26), letter(1)].into_iter().collect()
}

fn fields(numbers: std::ops::Range<usize>) -> String {
    let field = |number: usize| format!("string f{} = {}; ", letters(number), number + 1);
    numbers.map(field).collect()
}

fn oneofs(count: usize) -> String {
    let oneof = |index: usize| format!("oneof o{} {{ {} }} ", letters(index), fields(index..index + 1));
    (0..count).map(oneof).collect()
}

fn values(count: usize) -> String {
    let value = |number: usize| format!("E_V{} = {number}; ", letters(number).to_ascii_uppercase());
    (0..count).map(value).collect()
}

/// Each limit, kept to and overstepped: with leave of the element, of the one around it, and without.
pub(crate) fn texts() -> Vec<Text> {
    let message = |own: &str, what: &str| format!("message M {{ {own}{what} }}");
    let mut texts = Vec::new();
    let mut add = |name: &str, elements: &dyn Fn(&str) -> String| {
        for (leave, own) in [("with leave", FREE), ("without leave", "")] {
            texts.push(Text {
                name: format!("{name}, {leave}"),
                files: vec![(
                    "a.proto".to_owned(),
                    format!("edition = \"2026\"; {}", elements(own)),
                )],
            });
        }
    };
    add("1500 fields", &|own| message(own, &fields(0..1500)));
    add("1501 fields", &|own| message(own, &fields(0..1501)));
    add("1501 fields of a message in another", &|own| {
        message(own, &message("", &fields(0..1501)))
    });
    add("1001 oneofs", &|own| message(own, &oneofs(1001)));
    add("1200 fields of a oneof", &|own| {
        message("", &format!("oneof o {{ {own}{} }}", fields(0..1200)))
    });
    add("1201 fields of a oneof", &|own| {
        message("", &format!("oneof o {{ {own}{} }}", fields(0..1201)))
    });
    add("1201 fields of a oneof of a message", &|own| {
        message(own, &format!("oneof o {{ {} }}", fields(0..1201)))
    });
    add("1700 values", &|own| {
        format!("enum E {{ {own}{} }}", values(1700))
    });
    add("1701 values", &|own| {
        format!("enum E {{ {own}{} }}", values(1701))
    });
    add("1701 values of an enum in a message", &|own| {
        message(own, &format!("enum E {{ {} }}", values(1701)))
    });
    texts
}
