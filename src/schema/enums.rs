//! The values of an enum, by name and by number, for types of Rust.
//!
//! A Rust enum names them as the proto does (`COLOR_RED`), without the enum's own name in front (`RED`), or in the case
//! of Rust (`Red`, `ColorRed`). The exact name counts first; of the others one that could mean two numbers means none.

use prost_reflect::EnumDescriptor;
use prost_types::EnumValueDescriptorProto;

use super::features::is_closed;
use super::known::{Known, KnownNames, Names};

/// An enum.
#[derive(Debug)]
pub(crate) struct EnumTable {
    pub(crate) full_name: Box<str>,
    /// Whether there are no other numbers.
    pub(crate) is_closed: bool,
    /// In the order of the proto.
    pub(crate) values: Box<[(Box<str>, i32)]>,
    /// Each number once, sorted, with the index of its first value: a message may ask for a million of them.
    by_number: Box<[(i32, usize)]>,
    /// The indices of the values, sorted by name: JSON may ask for as many.
    by_name: Box<[usize]>,
    /// What comes before each value by custom: the enum's name and an underscore.
    prefix: String,
    /// For each Rust enum, the variants that name a value, by number.
    variants: Known<Box<[(i32, &'static str)]>>,
    /// The number of each variant of a Rust enum that was written.
    written: KnownNames<i32>,
}

impl EnumTable {
    pub(super) fn of(enumeration: &EnumDescriptor) -> Self {
        // prost-reflect's own iterator is sorted by number.
        let values = &enumeration.enum_descriptor_proto().value;
        let mut by_number: Vec<_> = values
            .iter()
            .map(EnumValueDescriptorProto::number)
            .zip(0..)
            .collect();
        by_number.sort_unstable();
        by_number.dedup_by_key(|(number, _)| *number);
        let mut by_name: Vec<usize> = (0..values.len()).collect();
        by_name.sort_by_key(|index| values[*index].name());
        Self {
            full_name: enumeration.full_name().into(),
            is_closed: is_closed(enumeration),
            values: values
                .iter()
                .map(|value| (value.name().into(), value.number()))
                .collect(),
            by_number: by_number.into(),
            by_name: by_name.into(),
            prefix: simple(enumeration.name()),
            variants: Known::default(),
            written: KnownNames::default(),
        }
    }

    /// The name of a number. The first one if there are several.
    pub(crate) fn name_of(&self, number: i32) -> Option<&str> {
        let found = self
            .by_number
            .binary_search_by_key(&number, |(known, _)| *known)
            .ok()?;
        Some(&self.values[self.by_number[found].1].0)
    }

    /// Whether a field of this enum may have the number.
    pub(crate) fn is_value(&self, number: i32) -> bool {
        !self.is_closed || self.name_of(number).is_some()
    }

    /// The number of the value that the proto calls `name`.
    pub(crate) fn number_named(&self, name: &str) -> Option<i32> {
        let found = self
            .by_name
            .binary_search_by(|index| (*self.values[*index].0).cmp(name));
        Some(self.values[self.by_name[found.ok()?]].1)
    }

    /// The number of the value that a program calls `name`.
    pub(crate) fn number_of(&self, name: &str) -> Option<i32> {
        if let Some(number) = self.number_named(name) {
            return Some(number);
        }
        let name = simple(name);
        self.only(|value| value == name)
            .or_else(|| self.only(|value| value.strip_prefix(&self.prefix) == Some(&name)))
    }

    /// The number of the value that a variant of a Rust enum names.
    pub(crate) fn number_of_variant(&self, variant: &'static str) -> Option<i32> {
        self.written.get(variant, || self.number_of(variant))
    }

    /// The number of the values, in their simple form, that are meant. `None` if it is not one number.
    fn only(&self, is_meant: impl Fn(&str) -> bool) -> Option<i32> {
        let mut meant = self.values.iter().filter(|(name, _)| is_meant(&simple(name)));
        let (_, number) = meant.next()?;
        meant.all(|(_, other)| other == number).then_some(*number)
    }

    /// The variant, of a Rust enum with these, that stands for a number.
    pub(crate) fn variant_of(&self, number: i32, variants: Names) -> Option<&'static str> {
        let known = self.variants.get(variants, || {
            let mut known: Vec<_> = variants
                .iter()
                .filter_map(|variant| Some((self.number_of(variant)?, *variant)))
                .collect();
            // Of several variants for a number the first counts.
            known.sort_by_key(|(number, _)| *number);
            known.dedup_by_key(|(number, _)| *number);
            known.into()
        });
        let found = known.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(known[found].1)
    }
}

/// A name without what differs between the customs of protos and of Rust: case and underscores.
pub(crate) fn simple(name: &str) -> String {
    name.chars()
        .filter(|letter| *letter != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::{
        EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    };

    use super::EnumTable;
    use crate::schema::Schema;

    /// The table of an enum `PaintColor` with these values. protoc refuses the text of some, so it comes in a set.
    fn table(values: &[(&str, i32)]) -> EnumTable {
        let values = values.iter().map(|(name, number)| EnumValueDescriptorProto {
            name: Some((*name).to_owned()),
            number: Some(*number),
            options: None,
        });
        let paint_color = EnumDescriptorProto {
            name: Some("PaintColor".to_owned()),
            value: values.collect(),
            options: Some(EnumOptions {
                allow_alias: Some(true),
                ..EnumOptions::default()
            }),
            ..EnumDescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            enum_type: vec![paint_color],
            ..FileDescriptorProto::default()
        };
        let set = FileDescriptorSet { file: vec![file] };
        let schema = Schema::from_descriptor_set(&set.encode_to_vec()).unwrap();
        EnumTable::of(&schema.pool().get_enum_by_name("PaintColor").unwrap())
    }

    #[test]
    fn values_are_named_as_in_the_proto_or_as_in_rust() {
        let table = table(&[
            ("PAINT_COLOR_RED", 0),
            ("PAINT_COLOR_LIGHT_RED", 1),
            ("OTHER", 2),
            ("ALSO_OTHER", 2),
        ]);
        for (name, number) in [
            ("PAINT_COLOR_RED", Some(0)),
            ("RED", Some(0)),
            ("Red", Some(0)),
            ("PaintColorRed", Some(0)),
            ("LightRed", Some(1)),
            ("light_red", Some(1)),
            ("Other", Some(2)),
            ("AlsoOther", Some(2)),
            ("Blue", None),
            ("", None),
        ] {
            assert_eq!(table.number_of(name), number, "{name}");
        }
        assert_eq!(table.name_of(2), Some("OTHER"));
        assert_eq!(
            table.variant_of(2, &["Red", "AlsoOther", "Other"]),
            Some("AlsoOther")
        );
        assert_eq!(table.variant_of(1, &["Red"]), None);
    }

    #[test]
    fn a_name_that_could_mean_two_values_means_none_unless_it_is_exact() {
        let table = table(&[("ONE_TWO", 1), ("ONETWO", 2), ("RED", 3), ("PAINT_COLOR_RED", 4)]);
        assert_eq!(table.number_of("OneTwo"), None);
        assert_eq!(table.number_of("ONETWO"), Some(2));
        assert_eq!(table.number_of("Red"), Some(3));
        assert_eq!(table.number_of("PaintColorRed"), Some(4));
    }
}
