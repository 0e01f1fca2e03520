//! [`Told`]: what failed, for people, and what of that a log may have.
//!
//! A client that is told why its call failed has sent the values that are quoted. A log is read by others, and may not show what is
//! [redacted](crate::journal), which may be in any value. So a text that is made at run time is taken to quote one, unless it says that it does
//! not.

use std::borrow::Cow;
use std::fmt;

/// What the log has in the place of a text that quotes a value.
const NOT_SHOWN: &str = "a value does not fit, which the log does not show";

/// What failed, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    whole: Cow<'static, str>,
    /// The same without values. `None` if the whole has none.
    bare: Option<String>,
}

impl Told {
    /// A text that was made at run time and quotes no value of a call.
    pub(crate) fn without_values(text: String) -> Self {
        Self {
            whole: text.into(),
            bare: None,
        }
    }

    /// A text, and the same without the values that it quotes.
    pub(crate) fn quoting(whole: String, bare: String) -> Self {
        Self {
            whole: whole.into(),
            bare: Some(bare),
        }
    }

    /// The same, of a part that quotes no value.
    pub(crate) fn within(self, part: impl fmt::Display) -> Self {
        Self {
            whole: format!("{part}: {}", self.whole).into(),
            bare: self.bare.map(|bare| format!("{part}: {bare}")),
        }
    }

    /// The same of a part, which may have a value in its name.
    pub(crate) fn of(self, part: Self) -> Self {
        let bare =
            (part.bare.is_some() || self.bare.is_some()).then(|| format!("{}: {}", part.bare(), self.bare()));
        Self {
            whole: format!("{}: {}", part.whole, self.whole).into(),
            bare,
        }
    }

    /// The same with a text in front of it that quotes no value.
    pub(crate) fn in_front(self, text: &str) -> Self {
        Self {
            whole: format!("{text}{}", self.whole).into(),
            bare: self.bare.map(|bare| format!("{text}{bare}")),
        }
    }

    /// The same with a text behind it that quotes no value.
    pub(crate) fn followed_by(self, text: &str) -> Self {
        Self {
            whole: format!("{}{text}", self.whole).into(),
            bare: self.bare.map(|bare| format!("{bare}{text}")),
        }
    }

    /// The same with what may be done about it, unless that is said already.
    pub(crate) fn hinted(self, hint: &str) -> Self {
        if self.whole.ends_with(hint) {
            return self;
        }
        Self {
            whole: format!("{}; {hint}", self.whole).into(),
            bare: self.bare.map(|bare| format!("{bare}; {hint}")),
        }
    }

    /// What a log may have of it.
    pub(crate) fn bare(&self) -> &str {
        self.bare.as_deref().unwrap_or(&self.whole)
    }

    pub(crate) fn into_whole(self) -> String {
        self.whole.into_owned()
    }
}

/// One that is known when this is compiled quotes nothing.
impl From<&'static str> for Told {
    fn from(text: &'static str) -> Self {
        Self {
            whole: text.into(),
            bare: None,
        }
    }
}

/// One that is made at run time may quote a value.
impl From<String> for Told {
    fn from(text: String) -> Self {
        Self::quoting(text, NOT_SHOWN.to_owned())
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
    }
}
