//! One thing that is wrong with a proto, a descriptor set, a rules file or a handler, with its place and a hint.
//!
//! All problems of a file share its text. A place is a span of bytes; line and column are found when someone asks.
//! As a miette diagnostic a problem can be drawn with its line and a caret; the library itself draws nothing.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::source_text::SourceText;

/// One thing that is wrong with a proto, a descriptor set, a rules file or a handler.
///
/// ```
/// use protod::Schema;
///
/// let error = Schema::from_source("a.proto", "syntax = \"proto3\";\nmessage A { B b = 1; }").unwrap_err();
/// let problem = &error.problems()[0];
/// assert_eq!(problem.position(), Some((2, 13)));
/// assert!(problem.located().starts_with("a.proto:2:13: "));
/// ```
///
/// Its `Display` is the bare message; [`located`](Self::located) puts the place before it, and as a miette
/// [`Diagnostic`] it also shows the line, a caret and a hint.
pub struct Problem {
    message: String,
    place: Option<Place>,
    hint: Option<String>,
    is_warning: bool,
    /// Files that are not there, or cannot be read, and would mend it.
    needs: Vec<PathBuf>,
}

struct Place {
    source: SourceText,
    /// Byte offsets into the text, the one at fault first; none means the file as a whole.
    labels: Vec<LabeledSpan>,
}

impl Problem {
    /// A problem without a file.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            hint: None,
            is_warning: false,
            needs: Vec::new(),
        }
    }

    /// A problem at the bytes `span` of a text.
    pub(crate) fn at(source: &SourceText, span: Range<usize>, message: impl Into<String>) -> Self {
        let labels = vec![LabeledSpan::new_with_span(None, span)];
        Self {
            place: Some(Place {
                source: source.clone(),
                labels,
            }),
            ..Self::new(message)
        }
    }

    /// A problem of a file as a whole, such as a set that is cut short.
    pub(crate) fn in_file(name: impl AsRef<str>, message: impl Into<String>) -> Self {
        let source = SourceText::new(name, "");
        Self {
            place: Some(Place {
                source,
                labels: Vec::new(),
            }),
            ..Self::new(message)
        }
    }

    /// The problems in a library's diagnostic of `source`: its own, and those that it carries as related.
    pub(crate) fn unfold(source: &SourceText, diagnostic: &dyn Diagnostic) -> Vec<Self> {
        let mut labels: Vec<LabeledSpan> = diagnostic.labels().into_iter().flatten().collect();
        // Of two definitions the later one is at fault.
        let at_fault = |text: &str| text == "found here" || text.contains("again");
        labels.sort_by_key(|label| !label.label().is_some_and(at_fault));
        let first = Self {
            message: match diagnostic.source() {
                Some(cause) => format!("{diagnostic}: {cause}"),
                None => diagnostic.to_string(),
            },
            place: Some(Place {
                source: source.clone(),
                labels,
            }),
            hint: diagnostic.help().map(|help| help.to_string()),
            is_warning: false,
            needs: Vec::new(),
        };
        let related = diagnostic.related().into_iter().flatten();
        std::iter::once(first)
            .chain(related.flat_map(|related| Self::unfold(source, related)))
            .collect()
    }

    /// The same, with its message as `changed` returns it.
    #[must_use]
    pub(crate) fn map_message(mut self, changed: impl FnOnce(String) -> String) -> Self {
        self.message = changed(self.message);
        self
    }

    /// The same, with its places as `moved` returns them: for a text that was changed before a library read it.
    #[must_use]
    pub(crate) fn map_places(mut self, moved: impl Fn(Range<usize>) -> Range<usize>) -> Self {
        for label in self.place.iter_mut().flat_map(|place| &mut place.labels) {
            let span = moved(label.offset()..label.offset() + label.len());
            *label = LabeledSpan::new_with_span(label.label().map(str::to_owned), span);
        }
        self
    }

    /// The text beside the caret.
    #[must_use]
    pub(crate) fn with_label(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = self.place.as_mut().and_then(|place| place.labels.first_mut()) {
            label.set_label(Some(text.into()));
        }
        self
    }

    /// Shows another place of the same text too.
    #[must_use]
    pub(crate) fn and_at(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        if let Some(place) = &mut self.place {
            let label = LabeledSpan::new_with_span(Some(text.into()), span);
            place.labels.push(label);
        }
        self
    }

    /// Says more in its message, in brackets.
    #[must_use]
    pub(crate) fn with_detail(mut self, text: impl fmt::Display) -> Self {
        self.message = format!("{} ({text})", self.message);
        self
    }

    /// The same problem, of what is named.
    #[must_use]
    pub(crate) fn of(mut self, subject: &str) -> Self {
        self.message = format!("{subject}: {}", self.message);
        self
    }

    /// What to do about it, if that is known.
    #[must_use]
    pub(crate) fn with_hint_if(self, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.with_hint(text),
            None => self,
        }
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn with_hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    /// The same, as a warning: nothing is wrong, and it is hardly meant.
    #[must_use]
    pub(crate) fn into_warning(mut self) -> Self {
        self.is_warning = true;
        self
    }

    /// The same, for something that is wrong because of where an alias brings it.
    #[must_use]
    pub(crate) fn used_at(mut self, alias: Range<usize>) -> Self {
        if let Some(place) = &mut self.place {
            if let Some((line, _)) = place.source.position(alias.start) {
                self.message = format!("{}, by the alias in line {line}", self.message);
            }
            let label = LabeledSpan::new_with_span(Some("is used here".to_owned()), alias);
            place.labels.push(label);
        }
        self
    }

    /// The same, if a file that comes or changes at one of these paths would mend it: who watches files watches those, too.
    #[must_use]
    pub(crate) fn needing(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.needs.extend(paths);
        self
    }

    /// The files that would mend it.
    pub(crate) fn needs(&self) -> &[PathBuf] {
        &self.needs
    }

    /// The text that it is of, as far as it is known.
    pub(crate) fn text(&self) -> &str {
        self.place.as_ref().map_or("", |place| place.source.text())
    }

    /// Where it begins in a text, in bytes, if it is of that text.
    pub(crate) fn offset_in(&self, source: &SourceText) -> Option<usize> {
        self.offset().filter(|_| {
            self.place
                .as_ref()
                .is_some_and(|place| place.source.name() == source.name())
        })
    }

    /// Where it begins in its text, in bytes.
    pub(crate) fn offset(&self) -> Option<usize> {
        Some(self.place.as_ref()?.labels.first()?.offset())
    }

    /// Whether it is only a warning: files with warnings load all the same.
    pub fn is_warning(&self) -> bool {
        self.is_warning
    }

    /// The problem on one line: `file:line:column: message`, as far as the place is known.
    pub fn located(&self) -> String {
        match (self.file(), self.position()) {
            (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: {self}"),
            (Some(file), None) => format!("{file}: {self}"),
            (None, _) => self.to_string(),
        }
    }

    /// What is wrong, without the place.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The same, with its hint behind it.
    pub(crate) fn on_one_line(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.located()),
            None => self.located(),
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }

    /// The file as it was named when it was loaded.
    pub fn file(&self) -> Option<String> {
        self.place.as_ref().map(|place| place.source.name().to_owned())
    }

    /// Line and column, both from 1; columns count characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        let place = self.place.as_ref()?;
        place.source.position(place.labels.first()?.offset())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.located())?;
        match self.hint() {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl StdError for Problem {}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(if self.is_warning {
            Severity::Warning
        } else {
            Severity::Error
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| &place.source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Place { source, labels } = self.place.as_ref()?;
        let shown = labels.iter().map(|label| {
            let start = source.shown_offset(label.offset());
            let end = source.shown_offset(label.offset() + label.len());
            LabeledSpan::new_with_span(label.label().map(str::to_owned), start..end)
        });
        (!labels.is_empty()).then(|| Box::new(shown) as _)
    }
}
