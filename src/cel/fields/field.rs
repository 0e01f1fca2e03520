//! A field as an expression reads it. All that reading needs of the descriptor is looked up once, at load.

use prost_reflect::{ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::defaults::scalar_default;
use super::form::{ValueForm, unset};
use super::wire::WireValue;
use crate::cel::values::{Type, Value};
use crate::schema::{field_called, is_closed, is_null_value};

/// A field of a message type.
#[derive(Debug, Clone)]
pub(crate) struct FieldReader {
    pub(in crate::cel) number: u32,
    pub(in crate::cel) kind: Kind,
    /// How the message reads, if it is one that CEL has a value for.
    pub(in crate::cel) form: Option<ValueForm>,
    pub(in crate::cel) cardinality: Cardinality,
    /// What reading gives when it is unset.
    pub(in crate::cel) default: Value<'static>,
    /// The other members of its oneof.
    pub(in crate::cel) siblings: Box<[u32]>,
    /// Whether unset and default can be told apart.
    pub(in crate::cel) has_presence: bool,
    /// Whether it is an enum that has no values but those that it names.
    pub(super) closed: bool,
}

/// How many values a field has.
#[derive(Debug, Clone)]
pub(in crate::cel) enum Cardinality {
    Singular,
    List,
    /// The fields of an entry: key and value.
    Map(Box<FieldReader>, Box<FieldReader>),
}

impl FieldReader {
    /// The field with this proto name or JSON name, or the extension with this full name.
    pub(in crate::cel) fn by_name(message: &MessageDescriptor, name: &str) -> Option<Self> {
        let field = field_called(message, name);
        if let Some(field) = field {
            Some(Self::of(&field))
        } else {
            let mut extensions = message.extensions();
            extensions
                .find(|extension| extension.full_name() == name)
                .map(|found| Self::of_extension(&found))
        }
    }

    pub(crate) fn of(field: &FieldDescriptor) -> Self {
        let siblings = field.containing_oneof().map_or(Box::default(), |oneof| {
            oneof
                .fields()
                .map(|other| other.number())
                .filter(|other| *other != field.number())
                .collect()
        });
        let cardinality = if field.is_map() {
            let Kind::Message(entry) = field.kind() else {
                unreachable!("a map's kind is its entry")
            };
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            Cardinality::Map(Box::new(Self::of(&key)), Box::new(Self::of(&value)))
        } else if field.is_list() {
            Cardinality::List
        } else {
            Cardinality::Singular
        };
        Self::new(
            field.number(),
            field.kind(),
            cardinality,
            siblings,
            field.supports_presence(),
            || field.default_value(),
        )
    }

    pub(crate) fn of_extension(extension: &ExtensionDescriptor) -> Self {
        let cardinality = if extension.is_list() {
            Cardinality::List
        } else {
            Cardinality::Singular
        };
        let presence = extension.supports_presence();
        Self::new(
            extension.number(),
            extension.kind(),
            cardinality,
            Box::default(),
            presence,
            || extension.default_value(),
        )
    }

    fn new(
        number: u32,
        kind: Kind,
        cardinality: Cardinality,
        siblings: Box<[u32]>,
        has_presence: bool,
        default: impl FnOnce() -> prost_reflect::Value,
    ) -> Self {
        let form = match &kind {
            Kind::Message(message) => ValueForm::of(message),
            _ => None,
        };
        let default = match (&cardinality, &kind) {
            (Cardinality::List, _) => Value::List(Vec::new()),
            (Cardinality::Map(..), _) => Value::Map(Vec::new()),
            (Cardinality::Singular, Kind::Message(message)) => unset(message),
            (Cardinality::Singular, Kind::Enum(kind)) if is_null_value(kind) => Value::Null,
            (Cardinality::Singular, kind) => scalar_default(kind, default()),
        };
        Self {
            closed: matches!(&kind, Kind::Enum(enumeration) if is_closed(enumeration)),
            number,
            kind,
            form,
            cardinality,
            default,
            siblings,
            has_presence,
        }
    }

    /// The type of the field's value.
    pub(crate) fn value_type(&self) -> Type {
        match &self.cardinality {
            Cardinality::Singular => self.element_type(),
            Cardinality::List => Type::list(self.element_type()),
            Cardinality::Map(key, value) => Type::map(key.value_type(), value.value_type()),
        }
    }

    /// The type of the value, or of one element of a list.
    pub(crate) fn element_type(&self) -> Type {
        match &self.kind {
            Kind::Bool => Type::Bool,
            Kind::String => Type::String,
            Kind::Bytes => Type::Bytes,
            Kind::Double | Kind::Float => Type::Double,
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => Type::Uint,
            Kind::Enum(_) if self.is_null_value() => Type::Null,
            Kind::Enum(descriptor) => Type::Enum(descriptor.clone()),
            Kind::Message(message) => match &self.form {
                Some(form) => form.type_of(message),
                None => Type::Message(message.clone()),
            },
            _ => Type::Int,
        }
    }

    /// The field's number.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Whether unset and default can be told apart.
    pub(crate) fn has_presence(&self) -> bool {
        self.has_presence
    }

    /// Whether there is one value, and no list and no map.
    pub(crate) fn is_singular(&self) -> bool {
        matches!(self.cardinality, Cardinality::Singular)
    }

    /// What reading gives when it is unset.
    pub(crate) fn default(&self) -> &Value<'static> {
        &self.default
    }

    /// Whether it is one value, and not a message.
    pub(in crate::cel) fn is_scalar(&self) -> bool {
        matches!(self.cardinality, Cardinality::Singular) && !matches!(self.kind, Kind::Message(_))
    }

    /// The type of its sub-message, if it is singular and has one.
    pub(in crate::cel) fn sub_message(&self) -> Option<&MessageDescriptor> {
        match (&self.cardinality, &self.kind) {
            (Cardinality::Singular, Kind::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// Whether the wire has a number that its closed enum does not name, which is an unknown field.
    pub(crate) fn is_unknown(&self, wire: &WireValue<'_>) -> bool {
        match (&self.kind, wire) {
            (Kind::Enum(enumeration), WireValue::Varint(raw)) if self.closed => {
                enumeration.get_value(*raw as i32).is_none()
            }
            _ => false,
        }
    }

    pub(in crate::cel) fn is_null_value(&self) -> bool {
        matches!(&self.kind, Kind::Enum(descriptor) if is_null_value(descriptor))
    }
}
