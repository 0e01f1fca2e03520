//! What a deserializer stands for in the schema, and whether what a type asks for fits there.

use std::fmt;

use prost_reflect::Kind;

use super::findings::Probe;
use crate::message::typed::rust_types::rust_type;
use crate::schema::{Detail, Field, Fields, Form, LayoutId, Oneof, ValueType, WellKnown, kind_name};

/// A text that an enum refuses, and whose error shows that it was read as one after all fields of a struct were kept.
pub(super) const NO_MEMBER: &str = "\0 no member of a oneof";

/// What a deserializer stands for.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    Message(LayoutId),
    Field(&'p Field),
    /// One value of a list or a map.
    Value(&'p ValueType),
    /// A key of a map, which is text where text is asked for.
    Key(&'p ValueType),
    Oneof(&'p Fields, &'p Oneof),
    /// A oneof in a struct with `flatten`, which is not read by this name.
    NamedOneof(&'p Oneof),
    /// A byte of bytes that are asked for as a list.
    Byte,
    /// Nothing that a schema tells about.
    Anything,
}

#[derive(Clone, Copy)]
pub(super) struct ProbeDeserializer<'r, 'p> {
    pub(super) probe: &'r Probe<'p>,
    pub(super) place: Place<'p>,
}

impl<'p> Probe<'p> {
    pub(super) fn at(&self, place: Place<'p>) -> ProbeDeserializer<'_, 'p> {
        ProbeDeserializer { probe: self, place }
    }
}

impl<'p> ProbeDeserializer<'_, 'p> {
    pub(super) fn message(&self) -> Option<LayoutId> {
        match self.place {
            Place::Message(layout) => Some(layout),
            Place::Field(Field {
                form: Form::One(of), ..
            })
            | Place::Value(of) => match of.detail {
                Detail::Message { layout, .. } => Some(layout),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn fields(&self) -> Option<&'p Fields> {
        Some(self.probe.layouts.fields(self.message()?))
    }

    pub(super) fn well_known(&self) -> Option<WellKnown> {
        self.fields()?.well_known
    }

    /// The type of the scalar, that in a wrapper too.
    pub(super) fn scalar(&self) -> Option<&'p ValueType> {
        if let Some(fields) = self.fields() {
            let is_wrapper = fields.well_known == Some(WellKnown::Wrapper);
            return match &fields.list.first()?.form {
                Form::One(of) if is_wrapper => Some(of),
                _ => None,
            };
        }
        match self.place {
            Place::Field(Field {
                form: Form::One(of), ..
            })
            | Place::Value(of)
            | Place::Key(of) => Some(of),
            _ => None,
        }
    }

    /// Whether the schema says nothing about what a type may ask for.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.place, Place::Anything)
            || matches!(
                self.well_known(),
                Some(WellKnown::Struct | WellKnown::Value | WellKnown::ListValue)
            )
    }

    /// Notes that the type asks for what is not there.
    pub(super) fn misfit(&self, asks: impl fmt::Display) {
        let is = match self.place {
            Place::Field(Field { form, .. }) => match form {
                Form::One(of) => kind_name(&of.kind).to_owned(),
                Form::List(of) => format!("a list of {}", kind_name(&of.kind)),
                Form::Map(entry) => format!(
                    "a map from {} to {}",
                    kind_name(&entry.key.kind),
                    kind_name(&entry.value.kind)
                ),
            },
            Place::Value(of) | Place::Key(of) => format!("of {}", kind_name(&of.kind)),
            Place::Message(layout) => format!("{}", self.probe.layouts.fields(layout).full_name),
            Place::Oneof(_, oneof) | Place::NamedOneof(oneof) => format!("the oneof {}", oneof.name),
            Place::Byte => "bytes".to_owned(),
            Place::Anything => return,
        };
        let name = self
            .probe
            .structs
            .borrow()
            .last()
            .map_or("the type".to_owned(), |name| format!("`{name}`"));
        let instead = self.scalar().and_then(|of| rust_type(&of.kind));
        let instead = instead.map_or_else(String::new, |instead| format!(" instead of {instead}"));
        self.probe
            .misfit(format_args!("is {is}, and {name} asks for {asks}{instead}"));
    }

    /// Notes if the type asks for a scalar that does not fit.
    pub(super) fn expect(&self, asks: &str, fits: impl Fn(&Kind) -> bool) {
        let does_fit = match (self.scalar(), self.well_known()) {
            _ if self.is_open() => true,
            (Some(of), _) => fits(&of.kind),
            (None, Some(WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask)) => {
                asks == "a string"
            }
            (None, _) => matches!(self.place, Place::Byte) && asks == "u8",
        };
        if !does_fit {
            self.misfit(asks);
        }
    }

    /// A text that most types take which are read from one.
    pub(super) fn text(&self) -> &'p str {
        match (self.scalar().map(|of| &of.detail), self.well_known()) {
            (Some(Detail::Enum(table)), _) => table.values.first().map_or("", |(name, _)| name),
            (_, Some(WellKnown::Timestamp)) => "1970-01-01T00:00:00Z",
            (_, Some(WellKnown::Duration)) => "1s",
            _ => "",
        }
    }
}
