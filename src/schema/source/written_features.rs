//! What a text with an edition says of its messages and enums, before its options are read.
//!
//! Files are linked apart, and each needs to know of the others which of their names it may use and which of their enums are
//! closed. What is wrong with an option is said when it is read; here it counts for nothing.

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, UninterpretedOption};

use super::edition::{EditionParts, Visibility};
use crate::schema::definitions::EditionSymbols;
use crate::schema::element_path::ElementPath;
use crate::schema::features::FeatureSet;
use crate::schema::name::qualified;

/// The messages and enums of a text as it was parsed.
pub(super) fn symbols_of(file: &FileDescriptorProto, parts: &EditionParts) -> EditionSymbols {
    let options = file.options.as_ref();
    let written = options.map(|options| options.uninterpreted_option.as_slice());
    let mut walk = Walk {
        parts,
        features: with_written(FeatureSet::of_edition(parts.edition), written.unwrap_or_default()),
        found: EditionSymbols::default(),
    };
    let package = file.package();
    for (index, message) in file.message_type.iter().enumerate() {
        walk.message(message, package, &ElementPath::in_file(4, index), false);
    }
    for (index, found) in file.enum_type.iter().enumerate() {
        walk.enumeration(found, package, &ElementPath::in_file(5, index), false);
    }
    walk.found
}

struct Walk<'p> {
    parts: &'p EditionParts,
    features: FeatureSet,
    found: EditionSymbols,
}

impl Walk<'_> {
    fn message(&mut self, message: &DescriptorProto, scope: &str, path: &ElementPath<'_>, is_nested: bool) {
        let name = qualified(scope, message.name());
        self.note_visibility(&name, path, is_nested);
        for (index, nested) in message.nested_type.iter().enumerate() {
            self.message(nested, &name, &path.element(3, index), true);
        }
        for (index, found) in message.enum_type.iter().enumerate() {
            self.enumeration(found, &name, &path.element(4, index), true);
        }
    }

    fn enumeration(
        &mut self,
        found: &EnumDescriptorProto,
        scope: &str,
        path: &ElementPath<'_>,
        is_nested: bool,
    ) {
        let name = qualified(scope, found.name());
        self.note_visibility(&name, path, is_nested);
        let options = found.options.as_ref();
        let written = options.map(|options| options.uninterpreted_option.as_slice());
        if with_written(self.features, written.unwrap_or_default()).is_closed() {
            self.found.closed.insert(name);
        }
    }

    fn note_visibility(&mut self, name: &str, path: &ElementPath<'_>, is_nested: bool) {
        let is_local = match self.parts.visibility.get(&path.numbers()) {
            Some(visibility) => *visibility == Visibility::Local,
            None => self.features.is_local_by_default(is_nested),
        };
        if is_local {
            self.found.local.insert(name.to_owned());
        }
    }
}

/// The features with those that options name: `features.enum_type = CLOSED`, or in braces.
fn with_written(mut features: FeatureSet, options: &[UninterpretedOption]) -> FeatureSet {
    for option in options {
        let mut name = option.name.iter().filter(|part| !part.is_extension);
        if name.next().is_none_or(|part| part.name_part != "features") {
            continue;
        }
        match (name.next(), &option.identifier_value, &option.aggregate_value) {
            (Some(feature), Some(value), _) => features.set_by_name(&feature.name_part, value),
            (None, _, Some(text)) => in_braces(text, &mut features),
            _ => {}
        }
    }
    features
}

/// Reads `field_presence: IMPLICIT enum_type: CLOSED`. The parser has put a blank between the tokens.
fn in_braces(text: &str, features: &mut FeatureSet) {
    let text = text.replace(':', " : ");
    let mut depth = 0_usize;
    let tokens: Vec<&str> = text.split_whitespace().collect();
    for token in tokens.windows(3) {
        match token {
            ["{" | "<" | "[", ..] => depth += 1,
            ["}" | ">" | "]", ..] => depth = depth.saturating_sub(1),
            [feature, ":", value] if depth == 0 => features.set_by_name(feature, value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_in_braces_are_those_of_the_outermost() {
        let mut features = FeatureSet::of_edition(1000);
        in_braces(
            "[ pb . java ] { enum_type : CLOSED } field_presence : IMPLICIT , default_symbol_visibility: STRICT",
            &mut features,
        );
        assert!(!features.is_closed());
        assert!(features.is_local_by_default(false));
        in_braces("enum_type : CLOSED", &mut features);
        assert!(features.is_closed());
    }
}
