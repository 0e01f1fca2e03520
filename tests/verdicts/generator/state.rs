//! [`Generator`]: what made a text so far, and its chances.

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Syntax {
    Proto2,
    Proto3,
    Edition(u32),
}

/// A text of one file, and what made it.
pub(crate) struct Generator {
    pub(super) state: u64,
    pub(super) syntax: Syntax,
    pub(super) tokens: Vec<String>,
    /// The names that types were declared by so far, in full.
    pub(super) types: Vec<String>,
    pub(super) enums: Vec<String>,
    pub(super) package: String,
    pub(super) depth: u32,
    pub(super) values: u32,
}

impl Generator {
    /// One that has made nothing yet.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            syntax: Syntax::Proto2,
            tokens: Vec::new(),
            types: Vec::new(),
            enums: Vec::new(),
            package: format!("g{seed}"),
            depth: 0,
            values: 0,
        }
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from((self.state >> 20) % (end as u64)).expect("a small number")
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Adds the tokens of a text that has blanks between them.
    pub(super) fn put(&mut self, text: &str) {
        self.tokens.extend(
            text.split(' ')
                .filter(|token| !token.is_empty())
                .map(str::to_owned),
        );
    }

    /// Adds one token.
    pub(super) fn token(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    pub(super) fn has_edition(&self) -> bool {
        matches!(self.syntax, Syntax::Edition(_))
    }
}
