//! [`FeatureSet`]: how the elements of a file behave, by their edition and what they say themselves.
//!
//! The features of an element are those of the element that holds it, and those that its own options name in their place.
//! A file's own begin with the defaults of its edition; proto2 and proto3 are editions too.

use prost::Message as _;

/// `google.protobuf.Edition`.
pub(in crate::schema) type Edition = i32;

pub(in crate::schema) const PROTO2: Edition = 998;
pub(in crate::schema) const PROTO3: Edition = 999;
pub(in crate::schema) const EDITION_2023: Edition = 1000;
pub(in crate::schema) const EDITION_2024: Edition = 1001;
pub(in crate::schema) const EDITION_2026: Edition = 1002;

/// The editions that a file may name.
const EDITIONS: [(&str, Edition); 3] = [
    ("2023", EDITION_2023),
    ("2024", EDITION_2024),
    ("2026", EDITION_2026),
];

/// The edition that a file calls so.
pub(in crate::schema) fn edition_named(name: &str) -> Option<Edition> {
    let found = EDITIONS.iter().find(|(known, _)| *known == name);
    found.map(|(_, edition)| *edition)
}

/// What a file calls an edition.
pub(in crate::schema) fn edition_name(edition: Edition) -> String {
    match EDITIONS.iter().find(|(_, known)| *known == edition) {
        Some((name, _)) => (*name).to_owned(),
        None if edition == PROTO2 => "proto2".to_owned(),
        None if edition == PROTO3 => "proto3".to_owned(),
        None => edition.to_string(),
    }
}

/// Whether protod knows what the features of an edition are by default.
pub(in crate::schema) fn is_known(edition: Edition) -> bool {
    EDITIONS.iter().any(|(_, known)| *known == edition)
}

/// `google.protobuf.FeatureSet`, without its extensions: those are for code generators.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(in crate::schema) struct FeatureSet {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::schema) field_presence: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::schema) enum_type: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    pub(in crate::schema) repeated_field_encoding: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub(in crate::schema) utf8_validation: Option<i32>,
    #[prost(int32, optional, tag = "5")]
    pub(in crate::schema) message_encoding: Option<i32>,
    #[prost(int32, optional, tag = "6")]
    pub(in crate::schema) json_format: Option<i32>,
    #[prost(int32, optional, tag = "7")]
    pub(in crate::schema) enforce_naming_style: Option<i32>,
    #[prost(int32, optional, tag = "8")]
    pub(in crate::schema) default_symbol_visibility: Option<i32>,
    #[prost(int32, optional, tag = "9")]
    pub(in crate::schema) enforce_proto_limits: Option<i32>,
}

// The values that are compared with.
pub(in crate::schema) const EXPLICIT: i32 = 1;
pub(in crate::schema) const IMPLICIT: i32 = 2;
pub(in crate::schema) const LEGACY_REQUIRED: i32 = 3;
const OPEN: i32 = 1;
const CLOSED: i32 = 2;
pub(in crate::schema) const PACKED: i32 = 1;
const EXPANDED: i32 = 2;
const VERIFY: i32 = 2;
const NONE: i32 = 3;
const LENGTH_PREFIXED: i32 = 1;
const DELIMITED: i32 = 2;
const ALLOW: i32 = 1;
const LEGACY_BEST_EFFORT: i32 = 2;
const STYLE_2024: i32 = 1;
const STYLE_LEGACY: i32 = 2;
const STYLE_2026: i32 = 3;
const EXPORT_ALL: i32 = 1;
pub(in crate::schema) const EXPORT_TOP_LEVEL: i32 = 2;
const LOCAL_ALL: i32 = 3;
pub(in crate::schema) const STRICT: i32 = 4;
const NO_LIMITS: i32 = 1;
const LIMITS_2026: i32 = 2;

impl FeatureSet {
    /// The features of a file of an edition that names none.
    pub(in crate::schema) fn of_edition(edition: Edition) -> Self {
        let since = |first: Edition, then: i32, before: i32| if edition >= first { then } else { before };
        Self {
            field_presence: Some(if edition == PROTO3 { IMPLICIT } else { EXPLICIT }),
            enum_type: Some(since(PROTO3, OPEN, CLOSED)),
            repeated_field_encoding: Some(since(PROTO3, PACKED, EXPANDED)),
            utf8_validation: Some(since(PROTO3, VERIFY, NONE)),
            message_encoding: Some(LENGTH_PREFIXED),
            json_format: Some(since(PROTO3, ALLOW, LEGACY_BEST_EFFORT)),
            enforce_naming_style: Some(match edition {
                EDITION_2026.. => STYLE_2026,
                EDITION_2024 => STYLE_2024,
                _ => STYLE_LEGACY,
            }),
            default_symbol_visibility: Some(match edition {
                EDITION_2026.. => STRICT,
                EDITION_2024 => EXPORT_TOP_LEVEL,
                _ => EXPORT_ALL,
            }),
            enforce_proto_limits: Some(since(EDITION_2026, LIMITS_2026, NO_LIMITS)),
        }
    }

    /// The features that are for compilers alone, where they demand the least. Descriptors do not have them.
    pub(in crate::schema) fn most_lenient(is_file: bool) -> Self {
        Self {
            enforce_naming_style: Some(STYLE_LEGACY),
            default_symbol_visibility: is_file.then_some(EXPORT_ALL),
            enforce_proto_limits: (!is_file).then_some(NO_LIMITS),
            ..Self::default()
        }
    }

    /// The features of an element in this one, whose own options have these, serialized. What is not a `FeatureSet` counts
    /// for nothing.
    pub(in crate::schema) fn with(&self, own: Option<&[u8]>) -> Self {
        let mut features = *self;
        match own.map(|own| features.merge(own)) {
            None | Some(Ok(())) => features,
            Some(Err(_)) => *self,
        }
    }

    /// The features that an element names itself.
    pub(in crate::schema) fn named(own: Option<&[u8]>) -> Self {
        Self::default().with(own)
    }

    /// Sets one of the features on which other files depend. Others, and values that nobody knows, count for nothing.
    pub(in crate::schema) fn set_by_name(&mut self, feature: &str, value: &str) {
        match (feature, value) {
            ("enum_type", "OPEN") => self.enum_type = Some(OPEN),
            ("enum_type", "CLOSED") => self.enum_type = Some(CLOSED),
            ("default_symbol_visibility", "EXPORT_ALL") => self.default_symbol_visibility = Some(EXPORT_ALL),
            ("default_symbol_visibility", "EXPORT_TOP_LEVEL") => {
                self.default_symbol_visibility = Some(EXPORT_TOP_LEVEL);
            }
            ("default_symbol_visibility", "LOCAL_ALL") => self.default_symbol_visibility = Some(LOCAL_ALL),
            ("default_symbol_visibility", "STRICT") => self.default_symbol_visibility = Some(STRICT),
            _ => {}
        }
    }

    /// Whether a scalar that is the default is as good as none.
    pub(in crate::schema) fn is_implicit(&self) -> bool {
        self.field_presence == Some(IMPLICIT)
    }

    pub(in crate::schema) fn is_required(&self) -> bool {
        self.field_presence == Some(LEGACY_REQUIRED)
    }

    pub(in crate::schema) fn is_closed(&self) -> bool {
        self.enum_type == Some(CLOSED)
    }

    pub(in crate::schema) fn is_packed(&self) -> bool {
        self.repeated_field_encoding == Some(PACKED)
    }

    /// Whether strings have to be UTF-8.
    pub(in crate::schema) fn verifies_utf8(&self) -> bool {
        self.utf8_validation != Some(NONE)
    }

    pub(in crate::schema) fn is_delimited(&self) -> bool {
        self.message_encoding == Some(DELIMITED)
    }

    /// Whether names in JSON must differ, and not only those that were given.
    pub(in crate::schema) fn promises_json(&self) -> bool {
        self.json_format != Some(LEGACY_BEST_EFFORT)
    }

    /// Whether names have to follow the style guide of edition 2024.
    pub(in crate::schema) fn has_style(&self) -> bool {
        self.enforce_naming_style != Some(STYLE_LEGACY)
    }

    /// Whether names have to follow the style guide of edition 2026 too.
    pub(in crate::schema) fn has_style_2026(&self) -> bool {
        self.enforce_naming_style == Some(STYLE_2026)
    }

    pub(in crate::schema) fn has_limits(&self) -> bool {
        self.enforce_proto_limits == Some(LIMITS_2026)
    }

    /// Whether a message or an enum without `export` or `local` is for its own file alone.
    pub(in crate::schema) fn is_local_by_default(&self, is_nested: bool) -> bool {
        match self.default_symbol_visibility {
            Some(EXPORT_TOP_LEVEL) => is_nested,
            Some(LOCAL_ALL | STRICT) => true,
            _ => false,
        }
    }

    /// The name of a feature whose value is none that this version knows.
    pub(in crate::schema) fn unknown_value(&self) -> Option<&'static str> {
        let features = [
            ("field_presence", self.field_presence, 1..=3),
            ("enum_type", self.enum_type, 1..=2),
            ("repeated_field_encoding", self.repeated_field_encoding, 1..=2),
            ("utf8_validation", self.utf8_validation, 2..=3),
            ("message_encoding", self.message_encoding, 1..=2),
            ("json_format", self.json_format, 1..=2),
            ("enforce_naming_style", self.enforce_naming_style, 1..=3),
            ("default_symbol_visibility", self.default_symbol_visibility, 1..=4),
            ("enforce_proto_limits", self.enforce_proto_limits, 1..=2),
        ];
        let mut unknown = features.into_iter().filter_map(|(name, value, known)| {
            let is_known = value.is_none_or(|value| known.contains(&value));
            (!is_known).then_some(name)
        });
        unknown.next()
    }
}
