//! Lists in pages: what the message around such a list says of the next page.

use prost_reflect::{Kind, MessageDescriptor};

use super::builder::Builder;
use crate::cel::FieldInfo;
use crate::rules::compile::values::each::{Due, is_loop};
use crate::rules::compile::values::value::begin_each;
use crate::rules::plan::template::{NextPage, Op};
use crate::yaml::{Entry, Node};

/// A list that comes in pages.
pub(super) struct Paged<'n> {
    /// The number of its field.
    pub(super) list: u32,
    looped: &'n Node,
    /// The field beside it that says where the next page begins.
    pub(super) token: FieldInfo,
}

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
        let token = FieldInfo::find(descriptor, "next_page_token")
            .filter(|token| !token.repeated && matches!(token.kind, Kind::String))?;
        if let Some((_, entry)) = fields.iter().find(|(field, _)| field.number == token.number) {
            let hint = Some("leave it out".to_owned());
            let message = "`page` sets `next_page_token`";
            self.compiler.problem_hint(entry.key, message, hint);
        }
        Some(Paged {
            list: list.number,
            looped: entry.value,
            token,
        })
    }

    /// Writes where the next page of the list begins.
    pub(super) fn next_page(&mut self, paged: &Paged<'_>) {
        let (problems, warnings) = (self.compiler.problems.len(), self.compiler.warnings.len());
        let each = begin_each(self.compiler, paged.looped, Due::Pages);
        let each = each.and_then(|open| open.end(self.compiler, 0));
        // They are told where the list itself is compiled.
        self.compiler.problems.truncate(problems);
        self.compiler.warnings.truncate(warnings);
        if let Some(each) = each {
            let spot = self.compiler.spot(paged.looped, 0, &paged.token.full_name);
            let key = paged.token.key();
            self.push(Op::NextPage(Box::new(NextPage { each, key, spot })));
        }
    }
}
