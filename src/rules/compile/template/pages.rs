//! Lists in pages: what the message around such a list says of the next page, and of all pages.

use prost_reflect::{Kind, MessageDescriptor};

use super::builder::Builder;
use crate::cel::FieldInfo;
use crate::rules::compile::values::each::{Due, is_loop};
use crate::rules::compile::values::value::begin_each;
use crate::rules::plan::template::{NextPage, Op, TotalSize};
use crate::yaml::{Entry, Node};

/// A list that comes in pages.
pub(super) struct Paged<'n> {
    /// The number of its field.
    pub(super) list: u32,
    looped: &'n Node,
    /// The fields beside it that the list sets, in the order of their numbers.
    pub(super) beside: Vec<FieldInfo>,
}

/// Says where the next page begins.
const NEXT_PAGE_TOKEN: &str = "next_page_token";

/// Says how many elements there are in all pages.
const TOTAL_SIZE: &str = "total_size";

impl Builder<'_, '_> {
    /// The list of a message that comes in pages, if there is one.
    pub(super) fn paged<'n>(
        &mut self,
        descriptor: &MessageDescriptor,
        fields: &[(FieldInfo, Entry<'n>)],
    ) -> Option<Paged<'n>> {
        let is_paged = |(field, entry): &&(FieldInfo, Entry<'_>)| {
            let is_list = field.repeated && field.map_entry().is_none();
            is_list && is_loop(entry.value) && entry.value.get("page").is_some()
        };
        // What is set over a sample is not the whole message.
        let (list, entry) = fields.iter().find(is_paged).filter(|_| !self.compiler.partial)?;
        let token = FieldInfo::find(descriptor, NEXT_PAGE_TOKEN)
            .filter(|token| !token.repeated && matches!(token.kind, Kind::String))?;
        let is_given = |field: &FieldInfo| fields.iter().any(|(given, _)| given.number == field.number);
        let total = FieldInfo::find(descriptor, TOTAL_SIZE).filter(|total| {
            let is_number = matches!(
                total.kind,
                Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64
            );
            is_number && !total.repeated && !is_given(total)
        });
        if let Some((_, entry)) = fields.iter().find(|(field, _)| field.number == token.number) {
            let hint = Some("leave it out".to_owned());
            let message = "`page` sets `next_page_token`";
            self.compiler.problem_hint(entry.key, message, hint);
        }
        let mut beside: Vec<FieldInfo> = total.into_iter().chain([token]).collect();
        beside.sort_by_key(|field| field.number);
        Some(Paged {
            list: list.number,
            looped: entry.value,
            beside,
        })
    }

    /// Writes a field beside the list: where its next page begins, or how many elements it has.
    pub(super) fn beside_page(&mut self, paged: &Paged<'_>, field: &FieldInfo) {
        let (problems, warnings) = (self.compiler.problems.len(), self.compiler.warnings.len());
        let each = begin_each(self.compiler, paged.looped, Due::Pages);
        let each = each.and_then(|open| open.end(self.compiler, 0));
        // They are told where the list itself is compiled.
        self.compiler.problems.truncate(problems);
        self.compiler.warnings.truncate(warnings);
        if let Some(each) = each {
            let spot = self.compiler.spot(paged.looped, 0, &field.full_name);
            let key = field.key();
            self.push(if matches!(field.kind, Kind::String) {
                Op::NextPage(Box::new(NextPage { each, key, spot }))
            } else {
                Op::TotalSize(Box::new(TotalSize { each, key, spot }))
            });
        }
    }
}
