//! Loops in templates: lists and maps that are made from data.

use super::builder::Builder;
use crate::cel::{FieldInfo, takes_null};
use crate::message::LengthWidth;
use crate::rules::compile::values::each::Due;
use crate::rules::compile::values::value::begin_each;
use crate::rules::plan::template::{EachOp, Op};
use crate::yaml::{Node, Yaml};

impl Builder<'_, '_> {
    /// A list whose elements a loop makes.
    pub(super) fn looped_list(&mut self, field: &FieldInfo, element: &FieldInfo, node: &Node, due: Due) {
        let packed = field
            .packed
            .then(|| (field.key_of_packed(), LengthWidth::default()));
        let keyed = !field.packed;
        self.looped(&field.full_name, node, due, packed, |builder, _, value| {
            if value.value == Yaml::Null && !takes_null(&element.kind) {
                builder.no_null(value);
            } else if keyed {
                builder.singular(element, value);
            } else {
                builder.scalar(element, value, false);
            }
        });
    }

    /// A map whose entries a loop makes.
    pub(super) fn looped_map(&mut self, field: &FieldInfo, key: &FieldInfo, value: &FieldInfo, node: &Node) {
        self.looped(
            &field.full_name,
            node,
            Due::Map,
            None,
            |builder, made_key, made| {
                if let Some(made_key) = made_key {
                    builder.map_entry(field.number, key, value, (made_key, made));
                }
            },
        );
    }

    /// A loop. `build` compiles what it makes in a round of its key and its value.
    fn looped(
        &mut self,
        field: &str,
        node: &Node,
        due: Due,
        packed: Option<(u32, LengthWidth)>,
        build: impl FnOnce(&mut Builder<'_, '_>, Option<&Node>, &Node),
    ) {
        let Some(open) = begin_each(self.compiler, node, due) else {
            return;
        };
        let mut inner = Builder::new(self.compiler);
        build(&mut inner, open.key, open.value);
        let ops = inner.finish();
        let cost = ops.iter().map(Op::fixed_cost).sum();
        if let Some(each) = open.end(self.compiler, cost) {
            self.push(Op::Each(Box::new(EachOp {
                each,
                ops,
                packed,
                spot: self.compiler.spot(node, 0, field),
            })));
        }
    }
}
