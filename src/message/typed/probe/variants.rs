//! The variants of an enum, one in each run: those of an enum of the schema, or of a oneof, whose members they hold.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

use super::findings::{Node, Probe, Result, identity, seen};
use super::place::{Place, ProbeDeserializer};
use crate::message::typed::error::TypedError;
use crate::schema::{EnumTable, Field, Fields, Form, Names, Oneof, kind_name};
use crate::suggest;

/// The index, among the variants of an enum, of a name that it cannot have.
pub(super) const NO_VARIANT: usize = usize::MAX;

/// What an enum of Rust stands for.
#[derive(Clone, Copy)]
pub(super) enum EnumOf<'p> {
    Enum(&'p EnumTable),
    Oneof(&'p Fields, &'p Oneof),
}

/// One variant of an enum.
pub(super) struct VariantProbe<'r, 'p> {
    pub(super) probe: &'r Probe<'p>,
    pub(super) of: EnumOf<'p>,
    pub(super) node: Node,
    pub(super) variants: Names,
    pub(super) index: usize,
}

impl<'p> VariantProbe<'_, 'p> {
    fn name(&self) -> &'static str {
        self.variants.get(self.index).copied().unwrap_or("\0")
    }

    fn member(&self) -> Option<&'p Field> {
        match self.of {
            EnumOf::Oneof(fields, oneof) => {
                Some(fields.field(oneof.member_named(&fields.list, self.name())?))
            }
            EnumOf::Enum(_) => None,
        }
    }

    /// Notes if the schema has nothing of the name of this variant, which is not the one for all others.
    fn expect_known(&self, identity: u64) {
        let probe = self.probe;
        let (is_known, what, known): (bool, String, Vec<&str>) = match self.of {
            EnumOf::Enum(table) => (
                table.number_of(self.name()).is_some(),
                format!("the enum {}", table.full_name),
                table.values.iter().map(|(name, _)| &**name).collect(),
            ),
            EnumOf::Oneof(fields, oneof) => (
                self.member().is_some(),
                format!("the oneof {}", oneof.name),
                oneof
                    .members
                    .iter()
                    .map(|member| &*fields.field(*member).name)
                    .collect(),
            ),
        };
        let is_other = probe.identities.borrow().get(&(self.node, NO_VARIANT)) == Some(&identity);
        if !is_known && !is_other {
            let name = self.name();
            probe.misfit_with(
                format_args!("has the variant `{name}`, which {what} does not have"),
                suggest::hint(name, known),
            );
        }
    }
}

impl<'p> EnumAccess<'p> for VariantProbe<'_, 'p> {
    type Error = TypedError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'p>>(self, seed: S) -> Result<(S::Value, Self)> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<TypedError>::new(self.name()));
        let identity = variant.as_ref().map(identity).ok();
        if let Some(identity) = identity {
            let mut identities = self.probe.identities.borrow_mut();
            identities.insert((self.node, self.index), identity);
        }
        if self.index == NO_VARIANT {
            self.probe.finish(self.node, self.index);
            self.probe.is_pending.set(true);
            return Err(seen());
        }
        match variant {
            Ok(variant) => {
                self.expect_known(identity.unwrap_or_default());
                Ok((variant, self))
            }
            Err(error) => {
                self.probe.finish(self.node, self.index);
                Err(error)
            }
        }
    }
}

impl<'p> VariantProbe<'_, 'p> {
    /// Looks at what a variant holds.
    fn content<T>(self, below: impl FnOnce(ProbeDeserializer<'_, 'p>) -> Result<T>) -> Result<T> {
        let (probe, node, index) = (self.probe, self.node, self.index);
        match (self.of, self.member()) {
            (EnumOf::Oneof(..), Some(member)) => probe.look(node, index, &member.name, || {
                below(probe.at(Place::Field(member)))
            }),
            (EnumOf::Oneof(..), None) => {
                probe.finish(node, index);
                Err(seen())
            }
            (EnumOf::Enum(table), _) => {
                probe.misfit(format_args!(
                    "is the enum {}, whose values hold nothing, and the variant `{}` holds something",
                    table.full_name,
                    self.name()
                ));
                probe.finish(node, index);
                Err(seen())
            }
        }
    }
}

impl<'p> VariantAccess<'p> for VariantProbe<'_, 'p> {
    type Error = TypedError;

    fn unit_variant(self) -> Result<()> {
        let Some(member) = self.member() else {
            self.probe.finish(self.node, self.index);
            return Ok(());
        };
        let name = self.name();
        self.content(|of| {
            if !of.fields().is_some_and(|fields| fields.list.is_empty()) {
                let kind = match &member.form {
                    Form::One(of) => kind_name(&of.kind),
                    _ => "a list",
                };
                of.probe
                    .misfit(format_args!("is {kind}, and the variant `{name}` holds nothing"));
            }
            Ok(())
        })
    }

    fn newtype_variant_seed<S: DeserializeSeed<'p>>(self, seed: S) -> Result<S::Value> {
        self.content(|of| seed.deserialize(of))
    }

    fn tuple_variant<V: Visitor<'p>>(self, length: usize, visitor: V) -> Result<V::Value> {
        self.content(|of| of.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'p>>(self, names: Names, visitor: V) -> Result<V::Value> {
        let name = self.name();
        self.content(|of| of.deserialize_struct(name, names, visitor))
    }
}
