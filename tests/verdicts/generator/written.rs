//! The tokens of a text as it is written, with a few of them changed.

use std::fmt::Write as _;

use super::state::Generator;

impl Generator {
    /// Changes a few tokens.
    pub(super) fn change(&mut self) {
        const OTHERS: [&str; 36] = [
            ";",
            "{",
            "}",
            "[",
            "]",
            "(",
            ")",
            "=",
            ",",
            "<",
            ">",
            ":",
            "-",
            "+",
            ".",
            "0",
            "1",
            "-1",
            "19000",
            "536870911",
            "536870912",
            "\"x\"",
            "optional",
            "repeated",
            "required",
            "message",
            "enum",
            "option",
            "reserved",
            "to",
            "max",
            "group",
            "oneof",
            "export",
            "import",
            "a",
        ];
        for _ in 0..=self.below(2) {
            let at = self.below(self.tokens.len());
            match self.below(4) {
                0 => {
                    self.tokens.remove(at);
                }
                1 => {
                    let token = self.tokens[at].clone();
                    self.tokens.insert(at, token);
                }
                2 => {
                    let other = self.below(self.tokens.len());
                    self.tokens.swap(at, other);
                }
                _ => {
                    let other = self.one(&OTHERS);
                    other.clone_into(&mut self.tokens[at]);
                }
            }
        }
    }

    /// The tokens with blanks, line breaks and comments between them.
    pub(super) fn written(mut self) -> String {
        let mut text = String::new();
        let tokens = std::mem::take(&mut self.tokens);
        let (has_comments, has_tabs) = (self.chance(40), self.chance(10));
        let line_break = if self.chance(10) { "\r\n" } else { "\n" };
        for (index, token) in tokens.iter().enumerate() {
            let ends = matches!(&**token, ";" | "{" | "}");
            text.push_str(token);
            if has_comments && self.below(100) < if ends { 40 } else { 3 } {
                for _ in 0..=self.below(3) {
                    let blank = self.one(&[" ", line_break, "\n\n", "\n \t", "\r\n"]);
                    let comment = self.one(&[
                        "// \u{e9}t\u{e9}",
                        "//",
                        "// one",
                        "// two\n  // three",
                        "/* block */",
                        "/* a\n * b\n */",
                        "/* c\n\n  d\r\n **/",
                        "/**/",
                    ]);
                    let end = if comment.starts_with("//") { line_break } else { "" };
                    let _ = write!(text, "{blank}{comment}{end}");
                }
                text.push_str(self.one(&["", " ", line_break, "\n\n"]));
                continue;
            }
            let gap = match self.below(10) {
                _ if ends => line_break,
                0 if has_tabs => "\t",
                1 => "  ",
                _ if tokens.get(index + 1).is_some_and(|next| next == ";") => "",
                _ => " ",
            };
            text.push_str(gap);
        }
        text
    }
}
