//! Links one file of a descriptor set: its bytes stay as they are, and are checked.
//!
//! The libraries get a copy with valid texts: first of what descriptor.proto says is a text, since that much is needed to read
//! the file, and when its extensions are known of its options too.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use prost_types::FileDescriptorProto;

use super::for_pool::fit_bytes;
use super::guard::check_map_entries;
use super::imports::{hidden_imports, visible_files, with_imports};
use super::names::resolve_names;
use super::scope::Scope;
use super::set_names::odd_names;
use super::shared_numbers::SharedNumbers;
use super::stubs::stubs_for;
use super::symbols::Symbols;
use super::text::{LinkedFile, Refused, Target};
use crate::error::{Problem, SourceText};
use crate::schema::check::wrong_json_names;
use crate::schema::declared::declared_methods;
use crate::schema::descriptor::File;
use crate::schema::features::{PROTO2, PROTO3, lowered_for_pool};
use crate::schema::guarded::guarded;
use crate::schema::source::{FileGraph, FileId, SetFile};
use crate::schema::valid_texts::valid_file;
use crate::schema::wire::{
    DescriptorKind, Record, RecordValue, walk, without_custom_options, without_source_info,
};

/// Links a file of the set `set`.
pub(super) fn link_set_file(
    mut target: Target<'_>,
    graph: &FileGraph,
    symbols: &Symbols,
    id: FileId,
    file: &SetFile,
    set: &str,
) -> Result<LinkedFile, Refused> {
    let in_set = |message: String| Problem::in_file(set, format!("file '{}': {message}", file.name));
    let refused = |message| Refused {
        problems: vec![in_set(message)],
        by_pool: true,
    };
    let visible = visible_files(graph, id);
    let as_given = without_source_info(&file.descriptor);
    let bytes = valid_file(&as_given, None);
    // Only for the names in it: what prost-types does not know is not in it.
    let mut read =
        FileDescriptorProto::decode(&*bytes).map_err(|error| refused(format!("is damaged: {error}")))?;
    let edition = file.edition.unwrap_or(match read.syntax() {
        "proto3" => PROTO3,
        _ => PROTO2,
    });
    let fitted = fit_bytes(&bytes, &read, edition != PROTO2).map(Bytes::from);
    let mut wrong_names = odd_names(&read);
    if wrong_names.is_empty() && fitted.is_some() {
        // Names that are one in JSON were among what did not fit.
        let file = File::decode(&*as_given).map_err(|error| refused(format!("is damaged: {error}")))?;
        wrong_names = wrong_json_names(&file, edition);
    }
    if !wrong_names.is_empty() {
        return Err(Refused {
            problems: wrong_names.into_iter().map(in_set).collect(),
            by_pool: false,
        });
    }
    let fit = fitted.as_ref().unwrap_or(&bytes);
    let hidden = hidden_imports(graph, id, &visible);
    resolve_names(&mut read, &Scope::new(symbols, id, visible.iter().copied()));
    let stubs = match target {
        Target::Options(_) => Vec::new(),
        Target::Alone(_) => stubs_for(graph, symbols, id, &visible, &read),
    };
    // Whether custom options can be read is known when the extensions of the file itself are.
    let for_linking = with_imports(&without_custom_options(fit), &hidden);
    let mut alone = DescriptorPool::new();
    let (pool, added) = {
        let pool = match &mut target {
            Target::Options(files) => &mut files.pool,
            Target::Alone(_) => &mut alone,
        };
        let added = guarded(|| {
            pool.add_file_descriptor_protos(stubs)?;
            let mut parts = lowered_for_pool(for_linking, file.edition).into_iter();
            parts.try_for_each(|part| pool.decode_file_descriptor_proto(part))
        });
        (&*pool, added)
    };
    match added {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let problems = Problem::unfold(&SourceText::new(set, ""), &error);
            let problems = problems.iter().map(|problem| in_set(problem.to_string()));
            return Err(Refused {
                problems: problems.collect(),
                by_pool: true,
            });
        }
        Err(message) => return Err(refused(message)),
    }
    let added = pool.get_file_by_name(&file.name).expect("it has just been added");
    check_map_entries(&added).map_err(refused)?;
    let options = &target.option_files().pool;
    let for_pool = valid_file(fit, Some(options));
    let check = |file: &[u8]| guarded(|| check_options(options, file)).flatten();
    let has_shared = |error| {
        let shared = SharedNumbers::of(options).and_then(|shared| shared.left_out_of(&for_pool));
        shared.map_or(Err(error), |rest| check(&rest))
    };
    check(&for_pool).or_else(has_shared).map_err(refused)?;
    let is_served_with_more = file.with_source_info.is_some();
    Ok(LinkedFile {
        descriptor: file.served().clone(),
        for_pool: Some(for_pool).filter(|for_pool| is_served_with_more || *for_pool != as_given),
        edition: file.edition,
        methods: declared_methods(&read).into(),
        warnings: Arc::default(),
    })
}

/// Reads the options of a file in the types that `pool` has for them, as is done when somebody asks for them.
fn check_options(pool: &DescriptorPool, file: &[u8]) -> Result<(), String> {
    let mut checked = Ok(());
    let mut check = |kind: DescriptorKind, record: &Record<'_>| {
        let (Some(DescriptorKind::Options), Some(name), RecordValue::Delimited(options)) =
            (kind.child(record.number), kind.options_type(), record.value)
        else {
            return;
        };
        // Without extensions they are read with everything else.
        let name = format!("google.protobuf.{name}");
        let Some(descriptor) = pool.get_message_by_name(&name).filter(|_| checked.is_ok()) else {
            return;
        };
        if let Err(error) = DynamicMessage::decode(descriptor, options) {
            checked = Err(format!("failed to decode its options: {error}"));
        }
    };
    walk(DescriptorKind::File, file, &mut check).map_err(|error| format!("is damaged: {error}"))?;
    checked
}
