//! Compiles `page: N`: a loop makes the part of a list that the request asks for, as AIP-158 has it.
//!
//! The request says it by `page_size` and `page_token`, and the message around the list gets the `next_page_token` with
//! which the next request goes on.

use prost_reflect::Kind;

use super::each::Due;
use crate::cel::FieldInfo;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::plan::Page;
use crate::yaml::{Entry, Yaml, find};

/// Compiles the `page` of a loop, whose other entries are given.
pub(super) fn compile_page(
    compiler: &mut RuleCompiler<'_>,
    page: &Entry<'_>,
    due: Due,
    entries: &[Entry<'_>],
) -> Option<Page> {
    if due != Due::Pages {
        let message = "`page` is for one list of a message that has `next_page_token`, in `reply` or `send`";
        compiler.problem_hint(page.key, message, Some("write `skip` and `limit`".to_owned()));
        return None;
    }
    if let Some(other) = find(entries, "skip").or_else(|| find(entries, "limit")) {
        let message = format!("`page` and `{}` exclude each other", other.name);
        let hint = "`page` reads page_size and page_token of the request".to_owned();
        compiler.problem_hint(other.key, message, Some(hint));
        return None;
    }
    let default = match &page.value.value {
        Yaml::Int(number) => u64::try_from(*number).ok().filter(|number| *number > 0),
        _ => None,
    };
    let Some(default) = default else {
        let message = "`page` needs the size of a page, from 1";
        let hint = "it counts where the request's page_size is 0".to_owned();
        compiler.problem_hint(page.value, message, Some(hint));
        return None;
    };
    let mut read = |name: &str, is_of: fn(&Kind) -> bool| {
        let request = &compiler.input.0;
        let field = FieldInfo::find(request, name).filter(|field| !field.repeated && is_of(&field.kind));
        if field.is_some() && compiler.request {
            return compiler.expression(page.key, &format!("request.{name}"), 0);
        }
        let message = if field.is_some() {
            format!("`page` reads {name} of the request, and there is none when the call begins")
        } else {
            let kind = if name == "page_size" { "number" } else { "text" };
            format!(
                "`page` reads {name} of the request, and {} has no {kind} of this name",
                request.full_name()
            )
        };
        compiler.problem_hint(page.key, message, Some("write `skip` and `limit`".to_owned()));
        None
    };
    let size = read("page_size", |kind| {
        matches!(kind, Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64)
    });
    let token = read("page_token", |kind| matches!(kind, Kind::String));
    Some(Page {
        size: size?,
        token: token?,
        default,
    })
}
