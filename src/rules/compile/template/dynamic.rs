//! Values that expressions give: copied as they are on the wire where they are fields of the request, or else computed.

use prost_reflect::Kind;

use super::builder::Builder;
use super::{misfit_hints, typing};
use crate::cel::{FieldInfo, Type};
use crate::message::WireType;
use crate::rules::plan::IntEncoding;
use crate::rules::plan::template::{Copy, CopyMessage, Double, Dynamic, Int, Op, Presence, Target, Writes};
use crate::yaml::Node;

impl Builder<'_, '_> {
    /// A value that an expression gives.
    pub(super) fn dynamic(&mut self, node: &Node, source: &str, at: usize, target: Target, copies: bool) {
        let Some(program) = self.compiler.expression(node, source, at) else {
            return;
        };
        if let Err(expected) = typing::accepts(&target, program.result_type()) {
            let found = program.result_type();
            let message = format!("expected {expected} for {}, found {found}", target.name());
            let hint = misfit_hints::hint(&target, found, program.constant().as_ref(), source);
            self.compiler.problem_hint(node, message, hint);
            return;
        }
        if let Some((misfit, hint)) = misfit_hints::constant_misfit(&target, &program) {
            self.compiler.problem_hint(node, misfit.to_string(), hint);
            return;
        }
        if *program.result_type() == Type::Dyn
            && let Some(due) = typing::due(&target)
        {
            self.compiler
                .with_stored(node, at, |stored, place| stored.is_due(source, due, place));
            if let Some(message) = typing::message_due(&target) {
                self.compiler.with_stored(node, at, |stored, place| {
                    stored.is_message_due(source, message, place);
                });
            }
        }
        for branch in program.branches() {
            if let Some((message, hint)) = misfit_hints::branch_misfit(&target, branch, source) {
                let place = self
                    .compiler
                    .place_within(node, at + branch.span.start..at + branch.span.end);
                self.compiler.add(place, message, hint);
            }
        }
        // A field of the request of the same kind is copied as it is on the wire.
        let mut presence = if copies && target.copies_presence() && program.is_field_of_element() {
            Presence::OfElement
        } else {
            Presence::Always
        };
        if let (true, Some(path)) = (copies, program.request_path()) {
            let from = typing::field_at(&self.compiler.input.0, path);
            let slot = self.compiler.picker.slot(self.compiler.schema.layouts(), path);
            if let (Some(from), Some(slot)) = (from, slot) {
                let omit_absent = target.copies_presence() && from.presence;
                let of_request = if omit_absent {
                    Presence::OfRequest(slot)
                } else {
                    Presence::Always
                };
                if target.scalar() == Some(&from.kind) && !from.repeated {
                    let key = target.key();
                    if from.message().is_none() && (omit_absent || from.default_is_zero()) {
                        self.push(Op::Copy(Copy {
                            slot,
                            kind: from.kind,
                            key,
                            omit_zero: key != 0 && !target.has_presence(),
                            omit_absent,
                            spot: Box::new(self.compiler.spot(node, at, target.name())),
                        }));
                        return;
                    }
                    if from.message().is_some() && target.wire_type() == Some(WireType::LengthDelimited) {
                        let merged = Dynamic {
                            at: self.compiler.spot(node, at, "").at,
                            target,
                            program,
                            presence: of_request,
                            writes: Writes::Value,
                        };
                        self.push(Op::CopyMessage(Box::new(CopyMessage { slot, key, merged })));
                        return;
                    }
                }
                presence = of_request;
            }
        }
        let key = target.key();
        let spot = self.compiler.spot(node, at, target.name());
        let omit_zero = key != 0 && !target.has_presence();
        self.push(match (presence, program.result_type(), target.scalar()) {
            (Presence::Always, Type::Int, Some(kind)) if typing::is_integer(kind) => Op::Int(Box::new(Int {
                key,
                encoding: IntEncoding::of(kind),
                omit_zero,
                program,
                close: None,
                spot,
                kind: kind.clone(),
            })),
            (Presence::Always, Type::Double, Some(Kind::Double)) => Op::Double(Box::new(Double {
                key,
                omit_zero,
                spot,
                program,
            })),
            (presence, found, _) => Op::Dynamic(Box::new(Dynamic {
                writes: match &target {
                    Target::Field(field) if presence == Presence::Always => writes(field, found),
                    _ => Writes::Value,
                },
                target,
                at: spot.at,
                program,
                presence,
            })),
        });
    }
}

/// How the value of an expression of this type is written.
fn writes(field: &FieldInfo, found: &Type) -> Writes {
    match found {
        Type::String if field.kind == Kind::String && !field.repeated => Writes::Text,
        Type::List(_) if field.repeated && field.map_entry().is_none() => Writes::Elements,
        _ => Writes::Value,
    }
}
