//! What the features and the visibility of a file say of its messages and enums: which others may use, and which enums are
//! closed.

use prost::Message as _;

use super::set::{Edition, FeatureSet};
use crate::schema::definitions::EditionSymbols;
use crate::schema::descriptor::{Enum, File, Message, VISIBILITY_LOCAL, VISIBILITY_UNSET};
use crate::schema::name::qualified;

/// What a serialized file with an edition says of its messages and enums.
pub(in crate::schema) fn edition_symbols(file: &[u8], edition: Edition) -> EditionSymbols {
    let Ok(file) = File::decode(file) else {
        return EditionSymbols::default();
    };
    let own = file.own_features();
    let mut walk = Walk {
        features: FeatureSet::of_edition(edition).with(own),
        found: EditionSymbols::default(),
    };
    for message in &file.message_type {
        walk.message(message, &file.package, false);
    }
    for found in &file.enum_type {
        walk.enumeration(found, &file.package, false);
    }
    walk.found
}

struct Walk {
    features: FeatureSet,
    found: EditionSymbols,
}

impl Walk {
    fn message(&mut self, message: &Message, scope: &str, is_nested: bool) {
        let name = qualified(scope, &message.name);
        self.note_visibility(message.visibility, &name, is_nested);
        for nested in &message.nested_type {
            self.message(nested, &name, true);
        }
        for found in &message.enum_type {
            self.enumeration(found, &name, true);
        }
    }

    fn enumeration(&mut self, found: &Enum, scope: &str, is_nested: bool) {
        let name = qualified(scope, &found.name);
        self.note_visibility(found.visibility, &name, is_nested);
        let own = found.own_features();
        if self.features.with(own).is_closed() {
            self.found.closed.insert(name);
        }
    }

    fn note_visibility(&mut self, visibility: i32, name: &str, is_nested: bool) {
        let by_default = visibility == VISIBILITY_UNSET && self.features.is_local_by_default(is_nested);
        if by_default || visibility == VISIBILITY_LOCAL {
            self.found.local.insert(name.to_owned());
        }
    }
}
