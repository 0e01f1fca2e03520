//! Quotes and escapes of YAML that newcomers mean otherwise: `“tea”`, whose quotes are part of the text, and `"C:\temp"`, where
//! `\t` is a tab.

use crate::yaml::Node;

/// What is wrong with the quotes of a text, and what to do. `file` is the text of the node's file.
pub(super) fn misquoted(node: &Node, file: &str) -> Option<(String, String)> {
    let text = node.text()?;
    let written = file.get(node.span.clone())?;
    if written == text
        && let Some(inside) = text
            .strip_prefix(['“', '„', '”'])
            .and_then(|rest| rest.strip_suffix(['“', '”']))
        && !inside.contains(['“', '”', '"', '\\'])
    {
        let message = "`“` and `”` are no quotes of YAML, and are sent with the text".to_owned();
        return Some((
            message,
            format!("write `\"{inside}\"`; text in `\"“…”\"` is sent with them"),
        ));
    }
    let inside = written.strip_prefix('"')?.strip_suffix('"')?;
    let drive = inside.as_bytes();
    let is_drive =
        drive.len() > 3 && drive[0].is_ascii_alphabetic() && drive[1..3] == *b":\\" && drive[3] != b'\\';
    let has_control = text.contains(|letter: char| letter.is_control());
    (is_drive && has_control && !inside.contains('\'')).then(|| {
        let escape: String = inside[2..].chars().take(2).collect();
        let message = format!("`{escape}` in double quotes is one character, and no part of a path");
        (
            message,
            format!("write `'{inside}'`: in single quotes a backslash is one"),
        )
    })
}
