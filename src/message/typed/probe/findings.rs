//! What was seen of a type so far: what of it is done, and what does not fit.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::error::Problem;
use crate::message::typed::error::TypedError;
use crate::schema::{Fields, Layouts};
use crate::suggest;

pub(super) type Result<T> = std::result::Result<T, TypedError>;

/// What was seen so far.
pub(super) struct Probe<'p> {
    pub(super) layouts: &'p Layouts,
    /// The keys of structs and variants of enums that need no further look.
    done: RefCell<HashSet<(Node, usize)>>,
    /// The structs that are being looked at, the innermost last.
    pub(super) open: RefCell<Vec<Node>>,
    /// What a struct makes of its keys, or an enum of the names of variants: equal for the same field or variant.
    pub(super) identities: RefCell<HashMap<(Node, usize), u64>>,
    /// Whether something below the key that is looked at is not done.
    pub(super) is_pending: Cell<bool>,
    path: RefCell<Vec<&'p str>>,
    /// The names of the structs that are being looked at.
    pub(super) structs: RefCell<Vec<&'static str>>,
    misfits: RefCell<Vec<Problem>>,
}

/// A struct or an enum of Rust at a place of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    /// The address of what it is compared with.
    at: usize,
    /// The address and number of its names.
    pub(super) names: (usize, usize),
    /// Its visitor, which is of its own: types with the same names may share their list.
    visitor: &'static str,
}

impl Node {
    pub(super) fn new<T, V>(at: &T, names: &[&str]) -> Self {
        Self {
            at: std::ptr::from_ref(at).addr(),
            names: (names.as_ptr().addr(), names.len()),
            visitor: std::any::type_name::<V>(),
        }
    }
}

/// Ends a run: what would come is known.
pub(super) fn seen() -> TypedError {
    TypedError::new("the probe has seen this")
}

/// What a key was made into. Enums, which the identifiers of derived structs and enums are, differ by their variant.
pub(super) fn identity<T>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(value).hash(&mut hasher);
    hasher.finish()
}

impl<'p> Probe<'p> {
    pub(super) fn new(layouts: &'p Layouts) -> Self {
        Self {
            layouts,
            done: RefCell::default(),
            open: RefCell::default(),
            identities: RefCell::default(),
            is_pending: Cell::new(false),
            path: RefCell::default(),
            structs: RefCell::default(),
            misfits: RefCell::default(),
        }
    }

    pub(super) fn into_misfits(self) -> Vec<Problem> {
        self.misfits.into_inner()
    }

    /// How many keys and variants need no further look.
    pub(super) fn count_done(&self) -> usize {
        self.done.borrow().len()
    }

    pub(super) fn is_done(&self, node: Node, index: usize) -> bool {
        self.done.borrow().contains(&(node, index))
    }

    pub(super) fn finish(&self, node: Node, index: usize) {
        self.done.borrow_mut().insert((node, index));
    }

    /// Looks at what is below a key or a variant, which is done if all of that is.
    pub(super) fn look<T>(
        &self,
        node: Node,
        index: usize,
        name: &'p str,
        below: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let was_pending = self.is_pending.replace(false);
        let result = self.within(name, below);
        if !self.is_pending.get() {
            self.finish(node, index);
        }
        self.is_pending.set(was_pending || self.is_pending.get());
        result
    }

    /// Does something where what does not fit is of this field.
    pub(super) fn within<T>(&self, name: &'p str, below: impl FnOnce() -> T) -> T {
        self.path.borrow_mut().push(name);
        let result = below();
        self.path.borrow_mut().pop();
        result
    }

    /// Notes what does not fit where the probe is.
    pub(super) fn misfit(&self, what: impl fmt::Display) {
        self.misfit_with(what, None);
    }

    pub(super) fn misfit_with(&self, what: impl fmt::Display, hint: Option<String>) {
        let path = self.path.borrow().join(".");
        let subject = if path.is_empty() {
            "the message".to_owned()
        } else {
            format!("the field `{path}`")
        };
        let misfit = format!("{subject} {what}");
        let mut misfits = self.misfits.borrow_mut();
        if misfits.iter().all(|known| known.message() != misfit) {
            misfits.push(Problem::new(misfit).with_hint_if(hint));
        }
    }

    /// Notes that a struct with `flatten` has a field for a oneof.
    pub(super) fn named_oneof(&self) {
        let hint = "flatten its enum too, or have a field for each member";
        self.misfit_with(
            "is a oneof, which a struct with `flatten` cannot have by its name",
            Some(hint.to_owned()),
        );
    }

    /// Notes that a struct has a field that its message has not.
    pub(super) fn no_field(&self, fields: &Fields, name: &str) {
        let hint = suggest::hint(name, fields.names());
        self.misfit_with(format_args!("is not in {}", fields.full_name), hint);
    }
}
