//! The crate's one error type, and the problems that it carries.
//!
//! Loading protos and rules finds many things wrong at once, so an [`Error`] of that kind holds every
//! [`Problem`], each with its file, its place and a hint where there is one. The kinds are private: callers
//! ask by predicate, so that a new kind breaks nobody.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// What went wrong while protos or rules were loaded, or a server was bound.
pub struct Error {
    kind: Box<Kind>,
}

enum Kind {
    /// Protos or descriptor sets that do not load.
    Schema(Vec<Problem>),
    /// Rules that do not fit their schema.
    Rules(Vec<Problem>),
    /// A name that the schema does not have.
    UnknownName(String),
    /// The operating system said no.
    Io { action: String, source: io::Error },
}

impl Error {
    pub(crate) fn schema(problems: Vec<Problem>) -> Self {
        Self::of(Kind::Schema(problems))
    }

    pub(crate) fn rules(problems: Vec<Problem>) -> Self {
        Self::of(Kind::Rules(problems))
    }

    pub(crate) fn unknown_name(message: impl Into<String>) -> Self {
        Self::of(Kind::UnknownName(message.into()))
    }

    pub(crate) fn io(action: impl Into<String>, source: io::Error) -> Self {
        Self::of(Kind::Io {
            action: action.into(),
            source,
        })
    }

    fn of(kind: Kind) -> Self {
        Self { kind: Box::new(kind) }
    }

    /// Every problem found, in the order of files and places; empty unless protos or rules were at fault.
    pub fn problems(&self) -> &[Problem] {
        match &*self.kind {
            Kind::Schema(problems) | Kind::Rules(problems) => problems,
            Kind::UnknownName(_) | Kind::Io { .. } => &[],
        }
    }

    /// Whether protos or descriptor sets were at fault.
    pub fn is_schema(&self) -> bool {
        matches!(&*self.kind, Kind::Schema(_))
    }

    /// Whether rules were at fault.
    pub fn is_rules(&self) -> bool {
        matches!(&*self.kind, Kind::Rules(_))
    }

    /// Whether a service, method or message was named that the schema does not have.
    pub fn is_unknown_name(&self) -> bool {
        matches!(&*self.kind, Kind::UnknownName(_))
    }

    /// Whether the operating system was at fault: a socket, a file.
    pub fn is_io(&self) -> bool {
        matches!(&*self.kind, Kind::Io { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Schema(problems) | Kind::Rules(problems) => match problems.as_slice() {
                [] => f.write_str("the load failed"),
                [only] => f.write_str(&only.located()),
                [first, rest @ ..] => write!(f, "{} (and {} more)", first.located(), rest.len()),
            },
            Kind::UnknownName(message) => f.write_str(message),
            Kind::Io { action, .. } => f.write_str(action),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Schema(problems) => f.debug_tuple("Schema").field(problems).finish(),
            Kind::Rules(problems) => f.debug_tuple("Rules").field(problems).finish(),
            Kind::UnknownName(message) => f.debug_tuple("UnknownName").field(message).finish(),
            Kind::Io { action, source } => f
                .debug_struct("Io")
                .field("action", action)
                .field("source", source)
                .finish(),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.kind {
            Kind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A text that problems point into, shared by all problems of one file.
#[derive(Clone)]
pub(crate) struct SourceText(Arc<NamedSource<String>>);

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceText").field(&self.name()).finish()
    }
}

impl SourceText {
    /// `name` is the path as the user gave it.
    pub(crate) fn new(name: impl AsRef<str>, text: impl Into<String>) -> Self {
        Self(Arc::new(NamedSource::new(name, text.into())))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }

    pub(crate) fn text(&self) -> &str {
        self.0.inner()
    }
}

/// One thing that is wrong with a proto, a descriptor set or a rules file.
///
/// Its `Display` is the bare message; [`located`](Self::located) puts the place before it, and as a miette
/// [`Diagnostic`] it also shows the line, a caret and a hint.
pub struct Problem {
    kind: ProblemKind,
}

enum ProblemKind {
    /// Found by protod.
    Own {
        message: String,
        place: Option<Place>,
        hint: Option<String>,
    },
    /// Found by a library, which brings file, place and help of its own.
    Foreign(Box<dyn Diagnostic + Send + Sync>),
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
            kind: ProblemKind::Own {
                message: message.into(),
                place: None,
                hint: None,
            },
        }
    }

    /// A problem at the bytes `span` of a text.
    pub(crate) fn at(source: &SourceText, span: std::ops::Range<usize>, message: impl Into<String>) -> Self {
        let place = Place {
            source: source.clone(),
            labels: vec![LabeledSpan::new_with_span(None, span)],
        };
        Self {
            kind: ProblemKind::Own {
                message: message.into(),
                place: Some(place),
                hint: None,
            },
        }
    }

    /// A problem of a file as a whole, such as a set that is cut short.
    pub(crate) fn in_file(name: impl AsRef<str>, message: impl Into<String>) -> Self {
        let place = Place {
            source: SourceText::new(name, ""),
            labels: Vec::new(),
        };
        Self {
            kind: ProblemKind::Own {
                message: message.into(),
                place: Some(place),
                hint: None,
            },
        }
    }

    /// All that a library's diagnostic says of `source`: itself, and those it carries as related.
    pub(crate) fn unfold(source: &SourceText, diagnostic: &dyn Diagnostic) -> Vec<Self> {
        let mut labels: Vec<LabeledSpan> = diagnostic.labels().into_iter().flatten().collect();
        // Of two definitions the later one is at fault.
        labels.sort_by_key(|label| {
            !label
                .label()
                .is_some_and(|text| text == "found here" || text.contains("again"))
        });
        let hint = diagnostic.help().map(|help| help.to_string());
        let place = Place {
            source: source.clone(),
            labels,
        };
        let message = match diagnostic.source() {
            Some(cause) => format!("{diagnostic}: {cause}"),
            None => diagnostic.to_string(),
        };
        let first = ProblemKind::Own {
            message,
            place: Some(place),
            hint,
        };
        let related = diagnostic.related().into_iter().flatten();
        std::iter::once(Self { kind: first })
            .chain(related.flat_map(|diagnostic| Self::unfold(source, diagnostic)))
            .collect()
    }

    pub(crate) fn foreign(diagnostic: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self {
            kind: ProblemKind::Foreign(Box::new(diagnostic)),
        }
    }

    /// The text beside the caret.
    #[must_use]
    pub(crate) fn with_label(mut self, text: impl Into<String>) -> Self {
        if let ProblemKind::Own {
            place: Some(place), ..
        } = &mut self.kind
        {
            if let Some(first) = place.labels.first_mut() {
                first.set_label(Some(text.into()));
            }
        }
        self
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let ProblemKind::Own { hint, .. } = &mut self.kind {
            *hint = Some(text.into());
        }
        self
    }

    /// The problem on one line: `file:line:column: message`, as far as the place is known.
    pub fn located(&self) -> String {
        match (self.file(), self.position()) {
            (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: {self}"),
            (Some(file), None) => format!("{file}: {self}"),
            (None, _) => self.to_string(),
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        self.help().map(|hint| hint.to_string())
    }

    /// The file as it was named when it was loaded.
    pub fn file(&self) -> Option<String> {
        match &self.kind {
            ProblemKind::Own { place, .. } => place.as_ref().map(|place| place.source.name().to_owned()),
            ProblemKind::Foreign(_) => self.first_label().and_then(|(name, ..)| name),
        }
    }

    /// Line and column, both from 1; columns count characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        match &self.kind {
            ProblemKind::Own { place, .. } => {
                let place = place.as_ref()?;
                let text = place.source.text();
                let before = text.get(..place.labels.first()?.offset())?;
                let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                let line = before.matches('\n').count() + 1;
                Some((line, before[line_start..].chars().count() + 1))
            }
            ProblemKind::Foreign(_) => self.first_label().map(|(_, line, column)| (line, column)),
        }
    }

    /// File, line and column of a foreign diagnostic's first label.
    fn first_label(&self) -> Option<(Option<String>, usize, usize)> {
        let label = self.labels()?.next()?;
        let contents = self.source_code()?.read_span(label.inner(), 0, 0).ok()?;
        Some((
            contents.name().map(str::to_owned),
            contents.line() + 1,
            contents.column() + 1,
        ))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ProblemKind::Own { message, .. } => f.write_str(message),
            ProblemKind::Foreign(diagnostic) => diagnostic.fmt(f),
        }
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
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match &self.kind {
            ProblemKind::Own { hint, .. } => hint.as_ref().map(|hint| Box::new(hint) as _),
            ProblemKind::Foreign(diagnostic) => diagnostic.help(),
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        match &self.kind {
            ProblemKind::Own { place, .. } => place.as_ref().map(|place| &*place.source.0 as _),
            ProblemKind::Foreign(diagnostic) => diagnostic.source_code(),
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match &self.kind {
            ProblemKind::Own { place, .. } => {
                let labels = &place.as_ref()?.labels;
                (!labels.is_empty()).then(|| Box::new(labels.iter().cloned()) as _)
            }
            ProblemKind::Foreign(diagnostic) => diagnostic.labels(),
        }
    }
}
