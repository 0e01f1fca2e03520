//! Options: from what a file writes to the bytes that its descriptors carry.
//!
//! An option's name leads through the message of options of its element (`FieldOptions`, …) and the extensions that the file
//! sees; its value is read in the type that it finds there. Order and retention are protoc's.

mod aggregate;
mod contents;
mod demands;
mod extension;
mod fault;
mod great;
mod literal;
mod moves;
mod set;
mod splice;
mod written;

use std::collections::HashMap;

use bytes::Bytes;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

use self::contents::{MAX_DEPTH, Slot};
pub(super) use self::demands::Demands;
use self::extension::Visible;
use self::great::GreatExtensions;
use self::moves::Moves;
use self::set::set_option;
use self::written::{Taken, take_options};
use super::scope::{Members, Scope};
use crate::schema::features::Edition;
use crate::schema::source::FileGraph;

pub(super) use self::splice::{OptionBytes, Tails, assembled};
pub(super) use self::written::OptionProblem;

/// `TARGET_TYPE_EXTENSION_RANGE` of `FieldOptions.OptionTargetType`.
const RANGES: i32 = 2;

/// The options of a file, on their way from its text into its bytes.
#[derive(Debug)]
pub(super) struct Options {
    taken: Taken,
    /// Those of the file, if it has custom options.
    members: Members,
}

impl Options {
    /// Takes the options out of a file, and reads those of descriptor.proto. What linking needs of them stays in the file.
    pub(super) fn take_from(file: &mut FileDescriptorProto, demands: &mut Demands) -> Self {
        let taken = take_options(file, demands);
        let has_custom = taken.elements.iter().any(|element| !element.waiting.is_empty());
        Self {
            taken,
            members: if has_custom {
                Members::of(file)
            } else {
                Members::default()
            },
        }
    }

    /// Reads the custom options. `pool` has the file, which is one of `graph`, and `scope` is what it sees.
    pub(super) fn read_custom(&mut self, pool: &DescriptorPool, graph: &FileGraph, scope: &Scope<'_>) {
        let (taken, members) = (&mut self.taken, &self.members);
        let great = GreatExtensions {
            graph,
            symbols: scope.symbols(),
        };
        let visible = Visible {
            pool,
            scope,
            members,
            great,
        };
        for mut element in std::mem::take(&mut taken.elements) {
            for (index, option) in std::mem::take(&mut element.waiting) {
                let set = set_option(&mut element.contents, &option, &element.scope, &visible);
                taken.note(&element, index, set);
            }
            taken.elements.push(element);
        }
    }

    /// What is wrong with the options that have been read since this was asked last.
    pub(super) fn problems(&mut self) -> Vec<OptionProblem> {
        std::mem::take(&mut self.taken.problems)
    }

    /// What is not wrong with the options that have been checked, and hardly meant.
    pub(super) fn warnings(&mut self) -> Vec<OptionProblem> {
        std::mem::take(&mut self.taken.warnings)
    }

    /// Checks what the fields of the options demand in a file of an edition.
    pub(super) fn check(&mut self, demands: &Demands, edition: Edition) {
        for element in self.taken.elements.iter().filter(|element| !element.is_copy) {
            let found = demands.check(&element.contents, element.target, edition);
            let of_element = |fault| OptionProblem {
                path: element.path.clone(),
                fault,
            };
            self.taken
                .problems
                .extend(found.problems.into_iter().map(of_element));
            self.taken
                .warnings
                .extend(found.warnings.into_iter().map(of_element));
            if element.contents.is_too_deep() {
                self.taken.problems.push(OptionProblem {
                    path: element.path.clone(),
                    fault: format!("messages nest more than {MAX_DEPTH} levels deep in these options").into(),
                });
            }
        }
    }

    /// Whether there are any options.
    pub(super) fn has_any(&self) -> bool {
        !self.taken.elements.is_empty()
    }

    /// Whether a range of extensions has options.
    pub(super) fn has_ranges(&self) -> bool {
        self.taken.elements.iter().any(|element| element.target == RANGES)
    }

    /// The bytes of all options, with those that are for the source alone.
    pub(super) fn with_source(&self) -> OptionBytes {
        let elements = self.taken.elements.iter();
        elements
            .map(|element| (element.path.clone(), Some(element.contents.encode())))
            .collect()
    }

    /// Whether a text in what is served may be no UTF-8.
    pub(super) fn has_odd_texts(&self) -> bool {
        let mut elements = self.taken.elements.iter();
        !self.taken.defaults.is_empty() || elements.any(|element| element.contents.has_odd_texts())
    }

    /// The bytes of the options and defaults that are served, and the source info, in which they have their numbers from here on.
    pub(super) fn served(self, demands: &Demands, info: &Bytes) -> (OptionBytes, Bytes) {
        let is_for_source = |slot: &Slot| demands.is_for_source(slot);
        let mut removed = Vec::new();
        let mut bytes = HashMap::with_capacity(self.taken.elements.len());
        for mut element in self.taken.elements {
            let before = removed.len();
            element
                .contents
                .remove_source(&element.path, &is_for_source, &mut removed);
            let is_gone = element.contents.is_empty() && removed.len() > before;
            if is_gone {
                removed.push(element.path.clone());
            }
            bytes.insert(element.path, (!is_gone).then(|| element.contents.encode()));
        }
        let defaults = self.taken.defaults.into_iter();
        bytes.extend(defaults.map(|(path, default)| (path, Some(default))));
        let moves = Moves {
            moved: self.taken.moved.into_iter().collect(),
            removed: removed.into_iter().collect(),
        };
        (bytes, moves.apply(info))
    }
}
