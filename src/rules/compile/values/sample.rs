//! Compiles `sample`: a made-up message, with fields set over it.

use prost_reflect::MessageDescriptor;

use crate::cel::{FieldInfo, JsonForm};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::template::compile_partial;
use crate::rules::plan::SampleTemplate;
use crate::yaml::{Node, Yaml};

/// Compiles the fields that are set over a sample of a type.
pub(in crate::rules::compile) fn compile_sample(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Option<SampleTemplate> {
    let Some(sampler) = compiler.sampler.clone() else {
        let hint = Some("build it with the cargo feature `samples`".to_owned());
        compiler.problem_hint(node, "this program makes no samples", hint);
        return None;
    };
    let Yaml::Map(entries) = &node.value else {
        let message = format!("expected the fields to set, found {}", node.kind());
        let hint = Some("`sample: {}` is a made-up answer as it is".to_owned());
        compiler.problem_hint(node, message, hint);
        return None;
    };
    if entries.is_empty() {
        return Some(SampleTemplate {
            sampler,
            replaced: Box::default(),
            fields: None,
        });
    }
    if JsonForm::of(descriptor).is_some() {
        let message = format!(
            "a {} has no fields that can be set over it",
            descriptor.full_name()
        );
        let hint = Some("answer with a `reply`, or with `sample: {}`".to_owned());
        compiler.problem_hint(node, message, hint);
        return None;
    }
    let fields = compile_partial(compiler, node, descriptor)?;
    let mut replaced = Vec::new();
    add_paths(entries, descriptor, &mut Vec::new(), &mut replaced);
    Some(SampleTemplate {
        sampler,
        replaced: replaced.into(),
        fields: Some(fields),
    })
}

/// Adds the paths of the fields that `entries` set. The fields of a message within are set over those of the sample's.
fn add_paths(
    entries: &[(Node, Node)],
    descriptor: &MessageDescriptor,
    above: &mut Vec<u32>,
    paths: &mut Vec<Box<[u32]>>,
) {
    for (key, value) in entries {
        let name = key.key_text().unwrap_or_default();
        let Some(field) = FieldInfo::find(descriptor, &name) else {
            continue;
        };
        above.push(field.number);
        let message = field
            .message()
            .filter(|message| !field.repeated && JsonForm::of(message).is_none());
        match (message, &value.value) {
            (Some(message), Yaml::Map(entries)) => add_paths(entries, message, above, paths),
            _ => paths.push(above.as_slice().into()),
        }
        above.pop();
    }
}
